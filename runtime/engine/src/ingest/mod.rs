//! Ingest: live events into tiles, states and source position in one atomic batch.

mod applied;
mod cut;
mod fold;
mod stream;

pub use applied::{Applied, Parted};
pub use stream::{COMMIT_EVENTS_MAX, StreamHost};
