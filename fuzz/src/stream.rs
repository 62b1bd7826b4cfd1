//! A stream means the same in whatever pieces it comes, and one that is cut never bears what the whole did not.

use std::sync::LazyLock;

use evergrant_engine::provider::{Row, Table};
use evergrant_engine::time::Timestamp;
use evergrant_engine::verdict::{EventMeaning, Verdict, judge_event};

/// Judges every event of a stream; then the same stream cut within an event, at several places.
pub fn stream(data: &[u8]) {
    for row in [None, Some(&*ROW)] {
        let whole = meanings(row, data);
        for meaning in &whole {
            if let EventMeaning::Error(reading) = meaning {
                assert_ne!(reading.verdict, Verdict::Success, "an error is not a success");
                assert!(reading.fragment.chars().count() <= 200);
            }
        }
        for part in 1..8 {
            let cut = data.len() * part / 8;
            let part = meanings(row, &data[..cut]);
            let begun = part.len().saturating_sub(1);
            let told = |events: &[EventMeaning]| events.iter().map(kind).collect::<Vec<_>>();
            assert_eq!(told(&part[..begun]), told(&whole[..begun]), "cut at {cut}");
            // An error that is cut before it can be read is never taken for an answer.
            let (last, full) = (part.last().map(kind), whole.get(begun).map(kind));
            // A name that comes behind its data may still make an error of it.
            if data[cut..].windows(6).any(|part| part == b"event:") || !ends_within_an_object(&data[..cut]) {
                continue;
            }
            assert!((last, full) != (Some(Kind::Content), Some(Kind::Error)), "cut at {cut}");
        }
    }
}

/// Whether the last line is data that breaks off.
fn ends_within_an_object(stream: &[u8]) -> bool {
    let line = stream.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let data = line.strip_prefix(b"data:").unwrap_or_default().trim_ascii();
    let before = &stream[..stream.len() - line.len()];
    if !before.is_empty() && !before.ends_with(b"\n\n") && before.windows(5).any(|part| part == b"data:") {
        return false;
    }
    data.starts_with(b"{") && serde_json::from_slice::<serde_json::Value>(data).is_err_and(|error| error.is_eof())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Error,
    Content,
    Quiet,
}

fn kind(meaning: &EventMeaning) -> Kind {
    match meaning {
        EventMeaning::Error(_) => Kind::Error,
        EventMeaning::Content => Kind::Content,
        _ => Kind::Quiet,
    }
}

/// The meaning of each event; an event ends at a blank line.
fn meanings(row: Option<&Row>, stream: &[u8]) -> Vec<EventMeaning> {
    let text = String::from_utf8_lossy(stream);
    let events = text.split("\n\n").filter(|event| !event.is_empty()).take(64);
    events
        .map(|event| {
            let (mut name, mut data) = (None, String::new());
            for line in event.lines() {
                if let Some(value) = line.strip_prefix("data:") {
                    if !data.is_empty() {
                        data.push('\n');
                    }
                    data.push_str(value.strip_prefix(' ').unwrap_or(value));
                } else if let Some(value) = line.strip_prefix("event:") {
                    name = Some(value.trim());
                }
            }
            judge_event(row, name, data.as_bytes(), NOW)
        })
        .collect()
}

static ROW: LazyLock<Row> = LazyLock::new(|| {
    let table = Table::built_in();
    (**table.row(&"xai-oauth".into()).expect("it is built in")).clone()
});
/// 2026-01-01T00:00:00Z.
const NOW: Timestamp = Timestamp::from_secs(1_767_225_600);
