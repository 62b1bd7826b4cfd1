//! A provider's row: everything that is particular to it, as data.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName};
use url::Url;

use super::hosts::Hosts;
use super::pause::Pauses;
use super::quirk::Quirks;
use super::signal::Signal;
use crate::credential::ProviderId;

/// One provider.
#[derive(Clone, Debug)]
pub struct Row {
    /// The id, as in `evergrant login ID`.
    pub id: ProviderId,
    /// The name for people.
    pub name: String,
    /// The inference API's base, usually ending in `/v1`; https, or http on loopback.
    pub base_url: Url,
    /// Where its credentials may be sent.
    pub hosts: Hosts,
    /// How it is authenticated.
    pub auth: Auth,
    /// Which models it serves.
    pub models: Vec<ModelGlob>,
    /// The model to use when none is named.
    pub default_model: Option<String>,
    /// The path below `base_url` that `doctor --probe` asks.
    pub probe: Option<String>,
    /// Extra request headers.
    pub headers: HeaderMap,
    /// Paths whose ambiguous requests may be sent again.
    pub replayable: Vec<String>,
    /// Whether errors hide in the JSON of a 200.
    pub errors_in_200: bool,
    /// How many hours east of UTC the clock is that its texts tell without naming a zone.
    pub local_hours: i8,
    /// The API surfaces it has, such as `chat`, `responses`, `messages`; empty is "not known".
    pub surfaces: Vec<String>,
    /// Where people change the plan of their account.
    pub plan_page: Option<String>,
    /// Where people add credit, or raise a spending limit.
    pub billing_page: Option<String>,
    /// Where people make and edit API keys.
    pub keys_page: Option<String>,
    /// The row that takes API keys for the same API, as the table of all rows tells.
    pub key_provider: Option<ProviderId>,
    /// How long the first byte of an answer may take.
    pub first_byte: Option<Duration>,
    /// What it says of cooldowns.
    pub pauses: Pauses,
    /// Its signals: the user's own first, then the built-in ones.
    pub signals: Vec<Arc<Signal>>,
    /// Where the row comes from, for messages.
    pub origin: Origin,
}

impl Row {
    /// The OAuth half, if it has one.
    pub const fn oauth(&self) -> Option<&OAuth> {
        match &self.auth {
            Auth::OAuth(oauth) => Some(oauth),
            Auth::ApiKey(_) => None,
        }
    }

    /// Whether one of the row's globs matches the model.
    pub fn serves(&self, model: &str) -> bool {
        self.models.iter().any(|glob| glob.matches(model))
    }
}

/// Where a row was read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// Embedded in the program.
    BuiltIn,
    /// The user's file.
    File(String),
}

/// How a provider is authenticated.
#[derive(Clone, Debug)]
pub enum Auth {
    /// By an OAuth grant.
    OAuth(Box<OAuth>),
    /// By an API key.
    ApiKey(ApiKeyAuth),
}

/// An API key's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKeyAuth {
    /// Environment variables that usually hold it; they are never handed to children.
    pub key_env: Vec<String>,
    /// The request header; `authorization` gets the `Bearer` prefix, any other the bare key.
    pub header: HeaderName,
    /// Whether the provider works without any key (a local server).
    pub optional: bool,
}

/// The OAuth half of a row.
#[derive(Clone, Debug)]
pub struct OAuth {
    /// The issuer, whose discovery document names the endpoints that are not given.
    pub issuer: Option<Url>,
    /// Endpoints given in the row; they win over discovery.
    pub endpoints: Endpoints,
    /// The public client id.
    pub client_id: String,
    /// The scope asked for, space-separated.
    pub scope: String,
    /// Where the browser comes back to.
    pub redirect: Redirect,
    /// The flows that work, in order of preference.
    pub flows: Vec<Flow>,
    /// Extra parameters of the authorize request, in the row's order.
    pub authorize_params: Vec<(String, String)>,
    /// Departures from the standards.
    pub quirks: Quirks,
    /// How long before expiry the keeper renews, if the row says so.
    pub lead: Option<Duration>,
    /// How long a spent refresh token may be used once more.
    pub reuse_grace: Duration,
    /// Token-endpoint error codes that end a grant, beside `invalid_grant`; if none is named, those of the known servers.
    pub terminal: Vec<String>,
    /// How long a token exchange may take; at least 20 s.
    pub exchange_timeout: Duration,
    /// Origins that may call the loopback listener by CORS.
    pub callback_origins: Vec<String>,
    /// Whether another free port may be used when the redirect's is taken.
    pub port_fallback: bool,
    /// The grant ends this long after the login, whatever is rotated.
    pub hard_end: Option<Duration>,
    /// The grant ends when unused this long.
    pub idle: Option<Duration>,
    /// Whether refreshes of one client id go one at a time.
    pub serialize_client: bool,
    /// How a refresh is encoded.
    pub refresh_body: BodyForm,
    /// The header that carries the refresh token instead of the body.
    pub refresh_token_header: Option<HeaderName>,
    /// Which device flow it speaks.
    pub device: DeviceDialect,
}

