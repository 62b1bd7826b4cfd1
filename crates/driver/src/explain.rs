//! Reads a captured answer with the same classifier that reads every answer, and says why it reads so.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use evergrant_engine::credential::{Kind, ProviderId};
use evergrant_engine::failure::Failure;
use evergrant_engine::provider::{Auth, Origin, Row, Tier};
use evergrant_engine::remedy::Remedy;
use evergrant_engine::time::Timestamp;
use evergrant_engine::verdict::{Channel, Evidence, Place, Reading, Situation, Verdict, advise, suggest};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::client::read_captured;
use crate::clock::{Clock, SystemClock};
use crate::settings::Settings;

/// An answer as somebody captured it.
///
/// ```
/// use evergrant_driver::explain::Captured;
/// use evergrant_driver::settings::Settings;
/// use evergrant_driver::{Channel, Kind, explain};
///
/// # let folder = tempfile::tempdir()?;
/// let captured = Captured {
///     provider: Some("openai".to_owned()),
///     channel: Channel::Inference,
///     kind: Kind::ApiKey,
///     status: 401,
///     headers: Vec::new(),
///     body: br#"{"error":{"code":"invalid_api_key"}}"#.to_vec(),
/// };
/// let read = explain(&Settings::load(Some(folder.path().join("home")), [])?, &captured)?;
/// assert_eq!(read.verdict.as_str(), "unauthenticated");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
///
/// ```
/// use evergrant_driver::explain::Captured;
/// use evergrant_driver::settings::Settings;
/// use evergrant_driver::{Channel, Kind, explain};
///
/// # let folder = tempfile::tempdir()?;
/// let captured = Captured {
///     provider: Some("openai".to_owned()),
///     channel: Channel::Inference,
///     kind: Kind::ApiKey,
///     status: 429,
///     headers: Vec::new(),
///     body: br#"{"error":{"code":"insufficient_quota"}}"#.to_vec(),
/// };
/// let read = explain(&Settings::load(Some(folder.path().join("home")), [])?, &captured)?;
/// // What it means, which line of which table says so, and what helps.
/// assert_eq!(read.verdict.as_str(), "out-of-credit");
/// assert!(read.file.ends_with(".toml") && read.line > 0 && read.remedy.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
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
    /// A signal ready to be put into a file, for whoever knows better.
    pub suggestion: Option<Suggestion>,
}

/// A signal that decides an answer which no table knew.
///
/// ```
/// use evergrant_driver::explain::Captured;
/// use evergrant_driver::settings::Settings;
/// use evergrant_driver::{Channel, Kind, explain};
///
/// # let folder = tempfile::tempdir()?;
/// let captured = Captured {
///     provider: Some("openai".to_owned()),
///     channel: Channel::Inference,
///     kind: Kind::ApiKey,
///     status: 418,
///     headers: Vec::new(),
///     body: br#"{"error":{"code":"teapot","message":"this one only makes tea"}}"#.to_vec(),
/// };
/// let read = explain(&Settings::load(Some(folder.path().join("home")), [])?, &captured)?;
/// // No table knows these words: here is what would teach them.
/// let suggestion = read.suggestion.expect("it is unknown");
/// assert!(suggestion.text.contains("[[signal]]") && suggestion.is_new);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Suggestion {
    /// What to write: at the end of the file, or as the whole of a new one.
    pub text: String,
    /// The file, if there is a row of whose answer it is.
    pub file: Option<PathBuf>,
    /// Whether that file is still to be made.
    pub is_new: bool,
}

/// Explains it.
///
/// # Errors
/// A row of the user's that cannot be used.
///
/// ```
/// use evergrant_driver::explain::Captured;
/// use evergrant_driver::settings::Settings;
/// use evergrant_driver::{Channel, Kind, explain};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let captured = Captured {
///     provider: Some("openai".to_owned()),
///     channel: Channel::Inference,
///     kind: Kind::ApiKey,
///     status: 429,
///     headers: vec![("retry-after".to_owned(), "7".to_owned())],
///     body: br#"{"error":{"code":"rate_limit_exceeded","message":"slow down"}}"#.to_vec(),
/// };
/// let read = explain(&Settings::load(Some(folder.path().join("home")), [])?, &captured)?;
/// assert_eq!((read.verdict.as_str(), read.retry_after_secs), ("rate-limited", Some(7)));
/// # Ok(())
/// # }
/// ```
pub fn explain(settings: &Settings, captured: &Captured) -> Result<Explanation, Failure> {
    let named = captured.provider.as_deref().map(ProviderId::from);
    // A row that is only half believed would explain an answer otherwise than it will be read.
    if let Some(fault) = named.as_ref().and_then(|id| settings.table.barred(id)) {
        return Err(fault.clone());
    }
    let row = named.as_ref().and_then(|id| settings.table.row(id)).map(AsRef::as_ref);
    let headers: HeaderMap = captured.headers.iter().filter_map(header).collect();
    let now = SystemClock::new().now().wall;
    let body = in_utf8(&captured.body);
    let (reading, evidence) = read_captured(row, captured.channel, captured.status, &headers, &body, now);
    let remedy = remedy(captured, row, &reading, now);
    Ok(Explanation {
        verdict: reading.verdict,
        tier: reading.signal.tier.as_str(),
        file: reading.signal.file.to_string(),
        line: reading.signal.line,
        retry_after_secs: reading.retry_after.map(|after| after.as_secs()),
        reset_source: reading.reset_source.as_ref().map(ToString::to_string),
        suggestion: suggestion(settings, captured, row, &evidence, &reading),
        remedy,
        signal_name: reading.signal.name.into_owned(),
    })
}

