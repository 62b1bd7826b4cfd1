//! `config.toml` as it is written, before anything about it is believed.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

/// The whole file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    pub(super) serve: WrittenServe,
    pub(super) store: WrittenStore,
    pub(super) pool: BTreeMap<String, WrittenPool>,
    pub(super) route: BTreeMap<Spanned<String>, Spanned<Vec<String>>>,
    pub(super) chat: WrittenChoice,
    pub(super) tasks: WrittenTasks,
}

/// `[serve]`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenServe {
    pub(super) listen: Option<Vec<Spanned<String>>>,
}

/// `[store]`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenStore {
    pub(super) url: Option<Spanned<String>>,
    pub(super) key: Option<Spanned<String>>,
}

/// `[pool.PROVIDER]`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenPool {
    pub(super) strategy: Option<Spanned<String>>,
}

/// `[chat]`, and each of `[tasks]`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenChoice {
    pub(super) provider: Option<String>,
    pub(super) model: Option<String>,
}

/// `[tasks]`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenTasks {
    pub(super) title: WrittenChoice,
    pub(super) summary: WrittenChoice,
}
