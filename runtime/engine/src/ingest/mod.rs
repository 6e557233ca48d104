//! Ingest: live events into tiles, states and source position in one atomic batch.

mod stream;

pub(crate) use stream::check_identity;
pub use stream::{Applied, COMMIT_EVENTS_MAX, StreamHost};
