//! A small world for the machine's tests: credentials that change as renewals, reports and others change them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::action::{Action, Step};
use super::input::{Plan, Replay};
use super::limits;
use super::state::Attempt;
use crate::credential::{CredentialId, Epoch, Fence, Generation, Kind, ProviderId};
use crate::pool::{Holder, Lease, Leased, Life, Member, Origin, Roster, View, apply};
use crate::provider::Tier;
use crate::recovery::renewal::{Obstacle, Reason, Renewed};
use crate::secret::Fingerprint;
use crate::store::{Health, Minted, Standing};
use crate::time::{BootId, BootTime, Moment, Timestamp};
use crate::verdict::{Reading, SignalRef};
use crate::vocabulary::Verdict;

/// What the machine sees and what its reports change.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) view: View,
    pub(super) now: Moment,
    pub(super) sorts: Arc<BTreeMap<CredentialId, Sort>>,
}

/// The sorts of credential that a request may find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sort {
    /// A grant an hour old, accepted.
    Proven,
    /// A grant two seconds old, not yet accepted.
    Newborn,
    /// A grant a minute old, not yet accepted.
    Unproven,
    /// A grant whose access token has expired.
    Lapsed,
    /// A grant with five seconds left.
    Lapsing,
    /// A grant that a refusal renewed five minutes ago and that was never accepted since.
    Guarded,
    /// A grant whose unknown denial was settled ten minutes ago.
    Settled,
    /// A grant that another request has seen refused.
    Refused,
    /// A grant without a refresh token.
    Bare,
    /// A quarantined grant whose access token still serves.
    Quarantined,
    /// A grant whose last refresh has an unknown outcome and whose access token has expired.
    Uncertain,
    /// An API key.
    Key,
    /// Another tool's token.
    Borrowed,
    /// The same, expired.
    BorrowedLapsed,
    /// A grant that cools down and was asked a second ago.
    Cooling,
    /// Switched off.
    Disabled,
    /// Logged out.
    LoggedOut,
}

pub(super) const SORTS: [Sort; 17] = [
    Sort::Proven,
    Sort::Newborn,
    Sort::Unproven,
    Sort::Lapsed,
    Sort::Lapsing,
    Sort::Guarded,
    Sort::Settled,
    Sort::Refused,
    Sort::Bare,
    Sort::Quarantined,
    Sort::Uncertain,
    Sort::Key,
    Sort::Borrowed,
    Sort::BorrowedLapsed,
    Sort::Cooling,
    Sort::Disabled,
    Sort::LoggedOut,
];

pub(super) fn noon() -> Moment {
    Moment {
        wall: Timestamp::from_secs(1_800_000_000),
        boot: BootTime::from_millis(1_000_000_000),
        boot_id: BootId::from("boot"),
    }
}

pub(super) fn before(now: &Moment, ago: Duration) -> Moment {
    Moment {
        wall: now.wall.minus(ago),
        boot: BootTime::from_millis(now.boot.as_millis() - u64::try_from(ago.as_millis()).unwrap()),
        boot_id: now.boot_id,
    }
}

