//! What the figures and the benches measure: guests, their native twins, and the real event log.
//!
//! Invariant: a guest and its twin run the same generated code on the same bytes, so that only the
//! sandbox lies between their times. Deliberately absent: numbers, which are printed and never
//! asserted.

pub mod aggregates;
pub mod empty_call;
pub mod issue_log;
pub mod native;
pub mod payment;
pub mod stopwatch;
pub mod tiles;
