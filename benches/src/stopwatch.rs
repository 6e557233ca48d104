//! Times of two pieces of work, taken in turns.
//!
//! Invariant: the contestants alternate, so that a slow second of the machine meets both, and the
//! best round counts: noise only adds time. Deliberately absent: statistics, which criterion does.

use std::time::Instant;

/// The best time of each of `contestants` over `rounds` rounds, in nanoseconds. In a round each
/// runs once, in order. One round more comes first and is not counted.
pub fn best_ns(rounds: usize, contestants: &mut [&mut dyn FnMut()]) -> Vec<f64> {
    let mut best = vec![f64::INFINITY; contestants.len()];
    for round in 0..=rounds {
        for (best, contestant) in best.iter_mut().zip(contestants.iter_mut()) {
            let started = Instant::now();
            contestant();
            let took_ns = started.elapsed().as_nanos() as f64;
            if round > 0 {
                *best = best.min(took_ns);
            }
        }
    }
    best
}
