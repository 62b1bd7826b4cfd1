//! Captured error replies of real providers, each with its true verdict.

use std::fmt::Write;

use evergrant_engine::provider::Table;

use super::replies::{Captured, captured, collected, documented};

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

/// Of what was collected blind, sealed only after its own figure was noted; misses are named by `diagnosis.a`.
#[test]
fn collected_replies() {
    for (certainty, floor) in [("certain", 99.0), ("likely", 90.0)] {
        let these = || collected().into_iter().filter(move |one| one.certainty == certainty);
        check_these(floor, these());
    }
    check_these(
        98.0,
        collected()
            .into_iter()
            .filter(|one| one.certainty == "certain" && one.tricky),
    );
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
    ("zai-429-1310-01", 13_529_994_000),
    ("okta-tok-429-01", 0),
    ("zai-429-1308-01", 31_744_800_000),
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
