//! Credentials and pending revocations in JSON, as `status --json` and `list --json` promise them.

use evergrant_driver::{Account, AccountError, Holdings, PendingRevocation};
use serde::Serialize;

use super::json::{RemedyShape, time};

/// `{"credentials": [...], "revocations": [...]}`.
#[derive(Debug, Serialize)]
pub(crate) struct CredentialsShape {
    credentials: Vec<CredentialShape>,
    revocations: Vec<RevocationShape>,
}

impl CredentialsShape {
    /// All of these, in their order.
    pub(crate) fn of(holdings: &Holdings) -> Self {
        Self {
            credentials: holdings.accounts.iter().map(CredentialShape::from).collect(),
            revocations: holdings.revocations.iter().map(RevocationShape::from).collect(),
        }
    }
}

/// A token of a grant that was logged out, and that its provider has not revoked yet.
#[derive(Debug, Serialize)]
pub(crate) struct RevocationShape {
    credential: String,
    provider: String,
    label: String,
    token: &'static str,
    queued_at: String,
    tries: u32,
    last_try_at: Option<String>,
    next_try_at: String,
    gives_up_at: String,
    why: Option<String>,
}

impl From<&PendingRevocation> for RevocationShape {
    fn from(revocation: &PendingRevocation) -> Self {
        Self {
            credential: revocation.credential.to_string(),
            provider: revocation.provider.to_string(),
            label: revocation.label.to_string(),
            token: revocation.token,
            queued_at: time(revocation.queued_at),
            tries: revocation.tries,
            last_try_at: revocation.last_try_at.map(time),
            next_try_at: time(revocation.next_try_at),
            gives_up_at: time(revocation.gives_up_at),
            why: revocation.why.clone(),
        }
    }
}

/// One credential; what is absent is `null`.
#[derive(Debug, Serialize)]
pub(crate) struct CredentialShape {
    id: String,
    provider: String,
    label: String,
    source: String,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    account: Option<String>,
    health: &'static str,
    usable: bool,
    why: Option<String>,
    until: Option<String>,
    priority: i32,
    generation: u64,
    expires_at: Option<String>,
    next_refresh_at: Option<String>,
    hard_end_at: Option<String>,
    last_error: Option<LastErrorShape>,
    remedy: Option<RemedyShape>,
}

impl From<&Account> for CredentialShape {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id.to_string(),
            provider: account.provider.to_string(),
            label: account.label.to_string(),
            source: account.source.clone(),
            kind: account.kind.as_str(),
            owner: account.owner.clone(),
            account: account.account.clone(),
            health: account.health,
            usable: account.usable,
            why: account.why.clone(),
            until: account.until.map(time),
            priority: account.priority,
            generation: account.generation.0,
            expires_at: account.expires_at.map(time),
            next_refresh_at: account.next_refresh_at.map(time),
            hard_end_at: account.hard_end_at.map(time),
            last_error: account.last_error.as_ref().map(LastErrorShape::from),
            remedy: account.remedy.as_ref().map(RemedyShape::from),
        }
    }
}

#[derive(Debug, Serialize)]
struct LastErrorShape {
    verdict: &'static str,
    message: String,
    signal: String,
    file: String,
    line: u32,
    at: String,
    generation: u64,
    fragment: String,
}

impl From<&AccountError> for LastErrorShape {
    fn from(error: &AccountError) -> Self {
        Self {
            verdict: error.verdict.as_str(),
            message: error.message.clone(),
            signal: error.signal.clone(),
            file: error.file.clone(),
            line: error.line,
            at: time(error.at),
            generation: error.generation.0,
            fragment: error.fragment.clone(),
        }
    }
}
