//! How a sandbox behaves before anyone breaks it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::failure::SandboxError;
use crate::scenario::{Order, Wording};

/// Everything that can be chosen about a sandbox; each field has a default that resembles xAI.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where to listen; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Serve TLS with a certificate of a private authority made for this run.
    pub tls: bool,
    /// Offer HTTP/2 beside HTTP/1.1 (only with `tls`, by ALPN).
    pub http2: bool,
    /// Makes identifiers and tokens repeatable; absent means random.
    pub seed: Option<u64>,
    /// How long an access token lives, in seconds.
    pub access_token_lifetime_secs: u64,
    /// Whether token answers carry `expires_in` beside the JWT's `exp`.
    pub answer_expires_in: bool,
    /// Whether each refresh replaces the refresh token.
    pub rotate_refresh_tokens: bool,
    /// For how long after its use a refresh token answers the same pair again, in seconds.
    pub reuse_grace_secs: u64,
    /// Whether revoking any token of a login ends the login, or only that token, and with a refresh token the access tokens
    /// so far (RFC 7009 section 2.1 leaves it open).
    pub revocation_ends_login: bool,
    /// Whether the token endpoint demands that the authorize request's challenge is repeated.
    pub require_challenge_at_token: bool,
    /// Whether an authorize request is approved without asking.
    pub automatic_consent: bool,
    /// Whether the approved consent page shows the code instead of redirecting.
    pub show_code: bool,
    /// How long an authorization code can be exchanged, in seconds.
    pub code_lifetime_secs: u64,
    /// Whether a device login is approved without asking.
    pub automatic_device_approval: bool,
    /// Seconds a device has to wait between polls; 0 never answers `slow_down`.
    pub device_interval_secs: u64,
    /// How long a device code lives, in seconds.
    pub device_lifetime_secs: u64,
    /// The public clients that are known.
    pub client_ids: Vec<String>,
    /// Who logs in where the request does not say so (`login_hint`).
    pub subject: String,
    /// The `tier` claim of access tokens.
    pub tier: String,
    /// The models that are served.
    pub models: Vec<String>,
    /// The API keys that are accepted beside grants.
    pub api_keys: Vec<String>,
    /// In how many pieces the answer's text is streamed.
    pub chunks: usize,
    /// Milliseconds between two pieces.
    pub gap_ms: u64,
    /// How a token that is really expired, revoked or unknown is refused.
    pub wording: Wording,
    /// Scenarios that are armed from the start.
    pub scenarios: Vec<Order>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tls: false,
            http2: false,
            seed: None,
            access_token_lifetime_secs: XAI_LIFETIME_SECS,
            answer_expires_in: true,
            rotate_refresh_tokens: true,
            reuse_grace_secs: 0,
            revocation_ends_login: true,
            require_challenge_at_token: true,
            automatic_consent: true,
            show_code: false,
            code_lifetime_secs: 60,
            automatic_device_approval: true,
            device_interval_secs: 1,
            device_lifetime_secs: 600,
            client_ids: vec![String::from("evergrant"), String::from(GROK_CLI)],
            subject: String::from("user-1"),
            tier: String::from("supergrok"),
            models: vec![String::from("grok-4.3"), String::from("grok-4.3-mini")],
            api_keys: vec![String::from("sk-sandbox-0000000000000000")],
            chunks: 5,
            gap_ms: 0,
            wording: Wording::Wke,
            scenarios: Vec::new(),
        }
    }
}

impl Config {
    /// Reads a configuration from TOML text; keys that are absent keep their default.
    ///
    /// # Errors
    /// Unknown keys, bad values and unknown scenarios, with the place in the text.
    pub fn from_toml(text: &str) -> Result<Self, SandboxError> {
        toml::from_str(text).map_err(|error| SandboxError::Configuration(error.to_string()))
    }

    /// Reads a configuration from a TOML file.
    ///
    /// # Errors
    /// As [`Self::from_toml`], and a file that cannot be read.
    pub fn from_file(path: &Path) -> Result<Self, SandboxError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| SandboxError::Configuration(format!("cannot read `{}`: {error}", path.display())))?;
        Self::from_toml(&text)
    }
}

/// Six hours, the lifetime seen most often at xAI.
const XAI_LIFETIME_SECS: u64 = 6 * 60 * 60;
/// The public client of Grok's own CLI, which the xAI row uses too.
const GROK_CLI: &str = "b1a00492-073a-47ea-816f-4c329264a828";
