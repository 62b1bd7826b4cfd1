//! When to come back, in every form that is known, and nonsense.

use std::time::Duration;

use evergrant_engine::time::Timestamp;
use evergrant_engine::verdict::{Channel, Evidence, classify};
use http::{HeaderMap, HeaderName};

/// 2026-01-01T00:00:00Z.
const NOW: Timestamp = Timestamp::from_secs(1_767_225_600);

fn after(headers: &[(&str, &str)], body: &str) -> Option<Duration> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    }
    let evidence = Evidence::read(429, &map, body.as_bytes());
    classify(None, Channel::Inference, &evidence, NOW).retry_after
}

#[track_caller]
fn header(name: &str, value: &str, millis: u64) {
    assert_eq!(
        after(&[(name, value)], ""),
        Some(Duration::from_millis(millis)),
        "{name}: {value}"
    );
}

#[track_caller]
fn body(body: &str, millis: u64) {
    assert_eq!(
        after(&[], body).map(|span| span.as_millis()),
        Some(u128::from(millis)),
        "{body}"
    );
}

#[track_caller]
fn sentence(text: &str, millis: u64) {
    body(&serde_json::json!({"error": {"message": text}}).to_string(), millis);
}

#[track_caller]
fn nothing(headers: &[(&str, &str)], body: &str) {
    assert_eq!(after(headers, body), None, "{headers:?} {body}");
}

#[test]
fn headers() {
    header("retry-after", "120", 120_000);
    header("retry-after", "0", 0);
    header("retry-after", "1.5", 1_500);
    header("retry-after", " 7 ", 7_000);
    header("retry-after", "30s", 30_000);
    header("retry-after", "Thu, 01 Jan 2026 00:02:00 GMT", 120_000);
    header("retry-after", "Wed, 31 Dec 2025 23:00:00 GMT", 0);
    header("retry-after", "2026-01-01T00:00:30Z", 30_000);
    header("retry-after", "1767225660", 60_000);
    header("retry-after", "1767225660000", 60_000);
    header("retry-after-ms", "250", 250);
    header("retry-after-ms", "1767225660000", 60_000);
    header("x-ms-retry-after-ms", "1000", 1_000);
    header("x-ratelimit-reset", "1767225610", 10_000);
    header("x-ratelimit-reset", "1767225610000", 10_000);
    header("x-ratelimit-reset", "10", 10_000);
    header("x-ratelimit-reset-requests", "1s", 1_000);
    header("x-ratelimit-reset-tokens", "6m0s", 360_000);
    header("x-ratelimit-reset-tokens", "7.66s", 7_660);
    header("x-ratelimit-reset-requests", "2m59.56s", 179_560);
    header("x-ratelimit-reset-requests", "120ms", 120);
    header("x-rate-limit-reset", "1767225660", 60_000);
    header("ratelimit-reset", "33", 33_000);
    header("anthropic-ratelimit-requests-reset", "2026-01-01T00:01:00Z", 60_000);
    header(
        "anthropic-ratelimit-input-tokens-reset",
        "2026-01-01T01:01:00+01:00",
        60_000,
    );
    header("x-codex-primary-reset-after-seconds", "471285", 471_285_000);
}

#[test]
fn families_of_headers() {
    let of_day = [
        ("x-ratelimit-remaining-requests", "0"),
        ("x-ratelimit-reset-requests", "14m24s"),
        ("x-ratelimit-remaining-tokens", "100"),
        ("x-ratelimit-reset-tokens", "2s"),
    ];
    assert_eq!(after(&of_day, ""), Some(Duration::from_secs(864)));
    let unknown = [
        ("x-ratelimit-reset-requests", "14m24s"),
        ("x-ratelimit-reset-tokens", "2s"),
    ];
    assert_eq!(after(&unknown, ""), Some(Duration::from_secs(2)));
    let both = [("retry-after", "20"), ("retry-after-ms", "1500")];
    assert_eq!(after(&both, ""), Some(Duration::from_millis(1_500)));
    let claims = [
        ("anthropic-ratelimit-unified-status", "rejected"),
        ("anthropic-ratelimit-unified-representative-claim", "seven_day"),
        ("anthropic-ratelimit-unified-5h-reset", "1767225700"),
        ("anthropic-ratelimit-unified-7d-reset", "1767312000"),
    ];
    assert_eq!(after(&claims, ""), Some(Duration::from_secs(86_400)));
}

