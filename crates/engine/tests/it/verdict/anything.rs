//! Whatever comes, the classifier answers: it is total.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use evergrant_engine::provider::{Origin, RowFile, Table};
use evergrant_engine::time::Timestamp;
use evergrant_engine::verdict::{BODY_LIMIT, Channel, Evidence, classify, judge_event};
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;

fn all_channels(row: &str, status: u16, headers: &HeaderMap, body: &[u8]) {
    let row = TABLE.row(&row.into()).map(|row| &**row);
    let evidence = Evidence::read(status, headers, body);
    assert!(evidence.fragment().chars().count() <= 201);
    for channel in [Channel::Inference, Channel::Stream, Channel::Token, Channel::Device] {
        let reading = classify(row, channel, &evidence, Timestamp::default());
        assert!(
            reading.verdict.is_read_on(channel),
            "{:?} on {channel:?}",
            reading.verdict
        );
    }
    let _ = judge_event(row, Some("error"), body, Timestamp::default());
}

/// Bodies that begin like the known ones and end anywhere.
fn cut_bodies() -> impl Strategy<Value = Vec<u8>> {
    let replies = include_str!("../../corpus/replies.jsonl").lines().collect::<Vec<_>>();
    (0..replies.len(), any::<prop::sample::Index>(), any::<Vec<u8>>()).prop_map(move |(at, cut, tail)| {
        let body: serde_json::Value = serde_json::from_str(replies[at]).unwrap();
        let body = body["body"].as_str().unwrap().as_bytes();
        let mut cut = body[..cut.index(body.len() + 1)].to_vec();
        cut.extend(tail);
        cut
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_read(status in 100_u16..1000, body in any::<Vec<u8>>(), value in "[ -~]{0,40}") {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_str(&value).unwrap();
        for name in ["content-type", "retry-after", "x-ratelimit-reset", "www-authenticate", "x-amzn-errortype"] {
            headers.insert(name, value.clone());
        }
        all_channels("xai-oauth", status, &headers, &body);
    }

    #[test]
    fn arbitrary_texts_are_read(status in 100_u16..1000, body in "[{}\\[\\]\"'`:,\\\\u0-9a-z<>/ é…]{0,200}") {
        all_channels("minimax", status, &HeaderMap::new(), body.as_bytes());
    }

    #[test]
    fn known_bodies_cut_anywhere_are_read(body in cut_bodies(), status in 100_u16..1000) {
        all_channels("openai-codex", status, &HeaderMap::new(), &body);
    }

    #[test]
    fn arbitrary_rows_are_refused_or_read(text in "([a-z_]{1,12} = [\"\\[\\]a-z0-9./:]{0,20}\n|\\[\\[signal\\]\\]\n|\\[oauth\\]\n){0,12}") {
        let _ = RowFile::parse("any.toml", &text, Origin::File("any.toml".to_owned()));
    }
}

#[test]
fn a_megabyte_is_read_by_its_head() {
    let mut body = br#"{"error":{"code":"insufficient_quota","message":"x"},"junk":""#.to_vec();
    body.resize(1 << 20, b'a');
    let headers = HeaderMap::new();
    let evidence = Evidence::read(429, &headers, &body);
    let reading = classify(None, Channel::Inference, &evidence, Timestamp::default());
    assert_eq!(reading.verdict.as_str(), "out-of-credit");
}

#[test]
fn deep_nesting_ends() {
    for open in ["[", "{\"error\":", "[{\"details\":["] {
        all_channels("xai", 400, &HeaderMap::new(), open.repeat(20_000).as_bytes());
    }
}

static TABLE: LazyLock<Table> = LazyLock::new(Table::built_in);

/// Bodies as long as is read, made so that what is looked for could begin at each of their bytes.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test that measures, not a part of the engine"
)]
fn no_body_takes_much_longer_than_another_of_its_length() {
    let length = BODY_LIMIT;
    let filled = |begin: &str, unit: &str, end: &str| {
        let room = length - begin.len() - end.len();
        format!("{begin}{}{end}", unit.repeat(room / unit.len()))
    };
    let half_escaped = format!(r#"{{"retry\_after{}":["#, r"\_".repeat(length / 4));
    let half_spelled = format!(r#"{{"retry_after{}":["#, "_".repeat(length / 2));
    let quoted_header = format!(r#"{{"headers":{{"x-ratelimit-reset{}":["#, r"\a".repeat(length / 4));
    let mut bodies = vec![
        filled(&half_escaped, "1,", "1]}"),
        filled(&half_spelled, "1,", "1]}"),
        filled(&half_spelled, "[],", "1]}"),
        filled(&quoted_header, "1,", "1]}}"),
    ];
    for unit in [
        "{",
        "[",
        "{[",
        "{ ",
        "'",
        " '",
        "\\\"",
        "`",
        "“",
        "<",
        "&",
        "https://",
        "%20",
        "%2",
        "sk-",
        "a@",
        "z",
        "az",
        "- ",
        "Bearer ",
        "try again in ",
        "1h",
        "1 ",
        "reset",
        "retry after ",
        "model ",
        "for x in ",
        "AADSTS",
        "#",
        "<a>",
        "error: {",
        "b'",
        "data: ",
        "{'a':",
        "{\\\"a\\\":",
        "\\u00",
        "é",
        "rate limit ",
        "quota",
        "a.b/c-d_e ",
    ] {
        bodies.push(filled("", unit, ""));
        bodies.push(filled(r#"{"error":{"message":""#, unit, r#""}}"#));
        bodies.push(filled(r#"{"error":{"code":""#, unit, r#""}}"#));
        bodies.push(filled("<html><title>", unit, "</title>"));
    }
    for unit in [
        "{\"a\":",
        "[",
        "{\"error\":",
        "\"error\":\"a\",",
        "\"retry_after\":1,",
        "\"x-ratelimit-reset\":1,",
        "\"a\":[],",
    ] {
        bodies.push(filled("{", unit, "}"));
        bodies.push(filled("{\"headers\":{", unit, "}}"));
    }
    for body in bodies {
        let began = Instant::now();
        all_channels("xai-oauth", 429, &HeaderMap::new(), body.as_bytes());
        let took = began.elapsed();
        let begin: String = body.chars().take(40).collect();
        assert!(took < PATIENCE, "{took:?} for `{begin}`");
    }
}

/// 10 s: some five times what the slowest takes without optimisation; what grows with the square of the length takes minutes.
const PATIENCE: Duration = Duration::from_secs(10);
