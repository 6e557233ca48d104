//! The streaming host: folds live events into a store.
//!
//! One atomic commit holds the changed states, and for each partition the position before which all
//! events are in the store.
//!
//! Invariant: after any crash the store holds exactly the events before its position, so a replay
//! from there gives the same bytes as a run without a crash. The order of events, the size of
//! batches and repeated events do not change the states (S1, S10). Deliberately absent: computing
//! feature values from the states (finalising), and any clock.

use super::applied::Applied;
use super::cut::Cut;
use super::fold::{Fold, FoldedPartition};
use crate::admission::{Admission, arrivals};
use crate::catalog::Catalog;
use crate::generations::{Fed, Lineup};
use crate::mapping::Mapper;
use lockstep_core::error::Result;
use lockstep_core::event::{EventBatch, SourceSchema};
use lockstep_core::time::Time;
use lockstep_store::progress::Progress;
use lockstep_store::{StateBatch, StateStore as _, Store};
use std::collections::HashMap;
use std::sync::Arc;

/// The most events in one commit, set-aside ones included. A larger batch becomes several commits,
/// so that each stays far below the store's limit of bytes.
pub const COMMIT_EVENTS_MAX: usize = 1024;

/// Folds events into a store.
#[derive(Debug)]
pub struct StreamHost {
    /// The artifacts that the project names now.
    wanted: Arc<Catalog>,
    store: Arc<dyn Store>,
    /// The versions of artifacts that the store feeds with events.
    lineup: Lineup,
    /// For each source, one mapper for each catalogue of the line-up.
    mappers: HashMap<String, Vec<Mapper>>,
}

impl StreamHost {
    /// A host over `store`. A version of an artifact that the store does not know yet becomes
    /// active, so that requests are served from it, at once if nothing was read of its sources.
    /// Otherwise it becomes active after [`catch_up`], and until then the host feeds the version
    /// that is active.
    ///
    /// # Errors
    /// If the store admitted its events by another id, time, skew or column of arrivals, or the
    /// store is damaged.
    ///
    /// [`catch_up`]: crate::generations::catch_up
    pub fn open(catalog: Arc<Catalog>, store: Arc<dyn Store>) -> Result<StreamHost> {
        let lineup = Lineup::open(&catalog, &store.states()?)?;
        Ok(StreamHost { wanted: catalog, store, lineup, mappers: HashMap::new() })
    }

    /// How far a partition of `source` has been read, and what was counted in it.
    pub fn progress(&self, source: &str, partition: &str) -> Result<Progress> {
        self.store.states()?.progress(source, partition)
    }

    /// The names of the artifacts whose wanted version has to catch up with the store before it
    /// becomes active.
    pub fn pending(&self) -> &[String] {
        &self.lineup.pending
    }

    /// The columns to read of `source`: those that any version fed by the store needs.
    pub fn schema(&self, source: &str) -> Result<Arc<SourceSchema>> {
        arrivals::reading(self.lineup.schema(source)?)
    }

    /// Folds one batch of a partition of `source` and commits it, in parts of at most
    /// [`COMMIT_EVENTS_MAX`] events, or of fewer if the records of set-aside events are large
    /// ([`SET_ASIDE_COMMIT_BYTES_MAX`](crate::admission::set_aside::SET_ASIDE_COMMIT_BYTES_MAX)).
    /// Events before the store's position are in the store already and are skipped.
    pub fn apply(&mut self, source: &str, partition: &str, batch: &EventBatch) -> Result<Applied> {
        self.apply_all(source, &[(partition, batch)])
    }

    /// As [`StreamHost::apply`], with batches of several partitions, which are committed together
    /// as far as they fit. Each partition may be given once.
    pub fn apply_all(&mut self, source: &str, batches: &[(&str, &EventBatch)]) -> Result<Applied> {
        let mut total = Applied::default();
        let mut cuts: Vec<Cut<'_>> =
            batches.iter().map(|(partition, batch)| Cut::new(partition, batch)).collect();
        let mut most = COMMIT_EVENTS_MAX;
        loop {
            let mut left = most;
            let parts: Vec<(&str, EventBatch)> = cuts
                .iter()
                .map(|cut| {
                    let part = cut.next(left);
                    left -= part.events().min(left);
                    (cut.partition, part)
                })
                .collect();
            let Some(applied) = self.commit(source, &parts)? else {
                // A single event always fits into a commit, so this ends.
                most = (parts.iter().map(|(_, part)| part.events()).sum::<usize>() / 2).max(1);
                continue;
            };
            total.add(applied);
            cuts.iter_mut().zip(&parts).for_each(|(cut, (_, part))| cut.passed(part));
            if cuts.iter().all(Cut::is_done) {
                return Ok(total);
            }
            most = (2 * most).min(COMMIT_EVENTS_MAX);
        }
    }

    /// Folds one batch of each partition and commits them. Returns `None` if the records of
    /// set-aside events are too large for one commit.
    fn commit(&mut self, source: &str, batches: &[(&str, EventBatch)]) -> Result<Option<Applied>> {
        let schema = self.lineup.schema(source)?.clone();
        let mut writes = StateBatch::new();
        let mut applied = {
            let store = self.store.clone();
            let snapshot = store.states()?;
            let mut fold = Fold::new(&snapshot, &schema)?;
            for (partition, batch) in batches {
                let progress = snapshot.progress(source, partition)?;
                if batch.next_position <= progress.position {
                    continue;
                }
                let batch = batch.between(progress.position, batch.next_position);
                self.fold(partition, &batch, progress, &mut fold)?;
            }
            if fold.partitions.is_empty() {
                let sequence = snapshot.sequence();
                return Ok(Some(Applied { sequence, ..Applied::default() }));
            }
            match fold.write(&mut self.lineup, &mut writes)? {
                Some(applied) => applied,
                None => return Ok(None),
            }
        };
        self.lineup.write(&self.wanted, &mut writes)?;
        applied.sequence = self.store.commit_states(writes)?;
        self.lineup.written();
        Ok(Some(applied))
    }

    /// Admits one batch, maps it to rows, and adds it to `fold`.
    fn fold(
        &mut self,
        partition: &str,
        batch: &EventBatch,
        mut progress: Progress,
        fold: &mut Fold<'_>,
    ) -> Result<()> {
        let schema = fold.schema;
        let source = schema.source.as_str();
        let admitted = fold.admit(partition, batch)?;
        progress.position = batch.next_position;
        progress.watermark = progress.watermark.max(admitted.newest);
        progress.events += admitted.admission.records.num_rows() as u64;
        progress.duplicates += admitted.admission.duplicates;
        fold.watermark = fold.watermark.max(progress.watermark.map_or(Time::MIN, Time::saturating));
        if !self.mappers.contains_key(source) {
            let mapper = |fed: &mut Fed| Mapper::new(&fed.catalog, schema, |_| true);
            let mappers = self.lineup.fed().map(mapper).collect::<Result<_>>()?;
            self.mappers.insert(source.to_string(), mappers);
        }
        let mappers = self.mappers.get_mut(source).expect("inserted above");
        let mut mapped = Vec::new();
        for (fed, mapper) in self.lineup.fed().zip(mappers) {
            let Admission { records, failures, .. } = &admitted.admission;
            mapped.push(mapper.map(&fed.catalog, records, failures)?);
        }
        fold.partitions.push(FoldedPartition {
            name: partition.to_string(),
            progress,
            aside: admitted.aside,
            admission: admitted.admission,
            mapped,
        });
        Ok(())
    }
}
