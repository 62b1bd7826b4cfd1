//! Unseen replies, in effect: each fifth of the families is read without the texts that it alone brought in.

use std::sync::Arc;

use evergrant_engine::provider::{Row, Signal, Table};
use evergrant_engine::verdict::{Tables, thin};

use super::replies::{Captured, captured, collected, documented, with_evidence};
use super::support::{Text, families, known};

#[test]
fn an_unseen_fifth_is_read_by_what_the_others_taught() {
    let table = Table::built_in();
    let all: Vec<Captured> = captured()
        .into_iter()
        .chain(documented())
        .chain(collected())
        .filter(Captured::is_inference)
        .collect();
    let replies = with_evidence(&all);
    let support = families(&known(&table), &replies);
    let (mut right, mut count, mut gone) = (0_u32, 0_u32, 0);
    for fold in 0..FOLDS {
        let only_here = |key: &Text| {
            let families = support.get(key);
            families.is_some_and(|families| families.iter().all(|family| fold_of(family) == fold))
        };
        gone += support.keys().filter(|key| only_here(key)).count();
        let keep = |signal: &Signal, text: &str| !only_here(&(signal.file.clone(), signal.line, text.to_owned()));
        let tables = Tables::thinned(&keep);
        let (mut right_here, mut count_here) = (0_u32, 0_u32);
        for (reply, evidence) in &replies {
            if fold_of(reply.family()) != fold || reply.certainty != "certain" {
                continue;
            }
            let row = |row: &mut Row| {
                row.signals = row
                    .signals
                    .iter()
                    .filter_map(|one| thin(one, &keep))
                    .collect::<Vec<Arc<_>>>()
            };
            let reading = reply.read_with(&tables, &table, evidence, &row);
            count_here += 1;
            if reading.verdict.as_str() == reply.verdict {
                right_here += 1;
            } else {
                let (id, told, read) = (&reply.id, &reply.verdict, reading.verdict.as_str());
                println!("fold {fold}: {id}: {told} is read as {read} by {}", reading.signal.name);
            }
        }
        println!(
            "fold {fold}: {right_here} of {count_here} certain replies ({:.1} %)",
            share(right_here, count_here)
        );
        right += right_here;
        count += count_here;
    }
    println!(
        "{} texts of the rules stand in replies; {gone} of them in one fold alone and taken away there; \
         certain replies of unseen families: {right} of {count} ({:.1} %)",
        support.len(),
        share(right, count)
    );
    assert!(share(right, count) >= 93.0);
}

fn share(right: u32, count: u32) -> f64 {
    100.0 * f64::from(right) / f64::from(count)
}

/// The fold of a family by the FNV-1a hash of its name, so that nobody deals.
fn fold_of(family: &str) -> u64 {
    let hash = family.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash % FOLDS
}

/// Five: four teach, the fifth is unseen.
const FOLDS: u64 = 5;
