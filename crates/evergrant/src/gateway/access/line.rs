//! An entry as a line: a JSON document, or `key=value` for people.

use std::fmt::Write as _;
use std::time::{Duration, UNIX_EPOCH};

use evergrant_driver::Timestamp;
use evergrant_driver::client_key::KeyName;
use evergrant_driver::settings::LogForm;
use serde::Serialize;

use super::entry::Entry;

#[derive(Serialize)]
struct Shape<'a> {
    event: &'static str,
    time: String,
    id: &'a str,
    client_id: Option<&'a str>,
    upstream_id: Option<&'a str>,
    client: Option<String>,
    client_key: Option<&'a str>,
    method: &'a str,
    path: &'a str,
    surface: &'a str,
    model: Option<&'a str>,
    provider: Option<&'a str>,
    credential: Option<&'a str>,
    status: u16,
    code: Option<&'a str>,
    attempts: u32,
    repaired: &'a [&'static str],
    received_bytes: u64,
    sent_bytes: u64,
    ended: &'static str,
    total_ms: f64,
    first_byte_ms: Option<f64>,
    upstream_ms: Option<f64>,
    recovery_ms: Option<f64>,
    own_ms: Option<f64>,
}

/// Appends the entry's line.
pub(super) fn write(entry: &Entry, form: LogForm, out: &mut Vec<u8>) {
    let shape = shape(entry);
    match form {
        // Into memory it cannot fail: every key is a text.
        LogForm::Json => drop(serde_json::to_writer(&mut *out, &shape)),
        LogForm::Text => out.extend_from_slice(text(&shape).as_bytes()),
    }
    out.push(b'\n');
}

fn shape(entry: &Entry) -> Shape<'_> {
    let trail = &entry.trail;
    let since = entry.came.duration_since(UNIX_EPOCH).unwrap_or_default();
    let time = Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or_default());
    let reached = trail.attempts > 0;
    Shape {
        event: "request",
        time: time.to_string(),
        id: entry.id.to_str().unwrap_or_default(),
        client_id: entry.client_id.as_deref(),
        upstream_id: entry.upstream_id.as_deref(),
        client: entry.client.map(|address| address.to_string()),
        client_key: entry.key.as_ref().map(KeyName::as_str),
        method: entry.method.as_str(),
        path: &entry.path,
        surface: entry.surface,
        model: entry.model.as_deref(),
        provider: trail.provider.as_ref().map(|provider| provider.as_str()),
        credential: trail.credential.as_ref().map(|id| id.as_str()),
        status: entry.status.as_u16(),
        code: entry.code,
        attempts: trail.attempts,
        repaired: &trail.repaired,
        received_bytes: entry.received.read(),
        sent_bytes: entry.ending.sent,
        ended: entry.ended.as_str(),
        total_ms: millis(entry.ending.total),
        first_byte_ms: entry.ending.first_byte.map(millis),
        upstream_ms: reached.then(|| millis(trail.spent.upstream)),
        recovery_ms: reached.then(|| millis(trail.spent.recovery)),
        own_ms: entry.own.map(millis),
    }
}

fn text(shape: &Shape<'_>) -> String {
    let mut line = format!("time={}", shape.time);
    let mut tell = |key: &str, value: Option<&str>| {
        let Some(value) = value else { return };
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\"\\=".contains(&byte);
        // A string takes whatever is written to it.
        let _ = if !value.is_empty() && value.bytes().all(is_plain) {
            write!(line, " {key}={value}")
        } else {
            write!(line, " {key}={value:?}")
        };
    };
    let number = |value: Option<f64>| value.map(|value| value.to_string());
    tell("client", shape.client.as_deref());
    tell("client_key", shape.client_key);
    tell("method", Some(shape.method));
    tell("path", Some(shape.path));
    tell("status", Some(&shape.status.to_string()));
    tell("code", shape.code);
    tell("surface", Some(shape.surface));
    tell("model", shape.model);
    tell("provider", shape.provider);
    tell("credential", shape.credential);
    tell("attempts", Some(&shape.attempts.to_string()));
    tell(
        "repaired",
        Some(&shape.repaired.join(","))
            .filter(|told| !told.is_empty())
            .map(String::as_str),
    );
    tell("received_bytes", Some(&shape.received_bytes.to_string()));
    tell("sent_bytes", Some(&shape.sent_bytes.to_string()));
    tell("ended", Some(shape.ended));
    tell("total_ms", Some(&shape.total_ms.to_string()));
    tell("first_byte_ms", number(shape.first_byte_ms).as_deref());
    tell("upstream_ms", number(shape.upstream_ms).as_deref());
    tell("recovery_ms", number(shape.recovery_ms).as_deref());
    tell("own_ms", number(shape.own_ms).as_deref());
    tell("id", Some(shape.id));
    tell("client_id", shape.client_id);
    tell("upstream_id", shape.upstream_id);
    line
}

/// To the microsecond.
fn millis(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, Request, StatusCode};

    use super::super::entry::Ended;
    use super::*;
    use crate::gateway::measures::Ending;

    fn entry() -> Box<Entry> {
        let request = Request::get("/v1/models?key=hunter2").header("x-request-id", "mine-1");
        let request = request.body(()).unwrap();
        let mut entry = Entry::new(&request, HeaderValue::from_static("0-1"), None, "models");
        entry.asks_for("a \"model\"");
        entry.answered(StatusCode::NOT_FOUND, &HeaderMap::new(), Default::default(), None);
        entry.failed("unknown-path");
        Box::new(entry).ended(
            Ended::Left,
            Ending {
                sent: 7,
                total: Duration::from_micros(1_500),
                first_byte: None,
            },
        )
    }

    fn line(form: LogForm) -> String {
        let mut out = Vec::new();
        write(&entry(), form, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_is_one_document() {
        let told: serde_json::Value = serde_json::from_str(line(LogForm::Json).trim_end()).unwrap();
        assert_eq!(told["event"], "request");
        assert_eq!(
            (&told["path"], &told["client_id"]),
            (&"/v1/models".into(), &"mine-1".into())
        );
        assert_eq!((&told["model"], &told["status"]), (&"a \"model\"".into(), &404.into()));
        assert_eq!(
            (&told["total_ms"], &told["upstream_ms"]),
            (&1.5.into(), &serde_json::Value::Null)
        );
    }

    #[test]
    fn a_line_for_people_has_keys_and_values() {
        let told = line(LogForm::Text);
        assert!(
            told.starts_with("time=2") && told.ends_with(" client_id=mine-1\n"),
            "{told}"
        );
        assert!(
            told.contains(" method=GET path=/v1/models status=404 code=unknown-path "),
            "{told}"
        );
        assert!(
            told.contains(" model=\"a \\\"model\\\"\" ") && told.contains(" ended=left total_ms=1.5 "),
            "{told}"
        );
        assert!(!told.contains("hunter2"));
    }
}
