//! `aggregate.*`: what a state costs, in time and in bytes.
//!
//! Invariant: `sum_ratio_plain` is the fold loop of 1,000 keys and amounts with two decimals, with
//! exact sums, against the same loop with plain doubles: contestants in turns, best of
//! [`ROUNDS`]. `NAME_update_ns` is a row into a state of 10,000 rows, empty at first;
//! `NAME_bytes` the canonical encoding of such a state. `merge_30_tiles_us` merges 30 tiles of ten
//! features. Deliberately absent: guests; these are costs of the core.

use lockstep_benches::aggregates::{amount, names, plan, rows};
use lockstep_benches::figure;
use lockstep_benches::stopwatch::best_ns;
use lockstep_benches::tiles::TileMerge;
use lockstep_core::Result;
use lockstep_core::aggregate::float_sum::FloatSum;
use std::hint::black_box;

const ROUNDS: usize = 5;
/// Rows folded.
const ROWS: usize = 10_000;
/// Rows of the loop over keys, in slices.
const KEYED_ROWS: usize = 1_000_000;
const SLICE_ROWS: usize = 10_000;
const KEYS: usize = 1_000;
/// Merges in a slice.
const MERGES: usize = 1_000;

/// Measures the group.
pub(crate) fn measure() -> Result<()> {
    sum_ratio();
    merge()?;
    each()
}

/// Exact sums against plain ones.
fn sum_ratio() {
    let amounts: Vec<f64> = (0..KEYED_ROWS).map(amount).collect();
    // Keys in no order that a branch predictor or a cache line could use.
    let keys: Vec<u32> = (0..KEYED_ROWS as u64)
        .map(|row| (row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as u32 % KEYS as u32)
        .collect();
    let part = |slice: usize| {
        let range = slice * SLICE_ROWS..(slice + 1) * SLICE_ROWS;
        keys[range.clone()].iter().zip(&amounts[range])
    };
    let mut exact = vec![FloatSum::zero(); KEYS];
    let mut plain = vec![0.0f64; KEYS];
    let mut exactly = |slice: usize| {
        part(slice).for_each(|(key, amount)| exact[*key as usize].add(*amount));
    };
    let mut plainly = |slice: usize| {
        part(slice).for_each(|(key, amount)| plain[*key as usize] += *amount);
    };
    let slices = KEYED_ROWS / SLICE_ROWS;
    let best = best_ns(ROUNDS, slices, &mut [&mut exactly, &mut plainly]);
    let mut bytes = 0;
    for sum in &exact {
        let mut encoded = Vec::new();
        sum.encode(&mut encoded);
        bytes += encoded.len();
    }
    black_box(plain);
    figure::measured("aggregate.sum_exact_ns", best[0] / KEYED_ROWS as f64, 2, "ns");
    figure::measured("aggregate.sum_ratio_plain", best[0] / best[1], 2, "ratio");
    figure::measured("aggregate.sum_keyed_bytes", bytes as f64 / KEYS as f64, 1, "bytes");
    figure::count("aggregate.sum_memory_bytes", size_of::<FloatSum>() as u64, "bytes");
}

fn merge() -> Result<()> {
    let tiles = TileMerge::new()?;
    let mut merged = |_: usize| (0..MERGES).for_each(|_| drop(black_box(tiles.merge())));
    let best = best_ns(ROUNDS, 10, &mut [&mut merged]);
    figure::measured("aggregate.merge_30_tiles_us", best[0] / 10.0 / MERGES as f64 / 1e3, 2, "us");
    Ok(())
}

/// Each aggregate.
fn each() -> Result<()> {
    let plan = plan()?;
    let rows = rows(&plan.view, ROWS)?;
    for (feature, name) in names().into_iter().enumerate() {
        let slots = plan.slots_over(0, [feature]);
        let mut state = plan.zero();
        let mut fold = |_: usize| {
            state = plan.zero();
            (0..ROWS).for_each(|row| plan.update(&mut state, &rows, row, &slots));
        };
        let best = best_ns(ROUNDS, 1, &mut [&mut fold]);
        figure::measured(&format!("aggregate.{name}_update_ns"), best[0] / ROWS as f64, 1, "ns");
        let mut bytes = Vec::new();
        plan.encode(&state, &slots, &mut bytes);
        figure::count(&format!("aggregate.{name}_bytes"), bytes.len() as u64, "bytes");
    }
    Ok(())
}
