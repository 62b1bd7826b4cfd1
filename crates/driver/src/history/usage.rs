//! What was used, by hour, key, credential and model; days that are long gone are kept as one line each.

use std::collections::HashMap;
use std::sync::Arc;

use evergrant_engine::credential::{Label, ProviderId};
use evergrant_engine::failure::Failure;
use evergrant_engine::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::file::History;
use super::reader::reading;
use crate::client_key::KeyName;
use crate::home::Home;
use crate::store::Trouble;

/// Whose use it is, and when.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct UsageSlot {
    pub(crate) hour: i64,
    pub(crate) key: Option<KeyName>,
    pub(crate) provider: ProviderId,
    pub(crate) label: Label,
    pub(crate) model: Option<Arc<str>>,
}

impl UsageSlot {
    /// The hour of a time, as it is counted.
    pub(crate) const fn hour_of(at: Timestamp) -> i64 {
        at.as_millis() - at.as_millis().rem_euclid(HOUR_MILLIS)
    }
}

/// How much was used.
///
/// ```
/// use evergrant_driver::history::UsageSum;
///
/// let sum = UsageSum { requests: 1, input: 120, output: 30, ..UsageSum::default() };
/// // Nothing of it was read from a cache, and its answer told what it used.
/// assert_eq!((sum.cached, sum.untold), (0, 0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UsageSum {
    /// Requests that a provider has accepted and that could use tokens.
    pub requests: u64,
    /// Those of them whose answer did not tell what was used.
    pub untold: u64,
    /// Tokens in, with those read from a cache.
    pub input: u64,
    /// Tokens out.
    pub output: u64,
    /// Tokens in that were read from a cache.
    pub cached: u64,
}

impl UsageSum {
    /// Adds another sum to this one.
    ///
    /// ```
    /// use evergrant_driver::history::UsageSum;
    ///
    /// let mut total = UsageSum::default();
    /// for output in [30, 12] {
    ///     total.add(&UsageSum { requests: 1, output, ..UsageSum::default() });
    /// }
    /// assert_eq!((total.requests, total.output), (2, 42));
    /// ```
    pub fn add(&mut self, other: &Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.untold = self.untold.saturating_add(other.untold);
        self.input = self.input.saturating_add(other.input);
        self.output = self.output.saturating_add(other.output);
        self.cached = self.cached.saturating_add(other.cached);
    }
}

/// By what usage is added up.
///
/// ```
/// use evergrant_driver::history::{UsageBy, usage};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let settings = evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?;
/// for by in [UsageBy::Key, UsageBy::Model, UsageBy::Credential, UsageBy::Day] {
///     assert_eq!(usage(&settings.home, by)?, []);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageBy {
    /// By client key.
    Key,
    /// By model.
    Model,
    /// By credential, as `PROVIDER/LABEL`.
    Credential,
    /// By day (UTC), as `2027-01-31`.
    Day,
}

/// What was used under one name.
///
/// ```
/// use evergrant_driver::history::{UsageRow, UsageSum};
///
/// let row = UsageRow { name: None, sum: UsageSum { requests: 3, ..UsageSum::default() } };
/// // Asked without a client key.
/// assert_eq!(row.name.as_deref().unwrap_or("nobody in particular"), "nobody in particular");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRow {
    /// The name; `None` where there was none: no key was shown, no model was named.
    pub name: Option<String>,
    /// How much.
    pub sum: UsageSum,
}

