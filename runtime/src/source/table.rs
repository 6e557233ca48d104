//! Tables: spines and other keyed rows, whole and in memory.
//!
//! Invariant: every row of the file is a row of the table, in the file's order (S22); a bad row is
//! an error that names it, never set aside. Parquet and Arrow columns keep their own types, and the
//! schema carries the file's metadata. Deliberately absent: streaming, and what a spine's columns
//! mean.
//!
//! Text has no types, so a caller gives hints for the columns that matter. The others: in CSV they
//! are text; in NDJSON a column whose values are all booleans, all integers, all numbers or all
//! strings is bool, int64, float64 or string, and any other mix is a string of JSON. A column that
//! is null throughout is a string.

use super::admit::in_column;
use super::cell::{Cell, integer};
use super::column::ColumnBuilder;
use super::columnar::{BatchSource, guarded};
use super::csv::{self, CsvReader};
use super::json::{self, Kind};
use super::line::LineReader;
use super::ndjson::ObjectLines;
use super::widen::{BadRows, accepts, widen};
use super::{BATCH_ROWS_DEFAULT, Format, ipc, open_file, parquet, wrong_type};
use crate::error::{Error, Result};
use crate::event::arrow_type;
use crate::value::{Column, DataType};
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::concat_batches;
use arrow::datatypes::{Field, Schema, SchemaRef};
use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Most bytes of text in a column of a table that comes from NDJSON or CSV.
pub const TABLE_TEXT_BYTES_MAX: usize = i32::MAX as usize;

/// Reads a whole file. `hints` are the types of columns that matter, for the text formats only.
pub fn read_table(path: &Path, hints: &[(String, DataType)]) -> Result<RecordBatch> {
    let place = path.display().to_string();
    let file = open_file(path)?;
    match Format::of(path)? {
        Format::Parquet => {
            let (source, schema) = parquet::open_table(&place, file, BATCH_ROWS_DEFAULT)?;
            whole(&place, Box::new(source), &schema)
        }
        Format::ArrowIpc => {
            let (source, schema) = ipc::open_table(&place, file)?;
            whole(&place, Box::new(source), &schema)
        }
        Format::Ndjson => ndjson_table(&place, file, hints),
        Format::Csv => csv_table(&place, file, hints),
    }
}

/// The column `name` of `batch` as the one Arrow type of `data_type`, by the widenings of a source.
pub fn column_of(batch: &RecordBatch, name: &str, data_type: &DataType) -> Result<ArrayRef> {
    let Some(array) = batch.column_by_name(name) else {
        let schema = batch.schema();
        let found: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        return Err(Error::input(format!(
            "there is no column {name:?} of type {data_type}; columns found: {}",
            found.join(", ")
        )));
    };
    if !accepts(array.data_type(), data_type) {
        return Err(Error::input(format!(
            "column {name:?} should be {data_type}, found {}; convert it",
            array.data_type()
        )));
    }
    let mut bad = BadRows::default();
    let widened = guarded("the table", || widen(array, data_type, &mut bad))?;
    match bad.iter().next() {
        None => Ok(widened),
        Some((row, reason)) => Err(bad_row(row, None, &in_column(name, reason))),
    }
}

/// The error of row `row`, which stands on line `line` of a text file.
fn bad_row(row: usize, line: Option<u64>, reason: &str) -> Error {
    let line = line.map(|line| format!(", line {line}")).unwrap_or_default();
    Error::input(format!("row {row} (from 0{line}): {reason}"))
}

/// All batches of `source` as one.
fn whole(place: &str, mut source: Box<dyn BatchSource>, schema: &SchemaRef) -> Result<RecordBatch> {
    guarded(place, || {
        let mut batches = Vec::new();
        while let Some(batch) = source.next()? {
            // A batch's own schema may lack the file's metadata.
            let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
            let columns = batch.columns().to_vec();
            let batch = RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options);
            batches.push(batch.map_err(|error| too_large(place).because(error))?);
        }
        if batches.len() == 1 {
            return Ok(batches.remove(0));
        }
        concat_batches(schema, &batches).map_err(|error| too_large(place).because(error))
    })
}

