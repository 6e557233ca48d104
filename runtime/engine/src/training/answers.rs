//! Answers: feature values in the order in which sweeps compute them, which must be brought into
//! the spine's order.
//!
//! Invariant: each spine row has one answer in each view. Each worker keeps its own answers. In
//! memory they stay in the batches that the sweeps made, and each spine row knows where its answer
//! is. If memory is short, they are divided into stretches of consecutive spine rows on the disk,
//! and a stretch is put in order when it is written. Deliberately absent: the sweeps.

use crate::shuffle::layout::misfit;
use crate::shuffle::order::{At, gather};
use crate::shuffle::room::Room;
use crate::shuffle::spill::{Extent, Spill};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array, new_empty_array};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::{DataType as ArrowType, Field, Schema, SchemaRef, UInt32Type};
use lockstep_core::error::{Error, Result};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// The spine rows of one stretch.
pub(super) const STRETCH_ROWS: usize = 1 << 17;

/// One worker's answers for one view.
#[derive(Debug)]
pub(super) struct Answered {
    schema: SchemaRef,
    spine_rows: usize,
    /// The answers of each sweep: the spine rows, then the features.
    chunks: Vec<RecordBatch>,
    bytes: usize,
    spilled: Option<Spilled>,
    /// For each feature, whether some answer is null.
    nulls: Vec<bool>,
}

/// Answers on the disk: one file, and for each stretch the places of its answers.
#[derive(Debug)]
struct Spilled {
    spill: Spill,
    parts: Vec<Vec<Extent>>,
}

/// All answers for one view.
#[derive(Debug)]
pub(super) struct Answers {
    spine_rows: usize,
    of_workers: Vec<Answered>,
    is_spilled: bool,
}

/// The answers for a range of spine rows, and where each row's answer is.
#[derive(Debug)]
pub(super) struct Placed {
    first: usize,
    batches: Vec<RecordBatch>,
    places: Vec<At>,
}

impl Answered {
    /// Starts without answers, for features with these names and types.
    pub(super) fn new(
        features: impl Iterator<Item = (String, ArrowType)>,
        spine_rows: usize,
    ) -> Answered {
        let mut fields = vec![Field::new("row", ArrowType::UInt32, false)];
        fields.extend(features.map(|(name, of)| Field::new(name, of, true)));
        let nulls = vec![false; fields.len() - 1];
        let schema = Arc::new(Schema::new(fields));
        Answered { schema, spine_rows, chunks: vec![], bytes: 0, spilled: None, nulls }
    }

    /// Adds the answers of one sweep; returns their bytes.
    pub(super) fn push(&mut self, spine_rows: Vec<u32>, columns: Vec<ArrayRef>) -> Result<usize> {
        if spine_rows.is_empty() {
            return Ok(0);
        }
        for (has_null, column) in self.nulls.iter_mut().zip(&columns) {
            *has_null |= column.null_count() > 0;
        }
        let rows: ArrayRef = Arc::new(UInt32Array::from(spine_rows));
        let columns = [rows].into_iter().chain(columns).collect();
        let batch = RecordBatch::try_new(self.schema.clone(), columns).map_err(misfit)?;
        let bytes = batch.get_array_memory_size();
        self.bytes += bytes;
        self.chunks.push(batch);
        Ok(bytes)
    }

    /// As [`Answered::push`], but moves all answers to the disk if `room` is short.
    pub(super) fn push_within(
        &mut self,
        room: &Room,
        spine_rows: Vec<u32>,
        columns: Vec<ArrayRef>,
    ) -> Result<()> {
        room.take(self.push(spine_rows, columns)?);
        if let (true, Some(spill)) = (room.is_short(), &room.spill) {
            room.give_back(self.spill(&spill.folder)?);
        }
        Ok(())
    }

    /// Moves the answers in memory to the disk; returns the number of bytes that this frees.
    pub(super) fn spill(&mut self, folder: &Path) -> Result<usize> {
        if self.chunks.is_empty() {
            return Ok(0);
        }
        let stretches = self.spine_rows.div_ceil(STRETCH_ROWS);
        let spilled = match &mut self.spilled {
            Some(spilled) => spilled,
            none => {
                let spill = Spill::create(folder, &self.schema)?;
                none.insert(Spilled { spill, parts: vec![vec![]; stretches] })
            }
        };
        let mut waiting: Vec<Waiting> = self.chunks.iter().map(Waiting::new).collect();
        let chunks: Vec<&RecordBatch> = self.chunks.iter().collect();
        for (stretch, parts) in spilled.parts.iter_mut().enumerate() {
            let end = (stretch + 1) * STRETCH_ROWS;
            let order = waiting.iter_mut().enumerate();
            let order: Vec<(usize, usize)> = order
                .flat_map(|(chunk, waiting)| {
                    waiting.before(end).iter().map(move |row| (chunk, *row as usize))
                })
                .collect();
            if !order.is_empty() {
                let batch = interleave_record_batch(&chunks, &order).map_err(misfit)?;
                parts.push(spilled.spill.write(&batch)?);
            }
        }
        spilled.spill.settle()?;
        self.chunks.clear();
        Ok(std::mem::take(&mut self.bytes))
    }

    /// Whether some answers are on the disk.
    pub(super) fn is_spilled(&self) -> bool {
        self.spilled.is_some()
    }
}

/// A chunk that is being moved to the disk.
struct Waiting<'c> {
    spine_rows: &'c [u32],
    /// Its rows, sorted by spine row.
    order: Vec<u32>,
    next: usize,
}

