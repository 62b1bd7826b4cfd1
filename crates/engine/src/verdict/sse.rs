//! Events of a stream: which is an error, which bears content, and which says nothing yet.

use std::borrow::Cow;

use http::HeaderMap;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::classify::classify;
use super::evidence::Evidence;
use super::reading::Reading;
use crate::provider::Row;
use crate::time::Timestamp;
use crate::vocabulary::{Channel, Verdict};

/// What an event of a stream is to whoever holds the stream back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventMeaning {
    /// The provider failed after it had said 200; the same words mean the same as in a plain answer.
    Error(Reading),
    /// The model has begun to answer: from here on the stream belongs to the client.
    Content,
    /// Neither: an opening, a ping, a chunk with nothing but a role.
    NotYet,
}

/// Judges one event of chat completions, Responses or messages, or of xAI's `type=error`, flat or nested.
pub fn judge_event(row: Option<&Row>, event_name: Option<&str>, data: &[u8], now: Timestamp) -> EventMeaning {
    let data = data.trim_ascii();
    let named = event_name.unwrap_or_default();
    if data.is_empty() || data == b"[DONE]" {
        return EventMeaning::NotYet;
    }
    let read = serde_json::from_slice::<Frame<'_>>(data);
    let is_cut = read.as_ref().is_err_and(serde_json::Error::is_eof);
    let frame = read.ok();
    let kind = frame
        .as_ref()
        .and_then(|frame| frame.kind.as_deref())
        .filter(|kind| !kind.is_empty())
        .unwrap_or(named);
    let failed = ERRORS.contains(&named) || ERRORS.contains(&kind) || frame.as_ref().is_some_and(Frame::has_error);
    if failed {
        let headers = HeaderMap::new();
        let evidence = Evidence::read(200, &headers, data);
        let mut reading = classify(row, Channel::Stream, &evidence, now);
        if reading.verdict == Verdict::Success {
            reading.verdict = Verdict::ServerError;
        }
        return EventMeaning::Error(reading);
    }
    let begun = match (OPENINGS.contains(&kind), frame.and_then(|frame| frame.choices)) {
        (true, _) => false,
        // Half an object is not an answer: it may have been going to be an error.
        (false, None) if is_cut => false,
        (false, Some(choices)) => choices.iter().any(Choice::bears_content),
        (false, None) => true,
    };
    if begun {
        EventMeaning::Content
    } else {
        EventMeaning::NotYet
    }
}

/// The parts of an event that tell what it is.
#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Option<Cow<'a, str>>,
    #[serde(default)]
    error: Option<IgnoredAny>,
    #[serde(default)]
    response: Option<Response>,
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
}

#[derive(Deserialize)]
struct Response {
    #[serde(default)]
    error: Option<IgnoredAny>,
}

/// A choice of a chat completion chunk, or of the older completions.
#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, default)]
    delta: Option<Delta<'a>>,
    #[serde(borrow, default)]
    text: Option<Cow<'a, str>>,
    #[serde(default)]
    finish_reason: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default)]
    content: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    refusal: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    reasoning: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    reasoning_content: Option<Cow<'a, str>>,
    #[serde(default)]
    tool_calls: Option<IgnoredAny>,
    #[serde(default)]
    function_call: Option<IgnoredAny>,
    #[serde(default)]
    audio: Option<IgnoredAny>,
}

impl Frame<'_> {
    fn has_error(&self) -> bool {
        self.error.is_some() || self.response.as_ref().is_some_and(|response| response.error.is_some())
    }
}

impl Choice<'_> {
    fn bears_content(&self) -> bool {
        let written = |text: &Option<Cow<'_, str>>| text.as_ref().is_some_and(|text| !text.is_empty());
        let delta = self.delta.as_ref().is_some_and(|delta| {
            written(&delta.content)
                || written(&delta.refusal)
                || written(&delta.reasoning)
                || written(&delta.reasoning_content)
                || delta.tool_calls.is_some()
                || delta.function_call.is_some()
                || delta.audio.is_some()
        });
        delta || written(&self.text) || self.finish_reason.is_some()
    }
}

/// Event names and types that are errors.
const ERRORS: [&str; 3] = ["error", "response.failed", "response.error"];
/// Those that open a stream or keep it alive, and bear nothing.
const OPENINGS: [&str; 10] = [
    "response.created",
    "response.in_progress",
    "response.queued",
    "response.output_item.added",
    "response.content_part.added",
    "message_start",
    "content_block_start",
    "ping",
    "keepalive",
    "session.created",
];
