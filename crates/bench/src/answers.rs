//! The answers of the fixed provider: made once, handed out by reference.

use bytes::Bytes;

/// One answer of some 600 bytes, and one stream of 50 events.
pub(crate) struct Answers {
    /// The whole answer.
    pub(crate) whole: Bytes,
    /// The events of a stream, and the two that end it.
    pub(crate) events: Vec<Bytes>,
}

impl Answers {
    /// Made ready.
    pub(crate) fn new() -> Self {
        let mut events: Vec<Bytes> = (0..EVENTS).map(|number| event(number, "")).collect();
        events.push(last());
        events.push(Bytes::from_static(b"data: [DONE]\n\n"));
        Self { whole: whole(), events }
    }

    /// An event that says when it was handed to its connection.
    pub(crate) fn stamped(number: usize, moment: u64) -> Option<Bytes> {
        (number < EVENTS).then(|| event(number, &format!("@{moment}@ ")))
    }
}

fn whole() -> Bytes {
    let words = "A gateway stands between a client and a provider. What it costs is counted in microseconds, \
                 and whoever pays for them wants to know how many there are; here is an answer to count them by.";
    let answer = serde_json::json!({
        "id": ID, "object": "chat.completion", "created": 1_760_000_000, "model": MODEL,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": words, "refusal": null}, "logprobs": null,
            "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 19, "completion_tokens": 36, "total_tokens": 55,
            "prompt_tokens_details": {"cached_tokens": 0}, "completion_tokens_details": {"reasoning_tokens": 0}},
        "service_tier": "default", "system_fingerprint": "fp_bench",
    });
    Bytes::from(answer.to_string())
}

fn event(number: usize, stamp: &str) -> Bytes {
    let mut delta = serde_json::json!({"content": format!("word{number} {stamp}")});
    if number == 0 {
        delta["role"] = "assistant".into();
    }
    chunk(&delta, &serde_json::Value::Null)
}

fn last() -> Bytes {
    chunk(&serde_json::json!({}), &"stop".into())
}

fn chunk(delta: &serde_json::Value, reason: &serde_json::Value) -> Bytes {
    let chunk = serde_json::json!({
        "id": ID, "object": "chat.completion.chunk", "created": 1_760_000_000, "model": MODEL,
        "choices": [{"index": 0, "delta": delta, "logprobs": null, "finish_reason": reason}],
    });
    Bytes::from(format!("data: {chunk}\n\n"))
}

/// 50 events, a short answer of a chat.
const EVENTS: usize = 50;

/// As long as those of the providers.
const ID: &str = "chatcmpl-bench000000000000000000001";

/// The only model.
const MODEL: &str = "bench-model";
