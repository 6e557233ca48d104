//! The streaming host: folds live events into a store.
//!
//! One atomic commit holds the changed states, and for each partition the position before which all
//! events are in the store.
//!
//! Invariant: after any crash the store holds exactly the events before its position, so a replay
//! from there gives the same bytes as a run without a crash. The order of events, the size of
//! batches and repeated events do not change the states (S1, S10). A view that stops (S7, S9) keeps
//! the states of the events before its batch, and the others go on. Deliberately absent: computing
//! feature values from the states (finalising), and any clock.

use super::applied::{Applied, StoppedView};
use super::cut::Cut;
use super::fold::{Fold, FoldedPartition};
use crate::admission::{Admission, arrivals};
use crate::catalog::Catalog;
use crate::generations::{Fed, Lineup};
use crate::mapping::{Mapper, Mapping, Stopped};
use lockstep_core::Code;
use lockstep_core::error::{Error, ErrorKind, Result};
use lockstep_core::event::{EventBatch, SourceSchema};
use lockstep_core::time::Time;
use lockstep_store::generations::Stop;
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
    /// Views that have stopped, until the next commit says so.
    stopped: Vec<StoppedView>,
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
        Ok(StreamHost { wanted: catalog, store, lineup, mappers: HashMap::new(), stopped: vec![] })
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
        loop {
            let mut merging = 0;
            match self.try_commit(source, batches, &mut merging) {
                // The same batch again, without the view whose merges are not pure.
                Err(error) if self.stop_merging(source, batches, &error, merging)? => {}
                Ok(Some(mut applied)) => {
                    applied.stopped.append(&mut self.stopped);
                    return Ok(Some(applied));
                }
                other => return other,
            }
        }
    }

    fn try_commit(
        &mut self,
        source: &str,
        batches: &[(&str, EventBatch)],
        merging: &mut usize,
    ) -> Result<Option<Applied>> {
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
            match fold.write(&mut self.lineup, &mut writes, merging)? {
                Some(applied) => applied,
                None => return Ok(None),
            }
        };
        self.lineup.write(&self.wanted, &mut writes)?;
        applied.sequence = self.store.commit_states(writes)?;
        self.lineup.written();
        Ok(Some(applied))
    }

    /// Stops the view whose user-defined aggregate failed to merge, in the catalogue of the line-up
    /// with this number. Returns false if the error is another one.
    fn stop_merging(
        &mut self,
        source: &str,
        batches: &[(&str, EventBatch)],
        error: &Error,
        merging: usize,
    ) -> Result<bool> {
        let Code::Impure { view: Some(name), .. } = &error.code else { return Ok(false) };
        let fed = self.lineup.fed().nth(merging);
        let view =
            fed.and_then(|fed| fed.catalog.view_index(name).filter(|view| fed.views[*view].folds));
        let (Some(view), Some((partition, _))) = (view, batches.first()) else { return Ok(false) };
        let position = self.progress(source, partition)?.position;
        let view = Stopped { view, error: error.clone().at(format!("source {source}")) };
        self.stop(merging, view, (source, partition), position);
        Ok(true)
    }

    /// Stops a view of the catalogue of the line-up with this number, at a position.
    fn stop(
        &mut self,
        at: usize,
        Stopped { view, error }: Stopped,
        (source, partition): (&str, &str),
        position: u64,
    ) {
        if let Some(mapper) = self.mappers.get_mut(source).and_then(|mappers| mappers.get_mut(at)) {
            mapper.stop(view);
        }
        if at == 0 {
            let fed = &self.lineup.active;
            let (artifact, name) =
                (&fed.views[view].artifact, &fed.catalog.views()[view].declaration().name);
            self.stopped.push(StoppedView::new((artifact, name), (partition, position), &error));
        }
        let retry = error.kind == ErrorKind::Retry;
        let (partition, reason) = (partition.to_string(), error.to_string());
        self.lineup.stop(at, view, Stop { partition, position, retry, reason });
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
        let before = progress.position;
        progress.position = batch.next_position;
        progress.watermark = progress.watermark.max(admitted.newest);
        progress.events += admitted.admission.records.num_rows() as u64;
        progress.duplicates += admitted.admission.duplicates;
        fold.watermark = fold.watermark.max(progress.watermark.map_or(Time::MIN, Time::saturating));
        if !self.mappers.contains_key(source) {
            let mapper = |fed: &mut Fed| {
                let views = &fed.views;
                Mapper::new(&fed.catalog, schema, |view| views[view].stopped.is_none())
            };
            let mappers = self.lineup.fed().map(mapper).collect::<Result<_>>()?;
            self.mappers.insert(source.to_string(), mappers);
        }
        let mappers = self.mappers.get_mut(source).expect("inserted above");
        let (mut mapped, mut stops) = (Vec::new(), Vec::new());
        let Admission { records, failures, positions, .. } = &admitted.admission;
        for (at, (fed, mapper)) in self.lineup.fed().zip(mappers).enumerate() {
            let Mapping { mapped: rows, stopped } = mapper.map(&fed.catalog, records, failures)?;
            mapped.push(rows);
            stops.extend(stopped.into_iter().map(|view| (at, view.positioned(source, positions))));
        }
        for (at, view) in stops {
            // Rows of other partitions of this commit are left out, too.
            for folded in &mut fold.partitions {
                folded.mapped[at].retain(|mapped| mapped.view != view.view);
            }
            self.stop(at, view, (source, partition), before);
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
