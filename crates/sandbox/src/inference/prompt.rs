//! What a request asks for, whichever of the three forms it has.

use serde_json::Value;

use crate::counters::TokensTold;
use crate::received::Received;

/// The parts of a request that its answer depends on.
#[derive(Debug, Clone)]
pub(super) struct Prompt {
    pub(super) model: String,
    pub(super) text: String,
    pub(super) stream: bool,
    pub(super) include_usage: bool,
    pub(super) input_tokens: u64,
}

impl Prompt {
    /// Reads the body; the error is the message for the caller.
    pub(super) fn read(received: &Received) -> Result<Self, String> {
        let body: Value = serde_json::from_slice(&received.body)
            .map_err(|error| format!("Failed to parse the request body as JSON: {error}"))?;
        let Some(model) = body.get("model").and_then(Value::as_str) else {
            return Err(String::from("Missing required parameter: 'model'"));
        };
        let last = [&body["messages"], &body["input"]]
            .into_iter()
            .find(|value| !value.is_null())
            .map(said)
            .unwrap_or_default();
        Ok(Self {
            model: model.to_owned(),
            text: last,
            stream: body["stream"].as_bool().unwrap_or(false),
            include_usage: body["stream_options"]["include_usage"].as_bool().unwrap_or(false),
            input_tokens: words(&received.body),
        })
    }

    /// The answer: it repeats what was said last, so that a caller can see that it arrived.
    pub(super) fn answer(&self) -> String {
        format!("You said: {}", self.text)
    }

    /// The answer in pieces, split between characters.
    pub(super) fn pieces(&self, count: usize) -> Vec<String> {
        let letters: Vec<char> = self.answer().chars().collect();
        let size = letters.len().div_ceil(count.max(1)).max(1);
        letters.chunks(size).map(|piece| piece.iter().collect()).collect()
    }

    /// What the answer to this path tells of use, if it tells.
    pub(super) fn told(&self, path: &str) -> Option<TokensTold> {
        let (input, embeds) = (self.input_tokens, path == "/embeddings");
        let is_silent = path == "/chat/completions" && self.stream && !self.include_usage;
        (!is_silent).then(|| TokensTold {
            answers: 1,
            input,
            output: if embeds { 0 } else { self.output_tokens() },
            cached: if embeds { 0 } else { input / 2 },
        })
    }

    /// Tokens of the answer, by a rule that a caller can repeat: four bytes each.
    pub(super) fn output_tokens(&self) -> u64 {
        words(self.answer().as_bytes())
    }
}

/// The text of the last message: a string, a list of messages, or content parts.
fn said(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.last().map(said).unwrap_or_default(),
        Value::Object(fields) => ["content", "text", "input_text"]
            .iter()
            .find_map(|name| fields.get(*name))
            .map(said)
            .unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) => String::new(),
    }
}

fn words(bytes: &[u8]) -> u64 {
    (bytes.len() as u64).div_ceil(4).max(1)
}
