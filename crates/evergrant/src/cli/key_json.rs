//! A client key as JSON: the key itself once, where it is made, and never again.

use evergrant_driver::client_key::{AddedKey, ClientKey};
use evergrant_driver::{ProviderId, Timestamp};
use serde::Serialize;

use super::json::time;

/// `{"name","key"}`: what `key add` hands out.
#[derive(Serialize)]
pub(crate) struct AddedShape<'a> {
    name: &'a str,
    key: &'a str,
}

impl<'a> From<&'a AddedKey> for AddedShape<'a> {
    fn from(added: &'a AddedKey) -> Self {
        Self {
            name: added.name.as_str(),
            key: added.key.expose(),
        }
    }
}

/// `{"keys":[...]}`
#[derive(Serialize)]
pub(crate) struct KeysShape {
    keys: Vec<KeyShape>,
}

#[derive(Serialize)]
struct KeyShape {
    name: String,
    providers: Vec<String>,
    models: Vec<String>,
    rpm: Option<u32>,
    concurrency: Option<u32>,
    tokens_per_day: Option<u64>,
    expires_at: Option<String>,
    metrics: bool,
    expired: bool,
    lent: bool,
    created_at: String,
}

impl KeysShape {
    /// All of them, as they are now.
    pub(crate) fn of(keys: &[ClientKey], now: Timestamp) -> Self {
        let shape = |key: &ClientKey| KeyShape {
            name: key.name.to_string(),
            providers: key.terms.providers.iter().map(ProviderId::to_string).collect(),
            models: key.terms.models.clone(),
            rpm: key.terms.requests_per_minute,
            concurrency: key.terms.concurrency,
            tokens_per_day: key.terms.tokens_per_day,
            expires_at: key.terms.expires_at.map(time),
            metrics: key.terms.metrics,
            expired: key.terms.has_expired(now),
            lent: key.lent,
            created_at: time(key.created_at),
        };
        Self {
            keys: keys.iter().map(shape).collect(),
        }
    }
}

/// What `key remove` removed.
#[derive(Serialize)]
pub(crate) struct RemovedShape<'a> {
    pub(crate) name: &'a str,
    pub(crate) removed: bool,
}
