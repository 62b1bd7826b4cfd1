//! The list of scenarios that users read: one line and the parameters of each.

use serde::Serialize;
use serde_json::Value;

use super::fault::{Fault, Stage};
use super::wording::Wording;

/// One scenario as `sandbox scenarios` lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScenarioInfo {
    /// The name under which it is armed.
    pub name: &'static str,
    /// Where it strikes: `inference`, `stream`, `token`, `discovery` or `any`.
    pub area: &'static str,
    /// What it does, in one line.
    pub description: &'static str,
    /// The parameters that are its own.
    pub parameters: Vec<ParameterInfo>,
}

/// One parameter of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ParameterInfo {
    /// Its name in the order.
    pub name: &'static str,
    /// What it does, with its default.
    pub description: &'static str,
}

/// Every scenario, in reading order. All of them also take the filters `path` (prefix),
/// `subject`, `bearer` (the literal token or key), `credential` (`grant` or `api-key`),
/// `grant_type` (token endpoint) and `after` (matching requests that are let through first).
pub fn scenarios() -> Vec<ScenarioInfo> {
    Fault::ALL.iter().copied().map(info).collect()
}

/// Whether a fault takes this parameter with this value; the reason if not.
pub(super) fn check(fault: Fault, name: &str, value: &Value) -> Result<(), String> {
    let known = FILTERS.contains(&name) || entry(fault).1.iter().any(|(own, _)| *own == name);
    if !known {
        return Err(String::from("no such parameter"));
    }
    let fits = match name {
        "headers" => value.is_object(),
        "body" => true,
        name if NUMBERS.contains(&name) => value.is_u64(),
        "wording" => value.as_str().and_then(Wording::from_name).is_some(),
        _ => value.is_string(),
    };
    if fits {
        Ok(())
    } else {
        Err(format!("not a value for it: `{value}`"))
    }
}

fn info(fault: Fault) -> ScenarioInfo {
    let (description, parameters) = entry(fault);
    ScenarioInfo {
        name: fault.name(),
        area: match fault.stage() {
            Stage::Door => "any",
            Stage::Edge | Stage::Account => "inference",
            Stage::Stream => "stream",
            Stage::Token | Stage::Booking | Stage::TokenAnswer => "token",
            Stage::Discovery => "discovery",
        },
        description,
        parameters: parameters
            .iter()
            .map(|(name, description)| ParameterInfo { name, description })
            .collect(),
    }
}

type Entry = (&'static str, &'static [(&'static str, &'static str)]);

