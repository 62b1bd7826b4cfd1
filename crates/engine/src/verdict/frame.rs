//! One frame of a stream: what kind of event it is, whichever API it belongs to.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

/// What kind of event a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameKind {
    /// It says that the stream has failed.
    Error,
    /// An opening, a sign of life, a chunk with nothing but a role.
    Quiet,
    /// It bears a part of the answer.
    Content,
    /// It ends a stream as it should end.
    Last,
    /// It ends a stream before the answer is whole.
    Incomplete,
    /// No API is known that sends it, and it does not look like an error.
    Foreign,
    /// It has no type, or one that sounds like an error's.
    Untyped,
}

/// Tells the kind of an event by its name and data.
pub(super) fn kind_of(name: Option<&str>, data: &[u8]) -> FrameKind {
    let data = data.trim_ascii();
    let named = name.unwrap_or_default();
    if ERRORS.contains(&named) {
        return FrameKind::Error;
    }
    if data == b"[DONE]" {
        return FrameKind::Last;
    }
    if data.is_empty() {
        return FrameKind::Quiet;
    }
    // Google's streams put each error into a list of one.
    let inner = data.strip_prefix(b"[").and_then(|data| data.strip_suffix(b"]"));
    match serde_json::from_slice::<Frame<'_>>(inner.unwrap_or(data)) {
        Ok(frame) => frame.kind(named),
        // Half an object is not an answer: it may have been going to be an error.
        Err(error) if error.is_eof() || breaks_off(data) => FrameKind::Quiet,
        Err(_) => FrameKind::Untyped,
    }
}

/// Whether an object ends too early, whatever else is strange about it.
fn breaks_off(data: &[u8]) -> bool {
    data.starts_with(b"{") && serde_json::from_slice::<Value>(data).is_err_and(|error| error.is_eof())
}

/// The parts of an event that tell what it is.
#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Option<Cow<'a, str>>,
    #[serde(default)]
    error: Option<Told>,
    #[serde(default)]
    response: Option<Response>,
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(default)]
    candidates: Option<Vec<Candidate>>,
    #[serde(borrow, default)]
    delta: Option<Stop<'a>>,
    #[serde(default)]
    usage: Option<IgnoredAny>,
}

/// An error that is told, in whatever form; `null`, `false` and an empty text tell none.
#[derive(Deserialize)]
#[serde(untagged)]
enum Told {
    Flag(bool),
    Text(String),
    Other(IgnoredAny),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Response {
    Object {
        #[serde(default)]
        error: Option<Told>,
    },
    Other(IgnoredAny),
}

/// A choice of a chat completion chunk, or of the older completions.
#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, default)]
    delta: Option<Delta<'a>>,
    #[serde(borrow, default)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    finish_reason: Option<Cow<'a, str>>,
    #[serde(default)]
    error: Option<Told>,
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

/// One answer of Google's own API.
#[derive(Deserialize)]
struct Candidate {
    #[serde(rename = "finishReason", default)]
    finish_reason: Option<IgnoredAny>,
}

/// The `delta` of a messages stream, which says why it ends; other streams have a text there.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stop<'a> {
    Object {
        #[serde(borrow, default)]
        stop_reason: Option<Cow<'a, str>>,
    },
    Other(IgnoredAny),
}

impl Frame<'_> {
    fn kind(&self, named: &str) -> FrameKind {
        let kind = self.kind.as_deref().filter(|kind| !kind.is_empty()).unwrap_or(named);
        if ERRORS.contains(&kind) || self.has_error() {
            return FrameKind::Error;
        }
        let stops = matches!(&self.delta, Some(Stop::Object { stop_reason: Some(_) }));
        if kind == INCOMPLETE {
            return FrameKind::Incomplete;
        }
        if LAST.contains(&kind) || (kind == "message_delta" && stops) {
            return FrameKind::Last;
        }
        if QUIET.contains(&kind) {
            return FrameKind::Quiet;
        }
        match (&self.choices, &self.candidates) {
            (Some(choices), _) => of_choices(choices, self.usage.is_some()),
            (None, Some(candidates)) => match candidates.iter().any(|one| one.finish_reason.is_some()) {
                true => FrameKind::Last,
                false => FrameKind::Content,
            },
            (None, None) if CONTENT.iter().any(|lead| kind.starts_with(lead)) => FrameKind::Content,
            (None, None) if kind.is_empty() || kind.contains("error") || kind.contains("fail") => FrameKind::Untyped,
            (None, None) => FrameKind::Foreign,
        }
    }

    fn has_error(&self) -> bool {
        let inner = match &self.response {
            Some(Response::Object { error }) => error.as_ref(),
            Some(Response::Other(_)) | None => None,
        };
        let choices = self.choices.iter().flatten();
        self.error.as_ref().is_some_and(Told::tells)
            || inner.is_some_and(Told::tells)
            || choices.into_iter().any(Choice::failed)
    }
}

impl Told {
    const fn tells(&self) -> bool {
        match self {
            Self::Flag(set) => *set,
            Self::Text(text) => !text.is_empty(),
            Self::Other(_) => true,
        }
    }
}

fn of_choices(choices: &[Choice<'_>], counted: bool) -> FrameKind {
    if choices.iter().any(|choice| choice.finish_reason.is_some()) {
        FrameKind::Last
    } else if choices.iter().any(Choice::bears_content) {
        FrameKind::Content
    } else if choices.is_empty() && counted {
        // What was used is counted when all is said.
        FrameKind::Last
    } else {
        FrameKind::Quiet
    }
}

impl Choice<'_> {
    /// An aggregator's word for an upstream that broke off: `finish_reason` is `error`.
    fn failed(&self) -> bool {
        self.finish_reason.as_deref() == Some("error") || self.error.as_ref().is_some_and(Told::tells)
    }

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
        delta || written(&self.text)
    }
}

/// Event names and types that are errors.
const ERRORS: [&str; 3] = ["error", "response.failed", "response.error"];
/// Those that open a stream or keep it alive, and bear nothing.
const QUIET: [&str; 10] = [
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
/// Those that end a stream.
const LAST: [&str; 4] = [
    "response.completed",
    "response.cancelled",
    "response.done",
    "message_stop",
];
/// The one that hands on what there is, and says why there is no more: too long an answer, or one that was filtered out.
const INCOMPLETE: &str = "response.incomplete";
/// How the names of those begin that bear a part of an answer.
const CONTENT: [&str; 3] = ["response.", "content_block_", "message_delta"];
