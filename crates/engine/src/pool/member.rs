//! A credential as the pool sees it: everything about it but its secret.

use std::time::Duration;

use super::lease::{Lease, Leased};
use crate::credential::Material;
use crate::store::{Record, Shared, Standing};
use crate::time::{Moment, Timestamp};

/// A credential of a roster, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The lease it would be used under; it is nobody's yet.
    pub lease: Lease,
    /// Lower is preferred.
    pub priority: i32,
    /// When its record was made; the older is preferred.
    pub created_at: Timestamp,
    /// What is known of its usability.
    pub standing: Shared<Standing>,
    /// How long its secret can be used.
    pub life: Life,
    /// Where its secret comes from.
    pub origin: Origin,
}

/// Where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A key that is kept here, or nothing any more.
    Kept,
    /// A login of the user's, at that time.
    Login(Timestamp),
    /// The tool that owns it, from which it is borrowed.
    Tool(String),
    /// The environment variable of this name: a key that is not kept here.
    Variable(String),
}

/// How long a secret can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Life {
    /// It was logged out: there is no secret.
    None,
    /// No end is known, as with API keys.
    Open,
    /// An access token of our own grant.
    Token {
        /// When it was received.
        obtained: Moment,
        /// How long it lives from then on, if that is known.
        lifetime: Option<Duration>,
        /// Whether there is a refresh token to renew it with.
        renewable: bool,
    },
    /// Another tool's access token.
    Borrowed {
        /// When it expires, if that is known.
        expires_at: Option<Timestamp>,
    },
}

impl Member {
    /// The member of a record.
    pub fn of(record: &Record) -> Self {
        let life = match &record.material {
            Material::Grant(grant) => Life::Token {
                obtained: grant.obtained.clone(),
                lifetime: grant.lifetime,
                renewable: grant.refresh_token.is_some(),
            },
            Material::ApiKey(_) | Material::EnvKey(_) => Life::Open,
            Material::Borrowed(borrowed) => Life::Borrowed {
                expires_at: borrowed.expires_at,
            },
            Material::Gone => Life::None,
        };
        let origin = match &record.material {
            Material::Borrowed(borrowed) => Origin::Tool(borrowed.tool.clone()),
            Material::EnvKey(name) => Origin::Variable(name.clone()),
            Material::Grant(grant) => Origin::Login(grant.login.at),
            Material::ApiKey(_) | Material::Gone => Origin::Kept,
        };
        Self {
            lease: Lease::to(Leased {
                fence: record.fence(),
                provider: record.provider.clone(),
                label: record.label.clone(),
                kind: record.material.kind(),
            }),
            priority: record.priority,
            created_at: record.created_at,
            standing: record.standing.clone(),
            life,
            origin,
        }
    }

    /// The tool that owns it, if it is borrowed.
    pub fn owner(&self) -> Option<&str> {
        match &self.origin {
            Origin::Tool(name) => Some(name),
            Origin::Kept | Origin::Login(_) | Origin::Variable(_) => None,
        }
    }

    /// The environment variable that it is read from, if it is a key that is not kept here.
    pub fn variable(&self) -> Option<&str> {
        match &self.origin {
            Origin::Variable(name) => Some(name),
            Origin::Kept | Origin::Login(_) | Origin::Tool(_) => None,
        }
    }

    /// When the user logged in, if it is a grant of our own.
    pub const fn login_at(&self) -> Option<Timestamp> {
        match &self.origin {
            Origin::Login(at) => Some(*at),
            Origin::Kept | Origin::Tool(_) | Origin::Variable(_) => None,
        }
    }

    /// How long its secret can still be used, by the pessimistic of the two clocks; `None` is "no known end".
    pub fn remaining(&self, now: &Moment) -> Option<Duration> {
        match &self.life {
            Life::None => Some(Duration::ZERO),
            Life::Open => None,
            Life::Token { obtained, lifetime, .. } => {
                lifetime.map(|lifetime| lifetime.saturating_sub(now.pessimistic_since(obtained)))
            }
            Life::Borrowed { expires_at } => expires_at.map(|at| at.since(now.wall)),
        }
    }

    /// When its secret ends by the wall clock, if that is known.
    pub fn expires_at(&self) -> Option<Timestamp> {
        match &self.life {
            Life::Token { obtained, lifetime, .. } => lifetime.map(|lifetime| obtained.wall.plus(lifetime)),
            Life::Borrowed { expires_at } => *expires_at,
            Life::None | Life::Open => None,
        }
    }

    /// How old its access token is, if it is a grant of our own.
    pub fn age(&self, now: &Moment) -> Option<Duration> {
        match &self.life {
            Life::Token { obtained, .. } => Some(now.since(obtained)),
            Life::None | Life::Open | Life::Borrowed { .. } => None,
        }
    }

    /// Below this rest of its life a caller waits for a renewal: the smaller of 10 s and a tenth of the lifetime, or
    /// what the caller asks for if that is more.
    pub fn floor(&self, min_valid: Duration) -> Duration {
        match &self.life {
            Life::Token {
                lifetime: Some(lifetime),
                ..
            } => min_valid.max(CALLER_WAITS_BELOW.min(*lifetime / 10)),
            Life::Token { lifetime: None, .. } | Life::None | Life::Open | Life::Borrowed { .. } => min_valid,
        }
    }

    /// How long a caller may wait for a renewal before the token in hand, which would do, is of no use either: half of
    /// what it lives. `None` if it is of no use already.
    pub fn patience(&self, min_valid: Duration, now: &Moment) -> Option<Duration> {
        let left = self.remaining(now)?;
        (!left.is_zero() && left >= min_valid && !self.is_refused()).then_some(left / 2)
    }

    /// Whether its present generation was refused as unauthenticated and not accepted since.
    pub fn is_refused(&self) -> bool {
        self.standing.refused == Some(self.lease.fence.generation)
    }
}

/// A request is on its way for seconds: a token with less than that left would expire on the road.
const CALLER_WAITS_BELOW: Duration = Duration::from_secs(10);
