//! The explorations: nothing is found while every protection stands, and harm is found when one is taken away.
//!
//! What they are bounded by stands in each scope. With the feature `wide-model` the same explorations take in more.

use evergrant_engine::protection::Protection;

use super::explore::explore;
use super::scope::{Budget, Scope};

#[test]
fn model_of_three_processes() {
    let more = Budget {
        starts: 3,
        ticks: 3,
        ..Budget::default()
    };
    let scope = Scope {
        processes: 3,
        ..racing(more)
    };
    holds("three processes, a crash, no grace", scope);
}

#[test]
fn model_with_a_grace() {
    let more = Budget {
        ticks: 2,
        breaks: 1,
        ..Budget::default()
    };
    let scope = Scope {
        grace: 60,
        real_grace: 10_000,
        ..racing(more)
    };
    holds("two processes, a crash, a broken exchange, a grace", scope);
}

#[test]
fn model_of_broken_exchanges() {
    let more = Budget {
        ticks: 2,
        breaks: 1,
        refusals: 1,
        ..Budget::default()
    };
    let scope = racing(more);
    holds("two processes, a crash, a broken exchange, a refusal", scope);
}

#[test]
fn model_of_a_lost_lock() {
    let more = Budget {
        ticks: 3,
        robberies: 1,
        ..Budget::default()
    };
    holds("two processes, a crash, a lost lock", racing(more));
}

#[test]
fn model_of_a_long_stop() {
    let more = Budget {
        ticks: 1,
        leaps: 2,
        ..Budget::default()
    };
    holds("two processes, a crash, half a minute twice", racing(more));
}

#[test]
fn model_of_logout_and_login() {
    let more = Budget {
        ticks: 1,
        logouts: 1,
        logins: 1,
        ..Budget::default()
    };
    holds("two processes, a crash, a logout, a login", racing(more));
}

#[test]
fn model_of_a_full_disk() {
    let more = Budget {
        ticks: 2,
        unsaved: 2,
        ..Budget::default()
    };
    holds("two processes, a crash, two commits refused", racing(more));
}

/// What the planted faults are planted into, with nothing taken away.
#[test]
fn model_of_a_longer_life() {
    holds("two processes, a crash, a longer life", planted(&[], PLANTED));
}

#[test]
fn model_finds_harm_without_the_claim() {
    finds(&[Protection::Claim], PLANTED);
}

#[test]
fn model_finds_harm_without_the_read_under_the_lock() {
    finds(&[Protection::ReadUnderLock], PLANTED);
}

#[test]
fn model_finds_harm_without_the_lock() {
    finds(&[Protection::Lock], PLANTED);
}

#[test]
fn model_finds_harm_without_the_lock_up_to_the_commit() {
    finds(&[Protection::LockToCommit], PLANTED);
}

#[test]
fn model_finds_harm_without_the_age_of_the_claim() {
    let robbed = Budget {
        robberies: 1,
        ..PLANTED
    };
    finds(&[Protection::ClaimAge], robbed);
}

#[test]
fn model_finds_harm_without_the_journal() {
    finds(&[Protection::Journal], PLANTED);
}

/// Two processes, two renewals, one crash, and what is added to it; an access token lives 3 s.
fn racing(more: Budget) -> Scope {
    let wide = u8::from(cfg!(feature = "wide-model"));
    Scope {
        processes: 2,
        grace: 0,
        real_grace: 0,
        life: 3,
        budget: Budget {
            starts: more.starts.max(2) + wide,
            ticks: more.ticks + wide,
            crashes: 1,
            ..more
        },
        without: &[],
    }
}

/// An access token lives 9 s: a claim grows old while there still is something to lose.
const fn planted(without: &'static [Protection], budget: Budget) -> Scope {
    Scope {
        processes: 2,
        grace: 0,
        real_grace: 0,
        life: 9,
        budget,
        without,
    }
}

#[track_caller]
#[expect(clippy::print_stdout, reason = "the figures are what is shown")]
fn holds(what: &str, scope: Scope) {
    let report = explore(&scope);
    println!("{what}: {report}");
    if let Some(fault) = report.fault {
        panic!("{}\n{}", fault.law, fault.history.join("\n"));
    }
}

#[track_caller]
#[expect(clippy::print_stdout, reason = "the figures are what is shown")]
fn finds(without: &'static [Protection], budget: Budget) {
    let scope = planted(without, budget);
    let report = explore(&scope);
    let names: Vec<_> = without.iter().map(|protection| protection.name()).collect();
    println!("without `{}`: {report}", names.join("`, `"));
    assert!(
        report.fault.is_some(),
        "nothing was found without `{}`",
        names.join("`, `")
    );
}

/// Room enough for the harm of each planted fault.
const PLANTED: Budget = Budget {
    starts: 2,
    ticks: 5,
    leaps: 0,
    crashes: 1,
    breaks: 0,
    refusals: 0,
    robberies: 0,
    unsaved: 0,
    logouts: 0,
    logins: 0,
};