/// Everything that was used in a home, read offline: nothing is made or written.
///
/// # Errors
/// A history that cannot be read.
///
/// ```
/// use evergrant_driver::history::{UsageBy, usage};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let settings = evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?;
/// // A home in which nothing was asked has used nothing, and looking makes no file.
/// assert!(usage(&settings.home, UsageBy::Model)?.is_empty());
/// assert!(!folder.path().join("home").exists());
/// # Ok(())
/// # }
/// ```
pub fn usage(home: &Home, by: UsageBy) -> Result<Vec<UsageRow>, Failure> {
    reading(home, Vec::new(), |connection| {
        if !is_there(connection)? {
            return Ok(Vec::new());
        }
        let name = match by {
            UsageBy::Key => "nullif(key, '')",
            UsageBy::Model => "nullif(model, '')",
            UsageBy::Credential => "provider || '/' || label",
            UsageBy::Day => "date(hour / 1000, 'unixepoch')",
        };
        let mut statement = connection.prepare(&format!(
            "SELECT {name} AS name, sum(requests), sum(untold), sum(input), sum(output), sum(cached)
             FROM usage GROUP BY 1 ORDER BY 1"
        ))?;
        let rows = statement.query_map([], |row| {
            Ok(UsageRow {
                name: row.get(0)?,
                sum: UsageSum {
                    requests: count(row.get(1)?),
                    untold: count(row.get(2)?),
                    input: count(row.get(3)?),
                    output: count(row.get(4)?),
                    cached: count(row.get(5)?),
                },
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    })
}

/// The tokens, in and out, of each key since then.
pub(crate) fn tokens_by_key(home: &Home, since: i64) -> Result<HashMap<String, u64>, Failure> {
    reading(home, HashMap::new(), |connection| {
        if !is_there(connection)? {
            return Ok(HashMap::new());
        }
        let mut statement = connection
            .prepare("SELECT key, sum(input + output) FROM usage WHERE hour >= ?1 AND key != '' GROUP BY key")?;
        let rows = statement.query_map([since], |row| Ok((row.get(0)?, count(row.get(1)?))))?;
        Ok(rows.collect::<Result<_, _>>()?)
    })
}

impl History {
    /// Adds what was used, in one durable transaction.
    pub(crate) fn add_usage(&self, lines: &HashMap<UsageSlot, UsageSum>) -> Result<(), Failure> {
        self.with(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            {
                let mut statement = transaction.prepare_cached(ADD)?;
                for (slot, sum) in lines {
                    statement.execute(params![
                        slot.hour,
                        slot.key.as_ref().map_or("", |key| key.as_str()),
                        slot.provider.as_str(),
                        slot.label.as_str(),
                        slot.model.as_deref().unwrap_or_default(),
                        column(sum.requests),
                        column(sum.untold),
                        column(sum.input),
                        column(sum.output),
                        column(sum.cached),
                    ])?;
                }
            }
            transaction.commit()?;
            Ok(())
        })
    }

    /// Makes one line of each day that is long gone, and forgets what is gone for years.
    pub(crate) fn roll_up_usage(&self, now: Timestamp) -> Result<(), Failure> {
        let day = |before: i64| now.as_millis() - now.as_millis().rem_euclid(DAY_MILLIS) - before * DAY_MILLIS;
        self.with(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute("DELETE FROM usage WHERE hour < ?1", [day(DAYS_KEPT)])?;
            transaction.execute(ROLL_UP, params![day(DAYS_BY_HOUR), DAY_MILLIS])?;
            transaction.execute(
                "DELETE FROM usage WHERE hour < ?1 AND hour % ?2 != 0",
                params![day(DAYS_BY_HOUR), DAY_MILLIS],
            )?;
            transaction.commit()?;
            Ok(())
        })
    }
}

/// SQLite counts in 63 bits, which is as good as for ever.
fn column(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn count(column: i64) -> u64 {
    u64::try_from(column).unwrap_or_default()
}

/// A history of an older minor version, that nobody has opened to write since, has no such table.
fn is_there(connection: &Connection) -> Result<bool, Trouble> {
    let found = connection
        .prepare_cached("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'usage'")?
        .query_row([], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

const ADD: &str = "INSERT INTO usage (hour, key, provider, label, model, requests, untold, input, output, cached)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
    ON CONFLICT (hour, key, provider, label, model) DO UPDATE SET requests = requests + excluded.requests,
    untold = untold + excluded.untold, input = input + excluded.input, output = output + excluded.output,
    cached = cached + excluded.cached";

/// The hours of a day but its first are added to that one, and then deleted.
const ROLL_UP: &str = "INSERT INTO usage (hour, key, provider, label, model, requests, untold, input, output, cached)
    SELECT hour - hour % ?2, key, provider, label, model, sum(requests), sum(untold), sum(input), sum(output), sum(cached)
    FROM usage WHERE hour < ?1 AND hour % ?2 != 0 GROUP BY 1, 2, 3, 4, 5
    ON CONFLICT (hour, key, provider, label, model) DO UPDATE SET requests = requests + excluded.requests,
    untold = untold + excluded.untold, input = input + excluded.input, output = output + excluded.output,
    cached = cached + excluded.cached";

/// An hour.
const HOUR_MILLIS: i64 = 3_600_000;

/// A day (UTC).
const DAY_MILLIS: i64 = 86_400_000;

/// 62 days by the hour: whoever asks about an hour asks about this month or the last.
const DAYS_BY_HOUR: i64 = 62;

/// Three years by the day: bills are not disputed longer, and the file stays small.
const DAYS_KEPT: i64 = 3 * 366;

#[cfg(test)]
#[path = "usage_tests.rs"]
mod tests;
