//! Tables: spines and other keyed rows, in one file or several.
//!
//! Invariant: every row of the files is a row of the table, in the files' order (S22); a bad row is
//! an error that names it, never set aside. Columns of Parquet and Arrow keep their own types, and
//! the schema includes the file's metadata. Deliberately absent: what a spine's columns mean.

use super::bad_cell::BadCell;
use super::columnar::guarded;
use super::header::{absent_column, unfit_column};
use super::limits::{BATCH_ROWS_DEFAULT, TABLE_BYTES_MAX};
use super::location::SourceFile;
use super::table_reader::open_tables;
use super::widen::{BadRows, accepts, widen};
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use lockstep_core::notation::Notation;
use lockstep_core::value::DataType;
use std::path::Path;
use std::sync::Arc;

/// Most bytes of text in a column of a table that comes from NDJSON or CSV.
pub const TABLE_TEXT_BYTES_MAX: usize = i32::MAX as usize;

/// What a caller knows of a table's columns.
#[derive(Clone, Debug, Default)]
pub struct TableOptions {
    /// The types of columns that matter: text has none of its own, and in a column of times they
    /// say where integers may stand.
    pub columns: Vec<(String, DataType)>,
    /// The unit of integers that are times, in those columns.
    pub notation: Notation,
}

impl TableOptions {
    /// The type of the column called `name`, if it is known.
    pub(super) fn data_type(&self, name: &str) -> Option<&DataType> {
        self.columns.iter().find(|(known, _)| known == name).map(|(_, data_type)| data_type)
    }
}

/// Reads a whole file. `columns` are the types of columns that matter, for the text formats.
pub fn read_table(path: &Path, columns: &[(String, DataType)]) -> Result<RecordBatch> {
    let options = TableOptions { columns: columns.to_vec(), ..TableOptions::default() };
    read_tables(&[path.into()], &options)
}

/// Reads whole files as one table, in the given order.
pub fn read_tables(files: &[SourceFile], options: &TableOptions) -> Result<RecordBatch> {
    let mut reader = open_tables(files, options, BATCH_ROWS_DEFAULT)?;
    let mut tables = Vec::new();
    let mut bytes = 0;
    while let Some(table) = reader.read()? {
        bytes += size_of_table(&files[0].location().to_string(), &table, bytes)?;
        tables.push(table);
    }
    let schema = reader.schema();
    match tables.len() {
        1 => Ok(tables.remove(0)),
        _ => guarded("the table", || {
            concat_batches(schema, &tables)
                .map_err(|error| too_large(&files[0].location().to_string()).because(error))
        }),
    }
}

