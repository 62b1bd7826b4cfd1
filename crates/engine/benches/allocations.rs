//! How often the classifier allocates for one answer; apart from how long it takes, because counting takes time as well.
#![allow(missing_docs, clippy::print_stdout, reason = "a measurement")]

mod answers;

use std::hint::black_box;

use answers::answers;
use evergrant_engine::provider::Table;

fn main() {
    let table = Table::built_in();
    for answer in answers() {
        for row in [None, table.row(&answer.provider.into())] {
            let row = row.map(|row| &**row);
            // The first call compiles the tables.
            black_box(answer.read(row));
            let counted = allocation_counter::measure(|| drop(black_box(answer.read(row))));
            println!("allocations {} {}", answer.name(row), counted.count_total);
        }
    }
}
