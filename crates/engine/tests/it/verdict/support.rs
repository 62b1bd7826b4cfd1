//! Which texts of the rules a captured reply has: what supports a rule.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use evergrant_engine::provider::{Field, Pattern, Signal, Table};
use evergrant_engine::verdict::{Channel, Evidence, Role, Tables};

use super::replies::Captured;

/// A text of a rule: the rule's file and line, and the text.
pub(super) type Text = (String, u32, String);

/// A rule, its texts, and the provider whose row it stands in.
pub(super) struct Known {
    pub(super) signal: Arc<Signal>,
    pub(super) texts: Vec<String>,
    pub(super) row: Option<String>,
}

/// Every rule that is built in.
pub(super) fn known(table: &Table) -> Vec<Known> {
    let outside = Tables::texts().into_iter().map(|(signal, texts)| Known {
        signal,
        texts,
        row: None,
    });
    let rows = table.rows().flat_map(|row| {
        row.signals.iter().map(|signal| Known {
            signal: Arc::clone(signal),
            texts: signal.pattern.texts().to_vec(),
            row: Some(row.id.as_str().to_owned()),
        })
    });
    outside.chain(rows).collect()
}

/// For each text, the families of the replies that have it where the rule looks.
pub(super) fn families<'r>(
    known: &[Known],
    replies: &[(&'r Captured, Evidence<'_>)],
) -> BTreeMap<Text, BTreeSet<&'r str>> {
    let mut found: BTreeMap<Text, BTreeSet<&str>> = BTreeMap::new();
    for (reply, evidence) in replies {
        for one in known.iter().filter(|one| is_read(one, reply)) {
            for text in one.texts.iter().filter(|text| has(&one.signal, text, evidence)) {
                let key = (one.signal.file.clone(), one.signal.line, text.clone());
                found.entry(key).or_default().insert(reply.family());
            }
        }
    }
    found
}

/// Whether the rule is read for that reply at all.
pub(super) fn is_read(one: &Known, reply: &Captured) -> bool {
    let is_ours = |channel| matches!(channel, Channel::Inference | Channel::Stream);
    is_ours(one.signal.channel) == is_ours(reply.channel()) && one.row.as_ref().is_none_or(|row| *row == reply.provider)
}

fn has(signal: &Signal, text: &str, evidence: &Evidence<'_>) -> bool {
    if signal.file.ends_with("words.toml") {
        let stem = text.trim_end_matches('*');
        return evidence.said().sayings().any(|saying| saying.contains(stem));
    }
    let matches = |value: &str| match signal.pattern {
        Pattern::Contains(_) => value.contains(text),
        Pattern::Equals(_) => value == text,
        Pattern::Prefix(_) => value.starts_with(text),
        Pattern::Present => false,
    };
    let is_there = |wanted: Option<Role>| {
        let looked_at = evidence
            .fields()
            .filter(|(role, _)| wanted.is_none_or(|wanted| wanted == *role));
        looked_at.into_iter().any(|(_, value)| matches(value))
    };
    match &signal.field {
        Field::Header(name) => {
            let mut values = evidence.headers().get_all(name).iter();
            values.any(|value| {
                value
                    .to_str()
                    .is_ok_and(|value| matches(&value.trim().to_ascii_lowercase()))
            })
        }
        Field::Any => is_there(None),
        Field::Code => is_there(Some(Role::Code)),
        Field::Type => is_there(Some(Role::Type)),
        Field::Error => is_there(Some(Role::Error)),
        Field::Message => is_there(Some(Role::Message)),
    }
}
