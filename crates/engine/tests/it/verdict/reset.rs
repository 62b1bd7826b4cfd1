//! When to come back, in every form that is known, and nonsense.

use std::time::Duration;

use evergrant_engine::time::Timestamp;
use evergrant_engine::verdict::{Channel, Evidence, Reading, classify};
use http::{HeaderMap, HeaderName};

/// 2026-01-01T00:00:00Z.
const NOW: Timestamp = Timestamp::from_secs(1_767_225_600);

fn after(headers: &[(&str, &str)], body: &str) -> Option<Duration> {
    reading(headers, body).retry_after
}

fn reading(headers: &[(&str, &str)], body: &str) -> Reading {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    }
    let evidence = Evidence::read(429, &map, body.as_bytes());
    classify(None, Channel::Inference, &evidence, NOW)
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
fn more_fields_of_bodies() {
    body(r#"{"error":{"resets_in_sec":90}}"#, 90_000);
    body(r#"{"error":{"resetsInMinutes":3}}"#, 180_000);
    body(r#"{"error":{"reset_after_hours":2}}"#, 7_200_000);
    body(r#"{"error":{"wait_seconds":12}}"#, 12_000);
    body(r#"{"error":{"waitTimeMs":1200}}"#, 1_200);
    body(r#"{"error":{"cooldown_until":"2026-01-01T00:00:20Z"}}"#, 20_000);
    body(r#"{"error":{"cooldown_remaining_seconds":45}}"#, 45_000);
    body(r#"{"error":{"next_available_at":1767225630}}"#, 30_000);
    body(r#"{"error":{"blocked_until":"2026-01-01T02:00:00+01:00"}}"#, 3_600_000);
    body(r#"{"error":{"quota_reset_date":"2026-01-03"}}"#, 172_800_000);
    body(
        r#"{"error":{"rate_limit":{"reset_at":"2026-01-01T00:00:40Z"}}}"#,
        40_000,
    );
    body(r#"{"error":{"quota":{"resets_in":"5h"}}}"#, 18_000_000);
    body(
        r#"{"rate_limits":{"primary":{"used_percent":100,"reset_at":1767225660}}}"#,
        60_000,
    );
    body(
        r#"{"error":{"details":[{"retryDelay":{"seconds":"34","nanos":74824224}}]}}"#,
        34_000,
    );
    body(r#"{"error":{"retry":{"retry_after_ms":700}}}"#, 700);
    body(r#"{"type":"error","headers":{"retry-after":["60"]}}"#, 60_000);
    body(r#"{"type":"error","headers":{"Retry-After":8}}"#, 8_000);
    body(
        "<Error><Code>SlowDown</Code><RetryAfterSeconds>3</RetryAfterSeconds></Error>",
        3_000,
    );
    body("error=slow_down&retry_after=7", 7_000);
    // A count, a length and a page are not times to come back at.
    nothing(
        &[],
        r#"{"error":{"reset_count":3,"reset_interval":60,"password_reset":1,"retry":5,"retries":2}}"#,
    );
}

#[test]
fn structured_headers() {
    header("ratelimit", r#""default";r=0;t=30"#, 30_000);
    header("ratelimit", "limit=100, remaining=0, reset=50", 50_000);
    header("ratelimit", r#""burst";r=5;t=1, "daily";r=0;t=3600"#, 3_600_000);
    header("x-ratelimit", "remaining=0;reset=4", 4_000);
    header(
        "x-quota-snapshot-chat",
        "ent=300&ov=0.0&ovPerm=false&rem=0.0&rst=2026-01-02T00%3A00%3A00Z",
        86_400_000,
    );
    let policy = [
        ("ratelimit", r#""day";r=0"#),
        ("ratelimit-policy", r#""min";q=5;w=60,"day";q=100;w=86400"#),
    ];
    assert_eq!(after(&policy, ""), Some(Duration::from_secs(86_400)));
    nothing(&[("ratelimit-policy", r#""default";q=100;w=60"#)], "");
    nothing(&[("ratelimit", r#""default";r=50;t=30"#)], "");
    nothing(&[("ratelimit", "-;;=;,,t=x")], "");
}

#[test]
fn more_headers() {
    header("x-ratelimit-reset-requests-day", "33011.375", 33_011_375);
    header("ratelimitbysize-reset", "23", 23_000);
    header("x-tokenlimit-reset", "3", 3_000);
    header("x-ratelimit-reset-after", "1.25", 1_250);
    header("x-ratelimit-reset-ms", "800", 800);
    header("x-amz-retry-after", "1500", 1_500);
    header("x-ratelimit-user-retry-after", "9", 9_000);
    header("anthropic-priority-input-tokens-reset", "2026-01-01T00:00:09Z", 9_000);
    header("x-codex-secondary-reset-at", "1767225720", 120_000);
    header("retry-after", "Thu, 01 Jan 2026 00:02:00 +0000", 120_000);
    header("retry-after", "Thursday, 01-Jan-26 00:02:00 GMT", 120_000);
    header("retry-after", "Thu Jan  1 00:02:00 2026", 120_000);
    header("retry-after", "2026-01-01 00:00:30", 30_000);
    header("retry-after", "2026-01-01T00:00:30.250+00:00", 30_250);
    header("retry-after", "3 pm", 54_000_000);
    header("retry-after", "30, 45", 45_000);
    header("retry-after", "\"30\"", 30_000);
    header("retry-after", "1767225660.5", 60_500);
    header("retry-after", "1767225660000000", 60_000);
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
fn sentences_with_spans() {
    sentence("Your rate limit resets in ~30s.", 30_000);
    sentence("You can try again in about an hour.", 3_600_000);
    sentence("Please wait at least 2 minutes and retry", 120_000);
    sentence(
        "GPU quota exceeded (60s requested vs. 12s left). Try again in 1:23:45",
        5_025_000,
    );
    sentence("Access is available again in 2 days, 3:04:05", 183_845_000);
    sentence("Retry-After: 15", 15_000);
    sentence("please retry your request after 3 seconds; retry_after=9", 9_000);
    sentence("You have to wait 1,200 seconds", 1_200_000);
    sentence("Required wait: 30-second pause", 30_000);
    sentence("Quota refreshes in 4 hours", 14_400_000);
    sentence("Next request allowed in: 3. Next request after 12 seconds", 12_000);
    sentence("Cooldown: 45s remaining", 45_000);
    sentence("You are temporarily blocked for 10 minutes", 600_000);
    sentence("will be available again in approximately 1 week", 604_800_000);
}

#[test]
fn sentences_with_points_in_time() {
    sentence(
        "You've hit your usage limit. Try again at Feb 3rd, 2026 5:13 PM.",
        2_913_180_000,
    );
    sentence("try again at 5:13 PM", 61_980_000);
    sentence("5-hour limit reached \u{2219} resets 3pm (UTC)", 54_000_000);
    sentence("resets 3am (America/New_York)", 28_800_000);
    sentence("Your limit will reset at 3pm (Europe/Berlin).", 50_400_000);
    sentence("resets at midnight Pacific time", 28_800_000);
    sentence("Your weekly limit resets Jan 4 at 9am (UTC)", 291_600_000);
    sentence("resets on February 1", 2_678_400_000);
    sentence("Limit reached; resets Monday at 9:00 UTC", 378_000_000);
    sentence("Try again tomorrow at 06:30", 109_800_000);
    sentence("Usage limit reached|1767225660", 60_000);
    sentence("quota resets at 2026-01-01 08:00:00 +0800", 0);
    sentence("reset time: 2026/01/01 00:10 UTC+0", 600_000);
    sentence("retry after Thu, 01 Jan 2026 00:02:00 GMT", 120_000);
    sentence("suspended until 2 January 2026", 86_400_000);
    sentence("will reset at 2026-01-01T09:00:10.123456789+09:00", 10_123);
    // A day without a year is the next such day, unless it was lately.
    sentence("resets Dec 31, 11pm (UTC)", 0);
    sentence("resets on Nov 15", 27_475_200_000);
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
        "99999999999999999999999",
        "-1767225660",
        "12:",
        "P6íT",
        ":::",
        "2026-13-45",
        "2026-02-30T00:00:00Z",
        "25:61",
        "13pm",
        "P",
        "PT",
        "1e21",
        "0x10",
        "5%",
        "5/10",
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
        "retry 3 times",
        "We retry up to 5 requests",
        "Available models: 3",
        "limit reached for gpt-4.1 on 8 requests",
        "the reset of 10 apples",
        "awaiting 5 seconds",
        "reset 2026",
        "wait until Febtober 3rd",
        "reset at 99:99",
        "try again in -5 seconds",
        "retry after 32nd of January",
        "limit reached for 5 hours",
        "limits reset every 24 hours",
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

#[test]
fn past_and_far_points_are_now_and_the_cap() {
    let cap = Duration::from_secs(400 * 86_400);
    for past in [
        "0",
        "1000000000",
        "1970-01-01T00:00:00Z",
        "Thu, 01 Jan 1970 00:00:00 GMT",
    ] {
        assert_eq!(after(&[("retry-after", past)], ""), Some(Duration::ZERO), "{past}");
    }
    for far in [
        "99999999999",
        "9999-12-31T23:59:59Z",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "PT99999999999H",
    ] {
        assert_eq!(after(&[("retry-after", far)], ""), Some(cap), "{far}");
    }
}

#[test]
fn a_value_that_cannot_be_read_hides_no_other() {
    assert_eq!(
        after(&[("retry-after-ms", "-3"), ("retry-after", "4")], ""),
        Some(Duration::from_secs(4))
    );
    assert_eq!(
        after(
            &[("retry-after", "soon")],
            r#"{"error":{"retry_after":"later","message":"retry in 6s"}}"#
        ),
        Some(Duration::from_secs(6))
    );
}

#[test]
fn which_of_several_counts() {
    let short = Some(Duration::from_millis(1_200));
    // What is said of this request, before what is said of a bucket that is full again much later.
    let bucket = [
        ("x-ratelimit-remaining-tokens", "0"),
        ("x-ratelimit-reset-tokens", "6m0s"),
    ];
    let text = r#"{"error":{"message":"Please try again in 1.2s"}}"#;
    assert_eq!(after(&bucket, text), short);
    assert_eq!(after(&bucket, ""), Some(Duration::from_secs(360)));
    // A header about this request, before the body.
    assert_eq!(after(&[("retry-after-ms", "1200")], r#"{"retry_after":60}"#), short);
    // A span, before a point that needs a clock.
    assert_eq!(after(&[], r#"{"resets_at":1767312000,"resets_in_seconds":1.2}"#), short);
    // A window that is open, never.
    let open = [
        ("x-ratelimit-remaining-requests", "7"),
        ("x-ratelimit-reset-requests", "1s"),
    ];
    assert_eq!(after(&open, ""), None);
    let windows = [
        ("x-codex-primary-used-percent", "40"),
        ("x-codex-primary-reset-after-seconds", "60"),
        ("x-codex-secondary-used-percent", "100"),
        ("x-codex-secondary-reset-after-seconds", "7200"),
    ];
    assert_eq!(after(&windows, ""), Some(Duration::from_secs(7_200)));
    // A body that quotes headers is read by the same rules.
    let quoted = r#"{"error":{"metadata":{"headers":{"X-RateLimit-Remaining-Requests":"0",
        "X-RateLimit-Reset-Requests":"90","X-RateLimit-Remaining-Tokens":"12","X-RateLimit-Reset-Tokens":"1"}}}}"#;
    assert_eq!(after(&[], quoted), Some(Duration::from_secs(90)));
}

#[test]
fn a_point_is_by_the_clock_of_the_answer_that_tells_it() {
    let skewed = [
        ("date", "Thu, 01 Jan 2026 06:00:00 GMT"),
        ("x-ratelimit-reset", "1767247230"),
    ];
    assert_eq!(after(&skewed, ""), Some(Duration::from_secs(30)));
}

#[test]
fn the_reading_says_what_told_it() {
    #[track_caller]
    fn check(headers: &[(&str, &str)], body: &str, expected: &str) {
        let source = reading(headers, body).reset_source.map(|source| source.to_string());
        assert_eq!(source.as_deref(), Some(expected), "{headers:?} {body}");
    }
    check(&[("retry-after", "3")], "", "the header `retry-after`");
    check(
        &[("x-ratelimit-reset-tokens", "3s")],
        "",
        "the header `x-ratelimit-reset-tokens`",
    );
    check(&[], r#"{"error":{"resetsAt":1767225660}}"#, "`resetsAt` in the body");
    check(
        &[],
        r#"{"error":{"metadata":{"headers":{"X-RateLimit-Reset":"1767225660000"}}}}"#,
        "`x-ratelimit-reset` in the body",
    );
    check(
        &[],
        r#"{"error":{"message":"Please try again in 3s"}}"#,
        "a sentence with `try again`",
    );
    assert_eq!(reading(&[], r#"{"error":"no"}"#).reset_source, None);
}
