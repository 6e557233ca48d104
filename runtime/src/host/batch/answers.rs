//! Answers on their way from the order of the sweeps to that of the spine.
//!
//! Invariant: each spine row has one answer in each view. In memory the answers stay where the
//! sweeps put them, and each spine row knows its place. With little memory they are cut into
//! stretches of spine rows that follow each other, and a stretch is put together when it is written.

use super::layout::misfit;
use super::order::{At, gather};
use super::spill::{Spill, SpillWriter};
use crate::error::{Error, Result};
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array, new_empty_array};
use arrow::compute::take_record_batch;
use arrow::datatypes::{DataType as ArrowType, Field, Schema, SchemaRef, UInt32Type};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// Spine rows of a stretch.
pub(super) const STRETCH_ROWS: usize = 1 << 17;

/// The answers of one view.
#[derive(Debug)]
pub(super) struct Answers {
    schema: SchemaRef,
    spine_rows: usize,
    /// The answers of one sweep each: the spine rows, then the features.
    chunks: Vec<RecordBatch>,
    bytes: usize,
    spilled: Vec<Spilled>,
    /// Of each feature, whether some answer is null.
    nulls: Vec<bool>,
}

/// Chunks on the disk, cut by stretch.
#[derive(Debug)]
struct Spilled {
    spill: Spill,
    /// The numbers of each stretch's parts.
    parts: Vec<Vec<u32>>,
}

/// Answers put in order: where each spine row of a range has its answer.
#[derive(Debug)]
pub(super) struct Placed {
    first: usize,
    batches: Vec<RecordBatch>,
    places: Vec<At>,
}

impl Answers {
    /// No answers yet, of features with these names and types.
    pub(super) fn new(features: Vec<(String, ArrowType)>, spine_rows: usize) -> Answers {
        let mut fields = vec![Field::new("row", ArrowType::UInt32, false)];
        fields.extend(features.into_iter().map(|(name, of)| Field::new(name, of, true)));
        let nulls = vec![false; fields.len() - 1];
        let schema = Arc::new(Schema::new(fields));
        Answers { schema, spine_rows, chunks: vec![], bytes: 0, spilled: vec![], nulls }
    }

    /// Adds the answers of one sweep; answers their bytes.
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

    /// Whether some answer of a feature is null.
    pub(super) fn has_null(&self, feature: usize) -> bool {
        self.nulls[feature]
    }

    /// Moves what is in memory to the disk; answers the bytes that are free again.
    pub(super) fn spill(&mut self, folder: &Path) -> Result<usize> {
        if self.chunks.is_empty() {
            return Ok(0);
        }
        let stretches = self.spine_rows.div_ceil(STRETCH_ROWS);
        let mut parts = vec![Vec::new(); stretches];
        let mut writer = SpillWriter::create(folder, &self.schema)?;
        for chunk in self.chunks.drain(..) {
            let rows = rows_of(&chunk);
            let mut order: Vec<u32> = (0..rows.len() as u32).collect();
            order.sort_unstable_by_key(|at| rows[*at as usize]);
            let batch = take_record_batch(&chunk, &UInt32Array::from(order)).map_err(misfit)?;
            let rows = rows_of(&batch);
            let mut start = 0;
            while start < rows.len() {
                let stretch = rows[start] as usize / STRETCH_ROWS;
                let within = |row: &u32| *row as usize / STRETCH_ROWS == stretch;
                let end = start + rows[start..].partition_point(within);
                parts[stretch].push(writer.write(&batch.slice(start, end - start))?);
                start = end;
            }
        }
        self.spilled.push(Spilled { spill: writer.finish()?, parts });
        Ok(std::mem::take(&mut self.bytes))
    }

    /// Whether some answers are on the disk.
    pub(super) fn is_spilled(&self) -> bool {
        !self.spilled.is_empty()
    }

    /// The answers of the spine rows that can be put in order together with row `first`: all, or
    /// those of its stretch.
    pub(super) fn placed(&self, first: usize) -> Result<Placed> {
        if !self.is_spilled() {
            let batches = self.chunks.clone();
            return Placed::new(0..self.spine_rows, batches);
        }
        let stretch = first / STRETCH_ROWS;
        let start = stretch * STRETCH_ROWS;
        let range = start..self.spine_rows.min(start + STRETCH_ROWS);
        let mut batches = Vec::new();
        for spilled in &self.spilled {
            for number in &spilled.parts[stretch] {
                batches.push(spilled.spill.read(*number as usize)?);
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

    /// The spine rows whose answers are here.
    pub(super) fn range(&self) -> Range<usize> {
        self.first..self.first + self.places.len()
    }

    /// Where each of `rows` has its answer.
    pub(super) fn order(&self, rows: Range<usize>) -> &[At] {
        &self.places[rows.start - self.first..rows.end - self.first]
    }

    /// Feature number `feature` in the order given.
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
