//! Files of one table whose columns differ: a schema that all of them fit without loss.
//!
//! Invariant: a column has one type in which every value of every file is exact; the order of the
//! columns is that of the first file. Where there is no such type, the error names the column and
//! two files; where one value does not fit, it names the row. Deliberately absent: a choice between
//! types with different meanings, such as a text and a number.
//!
//! These are unified: a column without values, or missing from an NDJSON file, with any other;
//! integers of any width; floats of any width; integers and floats, value by value; texts, bytes,
//! lists and dictionaries in any layout; times of one zone in any unit; decimals of one scale.

use super::bad_cell::BadCell;
use super::format::Format;
use super::table::with_schema;
use arrow::array::{Array, ArrayRef, RecordBatch, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType as ArrowType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use lockstep_core::cell::{Cell, excerpt};
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use lockstep_core::json;
use std::collections::HashMap;
use std::sync::Arc;

/// A file of a table.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) place: String,
    pub(super) schema: SchemaRef,
    pub(super) format: Format,
}

impl Part {
    /// Whether an absent column is one of nulls: in NDJSON every key may be absent.
    fn may_lack_columns(&self) -> bool {
        self.format == Format::Ndjson
    }

    fn is_text(&self) -> bool {
        matches!(self.format, Format::Ndjson | Format::Csv)
    }
}

/// The schema that all parts of a table fit.
pub(super) fn unify(parts: &[Part]) -> Result<SchemaRef> {
    let [first, others @ ..] = parts else { return Ok(Arc::new(Schema::empty())) };
    if others.is_empty() && !first.is_text() {
        return Ok(Arc::clone(&first.schema));
    }
    let mut fields: Vec<FieldRef> = Vec::new();
    for part in parts {
        for field in part.schema.fields() {
            if !fields.iter().any(|known| known.name() == field.name()) {
                fields.push(common(parts, field.name())?);
            }
        }
    }
    Ok(Arc::new(Schema::new_with_metadata(fields, first.schema.metadata().clone())))
}

/// The field called `name` that the files have in common.
fn common(parts: &[Part], name: &str) -> Result<FieldRef> {
    let mut known: Option<(Field, &Part)> = None;
    let mut lacking = None;
    for part in parts {
        let Some((_, field)) = part.schema.column_with_name(name) else {
            lacking = Some(part);
            continue;
        };
        known = Some(match known.take() {
            None => (field.clone(), part),
            Some((before, of)) => {
                let joined = joined(&before, field, (of, part))?;
                // Later errors name the file that gave the type.
                let same = joined.data_type() == before.data_type();
                (joined, if same { of } else { part })
            }
        });
    }
    let (mut field, of) = known.expect("the name is that of a part's column");
    if let Some(part) = lacking {
        if !part.may_lack_columns() {
            return Err(Error::input(format!(
                "{}: there is no column {name:?}, which {} has; make the files alike, or read one \
                 alone",
                part.place, of.place
            ))
            .with_code(Code::missing_column(
                name,
                part.schema.fields().iter().map(|field| field.name().as_str()),
            )));
        }
        field.set_nullable(true);
    }
    let untyped = |part: &Part| part.is_text() && part.schema.column_with_name(name).is_some();
    if field.data_type().is_null() && parts.iter().all(|it| untyped(it) || it.may_lack_columns()) {
        field.set_data_type(ArrowType::Utf8);
    }
    Ok(Arc::new(field))
}

fn joined(before: &Field, field: &Field, (of, part): (&Part, &Part)) -> Result<Field> {
    let (one, other) = (before.data_type(), field.data_type());
    let Some(data_type) = join(one, other).or_else(|| join_by_value(one, other)) else {
        return Err(Error::input(format!(
            "{}: column {:?} is {other}, but {one} in {}; make the files alike, or read one alone",
            part.place,
            field.name(),
            of.place
        ))
        .with_code(Code::WrongColumnType {
            column: field.name().clone(),
            expected: one.to_string(),
            found: other.to_string(),
        }));
    };
    let mut joined = before.clone().with_nullable(before.is_nullable() || field.is_nullable());
    if before.metadata() != field.metadata() {
        joined.set_metadata(HashMap::<String, String>::new());
    }
    joined.set_data_type(data_type);
    Ok(joined)
}

