//! What kind of body an answer has, and the reader for each.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use url::form_urlencoded;

use super::found::{Found, Role, Shape};
use super::json::{self, Listener};
use super::keys;
use super::sink::Sink;
use super::wording;

/// Reads a body whose head this is.
pub(super) fn read(headers: &HeaderMap, head: &[u8], found: &mut Found) {
    let text = simdutf8::basic::from_utf8(head).map_or_else(|_| String::from_utf8_lossy(head), Cow::Borrowed);
    let trimmed = wording::trimmed(text.trim_start_matches('\u{feff}'));
    found.shape = shape(headers, trimmed);
    let shape = found.shape;
    let mut sink = Sink::into(found, trimmed.len());
    match shape {
        Shape::Empty => {}
        Shape::Json => json::read(trimmed, &mut sink),
        Shape::Events => events(trimmed, &mut sink),
        Shape::Form => form(trimmed, &mut sink),
        Shape::Html => sink.text(Role::Message, &visible(trimmed)),
        Shape::Xml => xml(trimmed, &mut sink),
        Shape::Text => sink.text(Role::Message, trimmed),
    }
    sink.finish();
}

fn shape(headers: &HeaderMap, text: &str) -> Shape {
    let declared = |kind: &str| {
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        content_type.is_some_and(|content_type| content_type.to_ascii_lowercase().contains(kind))
    };
    match text.as_bytes() {
        [] => Shape::Empty,
        [b'{' | b'[', ..] => Shape::Json,
        [b'"', .., b'"'] => Shape::Json,
        [b'<', ..] if is_page(text) || declared("html") => Shape::Html,
        [b'<', ..] => Shape::Xml,
        _ if ["event:", "data:", "id:", "retry:", ":"]
            .iter()
            .any(|lead| text.starts_with(lead)) =>
        {
            Shape::Events
        }
        _ if declared("html") => Shape::Html,
        _ if declared("x-www-form-urlencoded") || is_form(text) => Shape::Form,
        _ => Shape::Text,
    }
}

fn is_page(text: &str) -> bool {
    let mut head = String::new();
    head.extend(text.chars().take(512).map(|c| c.to_ascii_lowercase()));
    let tags = [
        "<!doctype html",
        "<html",
        "<head",
        "<body",
        "<title",
        "<h1",
        "<h2",
        "<div",
        "<p",
    ];
    tags.iter().any(|tag| head.contains(tag))
}

fn is_form(text: &str) -> bool {
    let leads = ["error=", "access_token=", "device_code="];
    !text.contains([' ', '\n']) && leads.iter().any(|lead| text.starts_with(lead))
}

fn form(text: &str, sink: &mut Sink<'_>) {
    sink.marks().object = true;
    sink.marks().whole = true;
    for (key, value) in form_urlencoded::parse(text.as_bytes()).take(PAIR_LIMIT) {
        let marks = sink.marks();
        match key.as_ref() {
            "error" => marks.error |= !value.is_empty(),
            "access_token" => marks.access_token |= !value.is_empty(),
            "device_code" | "user_code" => marks.code |= !value.is_empty(),
            _ => {}
        }
        let meaning = keys::meaning(&key);
        if let Some(role) = meaning.role {
            sink.text(role, &value);
        }
        sink.hint(&key, meaning, &value);
    }
}

/// Every event's data; the event's name counts as a type, because some streams tell an error by it alone.
fn events(text: &str, sink: &mut Sink<'_>) {
    for line in text.lines() {
        if let Some(data) = line.strip_prefix("data:") {
            let data = data.trim();
            if json::looks_like_object(data) {
                json::read(data, sink);
            } else if data != "[DONE]" {
                sink.text(Role::Message, data);
            }
        } else if let Some(name) = line.strip_prefix("event:") {
            sink.text(Role::Type, name);
        }
    }
}

/// AWS and S3-like services: `<Code>`, `<Type>`, `<Message>`.
fn xml(text: &str, sink: &mut Sink<'_>) {
    let mut rest = text;
    for _ in 0..TAG_LIMIT {
        let Some(open) = rest.find('<') else { return };
        rest = &rest[open + 1..];
        let Some(close) = rest.find('>') else { return };
        let name = rest[..close].split_whitespace().next().unwrap_or_default();
        rest = &rest[close + 1..];
        let value = rest.split('<').next().unwrap_or_default();
        let name = name.rsplit(':').next().unwrap_or(name);
        let meaning = keys::meaning(name);
        sink.hint(name, meaning, value);
        if let Some(role) = meaning.role
            && !value.trim().is_empty()
        {
            sink.marks().error = true;
            sink.text(role, &entities(value));
        }
    }
}

/// The words of a page that a reader would see, without scripts and styles.
fn visible(text: &str) -> String {
    let mut words = String::new();
    let mut rest = text;
    while words.len() < VISIBLE_LIMIT {
        let Some(open) = rest.find('<') else {
            push_words(&mut words, rest);
            break;
        };
        push_words(&mut words, &rest[..open]);
        rest = &rest[open..];
        let hidden = HIDDEN.iter().find(|(open, _)| begins_ignoring_case(rest, open));
        if let Some((_, end)) = hidden {
            let Some(at) = find_ignoring_case(rest, end) else { break };
            rest = &rest[at..];
        }
        let Some(close) = rest.find('>') else { break };
        rest = &rest[close + 1..];
    }
    entities(&words).into_owned()
}

fn push_words(words: &mut String, text: &str) {
    for word in text.split_whitespace() {
        words.push_str(word);
        words.push(' ');
    }
}

fn begins_ignoring_case(text: &str, lead: &str) -> bool {
    let head = text.as_bytes().get(..lead.len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(lead.as_bytes()))
}

fn find_ignoring_case(text: &str, needle: &str) -> Option<usize> {
    text.as_bytes()
        .windows(needle.len())
        .position(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

fn entities(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut plain = text.replace("&nbsp;", " ").replace("&quot;", "\"");
    for (entity, c) in [
        ("&#39;", "'"),
        ("&apos;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ] {
        plain = plain.replace(entity, c);
    }
    Cow::Owned(plain)
}

/// 32 pairs: a token answer has fewer than ten.
const PAIR_LIMIT: usize = 32;
/// 256 tags: an XML error has ten.
const TAG_LIMIT: usize = 256;
/// What a page does not show, and what it shows as somebody else's words.
const HIDDEN: [(&str, &str); 7] = [
    ("<script", "</script"),
    ("<style", "</style"),
    ("<!--", "-->"),
    ("<code", "</code"),
    ("<pre", "</pre"),
    ("<samp", "</samp"),
    ("<textarea", "</textarea"),
];
/// 4 KiB: a page says what it is in its title and first lines.
const VISIBLE_LIMIT: usize = 4 * 1024;
