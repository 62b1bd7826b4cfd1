//! Messages in the form of Anthropic's API.

use serde_json::{Value, json};

use super::events::{self, Event};
use super::prompt::Prompt;

/// The whole answer.
pub(super) fn whole(prompt: &Prompt, id: &str) -> Value {
    json!({
        "id": id, "type": "message", "role": "assistant", "model": prompt.model,
        "content": [{"type": "text", "text": prompt.answer()}],
        "stop_reason": "end_turn", "stop_sequence": null,
        "usage": usage(prompt, prompt.output_tokens()),
    })
}

/// The same as a stream.
pub(super) fn stream(prompt: &Prompt, id: &str, pieces: usize) -> Vec<Event> {
    let frame = |name: &str, fields: &Value| events::frame(events::named(name, fields));
    let mut begun = whole(prompt, id);
    begun["content"] = json!([]);
    begun["stop_reason"] = Value::Null;
    begun["usage"] = usage(prompt, 1);
    let mut events = vec![
        frame("message_start", &json!({"type": "message_start", "message": begun})),
        frame(
            "content_block_start",
            &json!({
                "type": "content_block_start", "index": 0,
                "content_block": {"type": "text", "text": ""},
            }),
        ),
        frame("ping", &json!({"type": "ping"})),
    ];
    for piece in prompt.pieces(pieces) {
        let delta = json!({
            "type": "content_block_delta", "index": 0,
            "delta": {"type": "text_delta", "text": piece},
        });
        events.push(events::content(events::named("content_block_delta", &delta)));
    }
    events.push(frame(
        "content_block_stop",
        &json!({"type": "content_block_stop", "index": 0}),
    ));
    events.push(frame(
        "message_delta",
        &json!({
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": null},
            "usage": {"output_tokens": prompt.output_tokens()},
        }),
    ));
    events.push(frame("message_stop", &json!({"type": "message_stop"})));
    events
}

fn usage(prompt: &Prompt, output: u64) -> Value {
    json!({
        "input_tokens": prompt.input_tokens, "output_tokens": output,
        "cache_creation_input_tokens": 0, "cache_read_input_tokens": prompt.input_tokens / 2,
    })
}
