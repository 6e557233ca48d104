//! Text tables: a spine in NDJSON or CSV, which is read as a whole, because the types of its
//! columns are known only at its end.
//!
//! Invariant: a value is exact, or an error that names its row; nothing is rounded to fit the other
//! rows of its column (S14, S22). Deliberately absent: several files, and what a column means.
//!
//! Text has no types, so a caller names those of the columns that matter. Other columns are text in
//! CSV. In NDJSON they are
//!
//! - bool, if all values are booleans;
//! - int64, if all are integers; one beyond 64 bits is an error;
//! - float64, if all are numbers, or some are and the others are `"NaN"`, `"Infinity"` or
//!   `"-Infinity"`; one with more digits than a float64 keeps, such as 2^53 + 1, is
//!   an error;
//! - string, if all are strings;
//! - else string as well, with each value as a text of JSON.
//!
//! A column with nulls only has the type null, so that other files may give it one.

use super::bad_cell::BadCell;
use super::column::ColumnBuilder;
use super::content::Content;
use super::csv::{self, CsvReader};
use super::header::wrong_type;
use super::line::LineReader;
use super::ndjson::ObjectLines;
use super::table::{TABLE_TEXT_BYTES_MAX, TableOptions};
use arrow::array::{Array, ArrayRef, NullArray, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema};
use lockstep_core::cell::{Cell, excerpt, integer, named_float};
use lockstep_core::digits::{faithful_float64, has_digits};
use lockstep_core::error::{Error, Result};
use lockstep_core::event::arrow_type;
use lockstep_core::json::{self, Kind};
use lockstep_core::notation::Notation;
use lockstep_core::value::{Column, DataType};
use std::collections::HashMap;
use std::sync::Arc;

/// A column while it is read: its typed values, or the text of its values so far.
struct TextColumn {
    name: String,
    declared: Option<DataType>,
    builder: ColumnBuilder,
    /// The kinds of values so far, if no type is declared.
    kinds: Kinds,
    bytes: usize,
}

/// Which kinds of JSON values a column has.
#[derive(Clone, Copy, Debug, Default)]
struct Kinds {
    bools: bool,
    integers: bool,
    /// Numbers with a point or an exponent.
    fractions: bool,
    /// The strings that stand for NaN and the infinities.
    named: bool,
    texts: bool,
    nested: bool,
}

impl Kinds {
    fn add(&mut self, raw: &str) {
        match json::kind(raw) {
            Kind::Null => {}
            Kind::Bool => self.bools = true,
            Kind::Number if raw.contains(['.', 'e', 'E']) => self.fractions = true,
            Kind::Number => self.integers = true,
            Kind::Text if named_float(raw.trim_matches('"')).is_some() => self.named = true,
            Kind::Text => self.texts = true,
            Kind::Array | Kind::Object => self.nested = true,
        }
    }

    /// The one type of all values; `None` if each remains a text of JSON.
    fn data_type(self) -> Option<DataType> {
        let numbers = self.integers || self.fractions;
        match (self.bools, numbers, self.texts || (self.named && !numbers), self.nested) {
            (true, false, false, false) => Some(DataType::Bool),
            (false, true, false, false) if !self.fractions && !self.named => Some(DataType::Int64),
            (false, true, false, false) => Some(DataType::Float64),
            (false, false, true, false) => Some(DataType::String),
            _ => None,
        }
    }
}

