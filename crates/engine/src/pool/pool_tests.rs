//! The table of cooldowns on virtual time, and who is chosen.

use std::time::Duration;

use super::cooldown::probe_interval;
use super::lease::Lease;
use super::member::{Life, Member};
use super::outcome::{Outcome, Refusal, Report, apply};
use super::roster::{Choice, Roster, Strategy};
use super::traffic::Traffic;
use crate::credential::{CredentialId, Epoch, Fence, Generation, Kind};
use crate::failure::Code;
use crate::provider::Tier;
use crate::store::{Health, Standing};
use crate::time::{BootId, BootTime, Moment, Timestamp};
use crate::verdict::SignalRef;
use crate::vocabulary::Verdict;

fn at(secs: u64) -> Moment {
    Moment {
        wall: Timestamp::from_secs(1_800_000_000).plus(Duration::from_secs(secs)),
        boot: BootTime::from_millis(10_000_000 + secs * 1_000),
        boot_id: BootId("boot".to_owned()),
    }
}

fn member(label: &str, priority: i32) -> Member {
    Member {
        lease: Lease {
            fence: Fence {
                id: CredentialId::from(label),
                generation: Generation(1),
                epoch: Epoch(1),
            },
            provider: "p".into(),
            label: label.into(),
            kind: Kind::ApiKey,
        },
        priority,
        created_at: Timestamp::from_secs(i64::from(label.as_bytes()[0])),
        standing: Standing::default(),
        life: Life::Open,
        owner: None,
        variable: None,
        login_at: None,
    }
}

fn report(verdict: Verdict, retry_after: Option<u64>, sole: bool) -> Report {
    Report {
        lease: member("a", 0).lease,
        outcome: Outcome::Refused(Refusal {
            verdict,
            code: Code::RateLimited,
            signal: SignalRef {
                name: "test".to_owned(),
                tier: Tier::Status,
                file: "built-in".to_owned(),
                line: 0,
            },
            fragment: String::new(),
            retry_after: retry_after.map(Duration::from_secs),
            settles: false,
        }),
        sole,
    }
}

fn refuse(standing: &Standing, verdict: Verdict, retry_after: Option<u64>, sole: bool, secs: u64) -> Standing {
    let report = report(verdict, retry_after, sole);
    apply(standing, &report.lease.fence, &report, &at(secs), 0)
}

/// How long after `secs` the standing keeps it away.
fn rest(standing: &Standing, secs: u64) -> u64 {
    match &standing.health {
        Health::Cooling { until, .. } | Health::NotEntitled { until, .. } | Health::AccountDisabled { until } => {
            until.since(at(secs).wall).as_secs()
        }
        other => panic!("{other:?} does not cool"),
    }
}

#[track_caller]
fn check(verdict: Verdict, retry_after: Option<u64>, sole: bool, secs: u64) {
    let standing = refuse(&Standing::default(), verdict, retry_after, sole, 0);
    assert_eq!(rest(&standing, 0), secs, "{verdict:?} {retry_after:?} sole: {sole}");
}

#[test]
fn cooldown_table() {
    const DAY: u64 = 86_400;
    check(Verdict::OutOfCredit, None, false, 3_600);
    check(Verdict::OutOfCredit, None, true, 3_600);
    check(Verdict::UsageLimited, Some(6 * DAY), false, 6 * DAY);
    check(Verdict::UsageLimited, Some(6 * DAY), true, 6 * DAY);
    check(Verdict::UsageLimited, Some(40 * DAY), false, 8 * DAY);
    check(Verdict::UsageLimited, None, false, 60);
    check(Verdict::RateLimited, Some(7), false, 7);
    check(Verdict::RateLimited, Some(300), false, 300);
    check(Verdict::RateLimited, Some(300), true, 60);
    check(Verdict::RateLimited, None, false, 60);
    for verdict in [
        Verdict::Unauthenticated,
        Verdict::UnknownDenial,
        Verdict::NotEntitled,
        Verdict::InsufficientScope,
        Verdict::AccountDisabled,
    ] {
        check(verdict, None, false, 60);
        check(verdict, Some(3_000), false, 60);
    }
}

#[test]
fn no_other_verdict_costs_a_credential_anything() {
    for verdict in [
        Verdict::Overloaded,
        Verdict::ServerError,
        Verdict::Timeout,
        Verdict::UpstreamLimited,
        Verdict::EdgeBlocked,
    ] {
        let standing = refuse(&Standing::default(), verdict, Some(60), false, 0);
        assert_eq!(standing.health, Health::Ready);
    }
}

#[test]
fn repetition_doubles_up_to_an_hour() {
    let mut standing = Standing::default();
    let mut now = 0;
    let mut lengths = Vec::new();
    for _ in 0..8 {
        standing = refuse(&standing, Verdict::NotEntitled, None, false, now);
        lengths.push(rest(&standing, now));
        now += lengths.last().unwrap() + 1;
    }
    assert_eq!(lengths, [60, 120, 240, 480, 960, 1_920, 3_600, 3_600]);
    let jittered = apply(
        &standing,
        &member("a", 0).lease.fence,
        &report(Verdict::NotEntitled, None, false),
        &at(now),
        1_000,
    );
    assert_eq!(rest(&jittered, now), 2_700);
    let sole = refuse(&standing, Verdict::NotEntitled, None, true, now);
    assert_eq!(rest(&sole, now), 60);
}

