//! Captured error replies of real providers, each with its true verdict.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use evergrant_engine::provider::{Row, Signal, Table};
use evergrant_engine::time::Timestamp;
use evergrant_engine::verdict::{Channel, Evidence, Reading, Tables, classify_by};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

/// One line of `corpus/replies.jsonl`.
#[derive(Deserialize)]
struct Captured {
    id: String,
    provider: String,
    channel: String,
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
    verdict: String,
    #[serde(default)]
    certainty: String,
    #[serde(default)]
    tricky: bool,
    reset: Option<String>,
}

impl Captured {
    fn read(&self, table: &Table) -> Reading {
        self.read_by(Tables::built_in(), table, &|_| true)
    }

    fn read_by(&self, tables: &Tables, table: &Table, rows: &dyn Fn(&Signal) -> bool) -> Reading {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            headers.append(
                name.parse::<HeaderName>().unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        let evidence = Evidence::read(self.status, &headers, self.body.as_bytes());
        let channel = Channel::parse(&self.channel).unwrap();
        let row = table.row(&self.provider.as_str().into()).map(|row| {
            let mut row = Row::clone(row);
            row.signals.retain(|signal| rows(signal));
            row
        });
        classify_by(tables, row.as_ref(), channel, &evidence, NOW)
    }
}

/// The replies that came with the task.
fn captured() -> Vec<Captured> {
    of_file("replies.jsonl")
}

/// Replies as documentation and source code of providers, servers and gateways have them.
fn documented() -> Vec<Captured> {
    of_file("documented.jsonl")
}

/// Replies that were collected blind, before a rule was looked at.
fn collected() -> Vec<Captured> {
    files()
        .filter(|name| name.starts_with("collected_"))
        .flat_map(|name| of_file(&name))
        .collect()
}

fn files() -> impl Iterator<Item = String> {
    let mut names: Vec<_> = std::fs::read_dir(FOLDER)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".jsonl"))
        .collect();
    names.sort();
    names.into_iter()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the corpora lie on disk, and any number of them"
)]
fn of_file(name: &str) -> Vec<Captured> {
    lines(&std::fs::read_to_string(Path::new(FOLDER).join(name)).unwrap())
}

fn lines(text: &str) -> Vec<Captured> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Asserts that at least `floor` per cent of the selected replies have their true verdict.
#[track_caller]
fn check(floor: f64, selected: impl Fn(&Captured) -> bool) {
    check_these(floor, captured().into_iter().filter(|one| selected(one)));
}

#[track_caller]
fn check_these(floor: f64, replies: impl Iterator<Item = Captured>) {
    let table = Table::built_in();
    let (mut right, mut misses, mut count) = (0, String::new(), 0);
    for one in replies {
        let reading = one.read(&table);
        count += 1;
        if reading.verdict.as_str() == one.verdict {
            right += 1;
        } else {
            let signal = &reading.signal;
            writeln!(
                misses,
                "{}: {} is read as {} by {} ({}:{})",
                one.id,
                one.verdict,
                reading.verdict.as_str(),
                signal.name,
                signal.file,
                signal.line,
            )
            .unwrap();
        }
    }
    let share = 100.0 * f64::from(right) / f64::from(count);
    assert!(share >= floor, "{right} of {count} ({share:.1} %)\n{misses}");
}

#[test]
fn certain_replies() {
    check(100.0, |one| one.certainty == "certain");
}

#[test]
fn certain_and_tricky_replies() {
    check(100.0, |one| one.certainty == "certain" && one.tricky);
}

#[test]
fn likely_replies() {
    check(100.0, |one| one.certainty == "likely");
}

#[test]
fn debatable_replies() {
    check(95.0, |one| one.certainty == "debatable");
}

#[test]
fn documented_replies() {
    check_these(100.0, documented().into_iter());
}

#[test]
fn blind_score() {
    let table = Table::built_in();
    let mut counts: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    for one in collected()
        .into_iter()
        .filter(|one| one.channel == "inference" || one.channel == "stream")
    {
        let reading = one.read(&table);
        let right = reading.verdict.as_str() == one.verdict;
        let key = format!("{}{}", one.certainty, if one.tricky { " tricky" } else { "" });
        let count = counts.entry(key).or_default();
        count.0 += u32::from(right);
        count.1 += 1;
        if !right {
            println!(
                "MISS {} {}: {} read as {} by {}",
                one.certainty,
                one.id,
                one.verdict,
                reading.verdict.as_str(),
                reading.signal.name
            );
        }
    }
    println!("{counts:?}");
}

#[test]
fn grammar_alone() {
    let table = Table::built_in();
    let only = Tables::thinned(&|signal, _| signal.name.starts_with("words-"));
    let mut counts: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    let replies = captured().into_iter().chain(documented()).chain(collected());
    for one in replies.filter(|one| one.channel == "inference" || one.channel == "stream") {
        let reading = one.read_by(&only, &table, &|_| false);
        let right = reading.verdict.as_str() == one.verdict;
        let count = counts.entry(one.certainty.clone()).or_default();
        count.0 += u32::from(right);
        count.1 += 1;
        if !right && one.certainty != "debatable" {
            println!(
                "GRAM {} {}: {} read as {} by {} | {}",
                one.certainty,
                one.id,
                one.verdict,
                reading.verdict.as_str(),
                reading.signal.name,
                reading.fragment
            );
        }
    }
    println!("GRAMMAR {counts:?}");
}

#[test]
fn every_reset_that_a_reply_tells_is_read() {
    let table = Table::built_in();
    let told: Vec<_> = captured().into_iter().filter(|one| one.reset.is_some()).collect();
    assert_eq!(told.len(), RESETS.len());
    for one in told {
        let (_, millis) = RESETS.iter().find(|(id, _)| *id == one.id).unwrap();
        let read = one.read(&table).retry_after.map(|after| after.as_millis());
        assert_eq!(read, Some(*millis), "{}: {:?}", one.id, one.reset);
    }
}

/// How many milliseconds after [`NOW`] the replies that tell it say to come back.
const RESETS: &[(&str, u128)] = &[
    ("codex-429-usage-01", 602_705_000),
    ("codex-429-usage-02", 471_285_000),
    ("codex-ws-429-usage-02", 7_000),
    ("codex-ws-429-conn-01", 1_000),
    ("codex-sse-usage-01", 60_000),
    ("codex-sse-usage-02", 300_000),
    ("anthropic-429-account-01", 15_195_600_000),
    ("anthropic-429-7doi-01", 121_180_000),
    ("gca-429-ratelimit-01", 539),
    ("gca-429-quota-01", 581_981_300),
    ("gca-429-quota-04", 91_226_179),
    ("zai-429-1310-01", 13_558_794_000),
    ("okta-tok-429-01", 0),
    ("zai-429-1308-01", 31_773_600_000),
    ("kilo-429-slow-01", 7_000),
    ("litellm-429-azure-01", 86_400_000),
    ("codex-sse-ratelimit-02", 11_054),
    ("codex-ws-429-retry-01", 60_000),
    ("or-429-freeday-01", 20_044_800_000),
    ("or-429-freeday-02", 27_043_200_000),
    ("or-429-shared-01", 24_248_040_000),
    ("or-429-shared-02", 29_861_280_000),
    ("tok-503-json-01", 30_000),
    ("look-429-auth-01", 120),
];
/// 2025-10-01T00:00:00Z: before every reset in the corpus but one.
const NOW: Timestamp = Timestamp::from_secs(1_759_276_800);
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus");
