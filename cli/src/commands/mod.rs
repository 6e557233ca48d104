//! The commands, one per file.
//!
//! Invariant: a command parses its arguments, runs jobs of `lockstep_runtime` and prints the result.
//! Deliberately absent: the jobs.

pub mod backfill;
pub mod build;
pub mod demo;
mod fill;
pub mod get;
pub mod inspect;
pub mod new;
pub mod parity;
pub mod stream;
pub mod training_set;
