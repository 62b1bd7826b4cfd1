//! Rows of the table `client_key`: who may use the gateway, and on which terms; of the keys themselves only fingerprints.

use evergrant_engine::credential::ProviderId;
use evergrant_engine::secret::Fingerprint;
use evergrant_engine::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::number::{from_column, to_column};
use super::trouble::Trouble;
use crate::client_key::{ClientKey, KeyName, KeyTerms};
use crate::store::wire::Unreadable;

/// All of them, by name.
pub(super) fn all(connection: &Connection) -> Result<Vec<ClientKey>, Trouble> {
    if !is_there(connection)? {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare_cached(SELECT)?;
    let mut rows = statement.query([])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        keys.push(read(row)?);
    }
    Ok(keys)
}

/// Adds one; `false` if its name is taken. Those that were lent and never given back go a day after they
/// have expired: whoever lent one to a process that slept, or was stopped, finds it until then, and nobody makes a key anew that
/// has been removed meanwhile.
pub(super) fn insert(connection: &Connection, key: &ClientKey) -> Result<bool, Trouble> {
    connection
        .prepare_cached("DELETE FROM client_key WHERE lent = 1 AND expires_at <= ?1")?
        .execute([key.created_at.as_millis() - SPARED_MILLIS])?;
    let terms = &key.terms;
    let mut providers: Vec<&str> = terms.providers.iter().map(ProviderId::as_str).collect();
    if terms.metrics {
        providers = vec![METRICS];
    }
    let tokens_per_day = terms.tokens_per_day.map(to_column).transpose()?;
    let added = connection.prepare_cached(INSERT)?.execute(params![
        key.name.as_str(),
        key.fingerprint.as_bytes(),
        list(&providers),
        list(&terms.models),
        terms.requests_per_minute,
        terms.concurrency,
        tokens_per_day,
        terms.expires_at.map(Timestamp::as_millis),
        key.lent,
        key.created_at.as_millis(),
    ])?;
    Ok(added > 0)
}

/// Lets one that is lent serve until then; `false` if it is gone.
pub(super) fn extend(connection: &Connection, name: &KeyName, expires_at: Timestamp) -> Result<bool, Trouble> {
    let changed = connection
        .prepare_cached("UPDATE client_key SET expires_at = ?2 WHERE name = ?1 AND lent = 1")?
        .execute(params![name.as_str(), expires_at.as_millis()])?;
    Ok(changed > 0)
}

/// Forgets one; `false` if there is none of that name.
pub(super) fn remove(connection: &Connection, name: &KeyName) -> Result<bool, Trouble> {
    let removed = connection
        .prepare_cached("DELETE FROM client_key WHERE name = ?1")?
        .execute([name.as_str()])?;
    Ok(removed > 0)
}

/// A store of an older minor version, that nobody has opened to write since, has no such table.
fn is_there(connection: &Connection) -> Result<bool, Trouble> {
    let found = connection
        .prepare_cached("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'client_key'")?
        .query_row([], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

fn read(row: &Row<'_>) -> Result<ClientKey, Trouble> {
    let name: String = row.get("name")?;
    let tokens_per_day = row.get::<_, Option<i64>>("tokens_per_day")?;
    let mut providers = texts(row, "providers")?;
    let metrics = providers.iter().any(|provider| provider == METRICS);
    providers.retain(|provider| provider != METRICS);
    Ok(ClientKey {
        name: name.parse().map_err(|_| Unreadable("name of a client key"))?,
        fingerprint: Fingerprint::from_bytes(row.get("fingerprint")?),
        terms: KeyTerms {
            providers: providers.into_iter().map(ProviderId::from).collect(),
            models: texts(row, "models")?,
            requests_per_minute: row.get("requests_per_minute")?,
            concurrency: row.get("concurrency")?,
            tokens_per_day: tokens_per_day.map(from_column).transpose()?,
            expires_at: row.get::<_, Option<i64>>("expires_at")?.map(Timestamp::from_millis),
            metrics,
        },
        lent: row.get("lent")?,
        created_at: Timestamp::from_millis(row.get("created_at")?),
    })
}

fn list(texts: &[impl AsRef<str>]) -> String {
    texts
        .iter()
        .map(|text| serde_json::Value::from(text.as_ref()))
        .collect::<serde_json::Value>()
        .to_string()
}

/// A list that does not read must not become an empty one, which would allow everything.
fn texts(row: &Row<'_>, column: &str) -> Result<Vec<String>, Trouble> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|_| Unreadable("list of a client key").into())
}

/// What stands in the place of providers in a key for the metrics alone. An evergrant that does not know it takes it for a
/// provider that there is not, and lets such a key do nothing.
const METRICS: &str = "/metrics";

/// A day: whoever stops a command with Ctrl-Z in the evening goes on in the morning.
const SPARED_MILLIS: i64 = 86_400_000;

const SELECT: &str = "SELECT name, fingerprint, providers, models, requests_per_minute, concurrency, tokens_per_day, \
    expires_at, lent, created_at FROM client_key ORDER BY name";

const INSERT: &str = "INSERT INTO client_key (name, fingerprint, providers, models, requests_per_minute, concurrency, \
    tokens_per_day, expires_at, lent, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) \
    ON CONFLICT (name) DO NOTHING";