/// What a request to this provider is usually authenticated with: a key where its row takes keys, else a grant.
///
/// ```
/// use evergrant_driver::Kind;
/// use evergrant_driver::explain::usual_kind;
/// use evergrant_driver::settings::Settings;
///
/// # let folder = tempfile::tempdir()?;
/// let settings = Settings::load(Some(folder.path().join("home")), [])?;
/// // For whoever captured an answer and does not know what it answered.
/// assert_eq!(usual_kind(&settings, Some("openai")), Kind::ApiKey);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn usual_kind(settings: &Settings, provider: Option<&str>) -> Kind {
    let row = provider.and_then(|id| settings.table.row(&ProviderId::from(id)));
    match row.map(|row| &row.auth) {
        Some(Auth::ApiKey(_)) => Kind::ApiKey,
        Some(Auth::OAuth(_)) | None => Kind::Grant,
    }
}

fn header((name, value): &(String, String)) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    let value = HeaderValue::from_bytes(value.as_bytes()).ok()?;
    Some((name, value))
}

/// What would help; a provider that has no row is spoken of as if it had a plain one.
fn remedy(captured: &Captured, row: Option<&Row>, reading: &Reading, now: Timestamp) -> Option<Remedy> {
    if let Some(what) = row.and_then(|row| help_of(row, reading)) {
        return Some(Remedy::SeeTo { what });
    }
    let place = row.map_or_else(|| plain_place(captured), Place::of);
    let situation = Situation {
        place: &place,
        channel: captured.channel,
        kind: captured.kind,
        label: None,
        owner: None,
        variable: None,
        reset: reading.retry_after.map(|after| now.plus(after)),
    };
    advise(reading.verdict, &situation)
}

/// What the signal that decided says of what helps.
fn help_of(row: &Row, reading: &Reading) -> Option<String> {
    let decided = row
        .signals
        .iter()
        .find(|signal| signal.name == reading.signal.name && signal.file == reading.signal.file)?;
    decided.help.clone()
}

/// A provider that is known by its name alone, and by what was presented to it.
fn plain_place(captured: &Captured) -> Place {
    let named = captured.provider.as_deref().unwrap_or(UNNAMED);
    let takes_keys = captured.kind == Kind::ApiKey;
    Place {
        takes_keys,
        logs_in: !takes_keys,
        ..Place::without_row(ProviderId::from(named))
    }
}

/// A signal that finds this answer's own words, wherever no table knew them, and where to put it.
fn suggestion(
    settings: &Settings,
    captured: &Captured,
    row: Option<&Row>,
    evidence: &Evidence<'_>,
    reading: &Reading,
) -> Option<Suggestion> {
    let provider = captured.provider.as_deref();
    // A page is no API's word, and without a provider there is nobody whose row could know it.
    if provider.is_none() && captured.body.trim_ascii_start().starts_with(b"<") {
        return None;
    }
    let text = suggest(row, provider.unwrap_or("my"), captured.channel, evidence, reading)?;
    // Signals alone make no row: without one there is no file in which they would be read.
    let (Some(provider), Some(row)) = (provider, row) else {
        return Some(Suggestion {
            text,
            file: None,
            is_new: false,
        });
    };
    let directory = settings.home.providers();
    let file = own_file(row).unwrap_or_else(|| free_file(&directory, provider));
    let is_new = !file.exists();
    let head = format!("id = {}\n\n", toml::Value::from(provider));
    Some(Suggestion {
        text: if is_new { head + &text } else { text },
        file: Some(file),
        is_new,
    })
}

/// The user's file that has the row, or signals of it, already.
fn own_file(row: &Row) -> Option<PathBuf> {
    if let Origin::File(file) = &row.origin {
        return Some(PathBuf::from(file));
    }
    let own = row.signals.iter().find(|signal| signal.tier == Tier::User)?;
    Some(PathBuf::from(&own.file))
}

/// A file for the provider's signals; one of its name that is there already belongs to another.
fn free_file(directory: &Path, provider: &str) -> PathBuf {
    let mut names = [format!("{provider}.toml"), format!("{provider}-signals.toml")].into_iter();
    let free = names.find(|name| !directory.join(name).exists());
    directory.join(free.unwrap_or_else(|| format!("{provider}-more-signals.toml")))
}

/// The body as UTF-8: what a Windows shell has saved is UTF-16, with its mark at the beginning.
fn in_utf8(body: &[u8]) -> Cow<'_, [u8]> {
    let (units, big_endian) = match body {
        [0xff, 0xfe, rest @ ..] => (rest, false),
        [0xfe, 0xff, rest @ ..] => (rest, true),
        [b'{' | b'[' | b'<', 0, ..] => (body, false),
        [0, b'{' | b'[' | b'<', ..] => (body, true),
        _ => return Cow::Borrowed(body),
    };
    let from = if big_endian {
        u16::from_be_bytes
    } else {
        u16::from_le_bytes
    };
    let units = units.chunks_exact(2).map(|pair| from([pair[0], pair[1]]));
    let text: String = char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    Cow::Owned(text.into_bytes())
}

/// What stands in a command in the place of a provider that was not named.
const UNNAMED: &str = "PROVIDER";
