//! What was found in a tool's file, in one shape for all tools.

use evergrant_engine::secret::Secret;
use evergrant_engine::time::Timestamp;
use serde_json::Value;

use super::vessel::Place;

/// All that a file holds for us.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// OAuth grants, each once.
    pub(super) grants: Vec<FoundGrant>,
    /// API keys.
    pub(super) keys: Vec<FoundKey>,
    /// What is there and cannot be used, and why.
    pub(super) unusable: Vec<(String, String)>,
}

/// A grant of another tool.
#[derive(Clone, Debug)]
pub(super) struct FoundGrant {
    /// Its name within the file, by which it is found again.
    pub(super) entry: String,
    /// Everywhere it stands.
    pub(super) places: Vec<Place>,
    /// The row that the tool means, if it has names for providers.
    pub(super) provider: Option<String>,
    /// The issuer, where the file names it.
    pub(super) issuer: Option<String>,
    /// The client, where the file names it.
    pub(super) client_id: Option<String>,
    /// The access token.
    pub(super) access_token: Secret<String>,
    /// The refresh token; it is looked at only when the grant is taken over.
    pub(super) refresh_token: Option<Secret<String>>,
    /// The identity token.
    pub(super) id_token: Option<Secret<String>>,
    /// When the access token expires, as the file has it.
    pub(super) expires_at: Option<Timestamp>,
    /// When the tool logged in, if it remembers.
    pub(super) since: Option<Timestamp>,
    /// The user, where the tokens do not tell.
    pub(super) subject: Option<String>,
    /// The account, where the tokens do not tell.
    pub(super) account: Option<String>,
}

/// An API key of another tool.
#[derive(Clone, Debug)]
pub(super) struct FoundKey {
    /// Its name within the file.
    pub(super) entry: String,
    /// The row that the tool means.
    pub(super) provider: String,
    /// The key.
    pub(super) key: Secret<String>,
}

/// A text field that is not blank.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// The same as a secret.
pub(super) fn secret(value: &Value, name: &str) -> Option<Secret<String>> {
    text(value, name).map(Secret::from)
}

/// A time, as RFC 3339 or as seconds or milliseconds since 1970.
pub(super) fn time(value: &Value, name: &str) -> Option<Timestamp> {
    let field = value.get(name)?;
    if let Some(text) = field.as_str() {
        // Python writes `+00:00` and microseconds, both of which RFC 3339 allows.
        return Timestamp::parse_rfc3339(text.trim());
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    let number = field
        .as_f64()
        .filter(|number| number.abs() < 9e15)
        .map(|number| number as i64)?;
    Some(if number > MILLIS_FROM {
        Timestamp::from_millis(number)
    } else {
        Timestamp::from_secs(number)
    })
}

/// 1e11 s lie in the year 5138; as milliseconds they are 1973: a number beyond counts milliseconds.
const MILLIS_FROM: i64 = 100_000_000_000;
