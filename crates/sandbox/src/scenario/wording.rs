//! The wordings in which a provider is known to refuse a token that is no longer good.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One known way to say that the access token was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Wording {
    /// 403, the general `code` text, the marker in brackets at the end of `error` (May 2026).
    #[serde(rename = "stale-wke")]
    Wke,
    /// The same texts as `reason` and `message`.
    #[serde(rename = "stale-reason-message")]
    ReasonMessage,
    /// 403, the marker in `code` (since June 2026).
    #[serde(rename = "stale-code")]
    Code,
    /// 403, the sentence alone, without any marker.
    #[serde(rename = "stale-phrase")]
    Phrase,
    /// 403, everything in upper case.
    #[serde(rename = "stale-upper")]
    Upper,
    /// 403, the marker with a reason and a sentence nobody has seen yet.
    #[serde(rename = "stale-unknown-reason")]
    UnknownReason,
    /// 401 with `WWW-Authenticate`, as RFC 6750 section 3 asks.
    #[serde(rename = "stale-401")]
    Unauthorized,
    /// 403, the marker and the words of an entitlement refusal in one body.
    #[serde(rename = "stale-both")]
    Both,
    /// 200 and an error as the first event of the stream, its fields at the top.
    #[serde(rename = "stale-stream")]
    StreamFlat,
    /// 200 and an error as the first event of the stream, its fields under `error`.
    #[serde(rename = "stale-stream-nested")]
    StreamNested,
}

/// What the refusal looks like before it becomes an HTTP answer.
#[derive(Debug, Clone)]
pub(crate) enum Refused {
    /// A plain answer with this status and JSON.
    Plain(u16, Value),
    /// A 200 event stream that opens with this JSON as its error event.
    Event(Value),
}

impl Wording {
    /// Every wording, in the order of the catalogue.
    pub const ALL: [Self; 10] = [
        Self::Wke,
        Self::ReasonMessage,
        Self::Code,
        Self::Phrase,
        Self::Upper,
        Self::UnknownReason,
        Self::Unauthorized,
        Self::Both,
        Self::StreamFlat,
        Self::StreamNested,
    ];

    /// The name of the scenario that uses this wording.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wke => "stale-wke",
            Self::ReasonMessage => "stale-reason-message",
            Self::Code => "stale-code",
            Self::Phrase => "stale-phrase",
            Self::Upper => "stale-upper",
            Self::UnknownReason => "stale-unknown-reason",
            Self::Unauthorized => "stale-401",
            Self::Both => "stale-both",
            Self::StreamFlat => "stale-stream",
            Self::StreamNested => "stale-stream-nested",
        }
    }

    /// The wording of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|wording| wording.name() == name)
    }

    /// What is said; a caller that wants no stream cannot get an event, so it gets the plain body.
    pub(crate) fn refuse(self, streaming: bool) -> Refused {
        let general = |error: &str| Refused::Plain(403, json!({"code": GENERAL, "error": error}));
        match self {
            Self::Wke => general(VALIDATION_WITH_MARKER),
            Self::ReasonMessage => Refused::Plain(403, json!({"reason": GENERAL, "message": VALIDATION_WITH_MARKER})),
            Self::Code => Refused::Plain(403, json!({"code": MARKER, "error": VALIDATION})),
            Self::Phrase => general(VALIDATION),
            Self::Upper => Refused::Plain(
                403,
                json!({
                    "code": GENERAL.to_uppercase(),
                    "error": VALIDATION_WITH_MARKER.to_uppercase(),
                }),
            ),
            Self::UnknownReason => {
                general("These credentials are of no use here. [WKE=unauthenticated:some-future-reason]")
            }
            Self::Unauthorized => Refused::Plain(
                401,
                json!({"error": {
                    "message": "Token has expired", "type": "authentication_error",
                    "code": "invalid_token",
                }}),
            ),
            Self::Both => general(&format!("{VALIDATION_WITH_MARKER} {ENTITLEMENT}")),
            Self::StreamFlat if streaming => Refused::Event(json!({
                "type": "error", "code": GENERAL, "message": VALIDATION_WITH_MARKER,
            })),
            Self::StreamNested if streaming => Refused::Event(json!({
                "type": "error",
                "error": {"code": MARKER, "message": VALIDATION},
            })),
            Self::StreamFlat | Self::StreamNested => general(VALIDATION_WITH_MARKER),
        }
    }
}

/// The `code` that xAI writes for three different reasons.
pub(crate) const GENERAL: &str = "The caller does not have permission to execute the specified operation";
/// The shorter of xAI's two entitlement texts.
pub(crate) const ENTITLEMENT: &str = "You have either run out of available resources or do not \
     have an active Grok subscription. Manage at https://grok.com";
/// The longer of xAI's two entitlement texts.
pub(crate) const ENTITLEMENT_RESOURCES: &str = "You have either run out of available resources or \
     do not have an active Grok subscription. Manage subscriptions at https://grok.com/?_s=usage \
     or subscribe at https://grok.com/supergrok";
const MARKER: &str = "unauthenticated:bad-credentials";
const VALIDATION: &str = "The OAuth2 access token could not be validated.";
const VALIDATION_WITH_MARKER: &str =
    "The OAuth2 access token could not be validated. [WKE=unauthenticated:bad-credentials]";