fn too_large(place: &str) -> Error {
    Error::input(format!("{place}: the table does not fit in memory as one; split the file"))
}

/// A column of a text table while it is read: its type, or the text of its values so far.
struct TextColumn {
    name: String,
    hint: Option<DataType>,
    builder: ColumnBuilder,
    /// What the values so far allow, unless there is a hint.
    guess: Guess,
    bytes: usize,
}

/// What the JSON values of a column have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guess {
    Nothing,
    Bool,
    Int64,
    Float64,
    Text,
    Mixed,
}

impl Guess {
    fn of(raw: &str) -> Guess {
        match json::kind(raw) {
            Kind::Null => Guess::Nothing,
            Kind::Bool => Guess::Bool,
            Kind::Number if integer(raw).is_ok() => Guess::Int64,
            Kind::Number if super::cell::float64(raw).is_ok() => Guess::Float64,
            Kind::Text => Guess::Text,
            Kind::Number | Kind::Array | Kind::Object => Guess::Mixed,
        }
    }

    fn and(self, other: Guess) -> Guess {
        match (self, other) {
            (Guess::Nothing, guess) | (guess, Guess::Nothing) => guess,
            (a, b) if a == b => a,
            (Guess::Int64, Guess::Float64) | (Guess::Float64, Guess::Int64) => Guess::Float64,
            _ => Guess::Mixed,
        }
    }

    fn data_type(self) -> DataType {
        match self {
            Guess::Bool => DataType::Bool,
            Guess::Int64 => DataType::Int64,
            Guess::Float64 => DataType::Float64,
            Guess::Nothing | Guess::Text | Guess::Mixed => DataType::String,
        }
    }
}

impl TextColumn {
    /// A column that was null in `rows` rows before it appeared.
    fn new(name: &str, hints: &[(String, DataType)], rows: usize) -> TextColumn {
        let hint = hints.iter().find(|(hinted, _)| hinted == name).map(|(_, t)| t.clone());
        let mut builder = ColumnBuilder::new(hint.as_ref().unwrap_or(&DataType::String));
        (0..rows).for_each(|_| builder.push(&Cell::Null));
        TextColumn { name: name.to_string(), hint, builder, guess: Guess::Nothing, bytes: 0 }
    }

    fn push(&mut self, cell: &Cell<'_>, bytes: usize) -> Result<(), String> {
        self.bytes += bytes;
        if self.bytes > TABLE_TEXT_BYTES_MAX {
            return Err(format!(
                "the column holds more than {TABLE_TEXT_BYTES_MAX} bytes; use Parquet, or split \
                 the file"
            ));
        }
        self.builder.push(cell);
        Ok(())
    }

    /// Appends the JSON value `raw`; without a hint its text is kept until all values are known.
    fn push_json(&mut self, raw: &str) -> Result<(), String> {
        match &self.hint {
            Some(data_type) => self.push(&json::decode(raw, data_type)?, raw.len()),
            None => {
                let guess = Guess::of(raw);
                self.guess = self.guess.and(guess);
                match guess {
                    Guess::Nothing => self.push(&Cell::Null, 0),
                    _ => self.push(&Cell::Text(raw.into()), raw.len()),
                }
            }
        }
    }

    /// The finished column of a file without types.
    fn finish(mut self) -> Result<(Field, ArrayRef), String> {
        let array = self.builder.finish();
        let data_type = self.hint.unwrap_or(DataType::String);
        Ok((Field::new(self.name, arrow_type(&data_type), true), array))
    }

