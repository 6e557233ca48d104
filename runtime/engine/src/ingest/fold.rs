//! One commit in the making: batches of several partitions, admitted, mapped and folded.
//!
//! Invariant: states, ids, rejected positions, set-aside events, positions and the contents of rows go
//! into one atomic batch. Deliberately absent: committing it.

use super::applied::{Applied, Parted};
use crate::admission::{Admission, Admitted, admit, arrivals, refused, set_aside};
use crate::generations::{Fed, Lineup};
use crate::mapping::Mapped;
use lockstep_core::error::{Error, Result};
use lockstep_core::event::{EventBatch, SetAside, SourceSchema};
use lockstep_core::tile::Retention;
use lockstep_core::time::Time;
use lockstep_core::view_plan::ViewPlan;
use lockstep_store::generations::SetNumber;
use lockstep_store::progress::{FILES, Progress};
use lockstep_store::rejected::Rejected;
use lockstep_store::set_progress::RowsContent;
use lockstep_store::tiles::Deltas;
use lockstep_store::{StateBatch, StateSnapshot};
use std::collections::HashMap;

/// What goes into one commit.
pub(super) struct Fold<'a> {
    snapshot: &'a StateSnapshot<'a>,
    pub(super) schema: &'a SourceSchema,
    /// The watermark of the source after the commit.
    pub(super) watermark: Time,
    pub(super) partitions: Vec<FoldedPartition>,
}

/// What one partition gives.
pub(super) struct FoldedPartition {
    pub(super) name: String,
    /// The progress after the commit, but for what is set aside.
    pub(super) progress: Progress,
    /// Events that are set aside for the source.
    pub(super) aside: Vec<SetAside>,
    pub(super) admission: Admission,
    /// For each catalogue of the line-up, the rows.
    pub(super) mapped: Vec<Vec<Mapped>>,
}

/// A batch after admission.
pub(super) struct AdmittedBatch {
    pub(super) admission: Admission,
    pub(super) aside: Vec<SetAside>,
    /// The watermark of its events, in microseconds.
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

    /// Decides which events of a batch of a partition count. Ids are those of the partition, and of
    /// the source's files, which come before all other partitions (S10).
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

    /// Puts all of it into a batch; `None` if what is set aside is too large for one commit.
    pub(super) fn write(
        mut self,
        lineup: &mut Lineup,
        writes: &mut StateBatch,
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
            self.states(at, fed, writes)?;
        }
        applied.parted = self.part(lineup, writes)?;
        Ok(Some(applied))
    }

    /// Ids, verdicts, what is set aside, and progress. Returns the bytes of what is set aside.
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
                // A previous version's own refusals are kept, but only those of views that answer
                // count.
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

    /// The states of one catalogue's views, and how far they are.
    fn states(&self, at: usize, fed: &mut Fed, writes: &mut StateBatch) -> Result<()> {
        let Fed { catalog, views, guests } = fed;
        let plans: Vec<(SetNumber, &ViewPlan)> = catalog
            .views()
            .iter()
            .zip(views.iter())
            .map(|(view, fed)| (fed.set.unwrap_or(SetNumber::MAX), &view.plan))
            .collect();
        let retention = |view: &(SetNumber, &ViewPlan)| view.1.ladder.retention(self.watermark);
        let retentions: Vec<Retention> = plans.iter().map(retention).collect();
        let mut deltas = Deltas::default();
        for partition in &self.partitions {
            let mapped = partition.mapped[at].iter();
            for mapped in mapped.filter(|mapped| views[mapped.view].folds) {
                let plan = plans[mapped.view].1;
                deltas.fold(mapped.view, plan, &retentions[mapped.view], &mapped.rows);
            }
        }
        writes.states(deltas, self.snapshot, &plans, &retentions, guests)?;
        for (view, fed) in catalog.views().iter().zip(views.iter()) {
            if view.declaration().event.source != self.schema.source {
                continue;
            }
            let Some(set) = fed.set.filter(|_| fed.folds) else { continue };
            for partition in &self.partitions {
                let position = partition.progress.position;
                writes.position(set, &partition.name, position)?;
            }
        }
        Ok(())
    }

    /// The contents of rows. Where those of a previous generation are no longer those of the active
    /// one with which it shares a set, the way back to it has ended.
    fn part(&self, lineup: &mut Lineup, writes: &mut StateBatch) -> Result<Vec<Parted>> {
        let mut active: HashMap<(String, String, String), RowsContent> = HashMap::new();
        let mut parted = Vec::new();
        for (at, fed) in lineup.fed().enumerate() {
            for (index, view) in fed.views.iter_mut().enumerate() {
                let declaration = fed.catalog.views()[index].declaration();
                if view.set.is_none() || declaration.event.source != self.schema.source {
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

    /// The content of a generation's rows with those of this commit.
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

/// Writes what a previous version refused.
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
