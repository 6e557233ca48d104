//! The content of one commit: batches of several partitions of a source, admitted, mapped to rows
//! and folded into states. A state is what an aggregate remembers of some rows.
//!
//! A store may feed two versions of a view: the active one, from which requests are served, and the
//! previous one, to which one commit can go back. Each keeps its states in a *state set*, a
//! numbered part of the store. The two share one set as long as they make equal rows. If their rows
//! come to differ, they have *parted*, and the previous version loses the set.
//!
//! Invariant: states, event ids, rejected positions, set-aside events (kept with the reason,
//! outside the values), positions and the sums by which rows are compared go into one atomic batch.
//! Deliberately absent: committing that batch, which `stream` does.

use super::applied::{Applied, Parted};
use crate::admission::{Admission, Admitted, admit, arrivals, refused, set_aside};
use crate::generations::{Fed, FedView, Lineup};
use crate::mapping::Mapped;
use lockstep_core::error::{Error, Result};
use lockstep_core::event::{EventBatch, SetAside, SourceSchema};
use lockstep_core::time::Time;
use lockstep_core::view_plan::ViewPlan;
use lockstep_store::generations::SetNumber;
use lockstep_store::progress::{FILES, Progress};
use lockstep_store::rejected::Rejected;
use lockstep_store::set_progress::RowsContent;
use lockstep_store::tiles::Deltas;
use lockstep_store::{StateBatch, StateSnapshot};
use std::collections::HashMap;

/// The parts of one commit.
pub(super) struct Fold<'a> {
    snapshot: &'a StateSnapshot<'a>,
    pub(super) schema: &'a SourceSchema,
    /// How far the source has come in event time after the commit.
    pub(super) watermark: Time,
    pub(super) partitions: Vec<FoldedPartition>,
}

/// One partition's part of a commit.
pub(super) struct FoldedPartition {
    pub(super) name: String,
    /// The progress after the commit. It does not count this commit's set-aside events yet.
    pub(super) progress: Progress,
    /// Events that are set aside for the source, and so for all of its views.
    pub(super) aside: Vec<SetAside>,
    pub(super) admission: Admission,
    /// The rows, for each catalogue of the line-up: the active versions, then the previous ones.
    pub(super) mapped: Vec<Vec<Mapped>>,
}

/// A batch after admission.
pub(super) struct AdmittedBatch {
    pub(super) admission: Admission,
    pub(super) aside: Vec<SetAside>,
    /// The watermark that its events give, in microseconds; none if no event was admitted.
    pub(super) newest: Option<i64>,
}

