//! What the tests of pools have in common: members, refusals and a clock that is a number.

use std::sync::Arc;
use std::time::Duration;

use super::choosing::Choice;
use super::cooldown::Cooldowns;
use super::lease::{Holder, Lease, Leased};
use super::member::{Life, Member, Origin};
use super::outcome::{Outcome, Refusal, Report, apply};
use super::probing::Probing;
use super::roster::Roster;
use super::strategy::Strategy;
use super::view::View;
use crate::credential::{CredentialId, Epoch, Fence, Generation, Kind};
use crate::failure::Code;
use crate::provider::Tier;
use crate::store::{Health, Standing};
use crate::time::{BootId, BootTime, Moment, Timestamp};
use crate::verdict::SignalRef;
use crate::vocabulary::Verdict;

pub(super) fn at(secs: u64) -> Moment {
    Moment {
        wall: Timestamp::from_secs(1_800_000_000).plus(Duration::from_secs(secs)),
        boot: BootTime::from_millis(10_000_000 + secs * 1_000),
        boot_id: BootId::from("boot"),
    }
}

pub(super) fn member(label: &str, priority: i32) -> Member {
    Member {
        lease: Lease::to(Leased {
            fence: Fence {
                id: CredentialId::from(label),
                generation: Generation(1),
                epoch: Epoch(1),
            },
            provider: "p".into(),
            label: label.into(),
            kind: Kind::ApiKey,
        }),
        priority,
        created_at: Timestamp::from_secs(i64::from(label.as_bytes()[0])),
        standing: Standing::default().into(),
        life: Life::Open,
        origin: Origin::Kept,
    }
}

pub(super) fn report(verdict: Verdict, retry_after: Option<u64>, sole: bool) -> Report {
    Report {
        lease: member("a", 0).lease,
        outcome: Outcome::Refused(Refusal {
            verdict,
            code: Code::RateLimited,
            signal: SignalRef {
                name: "test".into(),
                tier: Tier::Status,
                file: "built-in".into(),
                line: 0,
            },
            fragment: String::new(),
            retry_after: retry_after.map(Duration::from_secs),
            settles: false,
        }),
        sole,
        sent: None,
        rule: Cooldowns::default().rule(verdict),
        model: None,
    }
}

pub(super) fn accepted() -> Report {
    Report {
        outcome: Outcome::Accepted,
        ..report(Verdict::Success, None, false)
    }
}

pub(super) fn refuse(
    standing: &Standing,
    verdict: Verdict,
    retry_after: Option<u64>,
    sole: bool,
    secs: u64,
) -> Standing {
    let report = report(verdict, retry_after, sole);
    apply(standing, &report.lease.fence, &report, &at(secs), 0)
}

/// How long after `secs` the standing keeps it away.
pub(super) fn rest(standing: &Standing, secs: u64) -> u64 {
    match &standing.health {
        Health::Cooling { until, .. } | Health::NotEntitled { until, .. } | Health::AccountDisabled { until } => {
            until.since(at(secs).wall).as_secs()
        }
        other => panic!("{other:?} does not cool"),
    }
}

/// A pool of these members.
pub(super) fn pool(members: Vec<Member>, strategy: Strategy) -> View {
    let mut view = View::default();
    view.choose_by(&"p".into(), strategy, Arc::default());
    view.enroll(&"p".into(), Arc::new(Roster::of(members)));
    view
}

pub(super) fn choice<'a>(now: &'a Moment, tried: &'a [CredentialId]) -> Choice<'a> {
    Choice {
        owner: Holder::default(),
        tried,
        pin: None,
        min_valid: Duration::ZERO,
        probing: Probing::Early,
        conversation: None,
        model: None,
        now,
        entropy: 2,
    }
}

/// Whom the pool chooses; a pick is sent at once.
pub(super) fn send(view: &mut View, choice: &Choice<'_>) -> Option<String> {
    view.advance(choice.now);
    let lease = view.pool(&"p".into())?.pick(choice)?;
    view.sent(&lease, choice.model, choice.now);
    Some(lease.label.to_string())
}
