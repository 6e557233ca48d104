//! The integration tests, as one binary, so that wasmtime is linked once.
//!
//! Deliberately absent: tests of single modules, which are next to their code.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod all_keys;
mod append;
mod as_known;
mod backfill;
mod bad_input;
mod cases;
mod collaborators;
mod crates;
mod errors;
mod every_type;
mod exchange;
mod faults;
mod flights;
mod fuzz;
mod generations;
mod hostile;
mod jobs;
mod kill;
mod layers;
mod online;
mod purchases;
mod purity;
mod sandbox;
mod source;
mod sources;
mod store;
mod stream;
mod tidy;
mod training;
mod types;
mod user_mentions;

/// Counts what the readers hold (`fuzz`).
#[global_allocator]
static ALLOCATOR: lockstep_properties::allocation::Counting =
    lockstep_properties::allocation::Counting;
