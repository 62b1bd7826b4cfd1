//! Reads a captured answer with the same classifier that reads every answer, and says why it reads so.

use std::fmt::Write as _;

use evergrant_engine::credential::{Kind, ProviderId};
use evergrant_engine::failure::Failure;
use evergrant_engine::provider::{Origin, Row};
use evergrant_engine::remedy::Remedy;
use evergrant_engine::time::Timestamp;
use evergrant_engine::verdict::{Channel, Evidence, Reading, Situation, Verdict, advise, classify};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::clock::{Clock, SystemClock};
use crate::provider::key_provider;
use crate::settings::Settings;

/// An answer as somebody captured it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// Whose answer it is; without it, or where no row has that id, only what holds for every provider is asked.
    pub provider: Option<String>,
    /// Where it was read.
    pub channel: Channel,
    /// What the request was authenticated with.
    pub kind: Kind,
    /// Its status.
    pub status: u16,
    /// Its headers; those that HTTP does not allow are left out.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

/// What it means, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What it means.
    pub verdict: Verdict,
    /// The signal that decided.
    pub signal_name: String,
    /// The tier of that signal.
    pub tier: &'static str,
    /// The file it stands in.
    pub file: String,
    /// Its line there; 0 where a rule in code decided.
    pub line: u32,
    /// The one thing to do, if anything is wrong.
    pub remedy: Option<Remedy>,
    /// How long until it is worth trying again, if the answer says so.
    pub retry_after_secs: Option<u64>,
    /// What says so.
    pub reset_source: Option<String>,
    /// A signal ready to be put into the provider's row, for whoever knows better.
    pub suggestion: Option<String>,
}

/// Explains it.
///
/// # Errors
/// A row of the user's that cannot be used.
pub fn explain(settings: &Settings, captured: &Captured) -> Result<Explanation, Failure> {
    let row = captured
        .provider
        .as_deref()
        .and_then(|id| settings.table.row(&ProviderId::from(id)))
        .map(AsRef::as_ref);
    let headers: HeaderMap = captured.headers.iter().filter_map(header).collect();
    let evidence = Evidence::read(captured.status, &headers, &captured.body);
    let now = SystemClock::new().now().wall;
    let reading = classify(row, captured.channel, &evidence, now);
    let remedy = remedy(settings, captured, row, &reading, now);
    Ok(Explanation {
        verdict: reading.verdict,
        tier: reading.signal.tier.as_str(),
        file: reading.signal.file.clone(),
        line: reading.signal.line,
        retry_after_secs: reading.retry_after.map(|after| after.as_secs()),
        reset_source: reading.reset_source.as_ref().map(ToString::to_string),
        // Where nothing is to be done there is nothing to be found the next time.
        suggestion: remedy.as_ref().and_then(|_| suggestion(captured, &reading)),
        remedy,
        signal_name: reading.signal.name,
    })
}

fn header((name, value): &(String, String)) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    let value = HeaderValue::from_bytes(value.as_bytes()).ok()?;
    Some((name, value))
}

/// What would help; a provider that has no row is spoken of as if it had a plain one.
fn remedy(
    settings: &Settings,
    captured: &Captured,
    row: Option<&Row>,
    reading: &Reading,
    now: Timestamp,
) -> Option<Remedy> {
    let plain;
    let row = match row {
        Some(row) => row,
        None => {
            plain = plain_row(captured)?;
            &plain
        }
    };
    let key_provider = key_provider(settings, &row.id);
    let situation = Situation {
        row,
        kind: captured.kind,
        label: None,
        owner: None,
        key_provider: key_provider.as_ref(),
        reset: reading.retry_after.map(|after| now.plus(after)),
    };
    match advise(reading.verdict, &situation) {
        Some(Remedy::CheckNetwork { host }) if host == NOWHERE => Some(Remedy::CheckNetwork {
            host: row.id.to_string(),
        }),
        remedy => remedy,
    }
}

fn plain_row(captured: &Captured) -> Option<Row> {
    let auth = match captured.kind {
        Kind::Grant | Kind::Borrowed => PLAIN_OAUTH,
        Kind::ApiKey => PLAIN_KEY,
    };
    let id = toml::Value::from(captured.provider.as_deref().unwrap_or(UNNAMED));
    Row::parse("", &format!("id = {id}\nname = {id}\n{auth}"), Origin::BuiltIn).ok()
}

/// A signal that finds this answer's own words, wherever no table knew them.
fn suggestion(captured: &Captured, reading: &Reading) -> Option<String> {
    let words = reading.fragment.trim();
    if reading.is_placed() || words.is_empty() {
        return None;
    }
    let mut text = String::from("[[signal]]\n");
    let provider = captured.provider.as_deref().unwrap_or("my");
    for (key, value) in [
        (
            "name",
            toml::Value::from(format!("{provider}-{}", reading.verdict.as_str())),
        ),
        ("channel", captured.channel.as_str().into()),
        ("status", vec![toml::Value::from(i64::from(captured.status))].into()),
        ("where", "any".into()),
        ("contains", words.into()),
        ("verdict", reading.verdict.as_str().into()),
    ] {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{key} = {value}");
    }
    Some(text)
}

/// What stands in a command in the place of a provider that was not named.
const UNNAMED: &str = "PROVIDER";
/// The host of the two rows below, which stands for a provider's that is not known.
const NOWHERE: &str = "provider.invalid";
/// The least that makes a row with a login.
const PLAIN_OAUTH: &str = r#"
base_url = "https://provider.invalid/v1"
hosts = ["provider.invalid"]
auth = "oauth"
[oauth]
token_endpoint = "https://provider.invalid/token"
client_id = "evergrant"
scope = ""
redirect = "http://127.0.0.1:0/callback"
flows = ["paste"]
"#;
/// The least that makes a row with keys.
const PLAIN_KEY: &str = r#"
base_url = "https://provider.invalid/v1"
hosts = ["provider.invalid"]
auth = "api-key"
"#;
