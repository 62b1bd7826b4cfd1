//! `config.toml` as it is written, before anything about it is believed.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

/// The whole file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Written {
    pub(super) serve: WrittenServe,
    pub(super) store: WrittenStore,
    pub(super) pool: BTreeMap<Spanned<String>, WrittenPool>,
    pub(super) route: BTreeMap<Spanned<String>, Spanned<Vec<String>>>,
    pub(super) chat: WrittenChat,
    pub(super) tasks: WrittenTasks,
}

/// `[serve]`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenServe {
    pub(super) listen: Option<Vec<Spanned<String>>>,
    pub(super) tls_cert: Option<Spanned<String>>,
    pub(super) tls_key: Option<Spanned<String>>,
    pub(super) max_connections: Option<Spanned<i64>>,
    pub(super) idle_secs: Option<Spanned<i64>>,
    pub(super) write_idle_secs: Option<Spanned<i64>>,
    pub(super) drain_secs: Option<Spanned<i64>>,
    pub(super) access_log: Option<Spanned<String>>,
    pub(super) access_log_file: Option<Spanned<String>>,
    pub(super) require_key: Option<bool>,
    pub(super) usage: Option<bool>,
    pub(super) metrics: Option<bool>,
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
    pub(super) cooldown: BTreeMap<Spanned<String>, WrittenPause>,
    pub(super) limits_by_model: Option<Vec<Spanned<String>>>,
}

/// One line of `[pool.PROVIDER.cooldown]`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenPause {
    pub(super) first_secs: Option<u64>,
    pub(super) most_secs: Option<u64>,
    pub(super) reset_most_secs: Option<u64>,
    pub(super) sole_most_secs: Option<u64>,
}

/// `[chat]`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenChat {
    pub(super) provider: Option<Spanned<String>>,
    pub(super) model: Option<Spanned<String>>,
    pub(super) window_tokens: Option<Spanned<i64>>,
}

/// Each of `[tasks]`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenTask {
    pub(super) enabled: Option<bool>,
    pub(super) provider: Option<Spanned<String>>,
    pub(super) model: Option<Spanned<String>>,
    pub(super) budget_tokens: Option<Spanned<i64>>,
    pub(super) timeout_secs: Option<Spanned<i64>>,
}

/// `[tasks]`
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenTasks {
    pub(super) title: WrittenTask,
    pub(super) summary: WrittenTask,
}

impl Written {
    /// Every provider that is named: where, under which key, and which.
    pub(super) fn providers(&self) -> Vec<(Range<usize>, String, &str)> {
        let mut named = Vec::new();
        for provider in self.pool.keys() {
            let id = provider.get_ref().as_str();
            named.push((provider.span(), format!("pool.{id}"), id));
        }
        for (glob, providers) in &self.route {
            for id in providers.get_ref() {
                named.push((providers.span(), format!("route.\"{}\"", glob.get_ref()), id.as_str()));
            }
        }
        for (table, provider) in [
            ("chat", &self.chat.provider),
            ("tasks.title", &self.tasks.title.provider),
            ("tasks.summary", &self.tasks.summary.provider),
        ] {
            if let Some(provider) = provider {
                named.push((
                    provider.span(),
                    format!("{table}.provider"),
                    provider.get_ref().as_str(),
                ));
            }
        }
        named
    }
}
