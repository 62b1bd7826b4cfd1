//! The page that says what can be read and switched below `/_sandbox/`, as text or as JSON.

use std::fmt::Write as _;

use axum::body::Body;
use http::Response;
use serde_json::{Value, json};

use crate::reply;
use crate::scenario::scenarios;

/// The page for people.
pub(crate) fn page(origin: &str) -> Response<Body> {
    reply::plain(200, "text/plain; charset=utf-8", text(origin))
}

/// The same for programs.
pub(crate) fn document(origin: &str) -> Value {
    let paths: Vec<Value> = PATHS
        .iter()
        .map(|(method, path, does)| json!({"method": method, "path": format!("/_sandbox/{path}"), "does": does}))
        .collect();
    let names: Vec<&str> = scenarios().iter().map(|scenario| scenario.name).collect();
    json!({"paths": paths, "scenarios": names, "example": example(origin)})
}

fn text(origin: &str) -> String {
    let mut text = format!(
        "The sandbox at {origin}: what can be read and switched.\n\n  {}\n\n",
        example(origin)
    );
    for (method, path, does) in PATHS {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {method:<6} /_sandbox/{path:<17} {does}");
    }
    text.push_str("\nScenarios (`evergrant sandbox scenarios` lists their parameters):\n\n");
    for scenario in scenarios() {
        let _ = writeln!(text, "  {:<28} {}", scenario.name, scenario.description);
    }
    text
}

fn example(origin: &str) -> String {
    format!("curl {origin}/_sandbox/scenario -d '{{\"name\":\"rate-limit\",\"times\":1,\"retry_after_secs\":2}}'")
}

/// Method, path below `/_sandbox/`, and what it does.
const PATHS: [(&str, &str, &str); 19] = [
    (
        "POST",
        "scenario",
        "break something: {\"name\", \"times\" (absent: until removed), parameters}",
    ),
    ("GET", "scenario", "what is broken now"),
    ("DELETE", "scenario", "break nothing any more"),
    ("DELETE", "scenario/NAME", "break this no more"),
    ("GET", "index.json", "this page as JSON"),
    ("GET", "scenarios", "every scenario with its parameters"),
    ("POST", "expire", "end all access tokens now: {\"wording\"}"),
    ("POST", "advance", "let time pass: {\"secs\"}"),
    ("POST", "revoke", "end grants, as on a provider's page: {\"subject\"}"),
    ("GET", "devices", "user codes that wait for a person"),
    ("POST", "device", "decide one: {\"user_code\", \"approve\"}"),
    ("GET", "counters", "how many requests of which kind were seen"),
    ("GET", "log", "each request, oldest first"),
    ("GET", "token-requests", "the last token requests, byte by byte"),
    ("GET", "authorize-queries", "what the authorization page was asked"),
    ("GET", "state", "grants and devices"),
    ("GET", "config", "how it behaves"),
    ("POST", "config", "behave otherwise: the fields to change"),
    (
        "POST",
        "reset",
        "clear counters, log and scenarios: {\"grants\": true} forgets grants, too",
    ),
];
