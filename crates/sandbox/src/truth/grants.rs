//! The shapes of the books: what was consented, what was issued, what is refused.

use serde::Serialize;

/// What a person agreed to at the authorize page or at the device page.
#[derive(Debug, Clone)]
pub(crate) struct Consent {
    /// The client that asked.
    pub(crate) client_id: String,
    /// Who agreed.
    pub(crate) subject: String,
    /// The scope as it was asked for.
    pub(crate) scope: String,
    /// The nonce for the id token.
    pub(crate) nonce: Option<String>,
}

/// The tokens of one answer of the token endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Issued {
    pub(crate) access_token: String,
    pub(crate) refresh_token: Option<String>,
    pub(crate) id_token: Option<String>,
    pub(crate) scope: String,
    pub(crate) expires_at_ms: u64,
}

/// How long things live, taken from the configuration at the time of issue.
#[derive(Debug, Clone)]
pub(crate) struct Lifetimes {
    pub(crate) access_secs: u64,
    pub(crate) rotate: bool,
    pub(crate) grace_secs: u64,
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) tier: String,
}

/// Why a code or a refresh token was not exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Nobody issued it.
    Unknown,
    /// Its time is over.
    Expired,
    /// It belongs to another client.
    OtherClient,
    /// The verifier is missing or does not give the challenge (RFC 7636 section 4.6).
    Verifier,
    /// The redirect URI is not the one of the authorize request.
    RedirectUri,
    /// It was used before: the whole family is revoked.
    Reused,
    /// Its family has been revoked.
    Revoked,
    /// A refresh asked for more than was granted.
    Scope,
}

/// What the books say about an access token.
#[derive(Debug, Clone)]
pub(crate) enum Access {
    /// It is good; `first_use` says that it was never accepted before.
    Good {
        subject: String,
        first_use: bool,
        age_ms: u64,
    },
    /// It was issued here, but it is over: expired, made stale, or revoked with its family.
    Over,
    /// Nobody issued it.
    Unknown,
}

/// One login and all that was issued from it.
#[derive(Debug, Clone)]
pub(crate) struct Family {
    pub(crate) id: String,
    pub(crate) consent: Consent,
    pub(crate) revoked: Option<&'static str>,
    pub(crate) rotations: u64,
}

/// What the sandbox believes about every login it has seen.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct GrantState {
    /// One entry a login, oldest first.
    pub families: Vec<FamilyState>,
    /// Access tokens that would be accepted now.
    pub live_access_tokens: u64,
    /// Refresh tokens that would be accepted now.
    pub live_refresh_tokens: u64,
}

/// One login as the sandbox sees it.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub struct FamilyState {
    /// The sandbox's identifier of the login.
    pub id: String,
    /// The client it belongs to.
    pub client_id: String,
    /// Who logged in.
    pub subject: String,
    /// Whether it can still be refreshed.
    pub alive: bool,
    /// Why it was revoked, if it was.
    pub revoked: Option<String>,
    /// How often its refresh token was replaced.
    pub rotations: u64,
    /// Fingerprint (8 hex of SHA-256) of the refresh token that is good now.
    pub refresh_fingerprint: Option<String>,
    /// Its access tokens that would be accepted now.
    pub live_access_tokens: u64,
}
