//! The SDK from outside, as an author and a host see it.
//!
//! Method: batches are laid out by hand from `wit/transform.wit` and compared as bytes; authors'
//! mistakes are compiled. Deliberately absent: Wasm, which the tests of the whole system drive.

mod aggregates;
#[cfg(test)]
mod compile_errors;
#[cfg(test)]
mod exact_types;
#[cfg(test)]
mod features;
mod flat;
mod manifest;
mod on_demand;
mod rows;
mod types;

use lockstep_sdk::__::{Batch, Run, outcomes};

/// What `transforms` answer for the set `chosen` on a fresh instance.
fn fresh(transforms: &[Run], chosen: u64, batch: &[u8]) -> Vec<u8> {
    warm(transforms, chosen, batch, &mut Vec::new())
}

/// The same with the memory of earlier calls.
fn warm(
    transforms: &[Run],
    chosen: u64,
    batch: &[u8],
    scratches: &mut Vec<lockstep_sdk::__::Scratch>,
) -> Vec<u8> {
    // SAFETY: every text in these tests' batches was a `str`.
    outcomes(transforms, chosen, &unsafe { Batch::trusted(batch) }, scratches)
}
