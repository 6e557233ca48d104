//! A fuzz target: the property of its binary's name.
//!
//! Invariant: the properties are those that the workspace's test `fuzz` runs. Deliberately absent:
//! limits of time and memory, which libFuzzer sets.
#![no_main]

use lockstep_properties::{Target, allocation::Counting, named};
use std::sync::LazyLock;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static TARGET: LazyLock<Target> = LazyLock::new(|| named(env!("CARGO_BIN_NAME")));

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| TARGET.check(bytes));
