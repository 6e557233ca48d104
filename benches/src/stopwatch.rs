//! Times of pieces of work, taken in turns and in slices.
//!
//! Invariant: the contestants alternate slice by slice, so that a slow moment of the machine meets
//! all of them, and for each slice the best round counts: noise only adds time. A slice is meant
//! to be shorter than a turn of the scheduler, so that a busy machine leaves some rounds alone.
//! Deliberately absent: statistics, which criterion does.

use std::time::Instant;

/// The best times of each of `contestants` over `rounds` rounds, summed over the slices, in
/// nanoseconds. In a round each runs each slice once, given the slice's number. One round more
/// comes first and is not counted.
pub fn best_ns(
    rounds: usize,
    slices: usize,
    contestants: &mut [&mut dyn FnMut(usize)],
) -> Vec<f64> {
    let mut best = vec![vec![u128::MAX; slices]; contestants.len()];
    for round in 0..=rounds {
        for slice in 0..slices {
            for (best, contestant) in best.iter_mut().zip(contestants.iter_mut()) {
                let started = Instant::now();
                contestant(slice);
                let took_ns = started.elapsed().as_nanos();
                if round > 0 {
                    best[slice] = best[slice].min(took_ns);
                }
            }
        }
    }
    best.iter().map(|slices| slices.iter().sum::<u128>() as f64).collect()
}