pub(super) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(super) fn member(provider: &str, label: &str, sort: Sort) -> Member {
    let now = noon();
    let one = Generation(1);
    let (age, mut standing) = match sort {
        Sort::Newborn => (2, Standing::default()),
        Sort::Unproven => (60, Standing::default()),
        Sort::Lapsed | Sort::Uncertain => (20_000, Standing::default()),
        Sort::Lapsing => (7_195, Standing::default()),
        Sort::Guarded => (300, Standing::default()),
        Sort::Proven
        | Sort::Settled
        | Sort::Refused
        | Sort::Bare
        | Sort::Quarantined
        | Sort::Key
        | Sort::Borrowed
        | Sort::BorrowedLapsed
        | Sort::Cooling
        | Sort::Disabled
        | Sort::LoggedOut => (3_600, accepted(one)),
    };
    let obtained = before(&now, secs(age));
    match sort {
        Sort::Guarded => {
            standing.minted = Some(Box::new(Minted {
                at: obtained.clone(),
                reactive: true,
            }));
        }
        Sort::Settled => standing.settled = Some(Box::new(before(&now, secs(600)))),
        Sort::Refused => {
            standing.accepted = None;
            standing.refused = Some(one);
        }
        Sort::Quarantined => standing.health = quarantined(now.wall),
        Sort::Uncertain => standing.health = Health::OutcomeUnknown { since: now.wall },
        Sort::Cooling => {
            standing.health = Health::Cooling {
                until: now.wall.plus(secs(50)),
                why: Verdict::RateLimited,
            };
        }
        Sort::Disabled => standing.disabled = true,
        Sort::LoggedOut => standing.health = Health::LoggedOut { at: now.wall },
        Sort::Proven
        | Sort::Newborn
        | Sort::Unproven
        | Sort::Lapsed
        | Sort::Lapsing
        | Sort::Bare
        | Sort::Key
        | Sort::Borrowed
        | Sort::BorrowedLapsed => {}
    }
    let (kind, life) = match sort {
        Sort::Key => (Kind::ApiKey, Life::Open),
        Sort::Borrowed => (Kind::Borrowed, Life::Borrowed { expires_at: None }),
        Sort::BorrowedLapsed => {
            let expires_at = Some(now.wall.minus(secs(5)));
            (Kind::Borrowed, Life::Borrowed { expires_at })
        }
        Sort::LoggedOut => (Kind::Grant, Life::None),
        Sort::Proven
        | Sort::Newborn
        | Sort::Unproven
        | Sort::Lapsed
        | Sort::Lapsing
        | Sort::Guarded
        | Sort::Settled
        | Sort::Refused
        | Sort::Bare
        | Sort::Quarantined
        | Sort::Uncertain
        | Sort::Cooling
        | Sort::Disabled => {
            let life = Life::Token {
                obtained,
                lifetime: Some(secs(7_200)),
                renewable: !matches!(sort, Sort::Bare | Sort::Quarantined),
            };
            (Kind::Grant, life)
        }
    };
    Member {
        lease: Lease::to(Leased {
            fence: Fence {
                id: CredentialId::from(label),
                generation: one,
                epoch: Epoch(1),
            },
            provider: ProviderId::from(provider),
            label: label.into(),
            kind,
        }),
        priority: 0,
        created_at: Timestamp::from_secs(i64::from(label.as_bytes()[0])),
        standing: standing.into(),
        life,
        origin: match kind {
            Kind::Borrowed => Origin::Tool("codex".to_owned()),
            Kind::Grant | Kind::ApiKey => Origin::Kept,
        },
    }
}

pub(super) fn accepted(generation: Generation) -> Standing {
    Standing {
        accepted: Some(generation),
        ..Standing::default()
    }
}

pub(super) fn quarantined(at: Timestamp) -> Health {
    Health::Quarantined {
        fingerprint: Fingerprint::from_bytes([7; 32]),
        why: "invalid_grant".to_owned(),
        at,
    }
}

impl World {
    /// Providers by name with their credentials' labels and sorts.
    pub(super) fn new(providers: &[(&str, &[(&str, Sort)])]) -> Self {
        let now = noon();
        let mut view = View::default();
        let mut sorts = BTreeMap::new();
        for (provider, credentials) in providers {
            sorts.extend(
                credentials
                    .iter()
                    .map(|(label, sort)| (CredentialId::from(*label), *sort)),
            );
            let members = credentials.iter().map(|(label, sort)| member(provider, label, *sort));
            let members: Vec<Member> = members.collect();
            for one in &members {
                // Whoever cools down was asked a second ago, so that no probe is due.
                view.enroll(&ProviderId::from(*provider), Arc::default());
                view.sent(&one.lease, None, &before(&now, secs(1)));
            }
            view.enroll(&ProviderId::from(*provider), Arc::new(Roster::of(members)));
        }
        Self {
            view,
            now,
            sorts: Arc::new(sorts),
        }
    }

    /// What the credential was at the beginning.
    pub(super) fn sort(&self, lease: &Lease) -> Sort {
        self.sorts[&lease.fence.id]
    }

    pub(super) fn member(&self, lease: &Lease) -> &Member {
        self.view.member(lease).unwrap()
    }

    pub(super) fn of(&self, provider: &str, label: &str) -> Member {
        let pool = self.view.pool(&ProviderId::from(provider)).unwrap();
        pool.roster.member(&CredentialId::from(label)).unwrap().clone()
    }

    pub(super) fn change(&mut self, lease: &Lease, change: impl Fn(&mut Member)) {
        let mut members = self.view.pool(&lease.provider).unwrap().roster.members().to_vec();
        let member = members
            .iter_mut()
            .find(|member| member.lease.fence.id == lease.fence.id);
        change(member.unwrap());
        self.view.enroll(&lease.provider, Arc::new(Roster::of(members)));
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.now = self.now.plus(time);
    }

