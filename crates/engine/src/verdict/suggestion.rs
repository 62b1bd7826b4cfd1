//! A signal ready to be written into a row, for an answer whose words no table knew.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use super::classify::classify;
use super::evidence::Evidence;
use super::found::Role;
use super::reading::Reading;
use super::ties::is_general;
use crate::provider::{Origin, Row, Tier, parse_signals};
use crate::time::Timestamp;
use crate::vocabulary::{Channel, Verdict};

/// A `[[signal]]` that decides this very answer, if one was found; its verdict is the one that was guessed, with the
/// others beside it for whoever knows better.
pub fn suggest(
    row: Option<&Row>,
    provider: &str,
    channel: Channel,
    evidence: &Evidence<'_>,
    guess: &Reading,
) -> Option<String> {
    if guess.is_placed() {
        return None;
    }
    let plain;
    let row = match row {
        Some(row) => row,
        None => {
            plain = Row::parse("", PLAIN_ROW, Origin::BuiltIn).ok()?;
            &plain
        }
    };
    let name = unused_name(row, &format!("{provider}-{}", guess.verdict.as_str()));
    // A status alone says nothing where it has a class of its own.
    let alone = is_general(guess.verdict) || guess.verdict == Verdict::UnknownDenial;
    // An error inside a 200 is told by its words alone.
    let status = (!evidence.is_2xx()).then(|| evidence.status());
    let found = needles(evidence)
        .map(Some)
        .chain(status.filter(|_| alone).map(|_| None));
    let mut written = found.map(|needle| write(&name, channel, status, needle, guess.verdict));
    written.find(|text| decides(row, text, channel, evidence))
}

/// Where to look, how, and for what.
type Needle<'e> = (&'static str, &'static str, Cow<'e, str>);

/// What can be looked for, the plainest first: a code, then a whole class, then the longest run of the provider's own words.
fn needles<'e>(evidence: &'e Evidence<'_>) -> impl Iterator<Item = Needle<'e>> {
    let of_role = move |wanted: Role| evidence.fields().filter(move |(role, _)| *role == wanted);
    let whole =
        |field: &'static str| move |(_, text): (Role, &'_ str)| (field, "equals", Cow::Owned::<str>(text.to_owned()));
    let codes = of_role(Role::Code).filter(|(_, text)| is_word(text)).map(whole("code"));
    let types = of_role(Role::Type).filter(|(_, text)| is_word(text)).map(whole("type"));
    let short = of_role(Role::Error)
        .filter(|(_, text)| is_word(text))
        .map(whole("error"));
    let sentence = |field: &'static str| {
        move |(_, text): (Role, &'_ str)| Some((field, "contains", Cow::Owned::<str>(own_words(text)?.to_owned())))
    };
    let messages = of_role(Role::Message).filter_map(sentence("message"));
    let errors = of_role(Role::Error).filter_map(sentence("error"));
    codes.chain(short).chain(messages).chain(errors).chain(types)
}

/// Whether it is a constant that somebody chose, not a number or a sentence.
fn is_word(text: &str) -> bool {
    text.len() <= WORD_LENGTH && !text.contains(char::is_whitespace) && text.contains(|c: char| c.is_ascii_alphabetic())
}

/// The longest run of words that are the provider's own: nothing quoted, no address, no number.
fn own_words(text: &str) -> Option<&str> {
    let mut longest = "";
    let (mut start, mut end) = (0, 0);
    for word in text.split_inclusive(' ') {
        let bare = word.trim_end();
        let own =
            !bare.contains(|c: char| c.is_ascii_digit() || c.is_control()) && !bare.contains("'_'") && bare != "url";
        if !own || end + bare.len() - start > PHRASE_LENGTH {
            start = end + word.len();
        } else if end + bare.len() - start > longest.len() {
            longest = text.get(start..end + bare.len())?;
        }
        end += word.len();
    }
    Some(longest).filter(|words| words.len() >= SHORTEST_PHRASE)
}

fn unused_name(row: &Row, wished: &str) -> String {
    let taken = |name: &str| {
        row.signals
            .iter()
            .any(|signal| signal.tier == Tier::User && signal.name == name)
    };
    let numbered = (2..100).map(|number| format!("{wished}-{number}"));
    let mut names = std::iter::once(wished.to_owned()).chain(numbered);
    names.find(|name| !taken(name)).unwrap_or_else(|| wished.to_owned())
}

fn write(name: &str, channel: Channel, status: Option<u16>, needle: Option<Needle<'_>>, verdict: Verdict) -> String {
    let mut text = String::from("[[signal]]\n");
    let mut line = |key: &str, value: toml::Value| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{key} = {value}");
    };
    line("name", name.into());
    line("channel", channel.as_str().into());
    if let Some(status) = status {
        line("status", vec![toml::Value::from(i64::from(status))].into());
    }
    if let Some((field, how, words)) = needle {
        line("where", field.into());
        line(how, words.as_ref().into());
    }
    let others = Verdict::ALL
        .iter()
        .filter(|one| **one != verdict && one.is_read_on(channel));
    let others: Vec<_> = others.map(|one| one.as_str()).collect();
    let _ = writeln!(text, "verdict = \"{}\"", verdict.as_str());
    let _ = writeln!(text, "# or, if you know better: {}", others.join(", "));
    text
}

/// Whether the answer is read by this signal once it stands in the row.
fn decides(row: &Row, text: &str, channel: Channel, evidence: &Evidence<'_>) -> bool {
    let Ok(signals) = parse_signals("", text, Tier::User) else {
        return false;
    };
    let Some(own) = signals.first().map(Arc::clone) else {
        return false;
    };
    let mut row = row.clone();
    let place = row.signals.iter().filter(|signal| signal.tier == Tier::User).count();
    row.signals.insert(place, Arc::clone(&own));
    let reading = classify(Some(&row), channel, evidence, Timestamp::default());
    reading.signal.tier == Tier::User && reading.signal.name == own.name
}

/// 80 bytes: the longest code of any table has 60.
const WORD_LENGTH: usize = 80;
/// 80 bytes: a longer run is more than one provider's habit.
const PHRASE_LENGTH: usize = 80;
/// 8 bytes: shorter runs are found anywhere.
const SHORTEST_PHRASE: usize = 8;
/// The least that makes a row.
const PLAIN_ROW: &str = "id = \"any\"\nbase_url = \"https://provider.invalid/v1\"\nauth = \"api-key\"\n";
