//! A credential in JSON, as `status --json` and `list --json` promise it.

use evergrant_driver::{Account, AccountError};
use serde::Serialize;

use super::json::{RemedyShape, time};

/// `{"credentials": [...]}`.
#[derive(Debug, Serialize)]
pub(crate) struct CredentialsShape {
    credentials: Vec<CredentialShape>,
}

impl CredentialsShape {
    /// These, in this order.
    pub(crate) fn of<'a>(accounts: impl IntoIterator<Item = &'a Account>) -> Self {
        Self {
            credentials: accounts.into_iter().map(CredentialShape::from).collect(),
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
    signal: String,
    at: String,
    fragment: String,
}

impl From<&AccountError> for LastErrorShape {
    fn from(error: &AccountError) -> Self {
        Self {
            verdict: error.verdict.as_str(),
            signal: error.signal.clone(),
            at: time(error.at),
            fragment: error.fragment.clone(),
        }
    }
}
