//! The lines that `explain --jsonl` reads and writes, and the document of `explain --json`.

use std::collections::BTreeMap;

use evergrant_driver::explain::{Captured, Explanation, usual_kind};
use evergrant_driver::settings::Settings;
use evergrant_driver::{Channel, Code, Failure, Kind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::json::{FailureShape, RemedyShape};

/// One captured answer; what is absent has its usual value, and further keys are ignored.
#[derive(Debug, Deserialize)]
pub(crate) struct CapturedShape {
    #[serde(default)]
    id: Value,
    provider: Option<String>,
    channel: Option<String>,
    credential: Option<String>,
    status: Option<u16>,
    #[serde(default)]
    headers: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    body: Value,
}

impl CapturedShape {
    /// Reads a line: its id and what was captured.
    ///
    /// # Errors
    /// `usage` for a line that is not such an object.
    pub(crate) fn read(line: &[u8], settings: &Settings) -> Result<(Value, Captured), Failure> {
        let shape: Self = serde_json::from_slice(line).map_err(|error| {
            let said = error.to_string();
            // The reader counts lines within the line; whoever reads its answers counts those of the input.
            wrong(said.split(" at line ").next().unwrap_or_default())
        })?;
        let channel = match shape.channel.as_deref() {
            None => Channel::Inference,
            Some(word) => Channel::parse(word).ok_or_else(|| wrong(&format!("no such channel: `{word}`")))?,
        };
        let kind = match shape.credential.as_deref() {
            None => usual_kind(settings, shape.provider.as_deref()),
            Some("oauth" | "any" | "grant") => Kind::Grant,
            Some("api-key") => Kind::ApiKey,
            Some("borrowed") => Kind::Borrowed,
            Some(word) => return Err(wrong(&format!("no such credential: `{word}`"))),
        };
        let captured = Captured {
            provider: shape.provider,
            channel,
            kind,
            status: shape.status.unwrap_or(usual_status(channel)),
            headers: shape.headers.unwrap_or_default().into_iter().flat_map(fields).collect(),
            body: match shape.body {
                Value::Null => Vec::new(),
                Value::String(text) => text.into_bytes(),
                other => other.to_string().into_bytes(),
            },
        };
        Ok((shape.id, captured))
    }
}

/// A header may be written as one value or as a list of them.
fn fields((name, value): (String, Value)) -> Vec<(String, String)> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) => vec![(name, text)],
        Value::Array(values) => values
            .into_iter()
            .flat_map(|value| fields((name.clone(), value)))
            .collect(),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Object(_)) => vec![(name, other.to_string())],
    }
}

/// The status that stands for "an error" where none was captured; a stream's errors come inside a 200.
pub(crate) const fn usual_status(channel: Channel) -> u16 {
    match channel {
        Channel::Stream => 200,
        Channel::Inference | Channel::Token | Channel::Device => 400,
    }
}

fn wrong(what: &str) -> Failure {
    Failure::new(Code::Usage, format!("cannot be read: {what}"))
}

/// A line that cannot be read, with its id, if that at least can be.
#[derive(Debug, Serialize)]
pub(crate) struct UnreadLine {
    id: Value,
    line: u64,
    #[serde(flatten)]
    failure: FailureShape,
}

impl UnreadLine {
    /// The answer to that line, which is the input's `number`th.
    pub(crate) fn new(line: &[u8], number: u64, failure: Failure) -> Self {
        let object = serde_json::from_slice::<Value>(line).unwrap_or_default();
        let message = format!("line {number}: {}", failure.message);
        Self {
            id: object.get("id").cloned().unwrap_or_default(),
            line: number,
            failure: FailureShape::from(&Failure { message, ..failure }),
        }
    }
}

/// What it means: `{"verdict","signal","remedy","retry_after_secs"}`, with `retry_after_from` where there is such a time.
#[derive(Debug, Serialize)]
pub(crate) struct ExplanationShape {
    verdict: &'static str,
    signal: SignalShape,
    remedy: Option<RemedyShape>,
    retry_after_secs: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestion: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestion_file: Option<String>,
}

#[derive(Debug, Serialize)]
struct SignalShape {
    name: String,
    tier: &'static str,
    file: String,
    line: u32,
}

impl From<&Explanation> for ExplanationShape {
    fn from(explanation: &Explanation) -> Self {
        Self {
            verdict: explanation.verdict.as_str(),
            signal: SignalShape {
                name: explanation.signal_name.clone(),
                tier: explanation.tier,
                file: explanation.file.clone(),
                line: explanation.line,
            },
            remedy: explanation.remedy.as_ref().map(RemedyShape::from),
            retry_after_secs: explanation.retry_after_secs,
            retry_after_from: explanation.reset_source.clone(),
            suggestion: explanation.suggestion.as_ref().map(|one| one.text.clone()),
            suggestion_file: explanation.suggestion.as_ref().and_then(|one| {
                let file = one.file.as_ref()?;
                Some(file.display().to_string())
            }),
        }
    }
}

/// The same for one line of many, with the line's id.
#[derive(Debug, Serialize)]
pub(crate) struct ExplanationLine {
    id: Value,
    #[serde(flatten)]
    explanation: ExplanationShape,
}

impl ExplanationLine {
    /// The answer to the line of that id, with the keys that scripts count on and no more.
    pub(crate) fn new(id: Value, explanation: &Explanation) -> Self {
        Self {
            id,
            explanation: ExplanationShape {
                suggestion: None,
                retry_after_from: None,
                suggestion_file: None,
                ..ExplanationShape::from(explanation)
            },
        }
    }
}
