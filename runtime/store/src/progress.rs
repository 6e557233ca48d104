//! What a store has merged of one source partition.
//!
//! Invariant: it lies in the same atomic batch as the states, so a position and the states that it
//! stands for are never apart. The watermark is a recorded fact, the greatest admitted event time,
//! never a clock (S11). A source whose backfill was interrupted has no progress yet: asking for it
//! is an error that says to run the backfill again.

use super::contract::Snapshot;
use super::layout;
use super::unfinished::Unfinished;
use lockstep_core::error::{Error, Result};
use lockstep_core::time::Time;
use serde::{Deserialize, Serialize};

/// The partition of a source that its project files make; positions are row numbers.
pub const FILES: &str = "files";
/// The partition of what is pushed: standard input, or a file that the project does not name.
/// Positions count what came; event ids make redelivery harmless (S24).
pub const PUSHED: &str = "pushed";

/// Progress through one source partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// The source position to read from next.
    pub position: u64,
    /// The greatest event time admitted, in microseconds.
    pub watermark: Option<i64>,
    /// Events admitted.
    pub events: u64,
    /// Identical copies dropped.
    pub duplicates: u64,
    /// Events set aside, for their source or for a view.
    pub set_aside: u64,
}

impl Progress {
    /// Reads the progress of a source partition.
    pub fn read(snapshot: &dyn Snapshot, source: &str, partition: &str) -> Result<Progress> {
        if Unfinished::read(snapshot, source)?.is_some() {
            return Err(Unfinished::refusal(source));
        }
        match snapshot.get(&layout::source(source, partition))? {
            None => Ok(Progress::default()),
            Some(bytes) => Progress::decode(source, &bytes),
        }
    }

    fn decode(source: &str, bytes: &[u8]) -> Result<Progress> {
        serde_json::from_slice(bytes).map_err(|error| {
            Error::restore(format!("the store's progress of source {source} is damaged"))
                .because(error)
        })
    }

    /// Stored bytes.
    pub fn encode(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|e| Error::bug("progress has no JSON").because(e))
    }
}

/// The watermark of a source: the greatest of its partitions', whatever they are called, since they
/// are roads of one log. `Time::MIN` before any event.
pub fn watermark(snapshot: &dyn Snapshot, source: &str) -> Result<Time> {
    let mut watermark = Time::MIN;
    snapshot.scan_prefix(&layout::source(source, ""), &mut |key, bytes| {
        if key == layout::unfinished(source) {
            return Err(Unfinished::refusal(source));
        }
        if let Some(micros) = Progress::decode(source, bytes)?.watermark {
            watermark = watermark.max(Time::saturating(micros));
        }
        Ok(true)
    })?;
    Ok(watermark)
}