/// The endpoints of an authorization server.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Endpoints {
    /// RFC 6749 3.1.
    pub authorization: Option<Url>,
    /// RFC 6749 3.2.
    pub token: Option<Url>,
    /// RFC 8628 3.1.
    pub device_authorization: Option<Url>,
    /// RFC 7009.
    pub revocation: Option<Url>,
}

/// A loopback redirect URI (RFC 8252 7.3); port 0 stands for any free port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// `127.0.0.1`, `[::1]`, or `localhost` where the row names it.
    pub host: String,
    /// The port, 0 for any.
    pub port: u16,
    /// The path, beginning with a slash.
    pub path: String,
}

/// A way to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flow {
    /// A browser on this machine, redirected to the loopback listener.
    Browser,
    /// A code typed on another device (RFC 8628).
    Device,
    /// The redirect URL or code pasted back.
    Paste,
}

impl Flow {
    /// The word of rows and flags.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Device => "device",
            Self::Paste => "paste",
        }
    }
}

/// How a refresh request's body is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum BodyForm {
    /// `application/x-www-form-urlencoded`, as RFC 6749 asks.
    #[default]
    Form,
    /// A JSON object.
    Json,
}

/// Which device flow a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum DeviceDialect {
    /// RFC 8628.
    #[default]
    Rfc8628,
    /// The two-step flow of `auth.openai.com`.
    Codex,
}

/// A model pattern with `*` for any run of characters, case-sensitive.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ModelGlob(pub String);

impl ModelGlob {
    /// The first byte of every text that matches; `None`: they have none in common.
    pub(super) fn lead(&self) -> Option<u8> {
        self.0.bytes().next().filter(|byte| *byte != b'*')
    }

    /// Whether the model matches.
    pub fn matches(&self, model: &str) -> bool {
        let (mut pattern, mut text) = (self.0.as_bytes(), model.as_bytes());
        let mut retry: Option<(&[u8], &[u8])> = None;
        loop {
            match (pattern.split_first(), text.split_first()) {
                // Whatever follows, as in nearly every glob there is.
                (Some((b'*', [])), _) => return true,
                (Some((b'*', rest)), _) => {
                    retry = Some((rest, text));
                    pattern = rest;
                }
                (Some((p, p_rest)), Some((t, t_rest))) if p == t => (pattern, text) = (p_rest, t_rest),
                (None, None) => return true,
                _ => {
                    let Some((after_star, [_, rest @ ..])) = retry else {
                        return false;
                    };
                    // Behind a star is a byte of the text's own, or there would be nothing to try again.
                    let Some(at) = rest.iter().position(|byte| after_star.first() == Some(byte)) else {
                        return false;
                    };
                    retry = Some((after_star, &rest[at..]));
                    (pattern, text) = (after_star, &rest[at..]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(glob: &str, model: &str, matches: bool) {
        assert_eq!(ModelGlob(glob.to_owned()).matches(model), matches, "{glob} {model}");
    }

    #[test]
    fn globs() {
        check("grok-*", "grok-4.3", true);
        check("grok-*", "xgrok-4.3", false);
        check("*", "", true);
        check("a*b*c", "a-b-b-c", true);
        check("a*b*c", "a-b-b-d", false);
        check("exact", "exact", true);
        check("exact", "exactly", false);
    }
}