impl Waiting<'_> {
    fn new(chunk: &RecordBatch) -> Waiting<'_> {
        let spine_rows = rows_of(chunk);
        let mut order: Vec<u32> = (0..spine_rows.len() as u32).collect();
        order.sort_unstable_by_key(|at| spine_rows[*at as usize]);
        Waiting { spine_rows, order, next: 0 }
    }

    /// The next rows: those of spine rows before `end`.
    fn before(&mut self, end: usize) -> &[u32] {
        let left = &self.order[self.next..];
        let count = left.partition_point(|at| (self.spine_rows[*at as usize] as usize) < end);
        self.next += count;
        &left[..count]
    }
}

impl Answers {
    /// The answers of all workers; all of them move to the disk if a folder is given.
    pub(super) fn new(
        mut of_workers: Vec<Answered>,
        spine_rows: usize,
        folder: Option<&Path>,
    ) -> Result<Answers> {
        if let Some(folder) = folder {
            of_workers.iter_mut().try_for_each(|answered| answered.spill(folder).map(drop))?;
        }
        Ok(Answers { spine_rows, of_workers, is_spilled: folder.is_some() })
    }

    /// Whether they are on the disk.
    pub(super) fn is_spilled(&self) -> bool {
        self.is_spilled
    }

    /// Whether some answer of a feature is null.
    pub(super) fn has_null(&self, feature: usize) -> bool {
        self.of_workers.iter().any(|answered| answered.nulls[feature])
    }

    /// The answers that can be put in order together with spine row `first`: all of them, or those
    /// of its stretch.
    pub(super) fn placed(&self, first: usize) -> Result<Placed> {
        if !self.is_spilled {
            let chunks = self.of_workers.iter().flat_map(|answered| &answered.chunks);
            return Placed::new(0..self.spine_rows, chunks.cloned().collect());
        }
        let stretch = first / STRETCH_ROWS;
        let start = stretch * STRETCH_ROWS;
        let range = start..self.spine_rows.min(start + STRETCH_ROWS);
        let mut batches = Vec::new();
        for spilled in self.of_workers.iter().flat_map(|answered| &answered.spilled) {
            for part in &spilled.parts[stretch] {
                batches.push(spilled.spill.read(*part)?);
            }
        }
        Placed::new(range, batches)
    }
}

impl Placed {
    fn new(range: Range<usize>, batches: Vec<RecordBatch>) -> Result<Placed> {
        let mut places = vec![(u32::MAX, 0); range.len()];
        for (at, batch) in batches.iter().enumerate() {
            for (row, spine_row) in rows_of(batch).iter().enumerate() {
                let place = (*spine_row as usize).checked_sub(range.start);
                let place = place.and_then(|place| places.get_mut(place));
                match place {
                    Some(place) if place.0 == u32::MAX => *place = (at as u32, row as u32),
                    _ => return Err(Error::bug("a spine row was answered twice, or not asked")),
                }
            }
        }
        if places.iter().any(|place| place.0 == u32::MAX) {
            return Err(Error::bug("a spine row has no answer"));
        }
        Ok(Placed { first: range.start, batches, places })
    }

    /// The spine rows whose answers these are.
    pub(super) fn range(&self) -> Range<usize> {
        self.first..self.first + self.places.len()
    }

    /// Where the answer of each of `rows` is.
    pub(super) fn order(&self, rows: Range<usize>) -> &[At] {
        &self.places[rows.start - self.first..rows.end - self.first]
    }

    /// Feature number `feature` in the given order.
    pub(super) fn column(&self, feature: usize, order: &[At], of: &ArrowType) -> Result<ArrayRef> {
        if self.batches.is_empty() {
            return Ok(new_empty_array(of));
        }
        let columns = self.batches.iter().map(|batch| batch.column(1 + feature).as_ref());
        gather(&columns.collect::<Vec<_>>(), order)
    }
}

fn rows_of(batch: &RecordBatch) -> &[u32] {
    batch.column(0).as_primitive::<UInt32Type>().values()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Int64Array;
    use arrow::datatypes::Int64Type;

    /// Goal: answers are in the spine's order wherever each had to wait (S22). Method: a worker
    /// whose answers are on the disk except the last, one that kept all in memory, and one without
    /// any; with a folder, as when some are on the disk, and without, as when none is.
    #[test]
    fn s22_answers_come_from_memory_and_from_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        for spilled in [true, false] {
            let none = || Answered::new([("a".into(), ArrowType::Int64)].into_iter(), 8);
            let push = |answered: &mut Answered, rows: &[u32]| {
                let values: Int64Array =
                    rows.iter().map(|row| Some(i64::from(*row) * 10)).collect();
                answered.push(rows.to_vec(), vec![Arc::new(values)]).unwrap();
            };
            let (mut first, mut second) = (none(), none());
            push(&mut first, &[4, 0, 2]);
            if spilled {
                first.spill(folder.path()).unwrap();
            }
            push(&mut first, &[6]);
            push(&mut second, &[7, 5, 3, 1]);
            let folder = spilled.then_some(folder.path());
            let answers = Answers::new(vec![first, none(), second], 8, folder).unwrap();
            let placed = answers.placed(3).unwrap();
            assert_eq!((placed.range(), answers.is_spilled()), (0..8, spilled));
            let column = placed.column(0, placed.order(0..8), &ArrowType::Int64).unwrap();
            let values = column.as_primitive::<Int64Type>().values();
            assert_eq!(values[..], [0, 10, 20, 30, 40, 50, 60, 70]);
        }
    }
}
