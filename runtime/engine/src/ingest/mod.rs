//! Ingest: live events into tiles, states and source position in one atomic batch.

mod applied;
mod cut;
mod fold;
mod pump;
mod stream;

pub use applied::{Applied, Parted};
pub use pump::Committed;
pub use stream::{COMMIT_EVENTS_MAX, StreamHost};
