//! The audit of the rules: each earns its place by the replies that need it, or says why it stands all the same.

use std::collections::BTreeSet;

use evergrant_engine::protection::{Protection, stands};
use evergrant_engine::provider::{Field, Pattern, Signal, Table};
use evergrant_engine::verdict::{Reading, Tables, Verdict};

use super::replies::{Captured, captured, collected, documented, with_evidence};
use super::support::{Known, families, is_read, known};

#[test]
fn every_rule_is_needed_or_says_why_it_stands() {
    let table = Table::built_in();
    let all: Vec<Captured> = captured().into_iter().chain(documented()).chain(collected()).collect();
    let replies = with_evidence(&all);
    let known = known(&table);
    let support = families(&known, &replies);
    let built_in = Tables::built_in();
    // The grammar is for what no table lists; its rules are measured where there are no tables.
    let grammar = Tables::thinned(&|signal, _| is_grammar(signal));
    let (mut needed, mut justified, mut idle) = (0, 0, Vec::new());
    for one in &known {
        let supported: BTreeSet<&str> = one
            .texts
            .iter()
            .filter_map(|text| support.get(&(one.signal.file.clone(), one.signal.line, text.clone())))
            .flatten()
            .copied()
            .collect();
        let alone = is_grammar(&one.signal);
        let all = if alone { &grammar } else { built_in };
        let tables = all.without(&one.signal);
        let changed: BTreeSet<&str> = replies
            .iter()
            .filter(|(reply, _)| is_read(one, reply) && (one.texts.is_empty() || supported.contains(reply.family())))
            .filter(|(reply, evidence)| {
                let whole = reply.read_with(all, &table, evidence, &|row| row.signals.retain(|_| !alone));
                let without = reply.read_with(&tables, &table, evidence, &|row| {
                    row.signals.retain(|signal| !alone && !is_same(signal, &one.signal));
                });
                effect(&whole) != effect(&without)
            })
            .map(|(reply, _)| reply.family())
            .collect();
        // Where nothing justifies, the documented codes that no corpus has yet are idle like any other.
        let because = one.signal.because.as_ref().filter(|_| stands(Protection::WordsRead));
        match (changed.len(), because) {
            (2.., _) => needed += 1,
            (_, Some(_)) => justified += 1,
            (count, None) => idle.push(format!(
                "{}:{}: {} ({count})",
                one.signal.file, one.signal.line, one.signal.name
            )),
        }
    }
    let phrases = known.iter().filter(|one| is_phrase(one)).count();
    println!(
        "{} rules: {needed} change two families or more, {justified} say why they stand, {} do neither; \
         phrases: {phrases} ({:.1} %)",
        known.len(),
        idle.len(),
        100.0 * phrases as f64 / known.len() as f64
    );
    for one in &idle {
        println!("idle: {one}");
    }
    assert!(idle.is_empty());
    assert!(
        3 * phrases <= known.len(),
        "{phrases} of {} rules are phrases",
        known.len()
    );
}

/// What a rule can change: the verdict, and whether it proves that a grant has ended.
fn effect(reading: &Reading) -> (Verdict, bool) {
    (
        reading.verdict,
        reading.verdict == Verdict::GrantDead && !reading.is_opinion(),
    )
}

fn is_grammar(signal: &Signal) -> bool {
    signal.file.ends_with("words.toml")
}

fn is_same(one: &Signal, other: &Signal) -> bool {
    (one.line, &one.file) == (other.line, &other.file)
}

/// Whether the rule looks for parts of sentences instead of a code, a constant, a header or a status.
fn is_phrase(one: &Known) -> bool {
    matches!(one.signal.pattern, Pattern::Contains(_))
        && matches!(one.signal.field, Field::Any | Field::Message | Field::Error)
}
