//! Chat completions in the form of OpenAI's API.

use serde_json::{Value, json};

use super::events::{self, Event};
use super::prompt::Prompt;

/// The whole answer.
pub(super) fn whole(prompt: &Prompt, id: &str, created: u64) -> Value {
    json!({
        "id": id, "object": "chat.completion", "created": created, "model": prompt.model,
        "choices": [{
            "index": 0, "finish_reason": "stop", "logprobs": null,
            "message": {"role": "assistant", "content": prompt.answer(), "refusal": null},
        }],
        "usage": usage(prompt),
        "system_fingerprint": "fp_sandbox",
    })
}

/// The same as a stream.
pub(super) fn stream(prompt: &Prompt, id: &str, created: u64, pieces: usize) -> Vec<Event> {
    let chunk = |delta: Value, finish: Value| {
        json!({
            "id": id, "object": "chat.completion.chunk", "created": created,
            "model": prompt.model, "system_fingerprint": "fp_sandbox",
            "choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}],
        })
    };
    let opening = chunk(json!({"role": "assistant", "content": ""}), Value::Null);
    let mut events = vec![events::frame(events::data(&opening))];
    for piece in prompt.pieces(pieces) {
        let delta = chunk(json!({"content": piece}), Value::Null);
        events.push(events::content(events::data(&delta)));
    }
    let closing = chunk(json!({}), json!("stop"));
    events.push(events::frame(events::data(&closing)));
    if prompt.include_usage {
        let mut last = closing;
        last["choices"] = json!([]);
        last["usage"] = usage(prompt);
        events.push(events::frame(events::data(&last)));
    }
    events.push(events::frame(bytes::Bytes::from_static(b"data: [DONE]\n\n")));
    events
}

/// One small vector for each input, which depends on the text alone.
pub(super) fn embeddings(body: &Value, prompt: &Prompt) -> Value {
    let inputs: Vec<Value> = match &body["input"] {
        Value::Array(items) => items.clone(),
        other => vec![other.clone()],
    };
    let data: Vec<Value> = inputs
        .iter()
        .enumerate()
        .map(|(index, input)| {
            let sum: u64 = input.to_string().bytes().map(u64::from).sum();
            let vector: Vec<f64> = (1..=8)
                .map(|place| f64::from(u32::try_from(sum * place % 1000).unwrap_or(0)) / 1000.0)
                .collect();
            json!({"object": "embedding", "index": index, "embedding": vector})
        })
        .collect();
    json!({
        "object": "list", "data": data, "model": prompt.model,
        "usage": {"prompt_tokens": prompt.input_tokens, "total_tokens": prompt.input_tokens},
    })
}

fn usage(prompt: &Prompt) -> Value {
    let (input, output) = (prompt.input_tokens, prompt.output_tokens());
    json!({
        "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output,
        "prompt_tokens_details": {"cached_tokens": input / 2},
    })
}
