//! A credential as people see it: everything `status` shows, and nothing secret.

use evergrant_engine::credential::{CredentialId, Generation, Kind, Label, Material, ProviderId};
use evergrant_engine::pool::{condition, ends};
use evergrant_engine::provider::{OAuth, Table};
use evergrant_engine::recovery::renewal::next_renewal;
use evergrant_engine::remedy::Remedy;
use evergrant_engine::store::{Record, Source};
use evergrant_engine::time::{Moment, Timestamp};
use evergrant_engine::verdict::Verdict;

use crate::settings::Settings;

/// One credential, as `status` and `list` report it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: CredentialId,
    /// Its provider.
    pub provider: ProviderId,
    /// Its label.
    pub label: Label,
    /// How it came here: `login:browser`, `added`, `env:VAR`, `import:hermes`.
    pub source: String,
    /// What sort it is.
    pub kind: Kind,
    /// The tool that owns it and renews it, if it is borrowed.
    pub owner: Option<String>,
    /// The account, as far as the token tells.
    pub account: Option<String>,
    /// One of the words of INTERFACE.md.
    pub health: &'static str,
    /// Whether a request could be sent with it now.
    pub usable: bool,
    /// Why it is not ready, in words.
    pub why: Option<String>,
    /// Until when.
    pub until: Option<Timestamp>,
    /// Lower is preferred.
    pub priority: i32,
    /// The generation of its secret.
    pub generation: Generation,
    /// When its access token expires.
    pub expires_at: Option<Timestamp>,
    /// When the keeper will renew it.
    pub next_refresh_at: Option<Timestamp>,
    /// When the provider ends it, whatever is renewed, if that is known.
    pub hard_end_at: Option<Timestamp>,
    /// The last failure.
    pub last_error: Option<AccountError>,
    /// The one thing to do, if anything is wrong.
    pub remedy: Option<Remedy>,
}

/// The last failure of a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountError {
    /// What it meant.
    pub verdict: Verdict,
    /// The signal that decided.
    pub signal: String,
    /// When.
    pub at: Timestamp,
    /// What the provider said, redacted.
    pub fragment: String,
}

impl Account {
    /// Reads it off a record.
    pub(crate) fn of(record: &Record, table: &Table, settings: &Settings, now: &Moment) -> Self {
        let standing = &record.standing;
        let key_present = match &record.material {
            Material::EnvKey(variable) => settings.environment.value(variable).is_some(),
            Material::Grant(_) | Material::ApiKey(_) | Material::Borrowed { .. } | Material::Gone => true,
        };
        let condition = condition(record, key_present, now);
        let oauth = table.row(&record.provider).and_then(|row| row.oauth());
        let hard_end = oauth.and_then(|oauth| hard_end(record, oauth));
        let condition = match hard_end.filter(|_| !standing.disabled) {
            Some(end) => ends(condition, record, end, now),
            None => condition,
        };
        Self {
            id: record.id.clone(),
            provider: record.provider.clone(),
            label: record.label.clone(),
            source: source_word(&record.source),
            kind: record.material.kind(),
            owner: match &record.material {
                Material::Borrowed { tool, .. } => Some(tool.clone()),
                Material::Grant(_) | Material::ApiKey(_) | Material::EnvKey(_) | Material::Gone => None,
            },
            account: account_of(&record.material),
            health: condition.health,
            usable: condition.usable,
            why: condition.why,
            until: condition.until,
            priority: record.priority,
            generation: record.generation,
            expires_at: record.material.expires_at(),
            next_refresh_at: oauth.and_then(|oauth| next_renewal(record, oauth, now)),
            hard_end_at: hard_end,
            last_error: standing.last_error.as_ref().map(|error| AccountError {
                verdict: error.verdict,
                signal: error.signal.clone(),
                at: error.at,
                fragment: error.fragment.clone(),
            }),
            remedy: condition.remedy,
        }
    }
}

/// When the provider ends the grant, if it does so some time after the login.
pub(crate) fn hard_end(record: &Record, oauth: &OAuth) -> Option<Timestamp> {
    match &record.material {
        Material::Grant(grant) => grant.hard_end(oauth.hard_end),
        Material::ApiKey(_) | Material::EnvKey(_) | Material::Borrowed { .. } | Material::Gone => None,
    }
}

fn account_of(material: &Material) -> Option<String> {
    match material {
        Material::Grant(grant) => grant.login.account.clone().or_else(|| grant.login.subject.clone()),
        Material::Borrowed { login, .. } => login.account.clone().or_else(|| login.subject.clone()),
        Material::ApiKey(_) | Material::EnvKey(_) | Material::Gone => None,
    }
}

fn source_word(source: &Source) -> String {
    match source {
        Source::Login(flow) => format!("login:{}", flow.as_str()),
        Source::Added => "added".to_owned(),
        Source::Environment => "environment".to_owned(),
        Source::Imported(tool) => format!("import:{tool}"),
    }
}
