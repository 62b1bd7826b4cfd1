//! A provider as advice sees it: what would work there, and where people go to do it.

use std::time::Duration;

use crate::credential::ProviderId;
use crate::provider::{Auth, Origin, Row};

/// What of a provider decides which advice would really help there; plain data, so that machines can carry it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The provider.
    pub provider: ProviderId,
    /// Its name for people.
    pub name: String,
    /// The host of its inference API.
    pub host: String,
    /// The host of its login, where the row names it.
    pub login_host: Option<String>,
    /// Whether one can log in there.
    pub logs_in: bool,
    /// Whether it takes API keys.
    pub takes_keys: bool,
    /// Where its row was read; `None` if there is no row.
    pub origin: Option<Origin>,
    /// The row that takes API keys for the same API, if there is one.
    pub key_provider: Option<ProviderId>,
    /// Where the plan is changed.
    pub plan_page: Option<String>,
    /// Where credit is added.
    pub billing_page: Option<String>,
    /// Where keys are made and edited.
    pub keys_page: Option<String>,
    /// How long after a login the provider ends a grant, whatever is renewed.
    pub hard_end: Option<Duration>,
}

impl Place {
    /// The provider of that row.
    pub fn of(row: &Row) -> Self {
        let host = |url: &url::Url| url.host_str().map(str::to_owned);
        let oauth = row.oauth();
        Self {
            provider: row.id.clone(),
            name: row.name.clone(),
            host: host(&row.base_url).unwrap_or_default(),
            login_host: oauth.and_then(|oauth| {
                let named = oauth.endpoints.token.as_ref().or(oauth.issuer.as_ref());
                named.and_then(host)
            }),
            logs_in: oauth.is_some_and(|oauth| !oauth.flows.is_empty()),
            takes_keys: matches!(row.auth, Auth::ApiKey(_)),
            origin: Some(row.origin.clone()),
            key_provider: row.key_provider.clone(),
            plan_page: row.plan_page.clone(),
            billing_page: row.billing_page.clone(),
            keys_page: row.keys_page.clone(),
            hard_end: oauth.and_then(|oauth| oauth.hard_end),
        }
    }

    /// A provider that has no row: all that is known is its name.
    pub fn without_row(provider: ProviderId) -> Self {
        Self {
            name: provider.to_string(),
            host: provider.to_string(),
            provider,
            login_host: None,
            logs_in: false,
            takes_keys: false,
            origin: None,
            key_provider: None,
            plan_page: None,
            billing_page: None,
            keys_page: None,
            hard_end: None,
        }
    }

    /// Where an API key for this provider's API is to be added.
    pub fn keys_go_to(&self) -> Option<&ProviderId> {
        if self.takes_keys {
            Some(&self.provider)
        } else {
            self.key_provider.as_ref()
        }
    }

    /// The user's file with the row.
    pub fn file(&self) -> Option<&str> {
        match &self.origin {
            Some(Origin::File(file)) => Some(file),
            Some(Origin::BuiltIn) | None => None,
        }
    }
}
