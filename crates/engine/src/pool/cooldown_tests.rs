//! Every line of the table of cooldowns on virtual time.

use std::sync::Arc;
use std::time::Duration;

use super::bench_tests::{accepted, at, choice, member, pool, refuse, report, rest, send};
use super::cooldown::{Cooldowns, Reset};
use super::model_pause::pause_of;
use super::outcome::{Report, apply, changes};
use super::probing::{Probing, interval};
use super::strategy::Strategy;
use crate::credential::{Fence, Generation};
use crate::provider::{COOLING, Pause, Pauses};
use crate::store::{Health, Standing};
use crate::time::Moment;
use crate::vocabulary::Verdict;

#[track_caller]
fn check(verdict: Verdict, retry_after: Option<u64>, sole: bool, secs: u64) {
    let standing = refuse(&Standing::default(), verdict, retry_after, sole, 0);
    assert_eq!(rest(&standing, 0), secs, "{verdict:?} {retry_after:?} sole: {sole}");
}

#[test]
fn cooldown_of_each_verdict() {
    check(Verdict::OutOfCredit, None, false, 3_600);
    check(Verdict::OutOfCredit, None, true, 3_600);
    check(Verdict::OutOfCredit, Some(2 * DAY), false, 2 * DAY);
    check(Verdict::UsageLimited, Some(6 * DAY), false, 6 * DAY);
    check(Verdict::UsageLimited, Some(6 * DAY), true, 6 * DAY);
    check(Verdict::UsageLimited, None, false, 60);
    check(Verdict::RateLimited, Some(7), false, 7);
    check(Verdict::RateLimited, Some(300), false, 300);
    check(Verdict::RateLimited, Some(300), true, 60);
    check(Verdict::RateLimited, None, false, 60);
    for verdict in OURS {
        check(verdict, None, false, 60);
        check(verdict, Some(3_000), false, 60);
        check(verdict, Some(3_000), true, 60);
    }
    println!(
        "cooldown table: {} verdicts rest a credential, {} never do",
        COOLING.len(),
        harmless().count()
    );
}

#[test]
fn cooldown_of_a_reset_forty_days_ahead_is_clamped() {
    check(Verdict::UsageLimited, Some(40 * DAY), false, 8 * DAY);
    check(Verdict::OutOfCredit, Some(40 * DAY), false, 8 * DAY);
    check(Verdict::RateLimited, Some(40 * DAY), false, 8 * DAY);
    check(Verdict::RateLimited, Some(40 * DAY), true, 60);
    println!("cooldown clamp: a reset 40 days ahead is believed for 8 days");
}

#[test]
fn cooldown_for_no_other_verdict() {
    for verdict in harmless() {
        let standing = refuse(&Standing::default(), verdict, Some(60), false, 0);
        assert_eq!(standing.health, Health::Ready, "{verdict:?}");
    }
}

#[test]
fn cooldown_doubles_up_to_an_hour_and_ends_early_by_chance() {
    for verdict in OURS {
        let mut standing = Standing::default();
        let (mut now, mut lengths) = (0, Vec::new());
        for _ in 0..8 {
            standing = refuse(&standing, verdict, None, false, now);
            lengths.push(rest(&standing, now));
            now += lengths.last().unwrap() + 1;
        }
        assert_eq!(lengths, [60, 120, 240, 480, 960, 1_920, 3_600, 3_600], "{verdict:?}");
        let report = report(verdict, None, false);
        let jittered = apply(&standing, &report.lease.fence, &report, &at(now), 1_000);
        assert_eq!(rest(&jittered, now), 2_700, "a quarter early at most");
        assert_eq!(rest(&refuse(&standing, verdict, None, true, now), now), 60);
    }
    println!("cooldown doubling: 60 s, 120 s .. 3600 s, a quarter early at most");
}

#[test]
fn cooldown_is_not_lengthened_by_what_was_under_way() {
    let first = refuse(&Standing::default(), Verdict::RateLimited, None, false, 0);
    let second = refuse(&first, Verdict::RateLimited, None, false, 1);
    assert_eq!((second.strikes, rest(&second, 1)), (0, 60));
}

