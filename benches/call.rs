//! What a call into the sandbox costs: an empty one, and one row through the smallest transform.
//!
//! Invariant: `one_row` is the whole way that a host goes, from an Arrow batch of three columns to
//! one of a single column, every length and text of it checked. Deliberately absent:
//! instantiation, which warm instances keep off this path.

use criterion::{Criterion, criterion_group, criterion_main};
use lockstep_benches::empty_call::EmptyCall;
use lockstep_benches::payment::Payments;
use std::hint::black_box;
use std::time::Duration;

fn call(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("call");
    group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(2));
    let mut empty = EmptyCall::new().expect("the empty component starts");
    group.bench_function("empty", |bencher| bencher.iter(|| empty.call().expect("it is empty")));
    let mut payments = Payments::new().expect("the guest builds and starts");
    group.bench_function("one_row", |bencher| {
        bencher.iter(|| {
            black_box(payments.map().expect("the guest is sound"));
        });
    });
    group.finish();
}

criterion_group!(benches, call);
criterion_main!(benches);
