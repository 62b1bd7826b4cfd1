//! A time to come back at is never negative, never endless, and told by something.

use std::time::Duration;

use evergrant_engine::time::Timestamp;
use evergrant_engine::verdict::{Channel, Evidence, Reading, classify};
use http::{HeaderMap, HeaderValue};

use super::written;

/// Reads the same bytes as an answer, as the value of each header that tells a time, and as a sentence.
pub fn retry_after(data: &[u8]) {
    let answer = written::read(data);
    check(&answer.headers, answer.body);
    let line = data.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if let Ok(value) = HeaderValue::from_bytes(line.trim_ascii()) {
        for name in HEADERS {
            check(&HeaderMap::from_iter([(name.parse().unwrap(), value.clone())]), b"");
        }
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let sentence = serde_json::json!({"error": {"message": format!("try again {text}"), "resets_at": text}});
        check(&HeaderMap::new(), sentence.to_string().as_bytes());
    }
}

fn check(headers: &HeaderMap, body: &[u8]) {
    let evidence = Evidence::read(429, headers, body);
    let read = |now| -> Reading { classify(None, Channel::Inference, &evidence, now) };
    for now in [0, 1_767_225_600, 4_102_444_800, -1, i64::MAX / 1_000].map(Timestamp::from_secs) {
        let reading = read(now);
        assert_eq!(reading.retry_after.is_some(), reading.reset_source.is_some());
        assert!(
            reading.retry_after.unwrap_or_default() <= LONGEST,
            "{:?}",
            reading.retry_after
        );
    }
    // A point in time comes nearer as time goes on, and a span stays what it is. Only words that name no day or no year
    // may mean a later one then.
    let (early, late) = (read(NOW), read(NOW.plus(Duration::from_secs(60))));
    if let (Some(one), Some(other)) = (early.retry_after, late.retry_after)
        && early.reset_source == late.reset_source
    {
        let gone = one.saturating_sub(other);
        let leaps = other > one;
        assert!(leaps || gone <= Duration::from_secs(60), "{one:?} and then {other:?}");
    }
}

const HEADERS: [&str; 6] = [
    "retry-after",
    "retry-after-ms",
    "x-ratelimit-reset-tokens",
    "anthropic-ratelimit-requests-reset",
    "ratelimit",
    "x-quota-snapshot-chat",
];
/// 2026-01-01T00:00:00Z.
const NOW: Timestamp = Timestamp::from_secs(1_767_225_600);
/// What the longest span is cut to.
const LONGEST: Duration = Duration::from_secs(400 * 86_400);