#[test]
fn cooldown_doubles_with_each_probe_that_is_refused() {
    let sent = |secs: u64, standing: &Standing, received: u64| {
        let report = Report {
            sent: Some(at(secs).wall),
            ..report(Verdict::RateLimited, None, false)
        };
        apply(standing, &report.lease.fence, &report, &at(received), 0)
    };
    let first = sent(0, &Standing::default(), 0);
    // Another process had not heard of it yet.
    let under_way = sent(0, &first, 1);
    assert_eq!((under_way.strikes, rest(&under_way, 1)), (0, 60));
    let probed = sent(7, &under_way, 8);
    assert_eq!((probed.strikes, rest(&probed, 8)), (1, 120));
    // A request every second for an hour: the limit is asked about less and less, and at least once a minute.
    let (mut resting, mut asked, mut last, mut longest) = (member("a", 0), vec![], 0, 0);
    *resting.standing = first;
    let mut view = pool(vec![resting.clone(), member("b", 0)], Strategy::FillFirst);
    for secs in 1..3_600 {
        if send(&mut view, &choice(&at(secs), &[])).as_deref() == Some("a") {
            *resting.standing = sent(secs, &resting.standing, secs);
            assert!(view.amend(resting.clone(), &at(secs)));
            asked.push(secs);
            longest = longest.max(secs - last);
            last = secs;
        }
    }
    assert!(asked.len() < 70 && longest <= 61, "{asked:?} {longest}");
    println!(
        "cooldown under load: {} of 3600 requests asked, {longest} s apart at most",
        asked.len()
    );
}

#[test]
fn cooldown_for_a_model_is_probed_and_ends_early_for_the_sole_one() {
    let limited = |sole| Report {
        model: Some("large".into()),
        ..report(Verdict::RateLimited, Some(DAY), sole)
    };
    let mut one = member("a", 0);
    let fence = one.lease.fence.clone();
    *one.standing = apply(&one.standing, &fence, &limited(true), &at(0), 0);
    assert_eq!(pause_of(&one, "large", &at(0)).unwrap().until, at(60).wall);
    *one.standing = apply(&one.standing, &fence, &limited(false), &at(0), 0);
    for strategy in Strategy::ALL {
        let mut view = pool(vec![one.clone(), member("b", 1)], strategy);
        let mut asked = |secs, tried: &[_], probing| {
            let now = at(secs);
            let choice = super::choosing::Choice {
                model: Some("large"),
                probing,
                ..choice(&now, tried)
            };
            send(&mut view, &choice)
        };
        let name = |name: &str| Some(name.to_owned());
        let both: [crate::credential::CredentialId; 1] = ["b".into()];
        assert_eq!(asked(59, &[], Probing::Early), name("b"), "{strategy:?}");
        assert_eq!(asked(59, &both, Probing::Late), None, "{strategy:?}");
        assert_eq!(asked(60, &[], Probing::Never), name("b"), "{strategy:?}");
        assert_eq!(asked(60, &[], Probing::Early), name("a"), "{strategy:?}");
        assert_eq!(asked(61, &[], Probing::Early), name("b"), "one a minute, {strategy:?}");
        assert_eq!(asked(121, &both, Probing::Late), name("a"), "{strategy:?}");
    }
}

/// The wall clock as it was at one time, the other clock as it is at another.
fn set_back(wall: u64, now: u64) -> Moment {
    Moment {
        wall: at(wall).wall,
        ..at(now)
    }
}

