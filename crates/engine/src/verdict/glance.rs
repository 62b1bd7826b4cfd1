//! What the head of a request's answer tells, and what of its body must be read before it can be judged.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

use super::reading::Reading;
use crate::provider::{Row, Tier};
use crate::vocabulary::{Channel, Verdict};

/// What must be read of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Glance {
    /// Nothing: its head says enough.
    Judged(Reading),
    /// Its events, until one has content; this is what it means then.
    Events(Reading),
    /// The beginning of its body, for the classifier.
    Body,
}

/// Looks at the head of an inference answer.
pub fn glance(row: &Row, status: u16, headers: &HeaderMap) -> Glance {
    let typed = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is = |kind: &str| typed.is_some_and(|typed| begins_with(typed.trim_start(), kind));
    match status {
        200..=299 if is("text/event-stream") => Glance::Events(Reading::by_rule(Verdict::Success, "status-2xx")),
        // A page is the work of something that stands before the API.
        200..=299 if row.errors_in_200 || is("text/html") || asks_of(row, status) => Glance::Body,
        101 | 200..=299 => Glance::Judged(Reading::by_rule(Verdict::Success, "status-2xx")),
        // An answer to the client's own question (not modified, see there), and no word about the credential.
        300..=399 => Glance::Judged(Reading::by_rule(Verdict::NotFound, "status-3xx")),
        _ => Glance::Body,
    }
}

/// Whether the user has a signal for answers of that status, which are good otherwise.
fn asks_of(row: &Row, status: u16) -> bool {
    // The user's own stand before the others.
    let own = row.signals.iter().take_while(|signal| signal.tier == Tier::User);
    let mut own = own.filter(|signal| signal.channel == Channel::Inference);
    own.any(|signal| signal.status.contains(&status))
}

fn begins_with(text: &str, lead: &str) -> bool {
    text.as_bytes()
        .get(..lead.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(lead.as_bytes()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::provider::Table;

    #[track_caller]
    fn check(status: u16, content_type: &'static str, expected: &str) {
        let table = Table::built_in();
        let row = table.row(&"xai-oauth".into()).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        let found = match glance(row, status, &headers) {
            Glance::Judged(reading) => reading.verdict.as_str(),
            Glance::Events(_) => "events",
            Glance::Body => "body",
        };
        assert_eq!(found, expected, "{status} {content_type}");
    }

    #[test]
    fn only_what_can_hide_something_is_read() {
        check(200, "application/json", "success");
        check(204, "", "success");
        check(101, "", "success");
        check(200, "Text/Event-Stream; charset=utf-8", "events");
        check(200, "text/html", "body");
        check(304, "", "not-found");
        check(403, "application/json", "body");
        check(429, "text/event-stream", "body");
        check(500, "", "body");
    }
}
