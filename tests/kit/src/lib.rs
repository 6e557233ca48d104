//! The test kit: artifacts built once, random events of every type, guests that are not pure, a
//! store that fails, and the runner of the neutral cases.
//!
//! Invariant: everything random comes from a seed. Deliberately absent: expected values, which are
//! the oracle's.

pub mod artifacts;
pub mod cases;
pub mod evil;
pub mod fault_store;
pub mod faults;
pub mod impure;
pub mod typed;
pub mod variants;