/// A batch with the table's schema, because its own may lack the metadata.
pub(super) fn with_schema(
    place: &str,
    schema: &SchemaRef,
    columns: Vec<ArrayRef>,
    rows: usize,
) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
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
    let (schema, notation) = (batch.schema(), Notation::default());
    let Some((at, field)) = schema.column_with_name(name) else {
        let found: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        return Err(absent_column(name, data_type, &found));
    };
    if !accepts(field, data_type, &notation) {
        return Err(unfit_column(name, data_type, &field.data_type().to_string()));
    }
    let mut bad = BadRows::default();
    let widened = guarded("the table", || widen(batch.column(at), data_type, &notation, &mut bad))?;
    match bad.iter().next() {
        None => Ok(widened),
        Some((row, reason)) => Err(BadCell::of(name, reason).in_row(first + row, None)),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TrainingWriter;
    use arrow::array::{
        Array, AsArray, DictionaryArray, Int32Array, Int64Array, StringArray,
        TimestampMillisecondArray, UInt64Array,
    };
    use arrow::datatypes::{
        DataType as ArrowType, Float64Type, Int8Type, Int64Type, TimestampMicrosecondType,
    };
    use lockstep_core::cell::Cell;
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
              {\"as_of\":\"1970-01-01\",\"key\":9007199254740993,\"label\":0.5,\"late\":true,\"odd\":[1]}\n\
              {\"odd\":\"a\",\"none\":null,\"text\":\"x\\ty\"}",
        );
        let table = read_table(&path, &hints(&[("as_of", DataType::Timestamp)])).unwrap();
        let schema = table.schema();
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        assert_eq!(names, ["as_of", "key", "label", "late", "odd", "none", "text"]);
        let times = column_of(&table, "as_of", &DataType::Timestamp, 0).unwrap();
        let times = times.as_primitive::<TimestampMicrosecondType>();
        assert_eq!(times.iter().collect::<Vec<_>>(), [Some(1_000_000), Some(0), None]);
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

    /// Goal: a column of a text spine whose values no one type holds exactly is refused with its
    /// row, and nothing is rounded (S14, S22). Method: columns of numbers, and what becomes of each.
    #[test]
    fn s14_a_spines_numbers_are_exact_or_refused() {
        let folder = tempfile::tempdir().unwrap();
        let read = |values: &[&str]| {
            let lines: Vec<String> =
                values.iter().map(|value| format!("{{\"n\":{value}}}\n")).collect();
            read_table(&file(&folder, "s.ndjson", lines.concat().as_bytes()), &[])
        };
        let exact: [(&[&str], ArrowType); 10] = [
            (&["9007199254740993", "null", "-9223372036854775808"], ArrowType::Int64),
            (&["9007199254740992", "1.5"], ArrowType::Float64),
            (&["1.5", "100000000000000000000", "1e300"], ArrowType::Float64),
            (&["0.1", "-0.0", "5e-324"], ArrowType::Float64),
            (&["1", "\"-Infinity\"", "\"NaN\""], ArrowType::Float64),
            (&["\"Infinity\"", "null"], ArrowType::Utf8),
            (&["\"Infinity\"", "\"x\"", "1"], ArrowType::Utf8),
            (&["\"9007199254740993\"", "\"1.5\""], ArrowType::Utf8),
            (&["9007199254740993", "\"x\""], ArrowType::Utf8),
            (&["18446744073709551616", "true"], ArrowType::Utf8),
        ];
        for (values, expect) in exact {
            let table = read(values).unwrap();
            assert_eq!(*table.column(0).data_type(), expect, "{values:?}");
            let mut written = Vec::new();
            lockstep_core::json::write(&Cell::of(table.column(0), 0), &mut written);
            let written = String::from_utf8(written).unwrap();
            let number = |text: &str| text.replace(['"', '\\'], "").parse::<f64>();
            assert_eq!(number(&written), number(values[0]), "{values:?} became {written}");
        }
        let refused: [(&[&str], usize, &str); 6] = [
            (&["1.5", "9007199254740993"], 1, "\"9007199254740993\" is no float64"),
            (&["9007199254740993", "null", "1.5"], 0, "\"9007199254740993\" is no float64"),
            (&["1", "9223372036854775808"], 1, "beyond the range of int64"),
            (&["18446744073709551615"], 0, "beyond the range of int64"),
            (&["0.5", "123456789012345678.5"], 1, "more digits than a float64 keeps"),
            (&["0.5", "1e400"], 1, "beyond float64"),
        ];
        for (values, row, reason) in refused {
            let message = read(values).unwrap_err().message;
            let place = format!("s.ndjson: row {row} (from 0): column \"n\": ");
            assert!(message.contains(&place) && message.contains(reason), "{message}");
            assert!(message.contains("as strings"), "{message}");
        }
    }

    /// Goal: a whole number of a text spine is exact in its column's declared type or refused, and
    /// one with a fraction is the nearest float of that type, as in an event (S6, S22).
    #[test]
    fn s22_whole_numbers_of_a_text_spine_are_exact() {
        let folder = tempfile::tempdir().unwrap();
        for (data_type, value, exact) in [
            (DataType::Float64, "9007199254740993", false),
            (DataType::Float64, "-9007199254740993", false),
            (DataType::Float64, "9007199254740992", true),
            (DataType::Float64, "0.1234567890123456789", true),
            (DataType::Float64, "NaN", true),
            (DataType::Float32, "16777217", false),
            (DataType::Float32, "16777216", true),
            (DataType::Float32, "-0", true),
            (DataType::Float32, "0.1234567890", true),
        ] {
            let json = if value == "NaN" { "\"NaN\"" } else { value };
            for (name, text) in [
                ("s.ndjson", format!("{{\"n\":1}}\n{{\"n\":{json}}}\n")),
                ("s.csv", format!("n\n1\n{value}\n")),
            ] {
                let path = file(&folder, name, text.as_bytes());
                let read = read_table(&path, &hints(&[("n", data_type.clone())]));
                assert_eq!(read.is_ok(), exact, "{value} as {data_type} in {name}");
                if let Err(error) = read {
                    let reason = format!("column \"n\": {value:?} has no exact {data_type}");
                    assert!(error.message.contains(&reason), "{error}");
                    assert!(error.message.contains("row 1 (from 0, line"), "{error}");
                }
            }
        }
    }

    /// Goal: a column of a text spine has its declared type, exactly, and a value that has no exact
    /// counterpart fails the table with its row (S6, S22). Method: one value and one beyond, for each
    /// type, in both formats.
    #[test]
    fn s22_text_spines_have_declared_types() {
        let folder = tempfile::tempdir().unwrap();
        for (declared, good, bad, expect) in [
            ("uint64", "18446744073709551615", "-1", ArrowType::UInt64),
            ("int8", "-128", "128", ArrowType::Int8),
            ("decimal(20,2)", "123456789012345678.90", "0.125", ArrowType::Decimal128(20, 2)),
            ("bytes", "00ff", "0", ArrowType::Binary),
            ("date", "2024-02-29", "2023-02-29", ArrowType::Date32),
        ] {
            let data_type: DataType = declared.to_string().try_into().unwrap();
            let hints = hints(&[("x", data_type)]);
            let quoted = |text: &str| match declared.contains("int") {
                true => text.to_string(),
                false => format!("\"{text}\""),
            };
            for (name, text) in [
                ("s.ndjson", format!("{{\"x\":{}}}\n{{\"x\":", quoted(good))),
                ("s.csv", format!("x\n{good}\n")),
            ] {
                let json = name == "s.ndjson";
                let whole = format!("{text}{}", if json { "null}\n" } else { "\n" });
                let table = read_table(&file(&folder, name, whole.as_bytes()), &hints).unwrap();
                assert_eq!(*table.column(0).data_type(), expect, "{name}");
                let mut shown = Vec::new();
                lockstep_core::json::write(&Cell::of(table.column(0), 0), &mut shown);
                assert_eq!(String::from_utf8(shown).unwrap(), quoted(good), "{name}");
                assert!(table.column(0).is_null(1), "{name}");
                let wrong = if json { format!("{}}}\n", quoted(bad)) } else { format!("{bad}\n") };
                let wrong = file(&folder, name, format!("{text}{wrong}").as_bytes());
                let message = read_table(&wrong, &hints).unwrap_err().message;
                assert!(message.contains("row 1 (from 0, line "), "{message}");
                assert!(message.contains(&format!("column \"x\": {bad:?} is")), "{message}");
            }
        }
    }

    /// Goal: integers in a spine's columns of times are times in the declared unit only, in every
    /// format, and exact (S2, S22). Method: the same times in all formats, with and without a unit.
    #[test]
    fn s02_a_spines_integers_are_times_in_a_declared_unit() {
        let folder = tempfile::tempdir().unwrap();
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(1_711_238_400_000), None]));
        let batch = RecordBatch::try_from_iter([("t", numbers.clone()), ("n", numbers)]).unwrap();
        for name in ["s.parquet", "s.arrow", "s.ndjson", "s.csv"] {
            let path = folder.path().join(name);
            let mut writer = TrainingWriter::create(&path, batch.schema(), vec![]).unwrap();
            writer.write(&batch).unwrap();
            writer.finish().unwrap();
            let columns = hints(&[("t", DataType::Timestamp), ("n", DataType::Int64)]);
            let read = |unit: Option<&str>| {
                let notation = Notation::of_unit(unit.map(|unit| unit.parse().unwrap()));
                let options = TableOptions { columns: columns.clone(), notation };
                let table = read_tables(&[path.as_path().into()], &options)?;
                let times = column_of(&table, "t", &DataType::Timestamp, 0)?;
                let numbers = table.column(1).as_primitive::<Int64Type>().value(0);
                let times = times.as_primitive::<TimestampMicrosecondType>();
                Ok::<_, Error>((times.iter().collect::<Vec<_>>(), numbers))
            };
            let number = 1_711_238_400_000;
            let of = |micros| (vec![Some(micros), None], number);
            assert_eq!(read(Some("ms")).unwrap(), of(1_711_238_400_000_000), "{name}");
            assert_eq!(read(Some("us")).unwrap(), of(1_711_238_400_000), "{name}");
            assert_eq!(read(Some("ns")).unwrap(), of(1_711_238_400), "{name}");
            assert_eq!(read(Some("s")).unwrap(), of(1_711_238_400_000_000_000), "{name}");
            let message = read(None).unwrap_err().message;
            assert!(message.contains("--time-unit"), "{name}: {message}");
            assert!(message.contains("column \"t\""), "{name}: {message}");
        }
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
            ("c.ndjson", "{\"s\":\"\\ud800\"}", "row 0 (from 0): column \"s\": not valid JSON"),
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
            (
                "as_of",
                Arc::new(TimestampMillisecondArray::from(vec![Some(-1000), None, Some(1000)])),
            ),
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