/// A type that holds every value of both types, with the same meaning.
fn join(one: &ArrowType, other: &ArrowType) -> Option<ArrowType> {
    use ArrowType as A;
    let wider = |one: &ArrowType, other: &ArrowType| match one.primitive_width()
        >= other.primitive_width()
    {
        true => Some(one.clone()),
        false => Some(other.clone()),
    };
    match (one, other) {
        _ if one == other => Some(one.clone()),
        (A::Null, known) | (known, A::Null) => Some(known.clone()),
        (A::Dictionary(_, value), other) | (other, A::Dictionary(_, value)) => match other {
            A::Dictionary(_, other) => join(value, other),
            other => join(value, other),
        },
        (a, b) if a.is_signed_integer() && b.is_signed_integer() => wider(a, b),
        (a, b) if a.is_unsigned_integer() && b.is_unsigned_integer() => wider(a, b),
        (signed, unsigned) | (unsigned, signed)
            if signed.is_signed_integer() && unsigned.is_unsigned_integer() =>
        {
            // Also a signed type that is wider than both may hold them.
            [A::Int16, A::Int32, A::Int64].into_iter().find(|wide| {
                wide.primitive_width() > unsigned.primitive_width()
                    && wide.primitive_width() >= signed.primitive_width()
            })
        }
        (a, b) if a.is_floating() && b.is_floating() => wider(a, b),
        (A::Utf8 | A::Utf8View | A::LargeUtf8, A::Utf8 | A::Utf8View | A::LargeUtf8) => {
            let large = *one == A::LargeUtf8 || *other == A::LargeUtf8;
            Some(if large { A::LargeUtf8 } else { A::Utf8 })
        }
        (
            A::Binary | A::BinaryView | A::LargeBinary,
            A::Binary | A::BinaryView | A::LargeBinary,
        ) => {
            let large = *one == A::LargeBinary || *other == A::LargeBinary;
            Some(if large { A::LargeBinary } else { A::Binary })
        }
        (A::Date32 | A::Date64, A::Date32 | A::Date64) => Some(A::Date64),
        (A::Decimal128(a, scale), A::Decimal128(b, other)) if scale == other => {
            Some(A::Decimal128(*a.max(b), *scale))
        }
        (A::List(a) | A::LargeList(a), A::List(b) | A::LargeList(b)) => {
            let large = matches!(one, A::LargeList(_)) || matches!(other, A::LargeList(_));
            let item = join(a.data_type(), b.data_type())?;
            let item = Arc::new(Field::new("item", item, a.is_nullable() || b.is_nullable()));
            Some(if large { A::LargeList(item) } else { A::List(item) })
        }
        _ => None,
    }
}

/// A type that may hold every value of both; each value is to be checked.
fn join_by_value(one: &ArrowType, other: &ArrowType) -> Option<ArrowType> {
    use ArrowType as A;
    let finer = |one: TimeUnit, other: TimeUnit| {
        let units = [TimeUnit::Nanosecond, TimeUnit::Microsecond, TimeUnit::Millisecond];
        units.into_iter().find(|unit| [one, other].contains(unit)).unwrap_or(TimeUnit::Second)
    };
    match (one, other) {
        (integer, float) | (float, integer) if integer.is_integer() && float.is_floating() => {
            Some(A::Float64)
        }
        (A::Timestamp(one, zone), A::Timestamp(other, same)) if zone == same => {
            Some(A::Timestamp(finer(*one, *other), zone.clone()))
        }
        _ => None,
    }
}

/// The rows of `batch` in the table's schema; its first row is row `first` of its file.
pub(super) fn conform(
    place: &str,
    schema: &SchemaRef,
    batch: &RecordBatch,
    first: usize,
) -> Result<RecordBatch> {
    let found = batch.schema();
    if found.fields() == schema.fields() {
        return with_schema(place, schema, batch.columns().to_vec(), batch.num_rows());
    }
    let mut columns = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let column = match found.column_with_name(field.name()) {
            None => new_null_array(field.data_type(), batch.num_rows()),
            Some((at, _)) => {
                let converted = convert(batch.column(at), field.data_type());
                converted.map_err(|(row, reason)| {
                    BadCell::of(field.name(), reason).in_row(first + row, None).at(place)
                })?
            }
        };
        columns.push(column);
    }
    with_schema(place, schema, columns, batch.num_rows())
}

