//! Whose a found grant is: the row it belongs to, the login behind it, and the record that it has here already.

use std::sync::Arc;

use evergrant_engine::credential::{Authority, LoginOrigin, Material, ProviderId};
use evergrant_engine::login::{expiry_of, identity_of};
use evergrant_engine::provider::{OAuth, Row, Table};
use evergrant_engine::store::{Health, Record, is_another, is_same};
use evergrant_engine::time::Timestamp;
use url::Url;

use super::found::FoundGrant;

/// The row of a found grant; the error says why there is none.
pub(super) fn row_of(table: &Table, found: &FoundGrant) -> Result<Arc<Row>, String> {
    let claimed = identity_of(found.access_token.expose(), None).client_id;
    let client = found.client_id.as_ref().or(claimed.as_ref());
    let fits = |oauth: &OAuth| {
        let issuer = found.issuer.as_deref().map(plain);
        let own = oauth.issuer.as_ref().map(|issuer| plain(issuer.as_str()));
        let same_issuer = issuer.is_none() || own.is_none() || issuer == own;
        same_issuer && client.is_none_or(|client| *client == oauth.client_id)
    };
    let row = match &found.provider {
        Some(id) => table
            .row(&ProviderId::from(id.as_str()))
            .ok_or_else(|| format!("there is no provider `{id}` here")),
        None => table
            .rows()
            .find(|row| found.issuer.is_some() && row.oauth().is_some_and(fits))
            .ok_or_else(|| "no provider here has its issuer and client".to_owned()),
    }?;
    match row.oauth() {
        Some(oauth) if fits(oauth) => Ok(Arc::clone(row)),
        Some(_) => Err(format!("it was issued to another client than that of {}", row.id)),
        None => Err(format!("{} takes API keys only", row.id)),
    }
}

/// The login behind a found grant, as a login here would have had it.
pub(super) fn login_of(oauth: &OAuth, found: &FoundGrant, token_host: Option<&str>, now: Timestamp) -> LoginOrigin {
    let id_token = found.id_token.as_ref().map(|token| token.expose().as_str());
    let identity = identity_of(found.access_token.expose(), id_token);
    let own = oauth.endpoints.token.as_ref().or(oauth.issuer.as_ref());
    let own = || own.and_then(Url::host_str).unwrap_or_default().to_owned();
    LoginOrigin {
        authority: Arc::new(Authority {
            issuer: oauth.issuer.clone(),
            client_id: oauth.client_id.clone(),
            token_host: token_host.map_or_else(own, str::to_owned),
        }),
        subject: identity.subject.or_else(|| found.subject.clone()),
        account: identity.account.or_else(|| found.account.clone()),
        at: found.since.unwrap_or(now),
    }
}

/// When a found access token expires: as it says itself, else as the file has it.
pub(super) fn expiry(found: &FoundGrant) -> Option<Timestamp> {
    expiry_of(found.access_token.expose()).or(found.expires_at)
}

/// The record that a found grant has here: of the same entry, the same tokens or the same identity.
pub(super) fn known<'a>(
    records: &'a [Record],
    provider: &ProviderId,
    place: &str,
    found: &FoundGrant,
    login: &LoginOrigin,
) -> Option<&'a Record> {
    let own = || records.iter().filter(|record| record.provider == *provider);
    let same = |record: &&Record| match &record.material {
        Material::Borrowed(borrowed) => {
            borrowed.file == place && borrowed.entry == found.entry && !is_another(&borrowed.login, login)
                || borrowed.access_token == found.access_token
                || is_same(&borrowed.login, login)
        }
        Material::Grant(grant) => {
            grant.access_token == found.access_token
                || grant.refresh_token.is_some() && grant.refresh_token == found.refresh_token
                || is_same(&grant.login, login)
        }
        Material::ApiKey(_) | Material::EnvKey(_) | Material::Gone => false,
    };
    // The one that is ours first: what else is of that identity must yield to it.
    own()
        .filter(|record| matches!(record.material, Material::Grant(_)))
        .find(same)
        .or_else(|| own().find(same))
}

/// Whether a record is a login of our own that needs no other.
pub(super) fn is_alive(record: &Record) -> bool {
    let Material::Grant(grant) = &record.material else {
        return false;
    };
    match record.standing.health {
        Health::Quarantined { .. } | Health::NeedsLogin { .. } | Health::LoggedOut { .. } => false,
        Health::Ready
        | Health::Cooling { .. }
        | Health::OutcomeUnknown { .. }
        | Health::NotEntitled { .. }
        | Health::AccountDisabled { .. }
        | Health::Unsaved { .. } => grant.refresh_token.is_some(),
    }
}

fn plain(issuer: &str) -> &str {
    issuer.trim_end_matches('/')
}
