//! How a column of a training set is written: the type that its format holds, or why it holds none.
//!
//! Invariant: what is written, the usual readers show with the same value, zone and kind of type as
//! in the spine, or they refuse it with an error; docs/TYPES.md lists them. Where Parquet has no
//! such type, a column is converted to the nearest one that it has (seconds to milliseconds, dates
//! in milliseconds to dates), each value exactly, or the column or the value is refused.
//! Deliberately absent: types that no spine may have (`spine_types.rs`).

use super::bad_cell::BadCell;
use super::format::Format;
use super::unify::convert;
use super::uuid::{is_uuid, uuid_texts};
use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{DataType as ArrowType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use lockstep_core::error::{Error, Result};
use std::sync::Arc;

/// The greatest precision of a decimal that readers other than pyarrow know.
const DECIMAL_PRECISION_MAX: u8 = 38;

/// The schema that is written for `schema`. The error names the column.
pub(super) fn written_schema(format: Format, schema: &Schema) -> Result<SchemaRef> {
    let mut fields = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let data_type = written(format, field)
            .map_err(|reason| Error::input(format!("column {:?} is {reason}", field.name())))?;
        fields.push(field.as_ref().clone().with_data_type(data_type));
    }
    Ok(Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone())))
}

/// The rows of `batch` as columns of the `written` schema; its first row is row `first`.
pub(super) fn as_written(
    written: &SchemaRef,
    batch: &RecordBatch,
    first: usize,
) -> Result<RecordBatch> {
    let mut columns = Vec::with_capacity(batch.num_columns());
    let found = batch.schema();
    let fields = written.fields().iter().zip(found.fields());
    for ((field, found), column) in fields.zip(batch.columns()) {
        if is_uuid(found) && *field.data_type() == ArrowType::Utf8 {
            columns.push(Arc::new(uuid_texts(column)) as ArrayRef);
            continue;
        }
        columns.push(convert(column, field.data_type()).map_err(|(row, reason)| {
            BadCell::of(field.name(), reason).in_row(first + row, None)
        })?);
    }
    RecordBatch::try_new(Arc::clone(written), columns)
        .map_err(|error| Error::bug("converted columns were refused").because(error))
}

/// The type in which a column is written, or what it is and why that cannot be.
fn written(format: Format, field: &Field) -> Result<ArrowType, String> {
    match format {
        Format::ArrowIpc => Ok(field.data_type().clone()),
        Format::Parquet => in_parquet(field.data_type()),
        Format::Ndjson | Format::Csv if is_uuid(field) => Ok(ArrowType::Utf8),
        Format::Ndjson => in_text(field.data_type()).map(|()| field.data_type().clone()),
        Format::Csv => {
            let nested = match field.data_type() {
                ArrowType::List(_) | ArrowType::LargeList(_) | ArrowType::FixedSizeList(..) => {
                    "list"
                }
                ArrowType::Map(..) => "map",
                ArrowType::Struct(_) => "struct",
                other => return in_text(other).map(|()| other.clone()),
            };
            Err(format!("a {nested}, which CSV cannot hold; write .parquet, .arrow or .ndjson"))
        }
    }
}

/// The type in which Parquet holds a column, so that readers see it as what it is.
fn in_parquet(found: &ArrowType) -> Result<ArrowType, String> {
    use ArrowType as A;
    let item = |field: &FieldRef| -> Result<FieldRef, String> {
        let item = in_parquet(field.data_type())?;
        Ok(Arc::new(field.as_ref().clone().with_data_type(item)))
    };
    Ok(match found {
        A::Timestamp(_, Some(zone)) if is_offset(zone) => {
            return Err(format!(
                "{found}, whose zone is an offset, which Polars cannot read in Parquet; convert it \
                 to UTC or to a named zone, or write .arrow"
            ));
        }
        A::Timestamp(TimeUnit::Second, zone) => A::Timestamp(TimeUnit::Millisecond, zone.clone()),
        A::Time32(TimeUnit::Second) => A::Time32(TimeUnit::Millisecond),
        A::Date64 => A::Date32,
        A::Duration(_) => {
            return Err(format!(
                "{found}, which Parquet cannot hold: DuckDB and Spark would read integers; convert \
                 it to an integer, or write .arrow"
            ));
        }
        A::Decimal32(_, scale) | A::Decimal64(_, scale) | A::Decimal128(_, scale) if *scale < 0 => {
            return Err(format!(
                "{found}, whose scale is below 0, which Parquet cannot hold; convert it to a scale \
                 of 0, or write .arrow"
            ));
        }
        A::Decimal256(precision, scale) if *precision > DECIMAL_PRECISION_MAX || *scale < 0 => {
            return Err(format!(
                "{found}, which DuckDB would read as a float, and Polars and Spark not at all; \
                 convert it to at most {DECIMAL_PRECISION_MAX} digits and a scale of 0 or more, or \
                 write .arrow"
            ));
        }
        A::Dictionary(_, value) if !value.is_string() => in_parquet(value)?,
        A::List(field) => A::List(item(field)?),
        A::LargeList(field) => A::LargeList(item(field)?),
        A::FixedSizeList(field, size) => A::FixedSizeList(item(field)?, *size),
        A::Map(entries, sorted) => A::Map(item(entries)?, *sorted),
        A::Struct(fields) => A::Struct(fields.iter().map(item).collect::<Result<_, _>>()?),
        other => other.clone(),
    })
}

