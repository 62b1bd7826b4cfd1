//! Captured error replies, as the corpora keep them.

use std::collections::BTreeMap;
use std::path::Path;

use evergrant_engine::provider::{Row, Table};
use evergrant_engine::time::Timestamp;
use evergrant_engine::verdict::{Channel, Evidence, Reading, Tables, classify_by};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

/// One line of a corpus.
#[derive(Deserialize)]
pub(super) struct Captured {
    pub(super) id: String,
    pub(super) provider: String,
    pub(super) channel: String,
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
    pub(super) verdict: String,
    #[serde(default)]
    pub(super) certainty: String,
    #[serde(default)]
    pub(super) tricky: bool,
    pub(super) reset: Option<String>,
    family: Option<String>,
    #[serde(skip)]
    head: HeaderMap,
}

impl Captured {
    /// What the product makes of it.
    pub(super) fn read(&self, table: &Table) -> Reading {
        self.read_by(Tables::built_in(), table)
    }

    /// What other tables and rows make of it.
    pub(super) fn read_by(&self, tables: &Tables, table: &Table) -> Reading {
        let row = table.row(&self.provider.as_str().into());
        classify_by(tables, row.map(|row| &**row), self.channel(), &self.evidence(), NOW)
    }

    /// What other tables make of it, with the row's signals changed.
    pub(super) fn read_with(
        &self,
        tables: &Tables,
        table: &Table,
        evidence: &Evidence<'_>,
        change: &dyn Fn(&mut Row),
    ) -> Reading {
        let row = table.row(&self.provider.as_str().into()).map(|row| {
            let mut row = Row::clone(row);
            change(&mut row);
            row
        });
        classify_by(tables, row.as_ref(), self.channel(), evidence, NOW)
    }

    /// What is known of it.
    pub(super) fn evidence(&self) -> Evidence<'_> {
        Evidence::read(self.status, &self.head, self.body.as_bytes())
    }

    /// Where it was read.
    pub(super) fn channel(&self) -> Channel {
        Channel::parse(&self.channel).unwrap()
    }

    /// Whether it is an inference endpoint's, whole or in a stream.
    pub(super) fn is_inference(&self) -> bool {
        matches!(self.channel(), Channel::Inference | Channel::Stream)
    }

    /// The sentence or code that it shares with its kin.
    pub(super) fn family(&self) -> &str {
        self.family.as_deref().unwrap_or(&self.id)
    }
}

/// The replies that came with the task.
pub(super) fn captured() -> Vec<Captured> {
    of_file("replies.jsonl")
}

/// Replies as documentation and source code of providers, servers and gateways have them.
pub(super) fn documented() -> Vec<Captured> {
    of_file("documented.jsonl")
}

/// Replies that were collected blind, before a rule was looked at.
pub(super) fn collected() -> Vec<Captured> {
    files()
        .filter(|name| name.starts_with("collected_"))
        .flat_map(|name| of_file(&name))
        .collect()
}

fn files() -> impl Iterator<Item = String> {
    let mut names: Vec<_> = std::fs::read_dir(FOLDER)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".jsonl"))
        .collect();
    names.sort();
    names.into_iter()
}

#[expect(
    clippy::disallowed_methods,
    reason = "the corpora lie on disk, and any number of them"
)]
fn of_file(name: &str) -> Vec<Captured> {
    lines(&std::fs::read_to_string(Path::new(FOLDER).join(name)).unwrap())
}

fn lines(text: &str) -> Vec<Captured> {
    text.lines()
        .map(|line| {
            let mut reply: Captured = serde_json::from_str(line).unwrap();
            for (name, value) in &reply.headers {
                let name = name.parse::<HeaderName>().unwrap();
                reply.head.append(name, HeaderValue::from_str(value).unwrap());
            }
            reply
        })
        .collect()
}

/// Each with what is known of it.
pub(super) fn with_evidence(replies: &[Captured]) -> Vec<(&Captured, Evidence<'_>)> {
    replies.iter().map(|reply| (reply, reply.evidence())).collect()
}

/// 2025-10-01T00:00:00Z: before every reset in the corpus but one.
pub(super) const NOW: Timestamp = Timestamp::from_secs(1_759_276_800);
/// Where the corpora lie.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus");
