//! When to come back: every form in which headers, bodies and sentences tell it, unclamped.

use std::time::Duration;

use http::HeaderMap;

use super::duration::{Unit, of_value, of_words};
use super::evidence::Evidence;
use super::found::{HintForm, Role};
use crate::time::Timestamp;
use crate::vocabulary::Verdict;

/// How long until it is worth trying again, if the answer says so.
///
/// A header outweighs the body, except that for an allowance which comes back by itself the later of both counts:
/// there `Retry-After` is often a default.
pub(super) fn read(verdict: Verdict, evidence: &Evidence, now: Timestamp) -> Option<Duration> {
    if verdict == Verdict::Success {
        return None;
    }
    let header = of_headers(evidence.headers(), now);
    if header.is_some() && verdict != Verdict::UsageLimited {
        return header;
    }
    let body = of_body(evidence, now);
    header.max(body)
}

fn of_headers(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = |name: &str, unit| of_value(headers.get(name)?.to_str().ok()?, unit, now);
    value("retry-after-ms", Unit::Millis)
        .or_else(|| value("x-ms-retry-after-ms", Unit::Millis))
        .or_else(|| value("retry-after", Unit::Seconds))
        .or_else(|| of_claim(headers, now))
        .or_else(|| value("x-codex-primary-reset-after-seconds", Unit::Seconds))
        .or_else(|| of_reset_family(headers, now))
}

/// Anthropic's subscription windows: the one that it names as decisive, or those that it has closed.
fn of_claim(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let reset = |window: &str| of_value(text(&format!("{UNIFIED}{window}-reset"))?, Unit::Seconds, now);
    text("anthropic-ratelimit-unified-status")?;
    let named = match text("anthropic-ratelimit-unified-representative-claim") {
        Some("five_hour") => reset("5h"),
        Some("seven_day") => reset("7d"),
        Some(other) => reset(&other.replace("seven_day", "7d").replace("five_hour", "5h")),
        None => None,
    };
    let closed = |window: &&&str| text(&format!("{UNIFIED}{window}-status")) == Some("rejected");
    named
        .or_else(|| WINDOWS.iter().filter(closed).filter_map(|window| reset(window)).max())
        .or_else(|| of_value(text("anthropic-ratelimit-unified-reset")?, Unit::Seconds, now))
}

/// `x-ratelimit-reset*`, `ratelimit-reset`, `anthropic-ratelimit-*-reset`: of those whose `remaining` is 0 the latest, else
/// the earliest.
fn of_reset_family(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let (mut exhausted, mut earliest): (Option<Duration>, Option<Duration>) = (None, None);
    for (name, value) in headers {
        let name = name.as_str();
        if !name.contains("reset") || !name.contains("limit") {
            continue;
        }
        let Some(span) = value
            .to_str()
            .ok()
            .and_then(|value| of_value(value, Unit::Seconds, now))
        else {
            continue;
        };
        let remaining = headers.get(name.replace("reset", "remaining"));
        if remaining.is_some_and(|left| left == "0") {
            exhausted = exhausted.max(Some(span));
        }
        earliest = Some(earliest.map_or(span, |known| known.min(span)));
    }
    exhausted.or(earliest)
}

fn of_body(evidence: &Evidence, now: Timestamp) -> Option<Duration> {
    let hint = evidence.found.hints.iter().find_map(|hint| {
        let text = evidence.found.text.get(hint.start as usize..hint.end as usize)?;
        let unit = match hint.form {
            HintForm::Seconds => Unit::Seconds,
            HintForm::Millis => Unit::Millis,
        };
        of_value(text, unit, now)
    });
    hint.or_else(|| {
        let sentences = evidence
            .fields()
            .filter(|(role, _)| matches!(role, Role::Message | Role::Error));
        sentences.into_iter().find_map(|(_, text)| of_sentence(text, now))
    })
}

fn of_sentence(text: &str, now: Timestamp) -> Option<Duration> {
    LEADS.iter().find_map(|lead| {
        text.match_indices(lead)
            .find_map(|(at, _)| of_words(&text[at + lead.len()..], now))
    })
}

const UNIFIED: &str = "anthropic-ratelimit-unified-";
/// The windows of Anthropic's subscriptions, as its headers name them.
const WINDOWS: [&str; 4] = ["5h", "7d", "7d_oi", "7d_opus"];
/// What comes before a time in a sentence.
const LEADS: [&str; 16] = [
    "try again in",
    "retry in",
    "retry after",
    "try again after",
    "resets in",
    "reset in",
    "reset after",
    "resets at",
    "reset at",
    "resets on",
    "try again at",
    "available in",
    "available again in",
    "available again at",
    "wait for",
    "wait",
];
