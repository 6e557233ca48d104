//! The pure core: adding rows to states, and a float to an exact sum.
//!
//! Invariant: the rows are those that the example's views make of the start of the real log, and
//! each view folds its own into one state; criterion's throughput is rows a second.
//! Deliberately absent: keys, tiles and the store, which `cover` and `get` measure.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lockstep_benches::issue_log;
use lockstep_core::aggregate::float_sum::FloatSum;
use lockstep_engine::mapping::Mapper;
use lockstep_kit::artifacts::catalog;
use std::hint::black_box;
use std::time::Duration;

/// Events whose rows are folded.
const EVENTS: usize = 8192;
/// Floats that are summed.
const FLOATS: u32 = 10_000;

fn views(criterion: &mut Criterion) {
    let catalog = catalog("user-mentions");
    let source = catalog.source(issue_log::SOURCE).expect("the example reads it").clone();
    let records = issue_log::records(&catalog, EVENTS).expect("the log reads").swap_remove(0);
    let mut mapper = Mapper::new(&catalog, &source, |_| true).expect("the guest starts");
    let mapped = mapper.map(&catalog, &records, &[]).expect("the guest is sound").mapped;

    let mut group = criterion.benchmark_group("fold");
    group.sample_size(30).warm_up_time(Duration::from_millis(500));
    group.measurement_time(Duration::from_secs(2));
    for (at, view) in catalog.views().iter().enumerate() {
        let parts = || mapped.iter().filter(|mapped| mapped.view == at).map(|mapped| &mapped.rows);
        group.throughput(Throughput::Elements(parts().map(|rows| rows.len() as u64).sum()));
        group.bench_function(view.declaration().name.as_str(), |bencher| {
            bencher.iter(|| {
                let mut state = view.plan.fold.zero();
                for rows in parts() {
                    let all = view.plan.fold.all_slots();
                    (0..rows.len())
                        .for_each(|row| view.plan.fold.update(&mut state, rows, row, &all));
                }
                black_box(state)
            });
        });
    }
    group.finish();
}

fn float_sum(criterion: &mut Criterion) {
    // Amounts in cents, the usual case: one exponent's breadth, not exact in binary.
    let floats: Vec<f64> = (0..FLOATS)
        .map(|at| f64::from(at.wrapping_mul(2_654_435_761) % 1_000_000) / 100.0)
        .collect();
    let mut group = criterion.benchmark_group("float_sum");
    group.throughput(Throughput::Elements(u64::from(FLOATS)));
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    group.bench_function("add", |bencher| {
        bencher.iter(|| {
            let mut sum = FloatSum::zero();
            floats.iter().for_each(|float| sum.add(*float));
            black_box(sum.sum())
        });
    });
    group.bench_function("naive", |bencher| {
        bencher.iter(|| black_box(black_box(&floats).iter().sum::<f64>()));
    });
    group.finish();
}

criterion_group!(benches, views, float_sum);
criterion_main!(benches);
