//! Generations: the versions of views that a store keeps, and the switch from one to another (S23).
//!
//! The *generation* of a view is a digest of everything that its values depend on, except the
//! events. A version of an artifact has one generation for each of its views. The store serves
//! requests from the *active* version. It feeds the *previous* version as well, so that going back
//! is one commit. A new version *catches up* by reading the source's log again. All versions that
//! are fed are the *line-up*.
//!
//! Invariant: a version is active for all views of its artifact or for none, and switching is one
//! commit. Deliberately absent: commands that plan, compare and roll back.

mod catch_up;
mod lineup;
mod version;

pub use catch_up::{CaughtUp, OpenFiles, View, catch_up};
pub(crate) use lineup::{Fed, FedView, Lineup};

pub use version::generation;
