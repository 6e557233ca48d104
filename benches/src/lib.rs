//! What the figures and the benches measure: guests, their native twins, the real event log, and
//! one that is made.
//!
//! Invariant: a guest and its twin run the same generated code on the same bytes, so that only the
//! sandbox lies between their times. Deliberately absent: numbers, which are printed and never
//! asserted.

pub mod aggregates;
pub mod empty_call;
pub mod figure;
pub mod issue_log;
pub mod native;
pub mod payment;
pub mod purchases;
pub mod stopwatch;
pub mod tiles;
