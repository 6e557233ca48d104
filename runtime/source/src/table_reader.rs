//! Table readers: they read a table in parts, and can read it again from its start.
//!
//! Invariant: the parts together are the table of [`super::read_tables`], in one schema that all of
//! its files fit. Deliberately absent: reading text tables in parts, because the types of a text
//! file are known only at its end.

use super::bad_cell::BadCell;
use super::columnar::{BatchSource, guarded};
use super::format::Format;
use super::location::SourceFile;
use super::measured::Measured;
use super::spine_types;
use super::table::TableOptions;
use super::unify::{Part, conform, unify};
use super::widen::{BadRows, widen};
use super::{ipc, parquet, text_table};
use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use lockstep_core::error::{Error, Result};
use lockstep_core::event::arrow_type;
use lockstep_core::value::DataType;
use std::fmt;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

/// A table that is read in parts.
pub struct TableReader {
    files: Vec<SourceFile>,
    options: TableOptions,
    batch_rows: usize,
    schema: SchemaRef,
    /// The index of the current file, what is left of it, and the rows that were read of it.
    at: usize,
    parts: Parts,
    rows: usize,
}

enum Parts {
    Columnar(Box<dyn BatchSource>),
    /// A text file, read whole because its types are known only at its end.
    Whole(Option<RecordBatch>),
}

/// Opens files, in the given order, as one table that is read in batches of approximately
/// `batch_rows` rows. Of several files the columns are read first, so that they get types in
/// common; a text file is then read twice.
pub fn open_tables(
    files: &[SourceFile],
    options: &TableOptions,
    batch_rows: usize,
) -> Result<TableReader> {
    let mut opened = Vec::new();
    let mut first = None;
    for file in files {
        let (part, parts) = open(file, options, batch_rows)?;
        opened.push(part);
        first.get_or_insert(parts);
    }
    let Some(parts) = first else {
        return Err(Error::input("a table of no files has no columns; name one"));
    };
    let schema = unify(&opened)?;
    let (files, options) = (files.to_vec(), options.clone());
    Ok(TableReader { files, options, batch_rows, schema, at: 0, parts, rows: 0 })
}

fn open(file: &SourceFile, options: &TableOptions, batch_rows: usize) -> Result<(Part, Parts)> {
    let place = file.location().to_string();
    let opened = || {
        let format = Format::of(file.location().path())?;
        let (schema, parts) = match format {
            Format::Parquet => {
                let (source, schema) = parquet::open_table(&place, file.open()?, batch_rows)?;
                (schema, Parts::Columnar(Box::new(Measured::new(&place, source, 0))))
            }
            Format::ArrowIpc => {
                let (source, schema) = ipc::open_table(&place, file.open()?)?;
                (schema, Parts::Columnar(Box::new(Measured::new(&place, source, 0))))
            }
            Format::Ndjson | Format::Csv => {
                let content = file.open()?;
                let table = match format {
                    Format::Ndjson => text_table::ndjson(&place, content, options)?,
                    _ => text_table::csv(&place, content, options)?,
                };
                (table.schema(), Parts::Whole(Some(table)))
            }
        };
        spine_types::check(&place, &schema)?;
        let schema = with_declared_times(&schema, options);
        Ok((Part { place: place.clone(), schema, format }, parts))
    };
    opened().map_err(|error| file.blame(error))
}

/// Whether a column holds integers that are times in a declared unit.
fn is_declared_time(field: &Field, options: &TableOptions) -> bool {
    options.notation.time_unit.is_some()
        && field.data_type().is_integer()
        && options.data_type(field.name()) == Some(&DataType::Timestamp)
}

/// The schema in which integers that are times in a declared unit are timestamps.
fn with_declared_times(schema: &SchemaRef, options: &TableOptions) -> SchemaRef {
    if !schema.fields().iter().any(|field| is_declared_time(field, options)) {
        return Arc::clone(schema);
    }
    let fields = schema.fields().iter().map(|field| match is_declared_time(field, options) {
        true => {
            let time = field.as_ref().clone().with_data_type(arrow_type(&DataType::Timestamp));
            Arc::new(time)
        }
        false => Arc::clone(field),
    });
    Arc::new(Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone()))
}

impl TableReader {
    /// The table's columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The next rows; `None` at the end.
    pub fn read(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            let file = &self.files[self.at];
            let place = file.location().to_string();
            let batch = match &mut self.parts {
                Parts::Columnar(source) => {
                    let batch = guarded(&place, || source.next());
                    batch.map_err(|error| file.blame(error))?
                }
                Parts::Whole(table) => table.take(),
            };
            if let Some(batch) = batch {
                let batch = self.typed(&place, batch)?;
                let conformed = conform(&place, &self.schema, &batch, self.rows)?;
                self.rows += batch.num_rows();
                return Ok(Some(conformed));
            }
            let Some(next) = self.files.get(self.at + 1) else { return Ok(None) };
            self.parts = open(next, &self.options, self.batch_rows)?.1;
            self.at += 1;
            self.rows = 0;
        }
    }

    /// The batch with timestamps in place of integers that are times in a declared unit.
    fn typed(&self, place: &str, batch: RecordBatch) -> Result<RecordBatch> {
        let schema = with_declared_times(&batch.schema(), &self.options);
        if Arc::ptr_eq(&schema, batch.schema_ref()) {
            return Ok(batch);
        }
        let mut columns = batch.columns().to_vec();
        for (field, column) in batch.schema().fields().iter().zip(&mut columns) {
            if is_declared_time(field, &self.options) {
                let mut bad = BadRows::default();
                *column = widen(column, &DataType::Timestamp, &self.options.notation, &mut bad)?;
                if let Some((row, reason)) = bad.iter().next() {
                    let bad = BadCell::of(field.name(), reason);
                    return Err(bad.in_row(self.rows + row, None).at(place));
                }
            }
        }
        RecordBatch::try_new(schema, columns)
            .map_err(|error| Error::bug("times do not fit their columns").because(error))
    }
}

/// A table that a background thread reads ahead.
pub struct ReadAhead {
    schema: SchemaRef,
    parts: mpsc::Receiver<Result<RecordBatch>>,
    thread: Option<JoinHandle<()>>,
}

impl TableReader {
    /// Reads in a background thread, at most two parts ahead.
    pub fn ahead(mut self) -> ReadAhead {
        let (sender, parts) = mpsc::sync_channel(1);
        let schema = self.schema.clone();
        let thread = std::thread::spawn(move || {
            while let Some(part) = self.read().transpose() {
                let last = part.is_err();
                if sender.send(part).is_err() || last {
                    return;
                }
            }
        });
        ReadAhead { schema, parts, thread: Some(thread) }
    }
}

impl ReadAhead {
    /// The table's columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The next rows; `None` at the end.
    pub fn read(&mut self) -> Result<Option<RecordBatch>> {
        match self.parts.recv() {
            Ok(part) => part.map(Some),
            Err(_) => match self.thread.take().map(JoinHandle::join) {
                Some(Err(panic)) => std::panic::resume_unwind(panic),
                _ => Ok(None),
            },
        }
    }
}

impl fmt::Debug for TableReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TableReader of {}", self.files[self.at].location())
    }
}
