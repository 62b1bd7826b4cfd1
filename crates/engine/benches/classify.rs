//! How long the classifier takes for one answer.
#![allow(missing_docs, reason = "a measurement")]

mod answers;

use std::hint::black_box;
use std::time::Duration;

use answers::answers;
use criterion::{Criterion, criterion_group, criterion_main};
use evergrant_engine::provider::Table;
use mimalloc::MiMalloc;

/// The allocator of the product, which is measured with it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn bench(criterion: &mut Criterion) {
    let table = Table::built_in();
    for answer in answers() {
        for row in [None, table.row(&answer.provider.into())] {
            let row = row.map(|row| &**row);
            // The first call compiles the tables.
            black_box(answer.read(row));
            criterion.bench_function(&answer.name(row), |bencher| {
                bencher.iter_custom(|times| {
                    let begun = on_the_processor();
                    for _ in 0..times {
                        black_box(answer.read(black_box(row)));
                    }
                    on_the_processor() - begun
                });
            });
        }
    }
}

/// How long this thread has been on a processor: what else runs on the machine does not count.
fn on_the_processor() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1_500))
        .sample_size(60);
    targets = bench
}
criterion_main!(benches);
