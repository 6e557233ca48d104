//! The ingest loop: commits what a source reader delivers, and then acknowledges it to the reader.
//!
//! Invariant: a position is acknowledged only after the commit that holds the events before it.
//! After a crash between the two, the reader delivers these events again, and the store skips them
//! by their positions. Batches of several partitions go into one commit. Deliberately absent:
//! reading ahead, and any clock: a reader that has nothing to deliver says so (`Delivery::Idle`).

use super::applied::Applied;
use super::stream::{COMMIT_EVENTS_MAX, StreamHost};
use lockstep_core::error::{Error, Result};
use lockstep_core::event::EventBatch;
use lockstep_source::{Delivery, SourceReader};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A callback for committed batches. It receives what they did, and for each partition the position
/// before which all events are durable now.
pub type Committed<'a> = dyn FnMut(&Applied, &[(Arc<str>, u64)]) + 'a;

impl StreamHost {
    /// Folds all that `reader` delivers of `source`, until the reader reports its end.
    ///
    /// # Errors
    /// If the reader or the store fails. What was committed before stays in the store.
    pub fn ingest(
        &mut self,
        source: &str,
        reader: &mut dyn SourceReader,
        committed: &mut Committed<'_>,
    ) -> Result<()> {
        let mut assigned: BTreeSet<Arc<str>> = BTreeSet::new();
        let mut pending = Pending::default();
        loop {
            match reader.next()? {
                Delivery::Assigned(partition) => {
                    let position = self.progress(source, &partition)?.position;
                    reader.seek(&partition, position)?;
                    assigned.insert(partition);
                }
                Delivery::Batch(partition, batch) => {
                    if !assigned.contains(&partition) {
                        return Err(Error::bug(format!(
                            "source {source}: events of partition {partition}, which is not assigned"
                        )));
                    }
                    if pending.batches.contains_key(&partition) {
                        self.flush(source, &mut pending, reader, committed)?;
                    }
                    pending.add(partition, batch);
                    if pending.events >= COMMIT_EVENTS_MAX {
                        self.flush(source, &mut pending, reader, committed)?;
                    }
                }
                Delivery::Idle => self.flush(source, &mut pending, reader, committed)?,
                Delivery::Revoked(partition) => {
                    self.flush(source, &mut pending, reader, committed)?;
                    assigned.remove(&partition);
                }
                Delivery::End => return self.flush(source, &mut pending, reader, committed),
            }
        }
    }

    /// Commits the waiting batches, then acknowledges them.
    fn flush(
        &mut self,
        source: &str,
        pending: &mut Pending,
        reader: &mut dyn SourceReader,
        committed: &mut Committed<'_>,
    ) -> Result<()> {
        let Pending { batches, .. } = std::mem::take(pending);
        if batches.is_empty() {
            return Ok(());
        }
        let parts: Vec<(&str, &EventBatch)> =
            batches.iter().map(|(partition, batch)| (&**partition, batch)).collect();
        let applied = self.apply_all(source, &parts)?;
        let positions: Vec<(Arc<str>, u64)> = batches
            .into_iter()
            .map(|(partition, batch)| (partition, batch.next_position))
            .collect();
        committed(&applied, &positions);
        reader.acknowledge(&positions)
    }
}

/// Batches that wait for a commit, at most one of each partition.
#[derive(Default)]
struct Pending {
    batches: BTreeMap<Arc<str>, EventBatch>,
    events: usize,
}

impl Pending {
    fn add(&mut self, partition: Arc<str>, batch: EventBatch) {
        self.events += batch.events();
        self.batches.insert(partition, batch);
    }
}
