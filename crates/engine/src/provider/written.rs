//! A row as it is written in TOML: the wire form, before anything about it is believed.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenRow {
    pub(super) id: Spanned<String>,
    pub(super) name: Option<String>,
    pub(super) base_url: Option<Spanned<String>>,
    pub(super) hosts: Option<Spanned<Vec<String>>>,
    pub(super) auth: Option<Spanned<String>>,
    pub(super) key_env: Option<Spanned<Vec<String>>>,
    pub(super) key_optional: Option<bool>,
    pub(super) header: Option<Spanned<String>>,
    pub(super) models: Option<Vec<String>>,
    pub(super) default_model: Option<String>,
    pub(super) probe: Option<Spanned<String>>,
    pub(super) headers: Option<BTreeMap<Spanned<String>, String>>,
    pub(super) replayable: Option<Vec<String>>,
    pub(super) errors_in_200: Option<bool>,
    pub(super) local_hours: Option<Spanned<i64>>,
    pub(super) surfaces: Option<Vec<String>>,
    pub(super) first_byte_secs: Option<u64>,
    pub(super) plan_page: Option<Spanned<String>>,
    pub(super) billing_page: Option<Spanned<String>>,
    pub(super) keys_page: Option<Spanned<String>>,
    pub(super) cooldown: Option<BTreeMap<Spanned<String>, WrittenPause>>,
    pub(super) limits_by_model: Option<Vec<Spanned<String>>>,
    pub(super) oauth: Option<Spanned<WrittenOAuth>>,
    #[serde(default)]
    pub(super) signal: Vec<WrittenSignal>,
}

/// One line of `[cooldown]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenPause {
    pub(super) first_secs: Option<u64>,
    pub(super) most_secs: Option<u64>,
    pub(super) reset_most_secs: Option<u64>,
    pub(super) sole_most_secs: Option<u64>,
}

/// The `[oauth]` table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenOAuth {
    pub(super) issuer: Option<Spanned<String>>,
    pub(super) authorization_endpoint: Option<Spanned<String>>,
    pub(super) token_endpoint: Option<Spanned<String>>,
    pub(super) device_authorization_endpoint: Option<Spanned<String>>,
    pub(super) revocation_endpoint: Option<Spanned<String>>,
    pub(super) client_id: Spanned<String>,
    #[serde(default)]
    pub(super) scope: String,
    pub(super) redirect: Option<Spanned<String>>,
    pub(super) flows: Option<Spanned<Vec<Spanned<String>>>>,
    #[serde(default)]
    pub(super) authorize_params: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) quirks: Vec<Spanned<String>>,
    pub(super) lead_secs: Option<u64>,
    pub(super) reuse_grace_secs: Option<u64>,
    pub(super) terminal: Option<Vec<String>>,
    pub(super) exchange_timeout_secs: Option<u64>,
    #[serde(default)]
    pub(super) callback_origins: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) port_fallback: bool,
    pub(super) hard_end_days: Option<u64>,
    pub(super) idle_days: Option<u64>,
    pub(super) serialize: Option<Spanned<String>>,
    pub(super) refresh_body: Option<Spanned<String>>,
    pub(super) refresh_token_header: Option<Spanned<String>>,
    pub(super) device: Option<Spanned<String>>,
}

/// A file of nothing but signals: the tables of the standards and of the common envelopes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenTable {
    #[serde(default)]
    pub(super) signal: Vec<WrittenSignal>,
}

/// One `[[signal]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenSignal {
    pub(super) name: Spanned<String>,
    pub(super) channel: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) status: Vec<Spanned<i64>>,
    #[serde(rename = "where")]
    pub(super) field: Option<Spanned<String>>,
    pub(super) contains: Option<Spanned<OneOrMany>>,
    pub(super) equals: Option<Spanned<OneOrMany>>,
    pub(super) prefix: Option<Spanned<OneOrMany>>,
    pub(super) all: Option<Spanned<OneOrMany>>,
    pub(super) verdict: Spanned<String>,
    pub(super) because: Option<String>,
    pub(super) help: Option<String>,
}

/// A text or a list of texts.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    /// The texts, in lower case.
    pub(super) fn lowered(&self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text.to_lowercase()],
            Self::Many(texts) => texts.iter().map(|text| text.to_lowercase()).collect(),
        }
    }
}
