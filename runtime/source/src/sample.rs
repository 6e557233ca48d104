//! Samples for the tests of this crate: small schemas, and the output of a reader as plain values.
//!
//! Deliberately absent: any code of the readers, so that a fault there cannot be hidden here.

use super::{EventReader, Format, ReadOptions, open_events_stdin};
use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DataType as ArrowType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use lockstep_core::event::{EventBatch, SetAside, SourceSchema};
use lockstep_core::notation::{Notation, TimeUnit};
use lockstep_core::value::{Column, DataType, Decimal, Value};
use std::io::Cursor;
use std::sync::Arc;

/// A schema of `name type` columns, nullable with a `?`; the first column is the event time.
pub(super) fn schema(columns: &[&str]) -> Arc<SourceSchema> {
    let column = |text: &&str| {
        let (name, data_type) = text.split_once(' ').expect("a name and a type");
        Column {
            name: name.to_string(),
            data_type: data_type.trim_end_matches('?').to_string().try_into().expect("a type"),
            nullable: data_type.ends_with('?'),
            description: String::new(),
        }
    };
    let columns: Vec<Column> = columns.iter().map(column).collect();
    assert_eq!(columns[0].data_type, DataType::Timestamp);
    Arc::new(SourceSchema {
        source: "events".into(),
        columns,
        time: 0,
        id: None,
        skew_us: 0,
        arrived_at: None,
        arrivals: vec![],
        // So that tests may write times as small numbers.
        notation: Notation::of_unit(Some(TimeUnit::Microsecond)),
    })
}

/// Everything that a reader returned.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Everything {
    pub(super) rows: Vec<Vec<Value>>,
    pub(super) positions: Vec<u64>,
    /// For each failure its position, reason and bytes.
    pub(super) failures: Vec<(u64, String, Vec<u8>)>,
    pub(super) set_aside: Vec<SetAside>,
}

/// The value of an array in the one Arrow type of its data type.
fn value(array: &dyn Array, data_type: &DataType, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    match data_type {
        DataType::Bool => Value::Bool(array.as_boolean().value(row)),
        DataType::Int8 => Value::Int64(array.as_primitive::<Int8Type>().value(row).into()),
        DataType::Int16 => Value::Int64(array.as_primitive::<Int16Type>().value(row).into()),
        DataType::Int32 => Value::Int64(array.as_primitive::<Int32Type>().value(row).into()),
        DataType::Int64 => Value::Int64(array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt8 => Value::UInt64(array.as_primitive::<UInt8Type>().value(row).into()),
        DataType::UInt16 => Value::UInt64(array.as_primitive::<UInt16Type>().value(row).into()),
        DataType::UInt32 => Value::UInt64(array.as_primitive::<UInt32Type>().value(row).into()),
        DataType::UInt64 => Value::UInt64(array.as_primitive::<UInt64Type>().value(row)),
        DataType::Decimal { scale, .. } => {
            let unscaled = array.as_primitive::<Decimal128Type>().value(row);
            Value::Decimal(Box::new(Decimal { unscaled, scale: *scale }))
        }
        DataType::Bytes => Value::Bytes(array.as_binary::<i32>().value(row).into()),
        DataType::Date => Value::Date(array.as_primitive::<Date32Type>().value(row)),
        DataType::Float32 => Value::Float32(array.as_primitive::<Float32Type>().value(row)),
        DataType::Float64 => Value::Float64(array.as_primitive::<Float64Type>().value(row)),
        DataType::String => Value::String(array.as_string::<i32>().value(row).into()),
        DataType::Timestamp => {
            Value::Timestamp(array.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        DataType::List(element) => {
            let items = array.as_list::<i32>().value(row);
            Value::List((0..items.len()).map(|i| value(&items, element, i)).collect())
        }
        DataType::Map(_) => unreachable!("no event has a map"),
    }
}

/// Whether no data is hidden behind a null.
fn is_zero(array: &dyn Array, row: usize) -> bool {
    match array.data_type() {
        ArrowType::Utf8 => array.as_string::<i32>().value_length(row) == 0,
        ArrowType::List(_) => array.as_list::<i32>().value_length(row) == 0,
        ArrowType::Boolean => !array.as_boolean().value(row),
        ArrowType::Binary => array.as_binary::<i32>().value_length(row) == 0,
        other if other.primitive_width().is_some() => {
            let (data, width) = (array.to_data(), other.primitive_width().expect("just seen"));
            let start = (data.offset() + row) * width;
            data.buffers()[0][start..start + width].iter().all(|byte| *byte == 0)
        }
        other => panic!("no test has a bad {other}"),
    }
}

impl Everything {
    fn add(&mut self, batch: EventBatch, schema: &SourceSchema) {
        assert_eq!(batch.records.schema(), schema.arrow());
        assert_eq!(batch.records.num_rows(), batch.positions.len());
        for row in 0..batch.positions.len() {
            let cells = schema.columns.iter().zip(batch.records.columns());
            self.rows.push(cells.map(|(c, array)| value(array, &c.data_type, row)).collect());
        }
        for failure in batch.failures {
            let (row, column) = (failure.row as usize, failure.column);
            let array = batch.records.column(column);
            assert!(array.is_null(row) && is_zero(array, row), "a failure is null");
            let name = &schema.columns[column].name;
            assert!(failure.reason.contains(&format!("column {name:?}: ")), "{}", failure.reason);
            let position = batch.positions[row];
            self.failures.push((position, failure.reason, failure.bytes.to_vec()));
        }
        self.positions.extend(batch.positions);
        self.set_aside.extend(batch.set_aside);
    }
}

/// Reads to the end.
pub(super) fn everything(mut reader: Box<dyn EventReader>, schema: &SourceSchema) -> Everything {
    let mut all = Everything::default();
    while let Some(batch) = reader.next().expect("a good input") {
        all.add(batch, schema);
    }
    all
}

/// Reads text to the end.
pub(super) fn read_text(format: Format, text: &[u8], schema: &Arc<SourceSchema>) -> Everything {
    let input = Box::new(Cursor::new(text.to_vec()));
    let options = ReadOptions::default();
    let reader =
        open_events_stdin(format, input, Arc::clone(schema), options).expect("a good header");
    everything(reader, schema)
}

/// Checks one record: `Ok` holds the values after the event time, `Err` a part of the reason.
pub(super) fn check_record(
    format: Format,
    text: &[u8],
    schema: &Arc<SourceSchema>,
    expect: Result<Vec<Value>, &str>,
) {
    let shown = String::from_utf8_lossy(text);
    let all = read_text(format, text, schema);
    assert_eq!(all.rows.len() + all.set_aside.len(), 1, "{shown}");
    match expect {
        Ok(values) => {
            assert_eq!((all.set_aside, all.failures), (vec![], vec![]), "{shown}");
            assert_eq!(all.rows[0][1..], values, "{shown}");
            assert_eq!(all.positions, [0], "{shown}");
        }
        Err(part) => {
            let aside = all.set_aside.iter().map(|event| &event.reason);
            let mut reasons = aside.chain(all.failures.iter().map(|(_, reason, _)| reason));
            let reason = reasons.next().expect("the record should be bad");
            assert!(reason.contains(part), "{shown}: {reason}");
        }
    }
}
