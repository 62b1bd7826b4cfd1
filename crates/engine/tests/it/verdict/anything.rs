//! Whatever comes, the classifier answers: it is total.

use std::sync::LazyLock;

use evergrant_engine::provider::{Origin, RowFile, Table};
use evergrant_engine::time::Timestamp;
use evergrant_engine::verdict::{Channel, Evidence, classify, judge_event};
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
