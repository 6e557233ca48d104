//! Tables: spines and other keyed rows, read whole into memory.
//!
//! Invariant: every row of the file is a row of the table, in the file's order (S22); a bad row is
//! an error that names it, never set aside. Parquet and Arrow columns keep their own types, and the
//! schema includes the file's metadata. Deliberately absent: streaming, and what a spine's columns
//! mean.
//!
//! Text has no types, so a caller gives hints for the columns that matter. Other columns are text
//! in CSV. In NDJSON a column whose values are all booleans, all integers, all numbers or all
//! strings is bool, int64, float64 or string; with any other mixture each value is kept as a string
//! of JSON. A column with nulls only is a string.

use super::bad_cell::BadCell;
use super::column::ColumnBuilder;
use super::columnar::{BatchSource, guarded};
use super::content::Content;
use super::csv::{self, CsvReader};
use super::format::Format;
use super::header::{absent_column, unfit_column, wrong_type};
use super::limits::{BATCH_ROWS_DEFAULT, TABLE_BYTES_MAX};
use super::line::LineReader;
use super::location::SourceFile;
use super::measured::Measured;
use super::ndjson::ObjectLines;
use super::table_reader::open_tables;
use super::widen::{BadRows, accepts, widen};
use super::{ipc, parquet};
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::concat_batches;
use arrow::datatypes::{Field, Schema, SchemaRef};
use lockstep_core::cell::{Cell, integer};
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use lockstep_core::event::arrow_type;
use lockstep_core::failure::in_column;
use lockstep_core::json::{self, Kind};
use lockstep_core::value::{Column, DataType};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// Most bytes of text in a column of a table that comes from NDJSON or CSV.
pub const TABLE_TEXT_BYTES_MAX: usize = i32::MAX as usize;

/// Reads a whole file. `hints` are the types of columns that matter, for the text formats only.
pub fn read_table(path: &Path, hints: &[(String, DataType)]) -> Result<RecordBatch> {
    read(&path.into(), hints)
}

pub(super) fn read(file: &SourceFile, hints: &[(String, DataType)]) -> Result<RecordBatch> {
    let place = file.location().to_string();
    let format = Format::of(file.location().path());
    let file = file.open()?;
    match format? {
        Format::Parquet => {
            let (source, schema) = parquet::open_table(&place, file, BATCH_ROWS_DEFAULT)?;
            whole(&place, Box::new(Measured::new(&place, source, 0)), &schema)
        }
        Format::ArrowIpc => {
            let (source, schema) = ipc::open_table(&place, file)?;
            whole(&place, Box::new(Measured::new(&place, source, 0)), &schema)
        }
        Format::Ndjson => ndjson_table(&place, file, hints),
        Format::Csv => csv_table(&place, file, hints),
    }
}

/// Reads whole files as one table, in the given order. They must have the same columns.
pub fn read_tables(files: &[SourceFile], hints: &[(String, DataType)]) -> Result<RecordBatch> {
    let mut reader = open_tables(files, hints, BATCH_ROWS_DEFAULT)?;
    let mut tables = Vec::new();
    let mut bytes = 0;
    while let Some(table) = reader.read()? {
        bytes += size_of_table(&files[0].location().to_string(), &table, bytes)?;
        tables.push(table);
    }
    let schema = reader.schema();
    match tables.len() {
        1 => Ok(tables.remove(0)),
        _ => concat_batches(schema, &tables)
            .map_err(|error| too_large(&files[0].location().to_string()).because(error)),
    }
}

/// A batch with the file's schema, because its own may lack the file's metadata.
pub(super) fn with_schema(
    place: &str,
    schema: &SchemaRef,
    batch: &RecordBatch,
) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let columns = batch.columns().to_vec();
    let batch = RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options);
    batch.map_err(|error| too_large(place).because(error))
}

