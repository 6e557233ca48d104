//! Columnar formats: record batches of a file, widened and admitted.
//!
//! Invariant: the header was judged before the first row; a batch holds at most the rows asked
//! for; a file that is damaged gives an error that names it, never a panic and never a silent end.
//! Deliberately absent: where the record batches come from (`parquet.rs`, `ipc.rs`).

use super::admit::{admit, in_column};
use super::cell::Cell;
use super::widen::{BadRows, accepts, widen};
use super::{EventReader, json, missing_column, wrong_type};
use crate::error::{Error, Result};
use crate::event::{EventBatch, SourceSchema, arrow_type};
use arrow::array::{ArrayRef, RecordBatch, new_null_array};
use arrow::datatypes::Schema;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// The record batches of one file, of the chosen columns, from its first unskipped row on.
pub(super) trait BatchSource: Send {
    /// The next batch, or `None` after the last one.
    fn next(&mut self) -> Result<Option<RecordBatch>>;
}

/// Runs `read`, whose libraries may panic on bytes that break their assumptions.
pub(super) fn guarded<T>(place: &str, read: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|panic| {
        let reason = panic.downcast_ref::<String>().map(String::as_str);
        let reason = reason.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic");
        Err(damaged(place).because(reason.to_string()))
    })
}

/// The error of a file whose bytes are not what its format says.
pub(super) fn damaged(place: &str) -> Error {
    Error::input(format!("{place}: the file cannot be read; it is truncated, damaged or mislabelled"))
}

/// Which columns of a file are read, and where each declared column is among them.
#[derive(Debug)]
pub(super) struct Projection {
    /// The indices of the file's columns, ascending.
    pub(super) chosen: Vec<usize>,
    /// For each declared column its index among the chosen ones.
    slots: Vec<Option<usize>>,
}

impl Projection {
    /// Judges the header: each declared column is there once with a type that widens to its own.
    pub(super) fn of(place: &str, found: &Schema, schema: &SourceSchema) -> Result<Projection> {
        let mut places = Vec::with_capacity(schema.columns.len());
        for column in &schema.columns {
            let mut same = (0..found.fields().len()).filter(|i| found.field(*i).name() == &column.name);
            let place_of = same.next();
            if same.next().is_some() {
                return Err(Error::input(format!(
                    "{place}: the file has two columns {:?}; rename one",
                    column.name
                )));
            }
            match place_of.map(|index| found.field(index).data_type()) {
                Some(data_type)
                    if !accepts(data_type, &column.data_type)
                        || (data_type.is_null() && !column.nullable) =>
                {
                    return Err(wrong_type(place, column, &data_type.to_string()));
                }
                None if !column.nullable => {
                    let names: Vec<String> =
                        found.fields().iter().map(|field| field.name().clone()).collect();
                    return Err(missing_column(place, column, &names));
                }
                _ => places.push(place_of),
            }
        }
        let mut chosen: Vec<usize> = places.iter().flatten().copied().collect();
        chosen.sort_unstable();
        chosen.dedup();
        let slot = |index: Option<usize>| index.and_then(|index| chosen.binary_search(&index).ok());
        let slots = places.into_iter().map(slot).collect();
        Ok(Projection { chosen, slots })
    }
}

/// Reads the events of one file.
pub(super) struct ColumnarReader {
    place: String,
    source: Box<dyn BatchSource>,
    schema: Arc<SourceSchema>,
    projection: Projection,
    batch_rows: usize,
    /// The rest of a record batch larger than `batch_rows`.
    rest: Option<RecordBatch>,
    position: u64,
}

impl ColumnarReader {
    /// A reader whose next row has `position`.
    pub(super) fn new(
        place: String,
        source: Box<dyn BatchSource>,
        schema: Arc<SourceSchema>,
        projection: Projection,
        batch_rows: usize,
        position: u64,
    ) -> ColumnarReader {
        ColumnarReader { place, source, schema, projection, batch_rows, rest: None, position }
    }

    fn next_records(&mut self) -> Result<Option<RecordBatch>> {
        let records = match self.rest.take() {
            Some(rest) => Some(rest),
            None => loop {
                match self.source.next()? {
                    Some(records) if records.num_rows() == 0 => {}
                    other => break other,
                }
            },
        };
        Ok(records.map(|records| {
            let rows = records.num_rows();
            if rows > self.batch_rows {
                self.rest = Some(records.slice(self.batch_rows, rows - self.batch_rows));
            }
            records.slice(0, rows.min(self.batch_rows))
        }))
    }

    fn read(&mut self) -> Result<Option<EventBatch>> {
        let Some(records) = self.next_records()? else { return Ok(None) };
        let rows = records.num_rows();
        let mut bad = BadRows::default();
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.schema.columns.len());
        for (column, slot) in self.schema.columns.iter().zip(&self.projection.slots) {
            let Some(slot) = slot else {
                columns.push(new_null_array(&arrow_type(&column.data_type), rows));
                continue;
            };
            let mut of_column = BadRows::default();
            let array = widen(records.column(*slot), &column.data_type, &mut of_column)
                .map_err(|error| error.at(format!("{}: column {:?}", self.place, column.name)))?;
            for (row, reason) in of_column.iter() {
                bad.add(row, || in_column(&column.name, reason));
            }
            columns.push(array);
        }
        let names: Vec<String> = self.schema.columns.iter().map(|c| c.name.clone()).collect();
        let as_json = |row: usize| {
            let mut bytes = Vec::new();
            let cell = |index: usize| match self.projection.slots[index] {
                Some(slot) => Cell::of(records.column(slot), row),
                None => Cell::Null,
            };
            json::write_object(&names, cell, &mut bytes);
            bytes
        };
        let batch = admit(&self.schema, columns, bad, self.position, as_json)?;
        self.position = batch.next_position;
        Ok(Some(batch))
    }
}

impl EventReader for ColumnarReader {
    fn next(&mut self) -> Result<Option<EventBatch>> {
        let place = self.place.clone();
        guarded(&place, || self.read())
    }
}