#[test]
fn bodies() {
    body(r#"{"error":{"resets_at":1767225900}}"#, 300_000);
    body(r#"{"error":{"resets_in_seconds":602705}}"#, 602_705_000);
    body(r#"{"error":{"retry_after":1.5}}"#, 1_500);
    body(r#"{"error":{"retry_after_ms":1500}}"#, 1_500);
    body(r#"{"error":{"retryAfter":"12"}}"#, 12_000);
    body(r#"{"retry_after_seconds":9}"#, 9_000);
    body(r#"{"error":{"reset_at":"2026-01-01T00:00:10Z"}}"#, 10_000);
    body(r#"{"error":{"reset_time":"2026-01-01 00:00:10"}}"#, 10_000);
    body(r#"{"error":{"details":[{"retryDelay":"34.074824224s"}]}}"#, 34_074);
    body(
        r#"{"error":{"details":[{"metadata":{"quotaResetDelay":"539.477544ms"}}]}}"#,
        539,
    );
    body(
        r#"{"error":{"details":[{"metadata":{"quotaResetDelay":"161h39m41.3s"}}]}}"#,
        581_981_300,
    );
    body(
        r#"{"error":{"details":[{"metadata":{"quotaResetTimeStamp":"2026-01-01T00:01:00Z"}}]}}"#,
        60_000,
    );
    body(
        r#"{"error":{"metadata":{"headers":{"X-RateLimit-Reset":"1767225660000"}}}}"#,
        60_000,
    );
    body(r#"{"type":"error","headers":{"retry-after":"60"}}"#, 60_000);
    body(r#"{"error":{"retry_after":"PT30S"}}"#, 30_000);
    body(r#"{"error":{"retry_after":"P1DT2H"}}"#, 93_600_000);
}

#[test]
fn sentences() {
    sentence("Rate limit reached. Please try again in 20s.", 20_000);
    sentence("Please try again in 1m32.5s. Visit https://a.example", 92_500);
    sentence("Please try again in 120ms. Project: 'x'", 120);
    sentence("Weekly usage limit reached. Resets in 6hr 29min.", 23_340_000);
    sentence("Please retry after 86400 seconds.", 86_400_000);
    sentence("Please retry in 35.5s", 35_500);
    sentence("please try again after 1 seconds", 1_000);
    sentence("Please wait 5234 seconds before retrying.", 5_234_000);
    sentence("wait for 2 minutes", 120_000);
    sentence("Your limit will reset at 2026-01-01 01:00:00", 3_600_000);
    sentence("limit resets at: 2026-01-01T00:00:05Z", 5_000);
    sentence("Your quota will reset after 25h20m26s.", 91_226_000);
    sentence("Expected available in 3 seconds.", 3_000);
    sentence("try again in 1 hour and 30 minutes", 5_400_000);
    sentence("try again in 2 days, 3 hours", 183_600_000);
    sentence("Try again in 5 min.", 300_000);
}

#[test]
fn nonsense_and_negative_values_mean_nothing() {
    for value in [
        "-1",
        "-0.5",
        "soon",
        "",
        "NaN",
        "inf",
        "1e400",
        "never",
        "10 apples",
        "--",
        "3 pm",
        "99999999999999999999999",
    ] {
        nothing(&[("retry-after", value)], "");
    }
    for value in [r#""soon""#, "null", "-4", "true", "{}", "[]", r#""""#] {
        nothing(&[], &format!(r#"{{"error":{{"retry_after":{value}}}}}"#));
    }
    for text in [
        "wait a moment",
        "try again in a while",
        "resets in your dreams",
        "retry after reading the manual",
    ] {
        nothing(&[], &serde_json::json!({"error": {"message": text}}).to_string());
    }
}

#[test]
fn long_spans_are_capped_and_never_overflow() {
    let year = Duration::from_secs(400 * 86_400);
    assert_eq!(after(&[("retry-after", "999999999")], ""), Some(year));
    assert_eq!(after(&[("retry-after", "99999999999999999h")], ""), Some(year));
}

#[test]
fn an_allowance_waits_for_the_later_of_header_and_body() {
    let text = r#"{"error":{"type":"usage_limit_reached","resets_in_seconds":3600}}"#;
    assert_eq!(after(&[("retry-after", "5")], text), Some(Duration::from_secs(3_600)));
}