#[test]
fn cooldown_is_probed_after_the_clock_was_set_back() {
    let mut resting = member("a", 0);
    *resting.standing = refuse(&Standing::default(), Verdict::UsageLimited, Some(DAY), false, 36_000);
    let mut view = pool(vec![resting.clone()], Strategy::FillFirst);
    assert_eq!(send(&mut view, &choice(&at(36_010), &[])), None, "too early");
    let now = set_back(100, 36_060);
    assert_eq!(send(&mut view, &choice(&now, &[])).as_deref(), Some("a"));
    assert_eq!(
        send(&mut view, &choice(&set_back(110, 36_070), &[])),
        None,
        "one a minute"
    );

    let limited = Report {
        model: Some("large".into()),
        ..report(Verdict::RateLimited, Some(DAY), false)
    };
    let mut one = member("a", 0);
    *one.standing = apply(&one.standing, &one.lease.fence, &limited, &at(36_000), 0);
    let mut view = pool(vec![one], Strategy::FillFirst);
    let mut large = |now: &Moment| {
        let choice = super::choosing::Choice {
            model: Some("large"),
            ..choice(now, &[])
        };
        send(&mut view, &choice)
    };
    assert_eq!(large(&at(36_010)), None);
    assert_eq!(large(&now).as_deref(), Some("a"));
}

#[test]
fn cooldown_that_a_clock_skipped_holds_again_once_it_is_set_back() {
    let mut resting = member("a", 0);
    *resting.standing = refuse(&Standing::default(), Verdict::RateLimited, None, false, 0);
    let mut view = pool(vec![resting], Strategy::FillFirst);
    assert_eq!(send(&mut view, &choice(&at(36_000), &[])).as_deref(), Some("a"));
    assert_eq!(send(&mut view, &choice(&set_back(10, 36_001), &[])), None);
    assert_eq!(
        send(&mut view, &choice(&set_back(61, 36_052), &[])).as_deref(),
        Some("a")
    );
}

#[test]
fn cooldown_of_any_length_can_be_set() {
    let longest = Pause {
        first: Some(Duration::MAX),
        most: Some(Duration::MAX),
        ..Pause::default()
    };
    let set = Pauses {
        of: [(Verdict::RateLimited, longest)].into(),
        ..Pauses::default()
    };
    let rule = Cooldowns::of(&Pauses::default(), &set)
        .rule(Verdict::RateLimited)
        .unwrap();
    for strikes in 0..20 {
        assert!(rule.length(None, strikes, 1_000, false) > Duration::from_secs(DAY));
    }
}

#[test]
fn cooldown_for_a_model_holds_whatever_is_known_of_the_grant() {
    let mut one = member("a", 0);
    one.standing.health = Health::OutcomeUnknown { since: at(0).wall };
    let limited = Report {
        model: Some("large".into()),
        ..report(Verdict::RateLimited, Some(300), false)
    };
    *one.standing = apply(&one.standing, &one.lease.fence, &limited, &at(0), 0);
    assert_eq!(pause_of(&one, "large", &at(0)).unwrap().until, at(300).wall);
    assert_eq!(one.standing.health, Health::OutcomeUnknown { since: at(0).wall });
}

#[test]
fn cooldown_with_the_longest_deadline_wins() {
    let money = refuse(&Standing::default(), Verdict::OutOfCredit, None, false, 0);
    let both = refuse(&money, Verdict::RateLimited, Some(5), false, 10);
    assert_eq!(both.health, money.health);
    let longer = refuse(&money, Verdict::UsageLimited, Some(DAY), false, 10);
    assert_eq!(rest(&longer, 10), DAY);
}

#[test]
fn cooldown_is_not_extended_by_a_skipped_attempt() {
    let mut resting = member("a", 0);
    *resting.standing = refuse(&Standing::default(), Verdict::UsageLimited, Some(DAY), false, 0);
    let before = resting.standing.clone();
    let mut view = pool(vec![resting, member("b", 0)], Strategy::FillFirst);
    for secs in 1..60 {
        assert_eq!(send(&mut view, &choice(&at(secs), &[])).as_deref(), Some("b"));
    }
    let after = view.pool(&"p".into()).unwrap().roster.member(&"a".into()).unwrap();
    assert_eq!(after.standing, before);
}

