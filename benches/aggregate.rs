//! Every aggregate: nanoseconds an update, nanoseconds a merge.
//!
//! Invariant: `update/NAME/N` folds N rows into an empty state, and criterion's throughput is rows a
//! second; `merge/NAME/N` adds the state of N rows to a copy of the state of N others, so the copy
//! is in its time; `merge/30_tiles` merges 30 states of ten features. Bytes a state are among the
//! figures (`make figures ONLY=aggregate`). Deliberately absent: reading the value.

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use lockstep_benches::aggregates::{names, plan, rows};
use lockstep_benches::tiles::TileMerge;
use std::hint::black_box;
use std::time::Duration;

/// Inputs of a state.
const INPUTS: [usize; 3] = [1, 100, 10_000];

fn update(criterion: &mut Criterion) {
    let plan = plan().expect("the view is valid");
    let rows = rows(&plan.view, 10_000).expect("the rows fit");
    let mut group = criterion.benchmark_group("update");
    group.sample_size(20).warm_up_time(Duration::from_millis(200));
    group.measurement_time(Duration::from_millis(500));
    for (feature, name) in names().into_iter().enumerate() {
        let slots = plan.slots_over(0, [feature]);
        for inputs in INPUTS {
            group.throughput(Throughput::Elements(inputs as u64));
            group.bench_function(BenchmarkId::new(name, inputs), |bencher| {
                bencher.iter_batched_ref(
                    || plan.zero(),
                    |state| (0..inputs).for_each(|row| plan.update(state, &rows, row, &slots)),
                    BatchSize::LargeInput,
                );
            });
        }
    }
    group.finish();
}

fn merge(criterion: &mut Criterion) {
    let plan = plan().expect("the view is valid");
    let rows = rows(&plan.view, 20_000).expect("the rows fit");
    let mut group = criterion.benchmark_group("merge");
    group.sample_size(20).warm_up_time(Duration::from_millis(200));
    group.measurement_time(Duration::from_millis(500));
    for (feature, name) in names().into_iter().enumerate() {
        let slots = plan.slots_over(0, [feature]);
        for inputs in INPUTS {
            let [a, b] = [0, inputs].map(|first| {
                let mut state = plan.zero();
                (first..first + inputs).for_each(|row| {
                    plan.update(&mut state, &rows, row, &slots);
                });
                state
            });
            group.bench_function(BenchmarkId::new(name, inputs), |bencher| {
                bencher.iter_batched_ref(
                    || a.clone(),
                    |state| plan.merge(state, black_box(&b), &slots),
                    BatchSize::LargeInput,
                );
            });
        }
    }
    let tiles = TileMerge::new().expect("the view is valid");
    group.bench_function("30_tiles", |bencher| bencher.iter(|| black_box(tiles.merge())));
    group.finish();
}

criterion_group!(benches, update, merge);
criterion_main!(benches);