#[test]
fn a_refusal_during_its_cooldown_is_no_new_strike() {
    let first = refuse(&Standing::default(), Verdict::RateLimited, None, false, 0);
    let second = refuse(&first, Verdict::RateLimited, None, false, 1);
    assert_eq!((second.strikes, rest(&second, 1)), (0, 60));
}

#[test]
fn the_longest_deadline_wins() {
    let money = refuse(&Standing::default(), Verdict::OutOfCredit, None, false, 0);
    let both = refuse(&money, Verdict::RateLimited, Some(5), false, 10);
    assert_eq!(both.health, money.health);
    let longer = refuse(&money, Verdict::UsageLimited, Some(86_400), false, 10);
    assert_eq!(rest(&longer, 10), 86_400);
}

#[test]
fn an_accepted_request_ends_a_cooldown() {
    let cooling = refuse(&Standing::default(), Verdict::UsageLimited, Some(86_400), false, 0);
    let accepted = Report {
        outcome: Outcome::Accepted,
        ..report(Verdict::Success, None, false)
    };
    let standing = apply(&cooling, &accepted.lease.fence, &accepted, &at(60), 0);
    assert_eq!((standing.health, standing.strikes), (Health::Ready, 0));
    assert_eq!(standing.accepted, Some(Generation(1)));
}

#[test]
fn a_stale_generation_earns_nothing() {
    let report = report(Verdict::OutOfCredit, None, false);
    let newer = Fence {
        generation: Generation(2),
        ..report.lease.fence.clone()
    };
    assert_eq!(
        apply(&Standing::default(), &newer, &report, &at(0), 0),
        Standing::default()
    );
}

#[test]
fn a_cooldown_never_hides_a_quarantine() {
    let dead = Standing {
        health: Health::NeedsLogin { why: "over".to_owned() },
        ..Standing::default()
    };
    assert_eq!(refuse(&dead, Verdict::RateLimited, None, false, 0), dead);
}

fn pick(roster: &Roster, traffic: &Traffic, strategy: Strategy, tried: &[CredentialId], secs: u64) -> Option<String> {
    let choice = Choice {
        strategy,
        tried,
        pin: None,
        min_valid: Duration::ZERO,
        probes: true,
        now: &at(secs),
        entropy: 2,
    };
    roster.pick(traffic, &choice).map(|lease| lease.label.to_string())
}

#[test]
fn strategies_choose_among_the_best_priority() {
    let roster = Roster::of(vec![member("d", 1), member("c", 0), member("a", 0), member("b", 0)]);
    let mut traffic = Traffic::default();
    let mut by = |strategy: Strategy| {
        let picked = pick(&roster, &traffic, strategy, &[], 0).unwrap();
        traffic.sent(&member(&picked, 0).lease, &at(0));
        picked
    };
    assert_eq!([0; 3].map(|_| by(Strategy::FillFirst)), ["a", "a", "a"]);
    assert_eq!([0; 3].map(|_| by(Strategy::LeastUsed)), ["b", "c", "b"]);
    assert_eq!([0; 3].map(|_| by(Strategy::RoundRobin)), ["a", "b", "c"]);
    assert_eq!(by(Strategy::Random), "c");
    let tried = ["a", "b", "c"].map(CredentialId::from);
    assert_eq!(
        pick(&roster, &traffic, Strategy::FillFirst, &tried, 0).as_deref(),
        Some("d")
    );
}

#[test]
fn a_probe_goes_through_while_it_cools() {
    let mut cooling = member("a", 0);
    cooling.standing = refuse(&Standing::default(), Verdict::UsageLimited, Some(86_400), false, 0);
    let roster = Roster::of(vec![cooling, member("b", 1)]);
    let mut traffic = Traffic::default();
    traffic.sent(&member("a", 0).lease, &at(0));
    let mut asked = |secs| {
        let picked = pick(&roster, &traffic, Strategy::FillFirst, &[], secs).unwrap();
        traffic.sent(&member(&picked, 0).lease, &at(secs));
        picked
    };
    assert_eq!([59, 60, 61, 119, 120].map(&mut asked), ["b", "a", "b", "b", "a"]);
    assert_eq!(asked(86_401), "a");
    assert_eq!(probe_interval(Duration::from_secs(50)), Duration::from_secs(5));
}

#[test]
fn the_sole_credential_is_the_one_without_an_alternative() {
    let mut barred = member("b", 0);
    barred.standing.disabled = true;
    let roster = Roster::of(vec![member("a", 0), barred]);
    assert!(roster.is_sole(&CredentialId::from("a"), &at(0)));
    let roster = Roster::of(vec![member("a", 0), member("b", 5)]);
    assert!(!roster.is_sole(&CredentialId::from("a"), &at(0)));
}