/// The column `name` of `batch` as the one Arrow type of `data_type`, widened as for a source.
/// `first` is the number of the batch's first row, for messages.
pub fn column_of(
    batch: &RecordBatch,
    name: &str,
    data_type: &DataType,
    first: usize,
) -> Result<ArrayRef> {
    let Some(array) = batch.column_by_name(name) else {
        let schema = batch.schema();
        let found: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        return Err(absent_column(name, data_type, &found));
    };
    if !accepts(array.data_type(), data_type) {
        return Err(unfit_column(name, data_type, &array.data_type().to_string()));
    }
    let mut bad = BadRows::default();
    let widened = guarded("the table", || widen(array, data_type, &mut bad))?;
    match bad.iter().next() {
        None => Ok(widened),
        Some((row, reason)) => Err(BadCell::of(name, reason).in_row(first + row, None)),
    }
}

/// All batches of `source` as one.
fn whole(place: &str, mut source: Box<dyn BatchSource>, schema: &SchemaRef) -> Result<RecordBatch> {
    guarded(place, || {
        let mut batches = Vec::new();
        let mut bytes = 0;
        while let Some(batch) = source.next()? {
            bytes += size_of_table(place, &batch, bytes)?;
            batches.push(with_schema(place, schema, &batch)?);
        }
        if batches.len() == 1 {
            return Ok(batches.remove(0));
        }
        concat_batches(schema, &batches).map_err(|error| too_large(place).because(error))
    })
}

/// The bytes of a part of a table, of which `before` bytes were read, if the table may be as large.
fn size_of_table(place: &str, part: &RecordBatch, before: u64) -> Result<u64> {
    // A part of a larger array counts with its share.
    let share = |array: &ArrayRef| array.to_data().get_slice_memory_size().unwrap_or(0) as u64;
    let bytes = part.columns().iter().map(share).sum();
    if before.saturating_add(bytes) <= TABLE_BYTES_MAX {
        return Ok(bytes);
    }
    let error = too_large(place);
    let message = format!("{}; it has more than {TABLE_BYTES_MAX} bytes", error.message);
    Err(Error::input(message)
        .with_code(Code::LimitReached { limit: "TABLE_BYTES_MAX", max: TABLE_BYTES_MAX }))
}

fn too_large(place: &str) -> Error {
    Error::input(format!("{place}: the table does not fit in memory as one; split the file"))
}

/// A column of a text table while it is read: its typed values, or the text of its values so far.
struct TextColumn {
    name: String,
    hint: Option<DataType>,
    builder: ColumnBuilder,
    /// The type that the values so far allow, if there is no hint.
    guess: Guess,
    bytes: usize,
}

/// The types that the JSON values of a column have in common.
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
            Kind::Number if lockstep_core::cell::float64(raw).is_ok() => Guess::Float64,
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
    /// A column that was missing from the first `rows` rows, which are null.
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

    /// The finished column of an NDJSON file, decoded from its texts by the type that they have in
    /// common.
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

fn ndjson_table(place: &str, file: Content, hints: &[(String, DataType)]) -> Result<RecordBatch> {
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
                    columns.push(TextColumn::new(key, hints, rows));
                    next
                }))
            })?;
            values.resize(columns.len(), None);
            for (column, value) in columns.iter_mut().zip(values) {
                let pushed = column.push_json(value.unwrap_or("null"));
                pushed.map_err(|reason| BadCell::of(&column.name, reason))?;
            }
            Ok(())
        };
        read().map_err(|bad| bad.in_row(rows, Some(lines.number())).at(lines.place()))?;
        rows += 1;
    }
    assemble(place, rows, columns, TextColumn::finish_json)
}