#[test]
fn cooldown_ends_with_an_accepted_request() {
    let cooling = refuse(&Standing::default(), Verdict::UsageLimited, Some(DAY), false, 0);
    let standing = apply(&cooling, &accepted().lease.fence, &accepted(), &at(60), 0);
    assert_eq!((standing.health, standing.strikes), (Health::Ready, 0));
    assert_eq!(standing.accepted, Some(Generation(1)));
}

#[test]
fn cooldown_is_earned_by_its_own_generation() {
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
fn cooldown_never_hides_a_quarantine() {
    let dead = Standing {
        health: Health::NeedsLogin { why: "over".to_owned() },
        ..Standing::default()
    };
    assert_eq!(refuse(&dead, Verdict::RateLimited, None, false, 0), dead);
}

#[test]
fn cooldown_is_probed_and_a_weekly_reset_that_is_lifted_early_is_found() {
    // The provider says a week, and lifts it after two days, 3 hours and 17 minutes. A request comes every 5 s.
    let lifted = 2 * DAY + 3 * 3_600 + 17 * 60;
    let mut resting = member("a", 0);
    *resting.standing = refuse(&Standing::default(), Verdict::UsageLimited, Some(7 * DAY), false, 0);
    let mut view = pool(vec![resting.clone(), member("b", 0)], Strategy::FillFirst);
    view.sent(&resting.lease, None, &at(0));
    let (mut probes, mut shortest, mut last) = (0_u64, u64::MAX, 0);
    let found = (1..8 * DAY / 5).map(|request| request * 5).find(|secs| {
        if send(&mut view, &choice(&at(*secs), &[])).as_deref() == Some("b") {
            return false;
        }
        probes += 1;
        shortest = shortest.min(secs - last);
        last = *secs;
        let standing = &view
            .pool(&"p".into())
            .unwrap()
            .roster
            .member(&"a".into())
            .unwrap()
            .standing;
        let standing = refuse(standing, Verdict::UsageLimited, Some(7 * DAY - secs), false, *secs);
        *resting.standing = standing;
        assert!(view.amend(resting.clone(), &at(*secs)));
        *secs >= lifted
    });
    let late = found.unwrap() - lifted;
    assert!(late <= 65 && shortest >= 60, "{late} {shortest}");
    println!(
        "cooldown probes: {probes} in {lifted} s of a week, {shortest} s apart at least, found {late} s after it was lifted"
    );
}

#[test]
fn cooldown_is_probed_by_whoever_asks_first_and_once_a_request() {
    let mut first = member("a", 0);
    *first.standing = refuse(&Standing::default(), Verdict::UsageLimited, Some(DAY), false, 0);
    let second = super::member::Member {
        standing: first.standing.clone(),
        ..member("b", 0)
    };
    let view = pool(vec![first, second, member("c", 0)], Strategy::FillFirst);
    let pick = |probing, tried: &[_], secs| {
        let now = at(secs);
        let choice = super::choosing::Choice {
            probing,
            ..choice(&now, tried)
        };
        send(&mut view.clone(), &choice).unwrap()
    };
    // Another process was refused a second ago: its refusal is the last request for this one too.
    assert_eq!(pick(Probing::Early, &[], 59), "c");
    assert_eq!(pick(Probing::Early, &[], 60), "a");
    assert_eq!(pick(Probing::Late, &["a".into()], 60), "c", "one probe a request");
    assert_eq!(
        pick(Probing::Late, &["a".into(), "c".into()], 60),
        "b",
        "unless nobody is ready"
    );
    assert_eq!(pick(Probing::Never, &[], 600), "c");
    assert_eq!(interval(Duration::from_secs(50)), Duration::from_secs(5));
}

#[test]
fn cooldown_table_is_data_that_a_row_and_a_configuration_override() {
    let secs = |secs| Some(Duration::from_secs(secs));
    let row = Pauses {
        of: vec![(
            Verdict::RateLimited,
            Pause {
                first: secs(10),
                reset_most: secs(120),
                ..Pause::default()
            },
        )],
        by_model: Some(vec![Verdict::RateLimited]),
    };
    let own = Pauses {
        of: vec![
            (
                Verdict::RateLimited,
                Pause {
                    first: secs(20),
                    ..Pause::default()
                },
            ),
            (
                Verdict::OutOfCredit,
                Pause {
                    first: secs(7_200),
                    sole_most: secs(30),
                    ..Pause::default()
                },
            ),
            (
                Verdict::Overloaded,
                Pause {
                    first: secs(1),
                    ..Pause::default()
                },
            ),
        ],
        by_model: None,
    };
    let table = Cooldowns::of(&row, &own);
    let limited = table.rule(Verdict::RateLimited).unwrap();
    assert_eq!(
        (limited.first, limited.reset),
        (Duration::from_secs(20), Reset::Own(Duration::from_secs(120)))
    );
    let money = table.rule(Verdict::OutOfCredit).unwrap();
    assert_eq!(money.length(None, 3, 0, false), Duration::from_secs(7_200));
    assert_eq!(money.length(None, 0, 0, true), Duration::from_secs(30));
    assert_eq!(
        table.rule(Verdict::Overloaded),
        None,
        "what is no credential's fault is not made one"
    );
    assert!(table.is_by_model(Verdict::RateLimited) && !table.is_by_model(Verdict::UsageLimited));
    assert_eq!(
        Cooldowns::default().rule(Verdict::NotEntitled),
        table.rule(Verdict::NotEntitled)
    );
}

#[test]
fn cooldown_for_a_model_leaves_the_others() {
    let limited = |model: &str, retry_after| Report {
        model: Some(model.into()),
        ..report(Verdict::RateLimited, retry_after, false)
    };
    let mut one = member("a", 0);
    let apply_to = |one: &mut super::member::Member, report: &Report, secs| {
        *one.standing = apply(&one.standing, &report.lease.fence, report, &at(secs), 0);
    };
    apply_to(&mut one, &limited("large", Some(300)), 0);
    assert_eq!(one.standing.health, Health::Ready);
    let until = pause_of(&one, "large", &at(0)).unwrap().until;
    assert_eq!((until, pause_of(&one, "small", &at(0))), (at(300).wall, None));
    apply_to(&mut one, &limited("large", Some(5)), 10);
    assert_eq!(
        pause_of(&one, "large", &at(10)).unwrap().until,
        at(300).wall,
        "the longest deadline wins"
    );
    let mut view = pool(vec![one.clone(), member("b", 1)], Strategy::FillFirst);
    let mut asked = |model| {
        let now = at(20);
        let choice = super::choosing::Choice {
            model: Some(model),
            ..choice(&now, &[])
        };
        send(&mut view, &choice).unwrap()
    };
    assert_eq!((asked("large"), asked("small")), ("b".to_owned(), "a".to_owned()));
    assert_eq!(pause_of(&one, "large", &at(300)), None);
    apply_to(&mut one, &limited("large", None), 301);
    assert_eq!(one.standing.models[0].strikes, 1, "repetition doubles");
    assert_eq!(pause_of(&one, "large", &at(301)).unwrap().until, at(421).wall);
    let served = Report {
        model: Some("large".into()),
        ..accepted()
    };
    apply_to(&mut one, &served, 302);
    assert!(one.standing.models.is_empty() && !changes(&one.standing, Generation(1), Some("large")));
    for number in 0..40 {
        apply_to(&mut one, &limited(&format!("m{number}"), Some(600 + number)), 303);
    }
    assert_eq!(one.standing.models.len(), 16);
    assert!(pause_of(&one, "m39", &at(303)).is_some());
    assert_eq!(Arc::<Cooldowns>::default().rule(Verdict::Timeout), None);
}

fn harmless() -> impl Iterator<Item = Verdict> {
    Verdict::ALL
        .iter()
        .copied()
        .filter(|verdict| !COOLING.contains(verdict))
}

/// Those for which an answer's own time does not count.
const OURS: [Verdict; 5] = [
    Verdict::Unauthenticated,
    Verdict::UnknownDenial,
    Verdict::NotEntitled,
    Verdict::InsufficientScope,
    Verdict::AccountDisabled,
];

const DAY: u64 = 86_400;