impl<'a> Fold<'a> {
    pub(super) fn new(
        snapshot: &'a StateSnapshot<'a>,
        schema: &'a SourceSchema,
    ) -> Result<Fold<'a>> {
        let watermark = snapshot.watermark(&schema.source)?;
        Ok(Fold { snapshot, schema, watermark, partitions: vec![] })
    }

    /// Decides which events of a partition's batch count. An id is known if it was admitted in this
    /// partition or in the source's files, which come before all other partitions (S10).
    pub(super) fn admit(&self, partition: &str, batch: &EventBatch) -> Result<AdmittedBatch> {
        let source = self.schema.source.as_str();
        let stored = |partition: &str, id: &[u8]| {
            let bytes = self.snapshot.admitted(source, partition, id)?;
            bytes.map(|bytes| Admitted::decode(&bytes).ok_or_else(damaged_id)).transpose()
        };
        let (batch, arrivals) = arrivals::recorded(self.schema, batch)?;
        let admission = admit(self.schema, &batch, |id| match stored(FILES, id)? {
            Some(known) => Ok(Some(known)),
            None if partition == FILES => Ok(None),
            None => stored(partition, id),
        })?;
        let newest = arrivals::watermark(self.schema, &batch.positions, arrivals, &admission)?;
        let mut aside: Vec<SetAside> = batch.set_aside.clone();
        aside.extend(admission.conflicts.iter().cloned());
        Ok(AdmittedBatch { admission, aside, newest })
    }

    /// Writes all parts into a batch. Returns `None` if the records of set-aside events are too
    /// large for one commit; the caller then tries fewer events. `merging` becomes the number of
    /// the catalogue of the line-up whose states are merged.
    pub(super) fn write(
        mut self,
        lineup: &mut Lineup,
        writes: &mut StateBatch,
        merging: &mut usize,
    ) -> Result<Option<Applied>> {
        let mut applied = Applied::default();
        let mut left = set_aside::SET_ASIDE_COMMIT_BYTES_MAX;
        let several = self.partitions.len() > 1;
        for partition in std::mem::take(&mut self.partitions) {
            let Some(bytes) = self.partition(&partition, lineup, writes, &mut applied)? else {
                return Ok(None);
            };
            match left.checked_sub(bytes) {
                Some(rest) => left = rest,
                None if several => return Ok(None),
                None => left = 0,
            }
            self.partitions.push(partition);
        }
        for (at, fed) in lineup.fed().enumerate() {
            *merging = at;
            self.states(at, fed, writes)?;
        }
        applied.parted = self.part(lineup, writes)?;
        Ok(Some(applied))
    }

    /// Writes a partition's ids, rejected positions, set-aside events and progress. Returns the
    /// bytes of the records of set-aside events, or `None` if these are too large for one commit.
    fn partition(
        &self,
        partition: &FoldedPartition,
        lineup: &mut Lineup,
        writes: &mut StateBatch,
        applied: &mut Applied,
    ) -> Result<Option<usize>> {
        let FoldedPartition { name, progress, admission, mapped, .. } = partition;
        let source = self.schema.source.as_str();
        for (id, admitted) in &admission.new_ids {
            writes.id(source, name, id, admitted.encode())?;
        }
        writes.rejected(source, name, &Rejected::of(admission.rejected.clone()))?;
        let mut sets: HashMap<String, SetNumber> = HashMap::new();
        let mut aside = partition.aside.clone();
        for (at, fed) in lineup.fed().enumerate() {
            for mapped in &mapped[at] {
                let view = &fed.views[mapped.view];
                let Some(set) = view.set.filter(|_| view.folds) else { continue };
                let name_of = &fed.catalog.views()[mapped.view].declaration().name;
                let refused = refused(self.schema, name_of, &mapped.refused, admission.events())?;
                // The refusals of a previous version are stored too, but only those of the active
                // version are counted.
                if at == 0 {
                    sets.insert(name_of.clone(), set);
                    aside.extend(refused);
                } else {
                    write_refused(writes, (source, name), refused, set)?;
                }
            }
        }
        let Some(records) = set_aside::records(&aside) else { return Ok(None) };
        let bytes = records.iter().map(Vec::len).sum();
        let set = |view: &str| sets.get(view).copied();
        set_aside::write(writes, (source, name), &aside, records, &set)?;
        let set_aside = progress.set_aside + aside.len() as u64;
        let progress = Progress { set_aside, ..progress.clone() };
        writes.progress(source, name, &progress)?;
        applied.add(Applied {
            events: admission.records.num_rows() as u64,
            duplicates: admission.duplicates,
            set_aside: aside.len() as u64,
            first_set_aside: aside.into_iter().min_by_key(|event| event.position),
            ..Applied::default()
        });
        Ok(Some(bytes))
    }

    /// Folds the rows into the states of one catalogue's views, and writes the position that each
    /// state set has reached.
    fn states(&self, at: usize, fed: &mut Fed, writes: &mut StateBatch) -> Result<()> {
        let Fed { catalog, views, guests } = fed;
        let plans: Vec<(SetNumber, &ViewPlan)> = catalog
            .views()
            .iter()
            .zip(views.iter())
            .map(|(view, fed)| (fed.set.unwrap_or(SetNumber::MAX), &view.plan))
            .collect();
        let retention = |(fed, (_, plan)): (&FedView, &(SetNumber, &ViewPlan))| {
            self.snapshot.retention(fed.set, plan, self.watermark)
        };
        let retentions = views.iter().zip(&plans).map(retention).collect::<Result<Vec<_>>>()?;
        let mut deltas = Deltas::default();
        for partition in &self.partitions {
            let mapped = partition.mapped[at].iter();
            for mapped in mapped.filter(|mapped| views[mapped.view].folds) {
                let plan = plans[mapped.view].1;
                deltas.fold(mapped.view, plan, &retentions[mapped.view], &mapped.rows);
            }
        }
        writes.states(deltas, self.snapshot, &plans, &retentions, guests)?;
        for ((view, fed), retention) in catalog.views().iter().zip(views.iter()).zip(&retentions) {
            if view.declaration().event.source != self.schema.source {
                continue;
            }
            let Some(set) = fed.set.filter(|_| fed.folds) else { continue };
            writes.sealed(self.snapshot, set, retention.sealed)?;
            for partition in &self.partitions {
                let position = partition.progress.position;
                writes.position(set, &partition.name, position)?;
            }
        }
        Ok(())
    }

    /// Writes the sum over the rows of each generation, that is, of each version of a view. If a
    /// previous generation shares a state set with the active one and their sums now differ, it
    /// loses the set, and one commit can no longer go back to it. Returns these views.
    fn part(&self, lineup: &mut Lineup, writes: &mut StateBatch) -> Result<Vec<Parted>> {
        let mut active: HashMap<(String, String, String), RowsContent> = HashMap::new();
        let mut parted = Vec::new();
        for (at, fed) in lineup.fed().enumerate() {
            for (index, view) in fed.views.iter_mut().enumerate() {
                let declaration = fed.catalog.views()[index].declaration();
                let other = declaration.event.source != self.schema.source;
                if view.set.is_none() || view.stopped.is_some() || other {
                    continue;
                }
                for partition in &self.partitions {
                    let content = self.content(at, index, &view.generation, partition)?;
                    writes.rows_content(&view.generation, &partition.name, content)?;
                    let key =
                        (view.artifact.clone(), declaration.name.clone(), partition.name.clone());
                    if at == 0 {
                        active.insert(key, content);
                    } else if !view.folds && active.get(&key) != Some(&content) {
                        view.set = None;
                        parted.push(Parted {
                            artifact: view.artifact.clone(),
                            view: declaration.name.clone(),
                            partition: partition.name.clone(),
                            position: content.position,
                        });
                        break;
                    }
                }
            }
        }
        for Parted { artifact, view, .. } in &parted {
            lineup.record.part(artifact, view);
            lineup.touch();
        }
        Ok(parted)
    }

    /// The sum over a generation's rows, those of this commit included, and the position it covers.
    fn content(
        &self,
        at: usize,
        view: usize,
        generation: &lockstep_core::generation::Sha,
        partition: &FoldedPartition,
    ) -> Result<RowsContent> {
        let before = self.snapshot.rows_content(generation, &partition.name)?;
        let positions = &partition.admission.positions;
        let own = partition.mapped[at].iter().filter(|mapped| mapped.view == view);
        let own = own.map(|mapped| mapped.rows.content(&mapped.source_rows, positions));
        let sum = own.fold(before.sum, u128::wrapping_add);
        Ok(RowsContent { position: partition.progress.position, sum })
    }
}

/// Writes the records of the events that a previous version refused.
fn write_refused(
    writes: &mut StateBatch,
    place: (&str, &str),
    refused: Vec<SetAside>,
    set: SetNumber,
) -> Result<()> {
    for event in refused {
        let event = [event];
        let records = set_aside::records(&event);
        let records = records.ok_or_else(|| Error::bug("one event's records have no limit"))?;
        set_aside::write(writes, place, &event, records, &|_| Some(set))?;
    }
    Ok(())
}

fn damaged_id() -> Error {
    Error::restore("the store's index of event ids is damaged; backfill a new store")
}
