//! A Parquet file as cells.
//!
//! Invariant: a cell holds what the file holds, with nothing rounded, except that times finer than
//! a microsecond floor (S2). Deliberately absent: every conversion that could lose a bit, and
//! NaN canonicalisation, which is for the reader of events alone.

use crate::cell;
use crate::kind::Kind;
use crate::value::Value;
use arrow::array::{Array, RecordBatch};
use arrow::compute::concat_batches;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;
use std::path::Path;

/// The rows of a file.
#[derive(Debug)]
pub struct Table {
    place: String,
    batch: RecordBatch,
}

impl Table {
    /// Reads a whole Parquet file.
    pub fn open(path: &Path) -> Result<Table, String> {
        let place = path.display().to_string();
        let at = |error: &dyn std::fmt::Display| format!("{place}: {error}; give a Parquet file");
        let file = File::open(path).map_err(|error| at(&error))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| at(&error))?;
        let schema = builder.schema().clone();
        let reader = builder.build().map_err(|error| at(&error))?;
        let batches: Vec<RecordBatch> =
            reader.collect::<Result<_, _>>().map_err(|error| at(&error))?;
        let batch = concat_batches(&schema, &batches).map_err(|error| at(&error))?;
        Ok(Table { place, batch })
    }

    /// Rows that are already in memory; `place` stands for them in messages.
    pub fn new(place: &str, batch: RecordBatch) -> Table {
        Table { place: place.to_string(), batch }
    }

    /// Where the rows come from.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// The columns' names.
    pub fn names(&self) -> Vec<String> {
        self.batch.schema().fields().iter().map(|field| field.name().clone()).collect()
    }

    /// The number of the one column called `name`.
    pub fn column(&self, name: &str) -> Result<usize, String> {
        let names = self.names();
        let mut found = names.iter().enumerate().filter(|(_, other)| *other == name);
        match (found.next(), found.next()) {
            (Some((index, _)), None) => Ok(index),
            (Some(_), Some(_)) => Err(format!("{} has two columns {name:?}", self.place)),
            (None, _) => Err(format!(
                "{} has no column {name:?}; its columns are {}",
                self.place,
                names.join(", ")
            )),
        }
    }

    /// The type of a column that holds exactly what the contract says: times are microseconds
    /// and UTC, texts are plain UTF-8. An error names the column's type.
    pub fn kind(&self, column: usize) -> Result<Kind, String> {
        let schema = self.batch.schema();
        let field = schema.field(column);
        cell::kind(field.data_type()).map_err(|found| {
            let name = field.name();
            format!("{}: column {name:?} has type {found}", self.place)
        })
    }

    /// A cell. Narrower integers widen, coarser times convert; a type beyond that is an error.
    pub fn cell(&self, row: usize, column: usize) -> Result<Value, String> {
        let array = self.batch.column(column);
        cell::value(array, row).ok_or_else(|| {
            let schema = self.batch.schema();
            let (name, found) = (schema.field(column).name(), array.data_type());
            format!("{}: the oracle cannot read column {name:?} of type {found}", self.place)
        })
    }

    /// A text cell, or `None` for a null.
    pub fn text(&self, row: usize, column: usize) -> Result<Option<String>, String> {
        match self.cell(row, column)? {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            other => Err(self.wrong_type(column, "texts", &other)),
        }
    }

    /// An integer cell, or `None` for a null.
    pub fn integer(&self, row: usize, column: usize) -> Result<Option<i64>, String> {
        match self.cell(row, column)? {
            Value::Null => Ok(None),
            Value::Int64(x) => Ok(Some(x)),
            other => Err(self.wrong_type(column, "integers", &other)),
        }
    }

    /// A time cell in microseconds since 1970, or `None` for a null.
    pub fn time(&self, row: usize, column: usize) -> Result<Option<i64>, String> {
        match self.cell(row, column)? {
            Value::Null => Ok(None),
            Value::Timestamp(micros) => Ok(Some(micros)),
            other => Err(self.wrong_type(column, "timestamps", &other)),
        }
    }

    fn wrong_type(&self, column: usize, wanted: &str, found: &Value) -> String {
        let schema = self.batch.schema();
        let name = schema.field(column).name();
        format!("{}: column {name:?} must hold {wanted}; it holds {found}", self.place)
    }
}
