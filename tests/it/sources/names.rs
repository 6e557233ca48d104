//! Columns whose names are no identifiers: with blanks, dots, quotes, keywords and other letters.
//!
//! Method: one row, written in each format, is read by its columns' names. A struct stands beside a
//! column that is called like the path of its field: the column of that very name is meant.

use super::{Column, SourceSchema, drain};
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StructArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType as ArrowType, Field};
use lockstep_core::notation::{Notation, TimeUnit};
use lockstep_core::value::Value;
use lockstep_source::{ReadOptions, TrainingWriter, open_events};
use std::sync::Arc;

/// The names; the first is the event time's.
const NAMES: [&str; 10] =
    ["geo.time", "order id", "type", "größe", "geo.lat", "a\"b'c", "x,y", " z", "a.b.c", "`q`"];

fn schema() -> Arc<SourceSchema> {
    let column = |(at, name): (usize, &&str)| Column {
        name: name.to_string(),
        data_type: if at == 0 { "timestamp" } else { "int64" }.to_string().try_into().unwrap(),
        nullable: false,
        description: String::new(),
    };
    Arc::new(SourceSchema {
        source: "events".into(),
        columns: NAMES.iter().enumerate().map(column).collect(),
        time: 0,
        id: None,
        skew_us: 0,
        arrived_at: None,
        arrivals: vec![],
        notation: Notation::of_unit(Some(TimeUnit::Microsecond)),
    })
}

/// The value of each column: its index; `geo` is a struct of other values.
fn batch() -> RecordBatch {
    let other = |name: &str| {
        let field = Arc::new(Field::new(name, ArrowType::Int64, false));
        (field, Arc::new(Int64Array::from(vec![-1])) as ArrayRef)
    };
    let geo = StructArray::from(vec![other("lat"), other("time")]);
    let a = StructArray::from(vec![other("b"), other("b.c")]);
    let mut columns: Vec<(&str, ArrayRef)> = vec![("geo", Arc::new(geo)), ("a", Arc::new(a))];
    for (at, name) in NAMES.iter().enumerate() {
        let value: ArrayRef = match at {
            0 => Arc::new(TimestampMicrosecondArray::from(vec![0]).with_timezone("UTC")),
            _ => Arc::new(Int64Array::from(vec![at as i64])),
        };
        columns.push((name, value));
    }
    RecordBatch::try_from_iter(columns).unwrap()
}

/// Goal: a column is found by its very name, whatever letters that has, in every format.
#[test]
fn any_name_is_a_columns_name() {
    let folder = tempfile::tempdir().unwrap();
    let expected: Vec<Value> = (0..NAMES.len() as i64)
        .map(|at| if at == 0 { Value::Timestamp(0) } else { Value::Int64(at) })
        .collect();
    for extension in ["parquet", "arrow", "ndjson", "csv"] {
        // CSV has no structs.
        let batch = match extension {
            "csv" => batch().project(&(2..2 + NAMES.len()).collect::<Vec<usize>>()).unwrap(),
            _ => batch(),
        };
        let path = folder.path().join("events").with_extension(extension);
        let mut writer = TrainingWriter::create(&path, batch.schema(), vec![]).unwrap();
        writer.write(&batch).unwrap();
        writer.finish().unwrap();
        let mut reader = open_events(&path, schema(), ReadOptions::default()).unwrap();
        assert_eq!(drain(&mut *reader).unwrap().rows, [(0, expected.clone())], "{extension}");
    }
    let line = r#"{"geo":{"lat":-1,"time":-1},"geo.time":"1970-01-01T00:00:00Z","order id":1,"type":2,"größe":3,"geo.lat":4,"a\"b'c":5,"x,y":6," z":7,"a":{"b":{"c":-1}},"a.b.c":8,"`q`":9}"#;
    let path = folder.path().join("nested.ndjson");
    std::fs::write(&path, line).unwrap();
    let mut reader = open_events(&path, schema(), ReadOptions::default()).unwrap();
    assert_eq!(drain(&mut *reader).unwrap().rows, [(0, expected)]);
}
