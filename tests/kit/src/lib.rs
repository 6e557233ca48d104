//! The test kit: artifacts built once, random events of every type, and a store that fails.
//!
//! Invariant: everything random comes from a seed. Deliberately absent: expected values, which are
//! the oracle's.

pub mod artifacts;
pub mod fault_store;
pub mod typed;