/// A column as one of type `to`, without loss; else the first row that cannot be converted, and
/// why.
pub(super) fn convert(array: &ArrayRef, to: &ArrowType) -> Result<ArrayRef, (usize, String)> {
    let from = array.data_type();
    if from == to {
        return Ok(Arc::clone(array));
    }
    if from.is_null() {
        return Ok(new_null_array(to, array.len()));
    }
    let options = CastOptions::default();
    let cast = |array: &ArrayRef, to| {
        cast_with_options(array, to, &options).map_err(|error| (0, error.to_string()))
    };
    if let ArrowType::Dictionary(_, value) = from {
        return convert(&cast(array, value)?, to);
    }
    let converted = cast(array, to)?;
    // A value that changes, or has no counterpart, does not come back.
    let back = cast(&converted, from)?;
    let differs = |row: &usize| back.slice(*row, 1) != array.slice(*row, 1);
    let lost = if &back == array { None } else { (0..array.len()).find(differs) };
    match lost {
        None => Ok(converted),
        Some(row) => {
            let mut value = Vec::new();
            json::write(&Cell::of(array, row), &mut value);
            let value = excerpt(&String::from_utf8_lossy(&value));
            Err((row, format!("{value} of type {from} cannot be written exactly as {to}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{TableOptions, TrainingWriter, read_tables};
    use arrow::array::{
        AsArray, DictionaryArray, Float64Array, Int8Array, Int64Array, LargeStringArray,
        StringArray, TimestampMillisecondArray, TimestampSecondArray, UInt16Array, UInt64Array,
    };
    use arrow::datatypes::{Int8Type, Int32Type, Int64Type};
    use std::path::Path;

    /// A file with the columns `k` and `v`, and a file with one column `v`.
    fn files(folder: &Path, first: ArrayRef, second: ArrayRef) -> [crate::SourceFile; 2] {
        [("1.parquet", first), ("2.arrow", second)].map(|(name, array)| {
            let path = folder.join(name);
            let keys: ArrayRef =
                Arc::new((0..array.len() as i64).map(Some).collect::<Int64Array>());
            // The columns have another order in each file.
            let mut columns = vec![("k", keys, true), ("v", array, true)];
            if name.starts_with('2') {
                columns.reverse();
            }
            let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
            let mut writer = TrainingWriter::create(&path, batch.schema(), vec![]).unwrap();
            writer.write(&batch).unwrap();
            writer.finish().unwrap();
            path.as_path().into()
        })
    }

    /// Goal: files that differ in the order or the types of their columns are one table if every
    /// value is exact in a common type (S22). Method: pairs of types, the common one, and the
    /// values, each of which is also written as JSON before and after.
    #[test]
    fn s22_files_are_unified_without_loss() {
        let folder = tempfile::tempdir().unwrap();
        let words = ["a", "b"];
        let dictionary: DictionaryArray<Int8Type> = words.into_iter().collect();
        let other: DictionaryArray<Int32Type> = words.into_iter().collect();
        let utc = |zone: &str| Some(zone.into());
        let seconds = TimestampSecondArray::from(vec![1]).with_timezone("UTC");
        let millis = TimestampMillisecondArray::from(vec![-1]).with_timezone("UTC");
        let int64 = || Arc::new(Int64Array::from(vec![Some(i64::MIN), None])) as ArrayRef;
        let text = || Arc::new(StringArray::from(vec!["", "é"])) as ArrayRef;
        let edge = 1_i64 << 53;
        let cases: Vec<(ArrayRef, ArrayRef, ArrowType)> = vec![
            (new_null_array(&ArrowType::Null, 2), int64(), ArrowType::Int64),
            (text(), new_null_array(&ArrowType::Null, 1), ArrowType::Utf8),
            (Arc::new(Int8Array::from(vec![-1])), int64(), ArrowType::Int64),
            (
                Arc::new(Int8Array::from(vec![-1])),
                Arc::new(UInt16Array::from(vec![u16::MAX])),
                ArrowType::Int32,
            ),
            (
                Arc::new(Int64Array::from(vec![edge])),
                Arc::new(Float64Array::from(vec![0.1])),
                ArrowType::Float64,
            ),
            (text(), Arc::new(LargeStringArray::from(vec!["x"])), ArrowType::LargeUtf8),
            (Arc::new(dictionary), Arc::new(other), ArrowType::Utf8),
            (
                Arc::new(seconds),
                Arc::new(millis),
                ArrowType::Timestamp(TimeUnit::Millisecond, utc("UTC")),
            ),
        ];
        for (first, second, expect) in cases {
            let shown = |array: &ArrayRef| -> Vec<String> {
                let shown = |row| {
                    let mut out = Vec::new();
                    json::write(&Cell::of(array, row), &mut out);
                    // An integer and the float with its value are equal.
                    String::from_utf8(out).unwrap().trim_end_matches(".0").to_string()
                };
                (0..array.len()).map(shown).collect()
            };
            let before = [shown(&first), shown(&second)].concat();
            let table = files(folder.path(), first, second);
            let table = read_tables(&table, &TableOptions::default()).unwrap();
            assert_eq!(table.schema().field(0).name(), "k");
            assert_eq!(*table.column(1).data_type(), expect);
            assert_eq!(shown(table.column(1)), before, "{expect}");
        }
    }

    /// Goal: where files have no type in common, the error names the column and both files; where a
    /// value does not fit, it names the file and the row (S22).
    #[test]
    fn s22_files_that_cannot_be_unified_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |first: ArrayRef, second: ArrayRef| {
            let files = files(folder.path(), first, second);
            read_tables(&files, &TableOptions::default()).unwrap_err().message
        };
        let numbers = |values: Vec<i64>| Arc::new(Int64Array::from(values)) as ArrayRef;
        let half = || Arc::new(Float64Array::from(vec![0.5])) as ArrayRef;
        let message = refused(numbers(vec![1]), Arc::new(StringArray::from(vec!["1"])));
        for part in ["2.arrow: column \"v\" is Utf8, but Int64 in", "1.parquet; make the files"] {
            assert!(message.contains(part), "{message}");
        }
        let odd = (1 << 53) + 1;
        for (first, second, place) in [
            (numbers(vec![0, odd]), half(), "1.parquet: row 1 (from 0): column \"v\""),
            (half(), numbers(vec![0, 1, odd]), "2.arrow: row 2 (from 0): column \"v\""),
        ] {
            let message = refused(first, second);
            assert!(message.contains(place) && message.contains("9007199254740993"), "{message}");
        }
        let most: ArrayRef = Arc::new(UInt64Array::from(vec![u64::MAX]));
        let message = refused(numbers(vec![-1]), most);
        assert!(message.contains("is UInt64, but Int64 in"), "{message}");
        let zoned = |zone: &str| -> ArrayRef {
            Arc::new(TimestampMillisecondArray::from(vec![0]).with_timezone(zone))
        };
        let message = refused(zoned("UTC"), zoned("Europe/Zurich"));
        assert!(message.contains("Europe/Zurich") && message.contains("\"v\""), "{message}");
    }

    /// Goal: text files are unified too: a column without values has the type of the others, and a
    /// key may be absent in NDJSON; a column that a CSV file lacks is named (S22).
    #[test]
    fn s22_text_files_are_unified() {
        let folder = tempfile::tempdir().unwrap();
        let read = |files: &[(&str, &str)]| {
            let files = files.iter().map(|(name, text)| {
                let path = folder.path().join(name);
                std::fs::write(&path, text).unwrap();
                path.as_path().into()
            });
            read_tables(&files.collect::<Vec<_>>(), &TableOptions::default())
        };
        let one = ("1.ndjson", "{\"a\":\"x\",\"n\":null}\n");
        let two = ("2.ndjson", "{\"n\":5,\"a\":\"y\",\"more\":true}\n");
        let table = read(&[one, two]).unwrap();
        assert_eq!(table.num_columns(), 3);
        let numbers = table.column(1).as_primitive::<Int64Type>();
        assert_eq!(numbers.iter().collect::<Vec<_>>(), [None, Some(5)]);
        assert_eq!(table.column(2).as_boolean().iter().collect::<Vec<_>>(), [None, Some(true)]);
        let alone = read(&[one]).unwrap();
        assert_eq!(*alone.column(1).data_type(), ArrowType::Utf8);
        let half = ("3.ndjson", "{\"a\":\"\",\"n\":0.5}\n{\"a\":\"\",\"n\":1.5}\n");
        let table = read(&[two, half]).unwrap();
        assert_eq!(*table.column(0).data_type(), ArrowType::Float64);
        let message = read(&[one, ("4.csv", "a\nx\n")]).unwrap_err().message;
        assert!(message.contains("4.csv: there is no column \"n\", which"), "{message}");
        assert!(message.contains("1.ndjson"), "{message}");
        let message = read(&[two, ("5.csv", "n,a,more\n1,x,\n")]).unwrap_err().message;
        assert!(message.contains("5.csv: column \"n\" is Utf8, but Int64 in"), "{message}");
        let table = read(&[two, ("6.csv", "more,a,n\n,x,\n")]).unwrap();
        assert_eq!(table.column(0).null_count(), 1);
    }
}