fn entry(fault: Fault) -> Entry {
    match fault {
        Fault::StaleWke => (
            "a good token is refused: 403, marker at the end of `error`",
            &[],
        ),
        Fault::StaleReasonMessage => ("the same texts in `reason` and `message`", &[]),
        Fault::StaleCode => ("a good token is refused: 403, marker in `code`", &[]),
        Fault::StalePhrase => (
            "a good token is refused: 403, the sentence without a marker",
            &[],
        ),
        Fault::StaleUpper => ("a good token is refused: 403, all in upper case", &[]),
        Fault::StaleUnknownReason => (
            "a good token is refused: 403, marker with a new reason",
            &[],
        ),
        Fault::Stale401 => ("a good token is refused: 401 with WWW-Authenticate", &[]),
        Fault::StaleBoth => (
            "a good token is refused: marker and entitlement words in one",
            &[],
        ),
        Fault::StaleStream => (
            "a good token is refused by the first event of a 200, flat",
            &[],
        ),
        Fault::StaleStreamNested => ("the same, nested under `error`", &[]),
        Fault::FreshTokenRefused => (
            "each new access token is refused at its first use",
            &[
                (
                    "within_ms",
                    "refuse every use while younger than this, not only the first",
                ),
                ("wording", "in these words (default `stale-wke`)"),
            ],
        ),
        Fault::Entitlement => ("403, no active Grok subscription", &[]),
        Fault::EntitlementResources => ("403, the longer text with its links", &[]),
        Fault::SpendingLimit => ("403, personal team blocked by its spending limit", &[]),
        Fault::Bare403 => ("403 `Forbidden`, nothing else", &[]),
        Fault::Bare403Once => ("403 `Forbidden` once for each access token or key", &[]),
        Fault::RateLimit => (
            "429 with Retry-After",
            &[("retry_after_secs", "Retry-After in seconds (default 1)")],
        ),
        Fault::UsageLimit => (
            "429 usage_limit_reached with resets_at",
            &[("resets_in_secs", "seconds until the reset (default 3600)")],
        ),
        Fault::Overloaded => (
            "529 overloaded_error",
            &[
                ("status", "529 (default) or 503"),
                ("retry_after_secs", "adds Retry-After"),
            ],
        ),
        Fault::ServerError => ("500 with a JSON error", &[("status", "default 500")]),
        Fault::EdgeHtml => (
            "403 with the HTML page of a bot check",
            &[("status", "default 403")],
        ),
        Fault::Slow => ("answers late", &[("delay_ms", "how late (default 1000)")]),
        Fault::Hang => (
            "never answers",
            &[("secs", "gives up after this (default 3600)")],
        ),
        Fault::StreamErrorFirst => (
            "200, then an error event before any content",
            &[
                ("text", "its message (default: no active subscription)"),
                ("code", "its code"),
                ("shape", "`flat` (default) or `nested`"),
            ],
        ),
        Fault::StreamErrorLate => (
            "200, content, then an error event",
            &[
                ("events", "content events before it (default 2)"),
                ("text", "its message"),
                ("code", "its code"),
                ("shape", "`flat` (default) or `nested`"),
            ],
        ),
        Fault::StreamCut => (
            "200, then the connection is cut",
            &[("events", "events before the cut (default 3)")],
        ),
        Fault::StreamEmpty => ("200 and an event stream without any event", &[]),
        Fault::TokenInvalidGrant => ("400 invalid_grant", DESCRIPTION),
        Fault::TokenOther400 => ("400 invalid_request", DESCRIPTION),
        Fault::TokenInvalidClient => ("401 invalid_client", DESCRIPTION),
        Fault::Token403Html => ("403 with the HTML page of a bot check", &[]),
        Fault::Token404 => ("404 with an HTML page", &[]),
        Fault::Token429 => (
            "429 with Retry-After",
            &[("retry_after_secs", "Retry-After in seconds (default 1)")],
        ),
        Fault::Token500 => ("500 server_error", &[]),
        Fault::Token503 => ("503 with an HTML page", &[]),
        Fault::TokenTemporarilyUnavailable => ("503 temporarily_unavailable", &[]),
        Fault::TokenHang => (
            "never answers, nothing is spent",
            &[("secs", "gives up after this (default 3600)")],
        ),
        Fault::TokenSlow => (
            "waits, then handles the request as ever",
            &[("delay_ms", "how long (default 1000)")],
        ),
        Fault::TokenRedirect => (
            "302 to another place, and counts who follows",
            &[
                ("location", "where to (default: a trap on this sandbox)"),
                ("status", "default 302"),
            ],
        ),
        Fault::TierRefused => ("403 at the exchange: the plan is not allowed", &[]),
        Fault::ChallengeRequired => ("400 `code_challenge is required` at the exchange", &[]),
        Fault::TokenHtml200 => ("200 with an HTML page, nothing is spent", &[]),
        Fault::TokenArray => ("200 with `[1,2,3]`, nothing is spent", &[]),
        Fault::TokenEmptyObject => ("200 with `{}`, nothing is spent", &[]),
        Fault::TokenJunk => ("200 with 1 MiB of junk, nothing is spent", &[]),
        Fault::AnswerLost => ("spends the token, then closes without an answer", &[]),
        Fault::AnswerCut => ("spends the token, then sends half of the answer", &[]),
        Fault::AnswerSlow => (
            "spends the token at once, answers late",
            &[("delay_ms", "how late (default 1000)")],
        ),
        Fault::AnswerHang => (
            "spends the token, then never answers",
            &[("secs", "gives up after this (default 3600)")],
        ),
        Fault::NoRefreshTokenInAnswer => (
            "the answer has no refresh token; the old one stays good",
            &[],
        ),
        Fault::DiscoveryHtml => ("200 with an HTML page", &[]),
        Fault::DiscoveryWrongIssuer => (
            "the document names another issuer",
            &[("issuer", "default `https://auth.example.com`")],
        ),
        Fault::DiscoveryForeignEndpoint => (
            "the token endpoint is on a foreign host",
            &[(
                "endpoint",
                "default `https://evil.example.com/oauth2/token`",
            )],
        ),
        Fault::Discovery500 => ("500", &[]),
        Fault::Respond => (
            "answers any request below `path` with exactly this",
            &[
                ("status", "default 200"),
                ("headers", "an object of names and values"),
                ("body", "text, or JSON that is sent as such"),
                ("delay_ms", "default 0"),
            ],
        ),
    }
}

const DESCRIPTION: &[(&str, &str)] = &[("description", "its error_description")];
/// Filters and limits that every scenario takes.
const FILTERS: [&str; 6] = [
    "path",
    "subject",
    "bearer",
    "credential",
    "grant_type",
    "after",
];
/// The parameters whose value is a whole number.
const NUMBERS: [&str; 9] = [
    "after",
    "delay_ms",
    "events",
    "resets_in_secs",
    "retry_after_secs",
    "secs",
    "status",
    "times",
    "within_ms",
];
