//! `guest.*`: what a call into the sandbox costs, and how much slower code runs in it.
//!
//! Invariant: contestants run in turns in one thread, a slice of calls or a batch at a time, and
//! the best of [`ROUNDS`] counts. The call is [`Transformer::map`], whole: one row of three columns
//! from Arrow to the flat buffer, the component call, and the checked way of one column back to
//! Arrow. It is compared with an empty call of a component under the same engine settings. The
//! transform is all three views of `user-mentions` over the whole real log at the batch host's
//! batch size, from Arrow batch to Arrow batches, compared with the same Rust compiled natively.
//! Deliberately absent: reading files, folding.

use arrow::array::RecordBatch;
use lockstep_benches::empty_call::EmptyCall;
use lockstep_benches::figure;
use lockstep_benches::issue_log;
use lockstep_benches::native::{Native, USER_MENTIONS, keep_large_blocks};
use lockstep_benches::payment::Payments;
use lockstep_benches::stopwatch::best_ns;
use lockstep_core::{Error, Result};
use lockstep_engine::mapping::CALL_ROWS_MAX;
use lockstep_guest::Transformer;
use lockstep_kit::artifacts::catalog;
use std::hint::black_box;

/// Rounds of which the best counts.
const ROUNDS: usize = 5;
/// Slices of a round of calls.
const SLICES: usize = 100;
/// Calls in a slice.
const SLICE_CALLS: usize = 1000;

/// Measures the group.
pub(crate) fn measure() -> Result<()> {
    keep_large_blocks();
    call()?;
    transform()
}

/// One row against an empty call.
fn call() -> Result<()> {
    let mut payments = Payments::new()?;
    let mut empty = EmptyCall::new()
        .map_err(|error| Error::bug("the empty component does not start").because(error))?;

    let mut one_row = |_: usize| {
        for _ in 0..SLICE_CALLS {
            black_box(payments.map().expect("the first call went well"));
        }
    };
    let mut nothing = |_: usize| {
        (0..SLICE_CALLS).for_each(|_| empty.call().expect("it has nothing to fail at"));
    };
    let best = best_ns(ROUNDS, SLICES, &mut [&mut one_row, &mut nothing]);
    let calls = (SLICES * SLICE_CALLS) as f64;
    let (call_ns, empty_ns) = (best[0] / calls, best[1] / calls);
    figure::measured("guest.call_ns", call_ns, 0, "ns");
    figure::measured("guest.noop_ns", empty_ns, 0, "ns");
    figure::measured("guest.call_ratio_noop", call_ns / empty_ns, 2, "ratio");
    Ok(())
}

/// The example transform against its native twin.
fn transform() -> Result<()> {
    let catalog = catalog("user-mentions");
    let (_, artifact) = &catalog.artifacts()[0];
    let batches = issue_log::records(&catalog, CALL_ROWS_MAX)?;
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let views: Vec<usize> = (0..artifact.manifest().views.len()).collect();
    let mut guest = Transformer::new(artifact)?;
    let mut native = Native::new(&artifact.manifest().views, &USER_MENTIONS);
    for batch in &batches {
        if guest.map(&views, batch)? != native.map(batch)? {
            return Err(Error::bug("the guest and its native twin make different rows"));
        }
    }
    let mut in_guest = |at: usize| {
        black_box(guest.map(&views, &batches[at]).expect("it went well above"));
    };
    let mut natively = |at: usize| {
        black_box(native.map(&batches[at]).expect("it went well above"));
    };
    let best = best_ns(ROUNDS, batches.len(), &mut [&mut in_guest, &mut natively]);
    let (guest_ns, native_ns) = (best[0] / rows as f64, best[1] / rows as f64);
    figure::measured("guest.transform_ns", guest_ns, 1, "ns/row");
    figure::measured("guest.native_ns", native_ns, 1, "ns/row");
    figure::measured("guest.ratio_native", guest_ns / native_ns, 2, "ratio");
    Ok(())
}