    /// Does what a driver does with a step before anything else happens.
    pub(super) fn take(&mut self, step: &Step) {
        for report in &step.reports {
            let now = self.now.clone();
            self.change(&report.lease, |member| {
                *member.standing = apply(&member.standing, &member.lease.fence, report, &now, 0);
            });
        }
        if let Action::Send(lease) = &step.action {
            self.view
                .sent(lease, step.next.as_ref().and_then(Attempt::model), &self.now);
        }
    }

    /// A new generation, minted now; answers its fence.
    pub(super) fn mint(&mut self, lease: &Lease, reason: Option<Reason>) -> Fence {
        let now = self.now.clone();
        self.change(lease, |member| {
            member.lease = member.lease.at(&Fence {
                generation: member.lease.fence.generation.next(),
                ..member.lease.fence.clone()
            });
            member.life = match &member.life {
                Life::Token { lifetime, .. } => Life::Token {
                    obtained: now.clone(),
                    lifetime: *lifetime,
                    renewable: true,
                },
                Life::Borrowed { .. } => Life::Borrowed { expires_at: None },
                other @ (Life::None | Life::Open) => other.clone(),
            };
            if let Health::OutcomeUnknown { .. } = member.standing.health {
                member.standing.health = Health::Ready;
            }
            member.standing.renew_not_before = None;
            member.standing.minted = Some(Box::new(Minted {
                at: now.clone(),
                reactive: matches!(reason, Some(Reason::Refused | Reason::Denied)),
            }));
        });
        self.member(lease).lease.fence.clone()
    }

    /// What a renewal's end leaves in the store.
    pub(super) fn obstruct(&mut self, lease: &Lease, obstacle: Obstacle) -> Renewed {
        let now = self.now.clone();
        self.change(lease, |member| match obstacle {
            Obstacle::Dead => member.standing.health = quarantined(now.wall),
            Obstacle::LoggedOut => {
                member.standing.health = Health::LoggedOut { at: now.wall };
                member.life = Life::None;
                member.lease = member.lease.at(&Fence {
                    epoch: member.lease.fence.epoch.next(),
                    ..member.lease.fence.clone()
                });
            }
            Obstacle::Rejected => member.standing.renew_not_before = Some(now.wall.plus(secs(300))),
            Obstacle::Later { after } => {
                member.standing.renew_not_before = after.map(|after| now.wall.plus(after));
            }
            Obstacle::OutcomeUnknown => member.standing.health = Health::OutcomeUnknown { since: now.wall },
            Obstacle::NotRenewable | Obstacle::NotEntitled | Obstacle::Store => {}
        });
        let code = match obstacle {
            Obstacle::Dead => crate::failure::Code::GrantDead,
            Obstacle::LoggedOut | Obstacle::NotRenewable => crate::failure::Code::NeedsLogin,
            Obstacle::NotEntitled => crate::failure::Code::NotEntitled,
            Obstacle::Rejected => crate::failure::Code::ClientRejected,
            Obstacle::Later { .. } => crate::failure::Code::Transient,
            Obstacle::OutcomeUnknown => crate::failure::Code::OutcomeUnknown,
            Obstacle::Store => crate::failure::Code::StoreUnwritable,
        };
        Renewed::Unusable {
            generation: lease.fence.generation,
            obstacle,
            failure: crate::failure::Failure::new(code, "the renewal failed"),
        }
    }
}

pub(super) const fn usable(fence: Fence, minted: bool) -> Renewed {
    Renewed::Usable {
        fence,
        minted,
        saved: true,
    }
}

pub(super) fn reading(verdict: Verdict, retry_after: Option<Duration>) -> Reading {
    Reading {
        verdict,
        signal: SignalRef {
            name: "test".into(),
            tier: Tier::Status,
            file: "".into(),
            line: 0,
        },
        retry_after,
        reset_source: None,
        fragment: String::new(),
    }
}

pub(super) fn plan(route: &[&str], refused: bool, ambiguous: bool) -> Plan {
    Plan {
        owner: Holder(7),
        route: route.iter().map(|name| ProviderId::from(*name)).collect(),
        pin: None,
        conversation: None,
        model: None,
        replay: Replay { refused, ambiguous },
        min_valid: Duration::ZERO,
        probes: true,
        time: limits::TOTAL,
    }
}
