//! Walks every state that a request's machine can reach, with every input, and asserts its invariants at each step.

use std::sync::Arc;

use super::course::{Course, course};
use super::input::Plan;
use super::walk_alphabet_tests::EACH;
use super::walker_tests::{Found, Walk};
use super::world_tests::{SORTS, Sort, World, plan};
use crate::pool::{Cooldowns, Strategy};
use crate::provider::Pauses;
use crate::vocabulary::Verdict;

fn one_provider(a: Sort, b: Sort) -> World {
    World::new(&[("p", &[("a", a), ("b", b)])])
}

fn two_providers(a: Sort, b: Sort) -> World {
    World::new(&[("p", &[("a", a)]), ("q", &[("b", b)])])
}

#[test]
fn walk_two_credentials() {
    let mut found = Found::new();
    let mut walk = Walk::new(plan(&["p"], true, true));
    for sort in SORTS {
        found.walk(&mut walk, &one_provider(sort, Sort::Proven)).unwrap();
        found.walk(&mut walk, &one_provider(Sort::Proven, sort)).unwrap();
    }
    found.close(&walk);
    found.print("two credentials, one provider");
}

#[test]
fn walk_two_credentials_without_replay() {
    let mut found = Found::new();
    for (refused, ambiguous) in [(true, false), (false, false)] {
        let mut walk = Walk::new(plan(&["p"], refused, ambiguous));
        for sort in SORTS {
            found.walk(&mut walk, &one_provider(sort, Sort::Key)).unwrap();
        }
        found.close(&walk);
    }
    found.print("two credentials, one provider, not all may be replayed");
}

#[test]
fn walk_two_providers() {
    let mut found = Found::new();
    let mut walk = Walk::new(plan(&["p", "q"], true, true));
    (walk.entropy, walk.alphabet) = (u64::MAX - 1, &EACH);
    for sort in SORTS {
        found.walk(&mut walk, &two_providers(sort, Sort::Key)).unwrap();
    }
    found.close(&walk);
    found.print("two credentials, two providers");
}

#[test]
fn walk_disturbed() {
    let mut found = Found::new();
    let mut walk = Walk::new(plan(&["p"], true, true));
    (walk.disturbed, walk.alphabet) = (true, &EACH);
    for sort in [Sort::Proven, Sort::Newborn, Sort::Lapsed, Sort::BorrowedLapsed] {
        found.walk(&mut walk, &one_provider(sort, Sort::Key)).unwrap();
    }
    found.close(&walk);
    found.print("two credentials, one of them changed by others on the way");
}

#[test]
fn walk_three_credentials() {
    let mut found = Found::new();
    let mut walk = Walk::new(plan(&["p", "q"], true, true));
    walk.alphabet = &EACH;
    let world = World::new(&[
        ("p", &[("a", Sort::Proven), ("b", Sort::Lapsed)]),
        ("q", &[("c", Sort::Key)]),
    ]);
    found.walk(&mut walk, &world).unwrap();
    found.close(&walk);
    found.print("three credentials, two providers");
}

/// Every verdict, with each sort of credential in front, and two behind it at either provider.
#[test]
fn walk_three_credentials_and_every_verdict() {
    let mut found = Found::new();
    let mut walk = Walk::new(plan(&["p", "q"], true, true));
    for sort in SORTS {
        let (lapsed, key) = (("b", Sort::Lapsed), ("c", Sort::Key));
        found
            .walk(&mut walk, &World::new(&[("p", &[("a", sort), lapsed]), ("q", &[key])]))
            .unwrap();
        found
            .walk(&mut walk, &World::new(&[("p", &[("a", sort)]), ("q", &[lapsed, key])]))
            .unwrap();
    }
    found.close(&walk);
    found.print("three credentials, two providers, every verdict");
}

/// The same where limits are the model's, and each credential is chosen in turn.
#[test]
fn walk_limits_by_model() {
    let mut found = Found::new();
    let plan = Plan {
        model: Some("m".into()),
        ..plan(&["p", "q"], true, true)
    };
    let mut walk = Walk::new(plan);
    walk.alphabet = &EACH;
    let limits = Pauses {
        by_model: Some(vec![Verdict::RateLimited]),
        ..Pauses::default()
    };
    let cooldowns = Arc::new(Cooldowns::of(&limits, &Pauses::default()));
    for sort in [Sort::Proven, Sort::Lapsed, Sort::Key] {
        let mut world = World::new(&[("p", &[("a", sort), ("b", Sort::Key)]), ("q", &[("c", Sort::Key)])]);
        for provider in ["p", "q"] {
            let cooldowns = Arc::clone(&cooldowns);
            world.view.choose_by(&provider.into(), Strategy::RoundRobin, cooldowns);
        }
        found.walk(&mut walk, &world).unwrap();
    }
    found.close(&walk);
    found.print("three credentials, two providers, limits by model, in turn");
}

#[test]
fn walk_finds_a_planted_fault() {
    check_planted("renews only what a renewal can mend", |verdict| match verdict {
        Verdict::NotEntitled => Course::Renew,
        other => course(other),
    });
    check_planted("renews only what a renewal can mend", |verdict| match verdict {
        Verdict::OutOfCredit => Course::Settle,
        other => course(other),
    });
    check_planted("no unsafe replay", |verdict| match verdict {
        Verdict::ServerError => Course::Again,
        other => course(other),
    });
    check_planted("the log hears of each refusal", |verdict| match verdict {
        Verdict::RateLimited => Course::AsItIs,
        other => course(other),
    });
}

#[track_caller]
fn check_planted(broken: &str, wrong: fn(Verdict) -> Course) {
    let mut walk = Walk::new(plan(&["p"], true, false));
    walk.course = wrong;
    let told = walk.begin(&one_provider(Sort::Proven, Sort::Proven));
    let told = told.map(|_| ()).unwrap_err();
    assert!(told.starts_with(broken), "{told}");
    println!("planted fault found after {} steps: {broken}", walk.steps);
}
