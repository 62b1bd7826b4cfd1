//! The events of `chat --json`, one a line.

use evergrant_driver::client::Trail;
use evergrant_driver::history::{ConversationId, Ending};
use serde::Serialize;

/// `{"event":"conversation","id"}`: what it is resumed by.
#[derive(Debug, Serialize)]
pub(crate) struct ConversationShape<'a> {
    event: &'static str,
    id: &'a str,
}

/// `{"event":"answer","provider","credential","model","attempts","repaired"}`: it begins, and this was its way.
#[derive(Debug, Serialize)]
pub(crate) struct AnswerShape<'a> {
    event: &'static str,
    provider: Option<&'a str>,
    credential: Option<&'a str>,
    model: &'a str,
    attempts: u32,
    repaired: &'a [&'static str],
}

/// `{"event":"text","text"}`: some of it, as it came.
#[derive(Debug, Serialize)]
pub(crate) struct TextShape<'a> {
    event: &'static str,
    text: &'a str,
}

/// `{"event":"end","ending":"whole|stopped|cut"}`
#[derive(Debug, Serialize)]
pub(crate) struct EndShape {
    event: &'static str,
    ending: &'static str,
}

impl<'a> ConversationShape<'a> {
    pub(crate) fn of(id: &'a ConversationId) -> Self {
        Self {
            event: "conversation",
            id: id.as_str(),
        }
    }
}

impl<'a> AnswerShape<'a> {
    pub(crate) fn of(trail: &'a Trail, model: &'a str) -> Self {
        Self {
            event: "answer",
            provider: trail.provider.as_ref().map(|id| id.as_str()),
            credential: trail.label.as_ref().map(|label| label.as_str()),
            model,
            attempts: trail.attempts,
            repaired: &trail.repaired,
        }
    }
}

impl<'a> TextShape<'a> {
    pub(crate) const fn of(text: &'a str) -> Self {
        Self { event: "text", text }
    }
}

impl EndShape {
    pub(crate) const fn of(ending: Ending) -> Self {
        Self {
            event: "end",
            ending: ending.as_str(),
        }
    }
}