/// Whether a zone is an offset to UTC, other than none, rather than a name.
fn is_offset(zone: &str) -> bool {
    zone.starts_with(['+', '-']) && zone.chars().any(|c| c.is_ascii_digit() && c != '0')
}

/// Whether a text format has a form for every value of a type.
fn in_text(found: &ArrowType) -> Result<(), String> {
    use ArrowType as A;
    match found {
        A::Duration(_) => Err(format!(
            "{found}, which has no form in text; convert it to an integer, or write .arrow"
        )),
        A::List(item) | A::LargeList(item) | A::FixedSizeList(item, _) => in_text(item.data_type()),
        A::Map(entries, _) => match entries.data_type() {
            A::Struct(pair) if pair[0].data_type().is_nested() => Err(format!(
                "{found}, a map with nested keys, which JSON cannot hold; write .parquet or .arrow"
            )),
            A::Struct(pair) => pair.iter().try_for_each(|field| in_text(field.data_type())),
            _ => Ok(()),
        },
        A::Struct(fields) => {
            for (at, field) in fields.iter().enumerate() {
                if fields[..at].iter().any(|other| other.name() == field.name()) {
                    return Err(format!(
                        "a struct with two fields {:?}, which JSON cannot hold; rename one",
                        field.name()
                    ));
                }
                in_text(field.data_type())?;
            }
            Ok(())
        }
        A::Dictionary(_, value) => in_text(value),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{TrainingWriter, read_table};
    use arrow::array::{Date64Array, DictionaryArray, Int32Array, ListArray, TimestampSecondArray};
    use arrow::buffer::OffsetBuffer;

    const DAY_MS: i64 = 86_400_000;

    fn seconds(values: Vec<Option<i64>>) -> ArrayRef {
        Arc::new(TimestampSecondArray::from(values).with_timezone("Europe/Zurich"))
    }

    fn write(name: &str, array: &ArrayRef) -> Result<ArrayRef> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let batch = RecordBatch::try_from_iter([("x", Arc::clone(array))]).unwrap();
        let mut writer = TrainingWriter::create(&path, batch.schema(), vec![])?;
        writer.write(&batch.slice(0, 1))?;
        writer.write(&batch.slice(1, array.len() - 1))?;
        writer.finish()?;
        Ok(Arc::clone(read_table(&path, &[]).unwrap().column(0)))
    }

    /// Goal: Parquet holds times and dates as such, exactly, also within lists and dictionaries
    /// (S14). Method: types that Parquet lacks, and what is read back.
    #[test]
    fn s14_parquet_holds_times_as_times() {
        use ArrowType as A;
        let millis = || A::Timestamp(TimeUnit::Millisecond, Some("Europe/Zurich".into()));
        let times = seconds(vec![Some(-1), None, Some(253_402_300_799)]);
        let read = write("t.parquet", &times).unwrap();
        assert_eq!(*read.data_type(), millis());
        assert_eq!(&convert(&read, times.data_type()).unwrap(), &times);
        assert_eq!(&write("t.arrow", &times).unwrap(), &times);
        let field = Arc::new(Field::new("item", times.data_type().clone(), true));
        let offsets = OffsetBuffer::from_lengths([2, 1]);
        let list: ArrayRef = Arc::new(ListArray::new(field, offsets, times.clone(), None));
        let read = write("l.parquet", &list).unwrap();
        assert_eq!(&convert(&read, list.data_type()).unwrap(), &list);
        assert!(matches!(read.data_type(), A::List(item) if *item.data_type() == millis()));
        let keys = Int32Array::from(vec![Some(2), Some(0), None]);
        let dictionary: ArrayRef = Arc::new(DictionaryArray::new(keys, times));
        let read = write("d.parquet", &dictionary).unwrap();
        let expect = seconds(vec![Some(253_402_300_799), Some(-1), None]);
        assert_eq!(&convert(&read, expect.data_type()).unwrap(), &expect);
        let days: ArrayRef = Arc::new(Date64Array::from(vec![Some(-DAY_MS), None, Some(0)]));
        let read = write("day.parquet", &days).unwrap();
        assert_eq!(*read.data_type(), A::Date32);
        assert_eq!(&convert(&read, &A::Date64).unwrap(), &days);
    }

    /// Goal: a value that Parquet's type cannot hold is refused with its column and row (S14).
    #[test]
    fn s14_values_without_a_form_are_named() {
        for (array, part) in [
            (seconds(vec![Some(0), None, Some(i64::MAX)]), "row 2 (from 0): column \"x\": "),
            (
                Arc::new(Date64Array::from(vec![Some(0), Some(DAY_MS + 1)])) as ArrayRef,
                "row 1 (from 0): column \"x\": \"\\\"1970-01-02T00:00:00.001\\\"\" of type Date64",
            ),
        ] {
            let message = write("t.parquet", &array).unwrap_err().message;
            assert!(message.contains(part) && message.contains("t.parquet"), "{message}");
            assert!(write("t.arrow", &array).is_ok());
        }
    }
}