fn csv_table(place: &str, file: Content, hints: &[(String, DataType)]) -> Result<RecordBatch> {
    let mut reader = CsvReader::new(LineReader::new(file.into_read(), place.to_string()))?;
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
        let mut read = || -> Result<(), BadCell> {
            for (column, field) in columns.iter_mut().zip(reader.fields()?) {
                let bytes = field.text.len();
                let cell = csv::decode(field, column.hint.as_ref().unwrap_or(&DataType::String));
                let pushed = cell.and_then(|cell| column.push(&cell, bytes));
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
    use crate::TrainingWriter;
    use arrow::array::{
        Array, AsArray, DictionaryArray, Int32Array, Int64Array, StringArray, TimestampSecondArray,
        UInt64Array,
    };
    use arrow::datatypes::{
        DataType as ArrowType, Float64Type, Int8Type, Int64Type, TimestampMicrosecondType,
    };
    use std::path::PathBuf;

    fn file(folder: &tempfile::TempDir, name: &str, text: &[u8]) -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn hints(pairs: &[(&str, DataType)]) -> Vec<(String, DataType)> {
        pairs.iter().map(|(name, data_type)| (name.to_string(), data_type.clone())).collect()
    }

    /// Goal: a text spine has the hinted types, and the inferred ones of NDJSON for the rest (S14,
    /// S22). Method: columns that appear late, mix kinds or stay null.
    #[test]
    fn s22_ndjson_tables_keep_their_kinds() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(
            &folder,
            "spine.jsonl",
            b"{\"as_of\":\"1970-01-01T00:00:01Z\",\"key\":1,\"label\":1}\n\n\
              {\"as_of\":5,\"key\":9007199254740993,\"label\":0.5,\"late\":true,\"odd\":[1]}\n\
              {\"odd\":\"a\",\"none\":null,\"text\":\"x\\ty\"}",
        );
        let table = read_table(&path, &hints(&[("as_of", DataType::Timestamp)])).unwrap();
        let schema = table.schema();
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        assert_eq!(names, ["as_of", "key", "label", "late", "odd", "none", "text"]);
        let times = column_of(&table, "as_of", &DataType::Timestamp, 0).unwrap();
        let times = times.as_primitive::<TimestampMicrosecondType>();
        assert_eq!(times.iter().collect::<Vec<_>>(), [Some(1_000_000), Some(5), None]);
        let keys = table.column(1).as_primitive::<Int64Type>();
        assert_eq!(keys.iter().collect::<Vec<_>>(), [Some(1), Some((1 << 53) + 1), None]);
        let labels = table.column(2).as_primitive::<Float64Type>();
        assert_eq!(labels.iter().collect::<Vec<_>>(), [Some(1.0), Some(0.5), None]);
        assert_eq!(table.column(3).as_boolean().iter().flatten().collect::<Vec<_>>(), [true]);
        let odd: Vec<_> = table.column(4).as_string::<i32>().iter().collect();
        assert_eq!(odd, [None, Some("[1]"), Some("\"a\"")]);
        assert_eq!(table.column(5).null_count(), 3);
        assert_eq!(table.column(6).as_string::<i32>().value(2), "x\ty");
    }

    /// Goal: a CSV spine has the hinted types and text for the rest; `""` is not null (S14).
    #[test]
    fn s22_csv_tables_are_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder, "spine.csv", b"zip,n,s\n007,-1,\"\"\n,,\n");
        let table = read_table(&path, &hints(&[("n", DataType::Int64)])).unwrap();
        let texts = |column: usize| {
            let texts = table.column(column).as_string::<i32>().iter();
            texts.map(|text| text.map(str::to_string)).collect::<Vec<_>>()
        };
        assert_eq!(texts(0), [Some("007".to_string()), None]);
        assert_eq!(texts(2), [Some(String::new()), None]);
        let numbers = table.column(1).as_primitive::<Int64Type>();
        assert_eq!(numbers.iter().collect::<Vec<_>>(), [Some(-1), None]);
    }

    /// Goal: a bad row fails the table, and the error names it (S22). Method: a table of files.
    #[test]
    fn s22_bad_rows_fail_the_table() {
        let folder = tempfile::tempdir().unwrap();
        let hints = hints(&[("n", DataType::Int64), ("l", DataType::List(DataType::Bool.into()))]);
        for (name, text, expect) in [
            (
                "a.ndjson",
                "{\"n\":1}\n\n{\"n\":1.0}\n",
                "row 1 (from 0, line 3): column \"n\": \"1.0\"",
            ),
            ("b.ndjson", "{\"m\":1,\"m\":2}", "row 0 (from 0, line 1): the key \"m\" is repeated"),
            ("c.ndjson", "{\"s\":\"\\ud800\"}", "column \"s\": row 0"),
            ("d.csv", "n\n1\nx\n", "row 1 (from 0, line 3): column \"n\": \"x\""),
            ("e.csv", "n,m\n1\n", "1 fields, but the header has 2"),
            ("f.csv", "n,l\n", "column \"l\" should be list<bool>, found CSV text"),
        ] {
            let path = file(&folder, name, text.as_bytes());
            let message = read_table(&path, &hints).unwrap_err().message;
            assert!(message.contains(expect) && message.contains(name), "{message}");
        }
    }

    /// Goal: Parquet and Arrow spines keep their types, columns and metadata, and widen on request.
    /// Method: an empty table and one of several batches.
    #[test]
    fn s22_columnar_tables_keep_their_types() {
        let folder = tempfile::tempdir().unwrap();
        let keys: DictionaryArray<Int8Type> = ["a", "b", "a"].into_iter().collect();
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("key", Arc::new(keys)),
            ("as_of", Arc::new(TimestampSecondArray::from(vec![Some(-1), None, Some(1)]))),
            ("day", Arc::new(Int32Array::from(vec![1, 2, 3]))),
            ("big", Arc::new(UInt64Array::from(vec![1, 2, 1 << 63]))),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        for name in ["spine.parquet", "spine.feather"] {
            for batches in [0, 1, 2] {
                let path = folder.path().join(name);
                let metadata = vec![("lockstep.artifact".to_string(), "abc".to_string())];
                let mut writer = TrainingWriter::create(&path, batch.schema(), metadata).unwrap();
                (0..batches).for_each(|_| writer.write(&batch).unwrap());
                writer.finish().unwrap();
                let table = read_table(&path, &[]).unwrap();
                assert_eq!(table.num_rows(), 3 * batches);
                assert_eq!(table.schema().fields(), batch.schema().fields());
                assert_eq!(table.schema().metadata()["lockstep.artifact"], "abc");
                if batches == 0 {
                    continue;
                }
                assert_eq!(&table.slice(0, 3).columns()[1..], &batch.columns()[1..]);
                let texts = column_of(&table, "key", &DataType::String, 0).unwrap();
                assert_eq!(*texts.slice(0, 3), StringArray::from(vec!["a", "b", "a"]));
                let days = column_of(&table, "day", &DataType::Int64, 0).unwrap();
                assert_eq!(*days.slice(0, 3), Int64Array::from(vec![1, 2, 3]));
                let times = column_of(&table, "as_of", &DataType::Timestamp, 0).unwrap();
                let times = times.as_primitive::<TimestampMicrosecondType>();
                assert_eq!((times.value(0), times.is_null(1)), (-1_000_000, true));
                let bad = column_of(&table, "big", &DataType::Int64, 0).unwrap_err().message;
                assert!(
                    bad.contains("row 2 (from 0): column \"big\": 9223372036854775808"),
                    "{bad}"
                );
                let wrong = column_of(&table, "day", &DataType::String, 0).unwrap_err().message;
                assert!(wrong.contains("\"day\" should be string, found Int32"), "{wrong}");
                let absent = column_of(&table, "user", &DataType::String, 0).unwrap_err().message;
                assert!(absent.contains("columns found: key, as_of, day, big"), "{absent}");
            }
        }
        assert_eq!(
            batch.column(0).data_type().clone(),
            ArrowType::Dictionary(Box::new(ArrowType::Int8), Box::new(ArrowType::Utf8),)
        );
    }
}