impl TextColumn {
    /// A column that was missing from the first `rows` rows, which are null.
    fn new(name: &str, options: &TableOptions, rows: usize) -> TextColumn {
        let declared = options.data_type(name).cloned();
        let mut builder = ColumnBuilder::new(declared.as_ref().unwrap_or(&DataType::String));
        (0..rows).for_each(|_| builder.push(&Cell::Null));
        TextColumn { name: name.to_string(), declared, builder, kinds: Kinds::default(), bytes: 0 }
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

    /// Appends the JSON value `raw`; if no type is declared, its text is kept until all values are
    /// known.
    fn push_json(&mut self, raw: &str, notation: &Notation) -> Result<(), String> {
        if let Some(data_type) = &self.declared {
            let cell = json::decode(raw, data_type, notation)?;
            check_whole_number(raw, &cell)?;
            return self.push(&cell, raw.len());
        }
        self.kinds.add(raw);
        match json::kind(raw) {
            Kind::Null => self.push(&Cell::Null, 0),
            _ => self.push(&Cell::Text(raw.into()), raw.len()),
        }
    }

    /// The finished column of a file without types.
    fn finish(mut self) -> Result<(Field, ArrayRef)> {
        let array = self.builder.finish();
        let data_type = match &self.declared {
            None if array.null_count() == array.len() => return Ok(self.nothing(array.len())),
            declared => declared.as_ref().unwrap_or(&DataType::String),
        };
        Ok((Field::new(self.name, arrow_type(data_type), true), array))
    }

    /// A column of nulls, which has no type of its own.
    fn nothing(self, rows: usize) -> (Field, ArrayRef) {
        let array = NullArray::new(rows);
        (Field::new(self.name, array.data_type().clone(), true), Arc::new(array))
    }

    /// The finished column of an NDJSON file, decoded from its texts by the type that they have in
    /// common.
    fn finish_json(mut self) -> Result<(Field, ArrayRef)> {
        if self.declared.is_some() {
            return self.finish();
        }
        let texts = self.builder.finish();
        if texts.null_count() == texts.len() {
            return Ok(self.nothing(texts.len()));
        }
        let common = self.kinds.data_type();
        let data_type = common.clone().unwrap_or(DataType::String);
        let mut builder = ColumnBuilder::new(&data_type);
        for row in 0..texts.len() {
            let cell = match (Cell::of(&texts, row), &common) {
                (Cell::Text(raw), Some(data_type)) => {
                    let cell = exact(&raw, data_type, self.kinds).map(Cell::into_owned);
                    cell.map_err(|reason| BadCell::of(&self.name, reason).in_row(row, None))?
                }
                (cell, _) => cell,
            };
            builder.push(&cell);
        }
        Ok((Field::new(self.name, arrow_type(&data_type), true), builder.finish()))
    }
}

/// Refuses a whole number that is not exact in its column's declared type. A number with a fraction
/// is the nearest float, as in an event.
fn check_whole_number(text: &str, cell: &Cell<'_>) -> Result<(), String> {
    let (value, data_type) = match cell {
        Cell::Float32(value) => (f64::from(*value), DataType::Float32),
        Cell::Float64(value) => (*value, DataType::Float64),
        _ => return Ok(()),
    };
    let whole = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    match whole && !has_digits(value, text) {
        true => Err(format!("{} has no exact {data_type}", excerpt(text))),
        false => Ok(()),
    }
}

/// The JSON value `raw` as one of the type that its column's values have in common; exact, or the
/// reason why that type cannot hold it.
fn exact<'a>(raw: &'a str, data_type: &DataType, kinds: Kinds) -> Result<Cell<'a>, String> {
    const REMEDY: &str = "write the column's values as strings, or the file as Parquet";
    match data_type {
        DataType::Int64 => match integer(raw) {
            Ok(value) => Ok(Cell::Int(value)),
            Err(reason) => Err(format!("{reason}; {REMEDY}")),
        },
        DataType::Float64 if json::kind(raw) == Kind::Text => {
            json::decode(raw, data_type, &Notation::default())
        }
        DataType::Float64 => match faithful_float64(raw) {
            Ok(value) => Ok(Cell::Float64(value)),
            Err(_) if kinds.integers && integer(raw).is_ok() => Err(format!(
                "{} is no float64, and other values of the column are no integers; {REMEDY}",
                excerpt(raw)
            )),
            Err(reason) => Err(format!("{reason}; {REMEDY}")),
        },
        _ => json::decode(raw, data_type, &Notation::default()),
    }
}

