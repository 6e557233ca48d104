//! Ingest: adds the events of a source to a store as they arrive.
//!
//! The streaming host admits events, which means that it decides which of them count. It maps them
//! to the rows of each view, and folds the rows into states, which are what the views' aggregates
//! remember of them.
//!
//! Invariant: one atomic commit holds the changed states and the position up to which each
//! partition was read, so the two always agree. Deliberately absent: filling an empty store in
//! bulk, which is `backfill`.

mod applied;
mod cut;
mod fold;
mod pump;
mod stream;

pub use applied::{Applied, Parted, StoppedView};
pub use pump::Committed;
pub use stream::{COMMIT_EVENTS_MAX, StreamHost};
