//! What costs a host more than it should: misdeeds that do not lie, but use things up.
//!
//! Invariant: a name that is not a misdeed's costs nothing, and what returns has changed nothing
//! that an answer depends on. Deliberately absent: misdeeds in the bytes of an answer.

use crate::lockstep::features::log;
use crate::misdeed::{hog, recurse};
use std::hint::black_box;

/// Bytes of large blocks of memory: far more than a processor's caches, and half of the limit.
const LARGE: usize = 128 << 20;

/// Does what `kind` says, if it is costly.
pub fn act(kind: &str) {
    match kind {
        "loop" => loop {
            black_box(kind);
        },
        "memory" => hog(),
        "recurse" => drop(black_box(recurse(0))),
        "log" => loop {
            log::write(&"long ".repeat(1 << 20));
        },
        "log nothing" => loop {
            log::write("");
        },
        "grow in vain" => loop {
            black_box(core::arch::wasm32::memory_grow(0, 65_535));
        },
        "chase" => chase(),
        "fill" => {
            let mut block = vec![1u8; LARGE];
            loop {
                block.fill(black_box(2));
                black_box(&block);
            }
        }
        // Memory never shrinks, so the instance stays as large.
        "fat" => drop(black_box(vec![1u8; LARGE + LARGE / 2])),
        _ => {}
    }
}

/// Follows pointers through memory for ever: each step waits for the memory, and costs little fuel.
fn chase() -> ! {
    let places = LARGE / 4;
    // A step of an odd multiple and an odd sum visits each place of a power of two.
    let next = |place: usize| place.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) % places;
    let table: Vec<u32> = (0..places).map(|place| next(place) as u32).collect();
    let mut place = 0;
    loop {
        place = table[black_box(place as usize)];
    }
}
