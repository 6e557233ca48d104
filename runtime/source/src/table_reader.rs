//! Table readers: they read a table in parts, and can read it again from its start.
//!
//! Invariant: the parts together are the table of [`super::read_tables`], and its files have the
//! same columns. Deliberately absent: reading text tables in parts, because the types of a text
//! file are known only at its end.

use super::columnar::{BatchSource, guarded};
use super::format::Format;
use super::location::SourceFile;
use super::measured::Measured;
use super::table::{read, with_schema};
use super::{ipc, parquet};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use lockstep_core::error::{Error, Result};
use lockstep_core::value::DataType;
use std::fmt;
use std::sync::mpsc;
use std::thread::JoinHandle;

/// A table that is read in parts.
pub struct TableReader {
    files: Vec<SourceFile>,
    hints: Vec<(String, DataType)>,
    batch_rows: usize,
    schema: SchemaRef,
    /// The index of the current file, and what is left of it.
    at: usize,
    parts: Parts,
}

enum Parts {
    Columnar(Box<dyn BatchSource>),
    /// A text file, read whole because its types are known only at its end.
    Whole(Option<RecordBatch>),
}

/// Opens files, in the given order, as one table that is read in batches of approximately
/// `batch_rows` rows. `hints` are the types of columns that matter, for the text formats only.
pub fn open_tables(
    files: &[SourceFile],
    hints: &[(String, DataType)],
    batch_rows: usize,
) -> Result<TableReader> {
    let Some(first) = files.first() else {
        return Err(Error::input("a table of no files has no columns; name one"));
    };
    let (schema, parts) = open(first, hints, batch_rows)?;
    let (files, hints) = (files.to_vec(), hints.to_vec());
    Ok(TableReader { files, hints, batch_rows, schema, at: 0, parts })
}

fn open(
    file: &SourceFile,
    hints: &[(String, DataType)],
    batch_rows: usize,
) -> Result<(SchemaRef, Parts)> {
    let opened = || {
        let place = file.location().to_string();
        let format = Format::of(file.location().path())?;
        Ok(match format {
            Format::Parquet => {
                let (source, schema) = parquet::open_table(&place, file.open()?, batch_rows)?;
                (schema, Parts::Columnar(Box::new(Measured::new(&place, source, 0))))
            }
            Format::ArrowIpc => {
                let (source, schema) = ipc::open_table(&place, file.open()?)?;
                (schema, Parts::Columnar(Box::new(Measured::new(&place, source, 0))))
            }
            Format::Ndjson | Format::Csv => {
                let table = read(file, hints)?;
                (table.schema(), Parts::Whole(Some(table)))
            }
        })
    };
    opened().map_err(|error| file.blame(error))
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
                return with_schema(&place, &self.schema, &batch).map(Some);
            }
            let Some(next) = self.files.get(self.at + 1) else { return Ok(None) };
            let (schema, parts) = open(next, &self.hints, self.batch_rows)?;
            if schema.fields() != self.schema.fields() {
                return Err(Error::input(format!(
                    "{} and {} differ in their columns or types; make them alike, or read one \
                     alone",
                    self.files[0].location(),
                    next.location()
                )));
            }
            self.parts = parts;
            self.at += 1;
        }
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
