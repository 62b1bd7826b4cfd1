//! What has been heard of a stream: whether it belongs to an API whose streams have an end, and whether that end has come.

use super::frame::{FrameKind, kind_of};
use super::reading::Reading;
use super::sse::{EventMeaning, judge_frame};
use crate::provider::Row;
use crate::time::Timestamp;
use crate::vocabulary::Verdict;

/// A stream as far as it has been heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    spoke: bool,
    has_an_end: bool,
    ended: bool,
}

impl Heard {
    /// Hears an event.
    pub fn hear(&mut self, event_name: Option<&str>, data: &[u8]) {
        self.note(kind_of(event_name, data), data);
    }

    /// Hears an event and judges it, as [`judge_event`](super::judge_event) does, in one reading.
    pub fn judge(&mut self, row: Option<&Row>, event_name: Option<&str>, data: &[u8], now: Timestamp) -> EventMeaning {
        let kind = kind_of(event_name, data);
        self.note(kind, data);
        judge_frame(kind, row, event_name, data, now)
    }

    fn note(&mut self, kind: FrameKind, data: &[u8]) {
        if data.trim_ascii().is_empty() {
            return;
        }
        match kind {
            FrameKind::Quiet => self.has_an_end = true,
            FrameKind::Content => (self.has_an_end, self.spoke) = (true, true),
            FrameKind::Last | FrameKind::Incomplete | FrameKind::Error => self.ended = true,
            FrameKind::Foreign | FrameKind::Untyped => self.spoke = true,
        }
    }

    /// Whether the stream has said that it has ended.
    pub const fn has_ended(self) -> bool {
        self.ended
    }

    /// Whether a stream that is over now was cut: others of its API say when they have ended.
    pub const fn is_unfinished(self) -> bool {
        self.has_an_end && !self.ended
    }

    /// What the stream means, if it is over now and no event of it was an error; `None` if nothing is known of its API.
    pub fn reading(self) -> Option<Reading> {
        match (self.ended, self.has_an_end, self.spoke) {
            (true, ..) => Some(Reading::by_rule(Verdict::Success, "status-2xx")),
            (false, true, _) => Some(Reading::by_rule(Verdict::ServerError, "stream-cut")),
            (false, false, false) => Some(Reading::by_rule(Verdict::ServerError, "stream-empty")),
            (false, false, true) => None,
        }
    }
}
