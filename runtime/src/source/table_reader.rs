//! Tables that are read in parts, and may be read again.
//!
//! Invariant: the parts together are the table of [`read_table`]. Deliberately absent: text tables
//! in parts, since a text file has no types before its end.

use super::columnar::{BatchSource, guarded};
use super::table::{read_table, with_schema};
use super::{Format, ipc, open_file, parquet};
use crate::error::Result;
use crate::value::DataType;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use std::fmt;
use std::path::Path;

/// A table that is read in parts.
pub struct TableReader {
    place: String,
    schema: SchemaRef,
    parts: Parts,
}

enum Parts {
    Columnar(Box<dyn BatchSource>),
    /// A text file, which has no types before its end.
    Whole(Option<RecordBatch>),
}

/// Opens a file as [`read_table`] does, for reading batches of at most about `batch_rows` rows.
pub fn open_table(
    path: &Path,
    hints: &[(String, DataType)],
    batch_rows: usize,
) -> Result<TableReader> {
    let place = path.display().to_string();
    let file = open_file(path)?;
    let (schema, parts) = match Format::of(path)? {
        Format::Parquet => {
            let (source, schema) = parquet::open_table(&place, file, batch_rows)?;
            (schema, Parts::Columnar(Box::new(source)))
        }
        Format::ArrowIpc => {
            let (source, schema) = ipc::open_table(&place, file)?;
            (schema, Parts::Columnar(Box::new(source)))
        }
        Format::Ndjson | Format::Csv => {
            let table = read_table(path, hints)?;
            (table.schema(), Parts::Whole(Some(table)))
        }
    };
    Ok(TableReader { place, schema, parts })
}

impl TableReader {
    /// The table's columns.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The next rows; none at the end.
    pub fn read(&mut self) -> Result<Option<RecordBatch>> {
        let source = match &mut self.parts {
            Parts::Columnar(source) => source,
            Parts::Whole(table) => return Ok(table.take()),
        };
        let Some(batch) = guarded(&self.place, || source.next())? else { return Ok(None) };
        with_schema(&self.place, &self.schema, &batch).map(Some)
    }
}

impl fmt::Debug for TableReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TableReader of {}", self.place)
    }
}
