//! The classifier is total, reads only the head, and shows no secret.

use std::sync::LazyLock;
use std::time::Duration;

use evergrant_engine::provider::Table;
use evergrant_engine::time::Timestamp;
use evergrant_engine::verdict::{BODY_LIMIT, Channel, Evidence, Verdict, classify};

use super::leak::leak;
use super::written;

/// Reads an answer with no row and with one of each kind, on every channel.
pub fn evidence(data: &[u8]) {
    let answer = written::read(data);
    let evidence = Evidence::read(answer.status, &answer.headers, answer.body);
    let head = Evidence::read(
        answer.status,
        &answer.headers,
        &answer.body[..answer.body.len().min(BODY_LIMIT)],
    );
    let fragment = evidence.fragment();
    assert!(fragment.chars().count() <= 200, "{fragment}");
    assert_eq!(leak(fragment), None, "in {fragment}");
    for row in [None, TABLE.row(&"xai-oauth".into()), TABLE.row(&"minimax".into())] {
        for channel in [Channel::Inference, Channel::Stream, Channel::Token, Channel::Device] {
            let row = row.map(|row| &**row);
            let reading = classify(row, channel, &evidence, NOW);
            assert!(
                reading.verdict.is_read_on(channel),
                "{:?} on {channel:?}",
                reading.verdict
            );
            assert_eq!(reading, classify(row, channel, &head, NOW), "beyond the head");
            assert_eq!(reading.retry_after.is_some(), reading.reset_source.is_some());
            assert!(
                reading.retry_after.is_none_or(|after| after <= LONGEST),
                "{:?}",
                reading.retry_after
            );
            let is_2xx = (200..300).contains(&answer.status);
            assert!(is_2xx || reading.verdict != Verdict::Success, "{}", answer.status);
            let is_refusal = (400..500).contains(&answer.status) || is_2xx;
            assert!(is_refusal || reading.verdict != Verdict::GrantDead, "{}", answer.status);
        }
    }
}

static TABLE: LazyLock<Table> = LazyLock::new(Table::built_in);
/// 2026-01-01T00:00:00Z.
const NOW: Timestamp = Timestamp::from_secs(1_767_225_600);
/// What the longest span is cut to.
const LONGEST: Duration = Duration::from_secs(400 * 86_400);
