//! Progress: how much of one source partition a store has merged.
//!
//! Invariant: it is written in the same atomic batch as the states, so a position and the states up
//! to it never disagree. The watermark is a recorded fact, the greatest admitted event time, never
//! a clock (S11). A source whose backfill was interrupted has no progress yet: reading it is an
//! error that says to run the backfill again. Deliberately absent: the progress of a state set
//! (`set_progress`).

use super::contract::Snapshot;
use super::layout;
use super::unfinished::Unfinished;
use lockstep_core::error::{Error, Result};
use lockstep_core::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The name of the partition that holds a source's files; its positions are row numbers.
pub const FILES: &str = "files";
/// The name of the partition for pushed events: from standard input, or from a file that the
/// project does not name. Positions count the events received; event ids make redelivery harmless
/// (S24).
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

    /// The stored encoding.
    pub fn encode(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|e| Error::bug("progress has no JSON").because(e))
    }
}

/// The sources of which a store has read any events.
pub fn sources(snapshot: &dyn Snapshot) -> Result<BTreeSet<String>> {
    let prefix = layout::all_sources();
    let mut sources = BTreeSet::new();
    snapshot.scan_prefix(prefix, &mut |key, _| {
        let name = key[prefix.len()..].split(|byte| *byte == 0).next().unwrap_or(&[]);
        sources.insert(String::from_utf8_lossy(name).into_owned());
        Ok(true)
    })?;
    Ok(sources)
}

/// The progress of each partition of a source, by name.
pub fn partitions(snapshot: &dyn Snapshot, source: &str) -> Result<BTreeMap<String, Progress>> {
    let prefix = layout::source(source, "");
    let mut partitions = BTreeMap::new();
    snapshot.scan_prefix(&prefix, &mut |key, bytes| {
        if key == layout::unfinished(source) {
            return Err(Unfinished::refusal(source));
        }
        let name = String::from_utf8_lossy(&key[prefix.len()..]).into_owned();
        partitions.insert(name, Progress::decode(source, bytes)?);
        Ok(true)
    })?;
    Ok(partitions)
}

/// The watermark of a source: the greatest of its partitions', because they are parts of one log.
/// `Time::MIN` before any event.
pub fn watermark(snapshot: &dyn Snapshot, source: &str) -> Result<Time> {
    let marks = partitions(snapshot, source)?.into_values().filter_map(|it| it.watermark);
    Ok(marks.max().map_or(Time::MIN, Time::saturating))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: the stored bytes do not change without a version (docs/FORMAT.md).
    #[test]
    fn the_layout_is_the_golden_one() {
        let (watermark, set_aside) = (Some(-5), 3);
        let progress = Progress { position: 9, watermark, events: 4, duplicates: 2, set_aside };
        let golden = r#"{"position":9,"watermark":-5,"events":4,"duplicates":2,"set_aside":3}"#;
        assert_eq!(progress.encode().unwrap(), golden.as_bytes());
        assert_eq!(Progress::decode("s", golden.as_bytes()).unwrap(), progress);
    }
}
