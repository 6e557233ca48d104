//! Text formats: collects records, one at a time, into batches of events.
//!
//! Invariant: every record becomes an event or is set aside with its bytes, and has a position: its
//! number among the input's records, from 0. A record whose time, id or arrival is bad is set
//! aside; a bad value of any other column becomes null and is reported as a failure (S8). A batch
//! ends at its number of rows or at [`BATCH_BYTES_MAX`] of text, whichever comes first; neither
//! limit affects what is read. Deliberately absent: how a record is found and decoded
//! ([`Records`]).

use super::absent::{Absence, Absent};
use super::admit::time_reason;
use super::column::ColumnBuilder;
use super::limits::BATCH_BYTES_MAX;
use super::reader::{EventReader, Part};
use arrow::array::RecordBatch;
use lockstep_core::cell::Cell;
use lockstep_core::error::{Error, Result};
use lockstep_core::event::{EventBatch, SetAside, SourceSchema};
use lockstep_core::failure::{Failure, NULL_REASON, in_column};
use lockstep_core::time::Time;
use std::sync::Arc;

/// The records of one input.
pub(super) trait Records: Send {
    /// Moves to the next record; false after the last one.
    fn advance(&mut self) -> Result<bool>;

    /// The record's original bytes.
    fn raw(&self) -> &[u8];

    /// The 1-based line on which the record starts.
    fn line(&self) -> u64;

    /// The record as one cell for each column of the schema, or the reason why a cell is bad; or
    /// why the whole record is malformed.
    fn cells(&self) -> Result<Vec<Result<Cell<'_>, String>>, String>;

    /// The columns that may be null and that no record had, where that is known only at the end.
    fn absent_at_the_end(&self) -> Absent {
        Absent::new()
    }
}

/// The cell of column `index`, checked against the schema.
pub(super) fn checked<'a>(
    schema: &SourceSchema,
    index: usize,
    cell: Result<Cell<'a>, String>,
) -> Result<Cell<'a>, String> {
    match cell {
        Ok(Cell::Null) if !schema.columns[index].nullable => Err(NULL_REASON.to_string()),
        Ok(Cell::Int(micros)) if index == schema.time && Time::new(micros).is_none() => {
            Err(time_reason(micros))
        }
        cell => cell,
    }
}

/// Reads the events of one input.
pub(super) struct TextReader<R> {
    records: R,
    schema: Arc<SourceSchema>,
    batch_rows: usize,
    columns: Vec<ColumnBuilder>,
    position: u64,
    /// What is done about absent columns, and the input's name; none once it is done, or if the
    /// first records were skipped, since those may have had them.
    absence: Option<(Absence, String)>,
}

impl<R: Records> TextReader<R> {
    /// A reader that starts at record `skip`, or at the end if there are fewer, and the number of
    /// records that were skipped.
    pub(super) fn starting_at(
        mut records: R,
        schema: Arc<SourceSchema>,
        batch_rows: usize,
        skip: u64,
        absence: (Absence, String),
    ) -> Result<(Self, u64)> {
        let mut position = 0;
        while position < skip && records.advance()? {
            position += 1;
        }
        let columns = schema.columns.iter().map(|c| ColumnBuilder::new(&c.data_type)).collect();
        let absence = Some(absence).filter(|_| skip == 0);
        Ok((TextReader { records, schema, batch_rows, columns, position, absence }, position))
    }
}

/// The parts of a batch other than its columns.
#[derive(Default)]
struct Batch {
    positions: Vec<u64>,
    failures: Vec<Failure>,
    set_aside: Vec<SetAside>,
}

impl Batch {
    fn records(&self) -> usize {
        self.positions.len() + self.set_aside.len()
    }
}

impl<R: Records> TextReader<R> {
    /// Adds the current record of the input.
    fn add_record(&mut self, batch: &mut Batch) {
        let TextReader { records, schema, columns, position, .. } = self;
        let named = |index: usize, reason: &str| in_column(&schema.columns[index].name, reason);
        let cells = records.cells().and_then(|cells| {
            let bad = |(index, cell): (usize, &Result<_, String>)| {
                let reason = cell.as_ref().err().filter(|_| schema.is_judged(index))?;
                Some(named(index, reason))
            };
            cells.iter().enumerate().find_map(bad).map_or(Ok(cells), Err)
        });
        let told = |reason: &str| format!("line {}: {reason}", records.line());
        let cells = match cells {
            Ok(cells) => cells,
            Err(reason) => {
                let (position, bytes) = (*position, records.raw().to_vec());
                let reason = told(&reason);
                return batch.set_aside.push(SetAside { position, view: None, reason, bytes });
            }
        };
        let row = batch.positions.len() as u32;
        let mut bytes: Option<Arc<[u8]>> = None;
        for (index, (column, cell)) in columns.iter_mut().zip(cells).enumerate() {
            match cell {
                Ok(cell) => column.push(&cell),
                Err(reason) => {
                    column.push(&Cell::Null);
                    let bytes = bytes.get_or_insert_with(|| records.raw().into()).clone();
                    let reason = told(&named(index, &reason));
                    batch.failures.push(Failure { row, column: index, reason, bytes });
                }
            }
        }
        batch.positions.push(*position);
    }
}

impl<R: Records> EventReader for TextReader<R> {
    fn next(&mut self) -> Result<Option<EventBatch>> {
        let mut batch = Batch::default();
        let mut bytes = 0;
        while batch.records() < self.batch_rows && bytes < BATCH_BYTES_MAX {
            if !self.records.advance()? {
                if let Some((absence, place)) = self.absence.take().filter(|_| self.position > 0) {
                    absence.tell(&place, &self.schema, self.records.absent_at_the_end())?;
                }
                break;
            }
            bytes += self.records.raw().len();
            self.add_record(&mut batch);
            self.position += 1;
        }
        if batch.records() == 0 {
            return Ok(None);
        }
        let Batch { positions, failures, set_aside } = batch;
        let columns = self.columns.iter_mut().map(ColumnBuilder::finish).collect();
        let records = RecordBatch::try_new(self.schema.arrow(), columns)
            .map_err(|error| Error::bug("checked cells were refused").because(error))?;
        let next_position = self.position;
        Ok(Some(EventBatch { records, positions, next_position, failures, set_aside }))
    }
}

impl<R: Records> Part for TextReader<R> {
    fn position(&self) -> u64 {
        self.position
    }
}
