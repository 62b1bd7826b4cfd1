//! A provider's own words, made fit to be shown: no control characters, no secrets, not too many.

use serde_json::Value;

use crate::secret::Secret;
use crate::wire::Reply;

/// What an error answer says for itself: its error fields, its title or its text; `sent` are secrets it may echo.
pub(super) fn words_of(reply: &Reply, sent: &[&Secret<String>]) -> String {
    let text = String::from_utf8_lossy(&reply.body);
    let mut said = Vec::new();
    match serde_json::from_str::<Value>(&text) {
        Ok(value) => collect(&value, 0, &mut said),
        Err(_) if text.trim_start().starts_with('<') => said.extend(title(&text)),
        Err(_) => said.push(text.into_owned()),
    }
    said.dedup();
    let mut said = said.join(": ");
    for secret in sent {
        if !secret.expose().is_empty() {
            said = said.replace(secret.expose().as_str(), "***");
        }
    }
    let said = shown(&masked(&shown(&said, REPLY_LIMIT)), WORDS_LIMIT);
    if said.is_empty() {
        "it gave no reason".to_owned()
    } else {
        said
    }
}

/// Whether an error answer calls itself by this code (RFC 6749 5.2), flat or nested.
pub(super) fn named(reply: &Reply, code: &str) -> bool {
    let mut said = Vec::new();
    if let Ok(value) = serde_json::from_slice::<Value>(&reply.body) {
        collect(&value, 0, &mut said);
    }
    said.iter().any(|word| word.eq_ignore_ascii_case(code))
}

/// One line of text that a terminal may show: control and direction characters gone, at most `limit` characters.
pub(super) fn shown(text: &str, limit: usize) -> String {
    let unfit = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
    };
    let line: String = text.chars().map(|c| if unfit(c) { ' ' } else { c }).collect();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(limit) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}

fn collect(value: &Value, depth: usize, said: &mut Vec<String>) {
    match value {
        Value::String(text) => said.push(text.clone()),
        Value::Object(fields) if depth < DEPTH => {
            for name in FIELDS {
                if let Some(inner) = fields.get(name) {
                    collect(inner, depth + 1, said);
                }
            }
        }
        Value::Array(items) if depth < DEPTH => {
            if let Some(first) = items.first() {
                collect(first, depth + 1, said);
            }
        }
        Value::Object(_) | Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn title(html: &str) -> Option<String> {
    let lower = html.to_ascii_lowercase();
    let start = lower.find("<title>")? + "<title>".len();
    let end = start + lower[start..].find("</title>")?;
    Some(html[start..end].to_owned())
}

/// Hides runs that look like a token, whoever's they are: long, unbroken, with letters and digits.
fn masked(text: &str) -> String {
    let inside = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(inside) {
        let run = &rest[start..];
        let end = run.find(|c| !inside(c)).unwrap_or(run.len());
        masked.push_str(&rest[..start]);
        let word = &run[..end];
        let opaque = word.len() >= TOKEN_LENGTH && word.contains(|c: char| c.is_ascii_digit());
        masked.push_str(if opaque { "***" } else { word });
        rest = &run[end..];
    }
    masked.push_str(rest);
    masked
}

/// Where envelopes keep their words; in the order in which they read well.
const FIELDS: [&str; 12] = [
    "error",
    "errors",
    "code",
    "error_code",
    "type",
    "reason",
    "error_description",
    "message",
    "error_message",
    "detail",
    "title",
    "description",
];

/// Envelopes nest at most an error in an error; more is not written for people.
const DEPTH: usize = 4;

/// Twenty hex digits is the shortest token seen; a UUID's longest run without a hyphen would be 12.
const TOKEN_LENGTH: usize = 20;

/// A sentence or two; the log has the verdict.
const WORDS_LIMIT: usize = 300;

/// What is masked before it is cut, so that no half token survives the cut.
const REPLY_LIMIT: usize = 8_192;

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderMap;

    use super::*;

    #[track_caller]
    fn check(body: &str, expected: &str) {
        let reply = Reply {
            status: 400,
            headers: HeaderMap::new(),
            body: Bytes::copy_from_slice(body.as_bytes()),
            truncated: false,
        };
        let secret = Secret::from("s3cret");
        assert_eq!(words_of(&reply, &[&secret]), expected, "{body}");
    }

    #[test]
    fn words_are_found_and_cleaned() {
        check("", "it gave no reason");
        check("{}", "it gave no reason");
        check("code_challenge is required", "code_challenge is required");
        check(
            r#"{"error":"invalid_request","error_description":"code_challenge is required"}"#,
            "invalid_request: code_challenge is required",
        );
        check(
            r#"{"error":{"code":"x","message":"no \u001b[31mred\u0007"}}"#,
            "x: no [31mred",
        );
        check(
            "<html><head><title>403 Forbidden</title></head>canary</html>",
            "403 Forbidden",
        );
        check("code s3cret is spent", "code *** is spent");
        check("token eyJhbGciOiJIUzI1NiJ9abc.def was bad", "token ***.def was bad");
    }

    #[test]
    fn words_are_bounded() {
        let long = "no ".repeat(10_000);
        let reply = Reply {
            status: 500,
            headers: HeaderMap::new(),
            body: Bytes::from(long),
            truncated: true,
        };
        assert!(words_of(&reply, &[]).len() <= 310);
    }
}
