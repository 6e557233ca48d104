//! CSV events: turns the records of a CSV file into events.
//!
//! Invariant: the header is checked before any record: each declared column is there, in the name
//! of a folder, or nullable, and none is a list. Deliberately absent: types in the header; a field
//! is decoded by its column's declared type.

use super::absent::Absent;
use super::csv::{CsvReader, decode};
use super::header::{missing_column, wrong_type};
use super::hive::Constants;
use super::line::LineReader;
use super::text::{Records, checked};
use lockstep_core::cell::Cell;
use lockstep_core::code::Code;
use lockstep_core::error::Result;
use lockstep_core::event::SourceSchema;
use lockstep_core::value::DataType;
use std::sync::Arc;

/// The records of an input, with the field of each declared column.
pub(super) struct CsvRecords {
    reader: CsvReader,
    schema: Arc<SourceSchema>,
    /// For each field its declared column; `None` if nobody declared it.
    columns: Vec<Option<usize>>,
    /// The declared columns that may be null and that the header lacks.
    pub(super) absent: Absent,
    constants: Constants,
}

impl CsvRecords {
    pub(super) fn new(
        lines: LineReader,
        schema: Arc<SourceSchema>,
        constants: Constants,
    ) -> Result<CsvRecords> {
        let reader = CsvReader::new(lines)?;
        let mut columns = vec![None; reader.header().len()];
        let mut absent = Absent::new();
        for (index, column) in schema.columns.iter().enumerate() {
            match reader.header().iter().position(|name| *name == column.name) {
                Some(_) if matches!(column.data_type, DataType::List(_)) => {
                    return Err(wrong_type(reader.place(), column, "CSV text"));
                }
                Some(field) => columns[field] = Some(index),
                None if constants.get(index).is_some() => {}
                None if column.nullable => {
                    let names = reader.header().iter().map(String::as_str);
                    absent.push((index, Code::missing_column(&column.name, names)));
                }
                None => return Err(missing_column(reader.place(), column, reader.header())),
            }
        }
        Ok(CsvRecords { reader, schema, columns, absent, constants })
    }
}

impl Records for CsvRecords {
    fn advance(&mut self) -> Result<bool> {
        self.reader.advance()
    }

    fn raw(&self) -> &[u8] {
        self.reader.raw()
    }

    fn line(&self) -> u64 {
        self.reader.line()
    }

    fn cells(&self) -> Result<Vec<Result<Cell<'_>, String>>, String> {
        let fields = self.reader.fields()?;
        let mut cells: Vec<Result<Cell<'_>, String>> =
            self.constants.cells().into_iter().map(Ok).collect();
        for (field, column) in fields.into_iter().zip(&self.columns) {
            if let Some(index) = *column {
                let SourceSchema { columns, notation, .. } = &*self.schema;
                let cell = decode(field, &columns[index].data_type, notation);
                let cell = checked(&self.schema, index, cell);
                cells[index] = cell.and_then(|cell| self.constants.checked(index, cell));
            }
        }
        Ok(cells)
    }
}
