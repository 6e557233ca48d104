//! Text formats: records, one at a time, become batches of events.
//!
//! Invariant: every record is an event or is set aside with its bytes, and has a position: its
//! number among the input's records, from 0. A batch ends after its rows or after
//! [`BATCH_BYTES_MAX`] of text, whichever is first, and neither shows in what is read.
//! Deliberately absent: how a record is found and decoded ([`Records`]).

use super::admit::{NULL_REASON, in_column, time_reason};
use super::column::ColumnBuilder;
use super::limits::BATCH_BYTES_MAX;
use super::reader::{EventReader, Part};
use arrow::array::RecordBatch;
use lockstep_core::cell::Cell;
use lockstep_core::error::{Error, Result};
use lockstep_core::event::{EventBatch, SetAside, SourceSchema};
use lockstep_core::time::Time;
use std::sync::Arc;

/// The records of one input.
pub(super) trait Records: Send {
    /// Goes to the next record; false after the last one.
    fn advance(&mut self) -> Result<bool>;

    /// The record's bytes as they came.
    fn raw(&self) -> &[u8];

    /// The 1-based line on which the record starts.
    fn line(&self) -> u64;

    /// The record as one cell a column of the schema, or why it is no event.
    fn cells(&self) -> Result<Vec<Cell<'_>>, String>;
}

/// The cell of column `index`, checked against the schema.
pub(super) fn checked<'a>(
    schema: &SourceSchema,
    index: usize,
    cell: Result<Cell<'a>, String>,
) -> Result<Cell<'a>, String> {
    let column = &schema.columns[index];
    match cell {
        Ok(Cell::Null) if !column.nullable => Err(in_column(&column.name, NULL_REASON)),
        Ok(Cell::Int(micros)) if index == schema.time && Time::new(micros).is_none() => {
            Err(in_column(&column.name, &time_reason(micros)))
        }
        Ok(cell) => Ok(cell),
        Err(reason) => Err(in_column(&column.name, &reason)),
    }
}

/// Reads the events of one input.
pub(super) struct TextReader<R> {
    records: R,
    schema: Arc<SourceSchema>,
    batch_rows: usize,
    columns: Vec<ColumnBuilder>,
    position: u64,
}

impl<R: Records> TextReader<R> {
    /// A reader that starts at record `skip`, or at the end if there are fewer, and how many
    /// records it passed over.
    pub(super) fn starting_at(
        mut records: R,
        schema: Arc<SourceSchema>,
        batch_rows: usize,
        skip: u64,
    ) -> Result<(Self, u64)> {
        let mut position = 0;
        while position < skip && records.advance()? {
            position += 1;
        }
        let columns = schema.columns.iter().map(|c| ColumnBuilder::new(&c.data_type)).collect();
        Ok((TextReader { records, schema, batch_rows, columns, position }, position))
    }
}

impl<R: Records> EventReader for TextReader<R> {
    fn next(&mut self) -> Result<Option<EventBatch>> {
        let mut positions = Vec::new();
        let mut set_aside = Vec::new();
        let mut bytes = 0;
        while positions.len() + set_aside.len() < self.batch_rows && bytes < BATCH_BYTES_MAX {
            if !self.records.advance()? {
                break;
            }
            bytes += self.records.raw().len();
            match self.records.cells() {
                Ok(cells) => {
                    self.columns
                        .iter_mut()
                        .zip(&cells)
                        .for_each(|(column, cell)| column.push(cell));
                    positions.push(self.position);
                }
                Err(reason) => set_aside.push(SetAside {
                    position: self.position,
                    view: None,
                    reason: format!("line {}: {reason}", self.records.line()),
                    bytes: self.records.raw().to_vec(),
                }),
            }
            self.position += 1;
        }
        if positions.is_empty() && set_aside.is_empty() {
            return Ok(None);
        }
        let columns = self.columns.iter_mut().map(ColumnBuilder::finish).collect();
        let records = RecordBatch::try_new(self.schema.arrow(), columns)
            .map_err(|error| Error::bug("checked cells were refused").because(error))?;
        Ok(Some(EventBatch { records, positions, next_position: self.position, set_aside }))
    }
}

impl<R: Records> Part for TextReader<R> {
    fn position(&self) -> u64 {
        self.position
    }
}
