//! Generations of views in a store: which versions of the artifacts answer, which are fed, and how a
//! new one catches up (S23).
//!
//! Invariant: a version answers for all views of its artifact or for none, and switching is one
//! commit. Deliberately absent: commands that plan, compare and roll back.

mod catch_up;
mod lineup;
mod version;

pub use catch_up::{CaughtUp, OpenFiles, View, catch_up};
pub(crate) use lineup::{Fed, Lineup};

pub use version::generation;