fn assemble(
    place: &str,
    rows: usize,
    columns: Vec<TextColumn>,
    finish: fn(TextColumn) -> Result<(Field, ArrayRef)>,
) -> Result<RecordBatch> {
    let mut fields = Vec::with_capacity(columns.len());
    let mut arrays = Vec::with_capacity(columns.len());
    for column in columns {
        let (field, array) = finish(column).map_err(|error| error.at(place))?;
        fields.push(field);
        arrays.push(array);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
        .map_err(|error| Error::bug("a table of checked cells was refused").because(error))
}

/// The rows of an NDJSON file.
pub(super) fn ndjson(place: &str, file: Content, options: &TableOptions) -> Result<RecordBatch> {
    let mut lines = ObjectLines::new(LineReader::new(file.into_read(), place.to_string()));
    let mut columns: Vec<TextColumn> = Vec::new();
    let mut slots: HashMap<String, usize> = HashMap::new();
    let mut rows = 0;
    while lines.advance()? {
        let mut read = || -> Result<(), BadCell> {
            let mut values = vec![None; columns.len()];
            json::object(lines.text()?, &mut values, &mut |key| {
                let next = slots.len();
                Some(*slots.entry(key.to_string()).or_insert_with(|| {
                    columns.push(TextColumn::new(key, options, rows));
                    next
                }))
            })?;
            values.resize(columns.len(), None);
            for (column, value) in columns.iter_mut().zip(values) {
                let pushed = column.push_json(value.unwrap_or("null"), &options.notation);
                pushed.map_err(|reason| BadCell::of(&column.name, reason))?;
            }
            Ok(())
        };
        read().map_err(|bad| bad.in_row(rows, Some(lines.number())).at(lines.place()))?;
        rows += 1;
    }
    assemble(place, rows, columns, TextColumn::finish_json)
}

/// The rows of a CSV file.
pub(super) fn csv(place: &str, file: Content, options: &TableOptions) -> Result<RecordBatch> {
    let mut reader = CsvReader::new(LineReader::new(file.into_read(), place.to_string()))?;
    let mut columns: Vec<TextColumn> =
        reader.header().iter().map(|name| TextColumn::new(name, options, 0)).collect();
    for column in &columns {
        if let Some(data_type @ DataType::List(_)) = &column.declared {
            let declared = Column {
                name: column.name.clone(),
                data_type: data_type.clone(),
                nullable: true,
                description: String::new(),
            };
            return Err(wrong_type(place, &declared, "CSV text"));
        }
    }
    let mut rows = 0;
    while reader.advance()? {
        let mut read = || -> Result<(), BadCell> {
            for (column, field) in columns.iter_mut().zip(reader.fields()?) {
                let bytes = field.text.len();
                let data_type = column.declared.as_ref().unwrap_or(&DataType::String);
                let text = matches!(data_type, DataType::Float32 | DataType::Float64)
                    .then(|| field.text.clone());
                let cell = csv::decode(field, data_type, &options.notation);
                let pushed = cell.and_then(|cell| {
                    check_whole_number(text.as_deref().unwrap_or_default(), &cell)?;
                    column.push(&cell, bytes)
                });
                pushed.map_err(|reason| BadCell::of(&column.name, reason))?;
            }
            Ok(())
        };
        read().map_err(|bad| bad.in_row(rows, Some(reader.line())).at(place))?;
        rows += 1;
    }
    assemble(place, rows, columns, TextColumn::finish)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a column holds text up to its limit and refuses more by the limit's number. Method: a
    /// column that has nearly as much, without having it.
    #[test]
    fn a_columns_text_has_a_limit() {
        let mut column = TextColumn::new("note", &TableOptions::default(), 0);
        column.bytes = TABLE_TEXT_BYTES_MAX - 3;
        column.push(&Cell::Text("abc".into()), 3).unwrap();
        let why = column.push(&Cell::Text("d".into()), 1).unwrap_err();
        assert!(why.contains("2147483647 bytes; use Parquet"), "{why}");
    }
}
