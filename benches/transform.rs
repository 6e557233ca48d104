//! The example transform in the sandbox and natively, from Arrow batch to Arrow batches.
//!
//! Invariant: both map the same batches of the real log, at the batch host's size, through the
//! same generated code; criterion's throughput is events a second. Deliberately absent: the ratio
//! of the two, which `make figures ONLY=guest` measures in turns.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lockstep_benches::issue_log;
use lockstep_benches::native::{Native, USER_MENTIONS, keep_large_blocks};
use lockstep_engine::mapping::CALL_ROWS_MAX;
use lockstep_guest::Transformer;
use lockstep_kit::artifacts::catalog;
use std::hint::black_box;
use std::time::Duration;

/// Batches of the log that are mapped.
const BATCHES: usize = 16;

fn transform(criterion: &mut Criterion) {
    keep_large_blocks();
    let catalog = catalog("user-mentions");
    let (_, artifact) = &catalog.artifacts()[0];
    let mut batches = issue_log::records(&catalog, CALL_ROWS_MAX).expect("the log reads");
    batches.truncate(BATCHES);
    let rows: usize = batches.iter().map(|batch| batch.num_rows()).sum();
    let views: Vec<usize> = (0..artifact.manifest().views.len()).collect();
    let mut guest = Transformer::new(artifact).expect("the guest starts");
    let mut native = Native::new(&artifact.manifest().views, &USER_MENTIONS);

    let mut group = criterion.benchmark_group("transform");
    group.throughput(Throughput::Elements(rows as u64)).sample_size(30);
    group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    group.bench_function("guest", |bencher| {
        bencher.iter(|| {
            for batch in &batches {
                black_box(guest.map(&views, batch).expect("the guest is sound"));
            }
        });
    });
    group.bench_function("native", |bencher| {
        bencher.iter(|| {
            for batch in &batches {
                black_box(native.map(batch).expect("the views are sound"));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, transform);
criterion_main!(benches);
