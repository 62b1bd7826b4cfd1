//! A credential: one way to be accepted by a provider, and the numbers that fence its changes.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::secret::Secret;
use crate::time::{Moment, Timestamp};

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The text as it is.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        /// So that a table can be asked for a name before there is one.
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// The id of a provider's row.
    ProviderId
);
name!(
    /// The id of a credential, made once and never reused.
    CredentialId
);
name!(
    /// What the user calls a credential; unique within a provider.
    Label
);

/// Grows with every change of a credential's secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Generation(pub u64);

impl Generation {
    /// The one that follows.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Grows with every login and logout of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The one that follows.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// The fencing token of every read, write and report: which secret of which credential is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fence {
    /// The credential.
    pub id: CredentialId,
    /// The generation of its secret.
    pub generation: Generation,
    /// The login it belongs to.
    pub epoch: Epoch,
}

/// What sort of credential it is, which decides what can repair it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An OAuth grant of our own: it can be renewed.
    Grant,
    /// An API key: it can only be replaced.
    ApiKey,
    /// Another tool's grant: its access token is used, its refresh token is never spent.
    Borrowed,
}

impl Kind {
    /// The word of INTERFACE.md.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grant => "grant",
            Self::ApiKey => "api-key",
            Self::Borrowed => "borrowed",
        }
    }
}

/// An OAuth grant: what a token endpoint gave, and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Presented to the inference API.
    pub access_token: Secret<String>,
    /// Presented to the token endpoint; single-use at most providers.
    pub refresh_token: Option<Secret<String>>,
    /// The OpenID Connect identity token, kept as received.
    pub id_token: Option<Secret<String>>,
    /// `Bearer` everywhere so far.
    pub token_type: String,
    /// The scope granted, where the answer names it.
    pub scope: Option<String>,
    /// When the access token was received.
    pub obtained: Moment,
    /// How long the access token lives from `obtained` on; `None` if neither `expires_in` nor a JWT told.
    pub lifetime: Option<Duration>,
    /// The login that this grant descends from.
    pub login: LoginOrigin,
}

impl Grant {
    /// When the access token expires by the wall clock.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.lifetime.map(|lifetime| self.obtained.wall.plus(lifetime))
    }

    /// When the provider ends the grant, whatever is renewed, if it does so that long after a login.
    pub fn hard_end(&self, after_login: Option<Duration>) -> Option<Timestamp> {
        after_login.map(|after| self.login.at.plus(after))
    }

    /// How long the access token can still be used, by the pessimistic of the two clocks; `None` is "no known end".
    pub fn remaining(&self, now: &Moment) -> Option<Duration> {
        self.lifetime
            .map(|lifetime| lifetime.saturating_sub(now.pessimistic_since(&self.obtained)))
    }

    /// Whether the access token is usable for at least `min_valid` more (and at all).
    pub fn usable_for(&self, min_valid: Duration, now: &Moment) -> bool {
        self.remaining(now)
            .is_none_or(|left| !left.is_zero() && left >= min_valid)
    }
}

/// Where and as whom a grant was obtained; it is checked against the row before anything secret is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginOrigin {
    /// Who gave it; grants of one client at one issuer can share it.
    pub authority: Arc<Authority>,
    /// `sub` of the identity or access token.
    pub subject: Option<String>,
    /// Account, team or organisation id, where the token tells.
    pub account: Option<String>,
    /// When the user logged in.
    pub at: Timestamp,
}

/// Who gives tokens, so that they are shown to nobody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// The issuer, where the row names one.
    pub issuer: Option<Url>,
    /// The client id that the grant is bound to.
    pub client_id: String,
    /// The host of the token endpoint at login.
    pub token_host: String,
}

/// What a credential consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Material {
    /// An OAuth grant that we own.
    Grant(Box<Grant>),
    /// An API key kept in the store.
    ApiKey(Secret<String>),
    /// An API key read at each use from an environment variable of this name.
    EnvKey(String),
    /// Another tool's access token, read again when its file changes.
    Borrowed(Box<Borrowed>),
    /// Nothing: the credential was logged out and only its tombstone stands.
    Gone,
}

/// Another tool's access token, and where that tool keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Borrowed {
    /// The file it is read from.
    pub file: String,
    /// The tool that owns it.
    pub tool: String,
    /// Which of the grants in that file it is, in the tool's own terms.
    pub entry: String,
    /// Where and as whom the tool obtained it, as far as its file and the token tell.
    pub login: LoginOrigin,
    /// The token last read.
    pub access_token: Secret<String>,
    /// When it expires, if the tool's file or the token says so.
    pub expires_at: Option<Timestamp>,
}

impl Material {
    /// Which kind this is; a tombstone counts as the grant it was.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Grant(_) | Self::Gone => Kind::Grant,
            Self::ApiKey(_) | Self::EnvKey(_) => Kind::ApiKey,
            Self::Borrowed(_) => Kind::Borrowed,
        }
    }

    /// Whether what would be presented to the inference API can still be used.
    pub fn serves(&self, now: &Moment) -> bool {
        match self {
            Self::Grant(grant) => grant.usable_for(Duration::ZERO, now),
            Self::Borrowed(borrowed) => borrowed.expires_at.is_none_or(|at| at > now.wall),
            Self::ApiKey(_) | Self::EnvKey(_) => true,
            Self::Gone => false,
        }
    }

    /// When it expires by the wall clock, if that is known.
    pub fn expires_at(&self) -> Option<Timestamp> {
        match self {
            Self::Grant(grant) => grant.expires_at(),
            Self::Borrowed(borrowed) => borrowed.expires_at,
            Self::ApiKey(_) | Self::EnvKey(_) | Self::Gone => None,
        }
    }
}
