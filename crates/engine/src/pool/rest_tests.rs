//! Cooldowns of credentials whose health says something weightier, and stays what it is.

use super::bench_tests::{accepted, at, choice, member, pool, refuse, report, send};
use super::health::{Readiness, readiness};
use super::member::Member;
use super::outcome::{Report, apply, changes};
use super::strategy::Strategy;
use super::telling::condition;
use crate::secret::Fingerprint;
use crate::store::{Health, Standing};
use crate::verdict::Place;
use crate::vocabulary::Verdict;

fn unknown() -> Health {
    Health::OutcomeUnknown { since: at(0).wall }
}

fn quarantined() -> Health {
    Health::Quarantined {
        fingerprint: Fingerprint::from_bytes([1; 32]),
        why: "invalid_grant".to_owned(),
        at: at(0).wall,
    }
}

/// A member of that health that met a limit of five minutes.
fn limited(label: &str, health: Health) -> Member {
    let mut limited = member(label, 0);
    limited.standing.health = health;
    let mut report = report(Verdict::RateLimited, Some(300), false);
    report.lease = limited.lease.clone();
    *limited.standing = apply(&limited.standing, &limited.lease.fence, &report, &at(0), 0);
    limited
}

#[test]
fn five_limited_grants_of_a_restored_home_do_not_hide_the_sixth() {
    for health in [unknown(), quarantined()] {
        let mut members: Vec<Member> = ["a", "b", "c", "d", "e"]
            .map(|label| limited(label, health.clone()))
            .into();
        assert!(members.iter().all(|member| member.standing.health == health));
        members.push(member("f", 0));
        let mut view = pool(members, Strategy::FillFirst);
        for secs in 0..20 {
            assert_eq!(send(&mut view, &choice(&at(secs), &[])).as_deref(), Some("f"), "{secs}");
        }
        // They are probed as any other, and are back when their time is over.
        let after = at(301);
        assert_eq!(send(&mut view, &choice(&after, &[])).as_deref(), Some("a"));
    }
}

#[test]
fn it_is_said_until_when_and_that_its_renewal_is_in_doubt() {
    let one = limited("a", unknown());
    let told = condition(&one, &Place::without_row("p".into()), &at(1));
    assert_eq!((told.health, told.usable), ("outcome-unknown", false));
    assert_eq!(told.until, Some(at(300).wall));
    let why = told.why.unwrap();
    assert!(why.contains("its answer never came"), "{why}");
    let Readiness::NotBefore { until, why } = readiness(&one, std::time::Duration::ZERO, &at(1)) else {
        panic!("it does not rest")
    };
    assert_eq!((until, why), (at(300).wall, Verdict::RateLimited));
}

#[test]
fn it_doubles_as_any_other_and_ends_with_an_accepted_request() {
    let mut standing = Standing {
        health: unknown(),
        ..Standing::default()
    };
    let mut longest = 0;
    for secs in [0, 100, 300] {
        let sent = Some(at(secs).wall);
        let report = Report {
            sent,
            ..report(Verdict::RateLimited, None, false)
        };
        standing = apply(&standing, &report.lease.fence, &report, &at(secs), 0);
        let rest = standing.resting(at(secs).wall).unwrap();
        let length = rest.until.since(at(secs).wall).as_secs();
        assert!(length > longest, "{length}");
        longest = length;
    }
    let fence = accepted().lease.fence.clone();
    assert!(changes(&standing, fence.generation, None));
    let served = apply(&standing, &fence, &accepted(), &at(400), 0);
    assert_eq!((served.resting(at(400).wall), &served.health), (None, &unknown()));
    // A refused token is what its renewal is for: it does not rest for that.
    let refused = refuse(&served, Verdict::Unauthenticated, None, false, 401);
    assert_eq!(refused.resting(at(401).wall), None);
    assert_eq!(refused.refused, Some(fence.generation));
}

#[test]
fn a_cooldown_outlives_a_weightier_health_and_a_reset_ends_it() {
    let cooling = refuse(&Standing::default(), Verdict::UsageLimited, Some(3_000), false, 0);
    for health in [unknown(), quarantined(), Health::Unsaved { since: at(1).wall }] {
        let mut one = member("a", 0);
        *one.standing = cooling.clone().overshadowed(health.clone());
        assert_eq!(one.standing.health, health);
        assert_eq!(one.standing.resting(at(1).wall).unwrap().until, at(3_000).wall);
        assert!(matches!(
            readiness(&one, std::time::Duration::ZERO, &at(1)),
            Readiness::NotBefore { .. }
        ));
        assert_eq!(one.standing.into_inner().reset().resting(at(1).wall), None);
    }
}
