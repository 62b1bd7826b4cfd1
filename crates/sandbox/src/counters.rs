//! The counts of everything the sandbox has seen.

use std::collections::BTreeMap;

use serde::Serialize;

/// What was seen since the start or the last reset; `/_sandbox/` itself is never counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// TCP connections accepted.
    pub connections: u64,
    /// Requests of any kind.
    pub requests: u64,
    /// Requests for the discovery document.
    pub discoveries: u64,
    /// Authorize requests.
    pub authorize: u64,
    /// Consent pages shown to a person.
    pub consent_pages: u64,
    /// Requests that reached the token endpoint, readable or not.
    pub token_requests: u64,
    /// Token requests by `grant_type`.
    pub token_by_grant_type: BTreeMap<String, u64>,
    /// Token requests with `grant_type=refresh_token`, whatever was answered.
    pub refreshes: u64,
    /// The same by fingerprint (8 hex of SHA-256) of the refresh token sent.
    pub refresh_sends: BTreeMap<String, u64>,
    /// Refreshes that replaced their token.
    pub rotations: u64,
    /// Refreshes with a token that was spent before, inside a grace or not.
    pub refresh_reuses: u64,
    /// Families revoked, by reuse, by their client or by their owner.
    pub families_revoked: u64,
    /// Device logins started.
    pub device_starts: u64,
    /// Polls for a device login.
    pub device_polls: u64,
    /// Requests to the revocation endpoint.
    pub revocations: u64,
    /// Requests that followed the redirect of `token-redirect`.
    pub redirects_followed: u64,
    /// Inference requests.
    pub inference_requests: u64,
    /// Inference requests by path.
    pub inference_by_path: BTreeMap<String, u64>,
    /// Inference requests answered with success.
    pub inference_accepted: u64,
    /// Inference requests refused or failed, in whatever way.
    pub inference_refused: u64,
    /// Event streams begun.
    pub streams_started: u64,
    /// Event streams read to their end.
    pub streams_finished: u64,
    /// Event streams the client left before their end.
    pub streams_disconnected: u64,
    /// What answers said was used, by path; of a stream once it was read to its end.
    pub tokens_told: BTreeMap<String, TokensTold>,
    /// WebSocket upgrades.
    pub upgrades: u64,
    /// How often each scenario struck.
    pub scenarios: BTreeMap<String, u64>,
}

/// What answers of one path said was used, in their own words: only some forms count in the input what came from a cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct TokensTold {
    /// Answers that told.
    pub answers: u64,
    /// `prompt_tokens` or `input_tokens`.
    pub input: u64,
    /// `completion_tokens` or `output_tokens`.
    pub output: u64,
    /// `cached_tokens` or `cache_read_input_tokens`.
    pub cached: u64,
}

impl TokensTold {
    /// Adds what one answer told.
    fn add(&mut self, told: &Self) {
        self.answers += told.answers;
        self.input += told.input;
        self.output += told.output;
        self.cached += told.cached;
    }
}

impl Counters {
    /// Adds what an answer of this path told.
    pub(crate) fn tell(&mut self, path: &str, told: &TokensTold) {
        self.tokens_told.entry(path.to_owned()).or_default().add(told);
    }

    /// Adds one to the entry of a counted map.
    pub(crate) fn count(map: &mut BTreeMap<String, u64>, name: &str) {
        if let Some(count) = map.get_mut(name) {
            *count += 1;
        } else if map.len() < MOST_NAMES {
            map.insert(name.to_owned(), 1);
        }
    }
}

/// More names than a test uses; keeps a fuzzer from filling the memory.
const MOST_NAMES: usize = 100_000;