    /// The finished column of NDJSON, decoded from its texts by what they have in common.
    fn finish_json(mut self) -> Result<(Field, ArrayRef), String> {
        if self.hint.is_some() {
            return self.finish();
        }
        let data_type = self.guess.data_type();
        let texts = self.builder.finish();
        let mut builder = ColumnBuilder::new(&data_type);
        for row in 0..texts.len() {
            match Cell::of(&texts, row) {
                Cell::Text(raw) if self.guess != Guess::Mixed => {
                    let cell = json::decode(&raw, &data_type);
                    builder.push(&cell.map_err(|reason| format!("row {row} (from 0): {reason}"))?);
                }
                cell => builder.push(&cell),
            }
        }
        Ok((Field::new(self.name, arrow_type(&data_type), true), builder.finish()))
    }
}

fn assemble(
    place: &str,
    rows: usize,
    columns: Vec<TextColumn>,
    finish: fn(TextColumn) -> Result<(Field, ArrayRef), String>,
) -> Result<RecordBatch> {
    let mut fields = Vec::with_capacity(columns.len());
    let mut arrays = Vec::with_capacity(columns.len());
    for column in columns {
        let name = column.name.clone();
        let finished = finish(column).map_err(|reason| in_column(&name, &reason));
        let (field, array) = finished.map_err(|reason| Error::input(reason).at(place))?;
        fields.push(field);
        arrays.push(array);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
        .map_err(|error| Error::bug("a table of checked cells was refused").because(error))
}

fn ndjson_table(place: &str, file: File, hints: &[(String, DataType)]) -> Result<RecordBatch> {
    let mut lines = ObjectLines::new(LineReader::new(Box::new(file), place.to_string()));
    let mut columns: Vec<TextColumn> = Vec::new();
    let mut slots: HashMap<String, usize> = HashMap::new();
    let mut rows = 0;
    while lines.advance()? {
        let mut read = || -> Result<(), String> {
            let mut values = vec![None; columns.len()];
            json::object(lines.text()?, &mut values, &mut |key| {
                let next = slots.len();
                Some(*slots.entry(key.to_string()).or_insert_with(|| {
                    columns.push(TextColumn::new(key, hints, rows));
                    next
                }))
            })?;
            values.resize(columns.len(), None);
            for (column, value) in columns.iter_mut().zip(values) {
                let pushed = column.push_json(value.unwrap_or("null"));
                pushed.map_err(|reason| in_column(&column.name, &reason))?;
            }
            Ok(())
        };
        read().map_err(|reason| bad_row(rows, Some(lines.number()), &reason).at(lines.place()))?;
        rows += 1;
    }
    assemble(place, rows, columns, TextColumn::finish_json)
}

fn csv_table(place: &str, file: File, hints: &[(String, DataType)]) -> Result<RecordBatch> {
    let mut reader = CsvReader::new(LineReader::new(Box::new(file), place.to_string()))?;
    let mut columns: Vec<TextColumn> =
        reader.header().iter().map(|name| TextColumn::new(name, hints, 0)).collect();
    for column in &columns {
        if let Some(hint @ DataType::List(_)) = &column.hint {
            let declared = Column {
                name: column.name.clone(),
                data_type: hint.clone(),
                nullable: true,
                description: String::new(),
            };
            return Err(wrong_type(place, &declared, "CSV text"));
        }
    }
    let mut rows = 0;
    while reader.advance()? {
        let read = reader.fields().and_then(|fields| {
            for (column, field) in columns.iter_mut().zip(fields) {
                let bytes = field.text.len();
                let cell = csv::decode(field, column.hint.as_ref().unwrap_or(&DataType::String));
                let pushed = cell.and_then(|cell| column.push(&cell, bytes));
                pushed.map_err(|reason| in_column(&column.name, &reason))?;
            }
            Ok(())
        });
        read.map_err(|reason| bad_row(rows, Some(reader.line()), &reason).at(place))?;
        rows += 1;
    }
    assemble(place, rows, columns, TextColumn::finish)
}
