//! Files: values must survive every format with the same bits, for any batch size, and damage must
//! be an error.
//!
//! Method: the expected values are the list with which a test begins. The files are written by the
//! project's sink, which for Parquet and Arrow is the library's own writer, with encodings made by
//! arrow-cast, which the readers do not use.

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float32Array, Float64Array, Int64Array, ListArray,
    RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType as ArrowType, Field, Float32Type, Float64Type, Int64Type, TimeUnit,
    TimestampMicrosecondType,
};
use lockstep_core::event::{SourceSchema, arrow_schema, arrow_type};
use lockstep_core::notation::Notation;
use lockstep_core::value::{Column, DataType, NAN_32, NAN_64, Value};
use lockstep_core::{ErrorKind, Result};
use lockstep_source::{
    EventReader, ReadOptions, TrainingWriter, open_events, open_files, read_table,
};
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const EXTENSIONS: [&str; 4] = ["parquet", "arrow", "ndjson", "csv"];

/// A schema of `name type` columns, nullable with a `?`; the first column is the event time.
fn schema(columns: &[&str]) -> Arc<SourceSchema> {
    let column = |text: &&str| {
        let (name, data_type) = text.split_once(' ').expect("a name and a type");
        Column {
            name: name.to_string(),
            data_type: data_type.trim_end_matches('?').to_string().try_into().expect("a type"),
            nullable: data_type.ends_with('?'),
            description: String::new(),
        }
    };
    let columns = columns.iter().map(column).collect();
    Arc::new(SourceSchema {
        source: "events".into(),
        columns,
        time: 0,
        id: None,
        skew_us: 0,
        arrived_at: None,
        arrivals: vec![],
        notation: Notation::default(),
    })
}

/// The values as an array, with arbitrary data behind the nulls of numbers, as in real files.
fn array(values: &[Value], data_type: &DataType) -> ArrayRef {
    let valid: Vec<bool> = values.iter().map(|value| !value.is_null()).collect();
    let nulls = Some(NullBuffer::from(valid));
    match data_type {
        DataType::Bool => {
            let value = |v: &Value| matches!(v, Value::Bool(true) | Value::Null);
            Arc::new(BooleanArray::new(values.iter().map(value).collect(), nulls))
        }
        DataType::Int64 | DataType::Timestamp => {
            let value = |v: &Value| match v {
                Value::Int64(value) | Value::Timestamp(value) => *value,
                _ => 77,
            };
            let values = values.iter().map(value).collect();
            if *data_type == DataType::Int64 {
                return Arc::new(Int64Array::new(values, nulls));
            }
            Arc::new(TimestampMicrosecondArray::new(values, nulls).with_timezone("UTC"))
        }
        DataType::Float32 => {
            let value = |v: &Value| if let Value::Float32(value) = v { *value } else { 0.5 };
            Arc::new(Float32Array::new(values.iter().map(value).collect(), nulls))
        }
        DataType::Float64 => {
            let value = |v: &Value| if let Value::Float64(value) = v { *value } else { 0.5 };
            Arc::new(Float64Array::new(values.iter().map(value).collect(), nulls))
        }
        DataType::String => {
            let value =
                |v: &Value| if let Value::String(v) = v { v.to_string() } else { "?".into() };
            let texts: StringArray = values.iter().map(|v| Some(value(v))).collect();
            let (offsets, bytes, _) = texts.into_parts();
            Arc::new(StringArray::new(offsets, bytes, nulls))
        }
        DataType::List(element) => {
            let items = |v: &Value| if let Value::List(items) = v { items.clone() } else { vec![] };
            let items: Vec<Vec<Value>> = values.iter().map(items).collect();
            let offsets = OffsetBuffer::from_lengths(items.iter().map(Vec::len));
            let field = Arc::new(Field::new("item", arrow_type(element), true));
            let child = array(&items.concat(), element);
            Arc::new(ListArray::new(field, offsets, child, nulls))
        }
        DataType::Map(_) => panic!("no column is a map"),
    }
}

/// The value at `row`, after a check that the array is normalised: no other NaN, zero behind nulls.
fn value(array: &dyn Array, data_type: &DataType, row: usize) -> Value {
    assert_eq!(*array.data_type(), arrow_type(data_type));
    let null = array.is_null(row);
    let found = match data_type {
        DataType::Bool => Value::Bool(array.as_boolean().value(row)),
        DataType::Int64 => Value::Int64(array.as_primitive::<Int64Type>().value(row)),
        DataType::Timestamp => {
            Value::Timestamp(array.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        DataType::Float32 => {
            let value = array.as_primitive::<Float32Type>().value(row);
            assert!(!value.is_nan() || value.to_bits() == NAN_32.to_bits());
            Value::Float32(value)
        }
        DataType::Float64 => {
            let value = array.as_primitive::<Float64Type>().value(row);
            assert!(!value.is_nan() || value.to_bits() == NAN_64.to_bits());
            Value::Float64(value)
        }
        DataType::String => {
            assert_eq!(array.as_string::<i32>().offsets()[0], 0);
            Value::String(array.as_string::<i32>().value(row).into())
        }
        DataType::List(element) => {
            assert_eq!(array.as_list::<i32>().offsets()[0], 0);
            let items = array.as_list::<i32>().value(row);
            // A slice of the child does not start at 0, so its values are read one by one.
            let items = arrow::compute::concat(&[&items, &items.slice(0, 0)]).expect("one type");
            Value::List((0..items.len()).map(|i| value(&items, element, i)).collect())
        }
        DataType::Map(_) => panic!("no column is a map"),
    };
    if !null {
        return found;
    }
    let zero = match data_type {
        DataType::Bool => Value::Bool(false),
        DataType::Int64 => Value::Int64(0),
        DataType::Timestamp => Value::Timestamp(0),
        DataType::Float32 => Value::Float32(0.0),
        DataType::Float64 => Value::Float64(0.0),
        DataType::String => Value::String("".into()),
        DataType::List(_) => Value::List(vec![]),
        DataType::Map(_) => panic!("no column is a map"),
    };
    assert_eq!(found, zero, "behind a null");
    Value::Null
}

/// What a reader returned, as rows of values with their positions.
type Rows = Vec<(u64, Vec<Value>)>;

fn read(reader: &mut dyn EventReader, schema: &SourceSchema) -> Result<Rows> {
    let mut rows = Vec::new();
    let mut next = None;
    while let Some(batch) = reader.next()? {
        assert_eq!((batch.set_aside, batch.failures), (vec![], vec![]));
        assert_eq!(batch.records.schema(), schema.arrow());
        for (row, position) in batch.positions.iter().enumerate() {
            assert_eq!(*position, *next.get_or_insert(*position));
            next = Some(position + 1);
            let cells = schema.columns.iter().zip(batch.records.columns());
            rows.push((
                *position,
                cells.map(|(c, array)| value(array, &c.data_type, row)).collect(),
            ));
        }
        assert_eq!(Some(batch.next_position), next);
    }
    Ok(rows)
}

fn read_file(path: &Path, schema: &Arc<SourceSchema>, options: ReadOptions) -> Result<Rows> {
    read(&mut *open_events(path, Arc::clone(schema), options)?, schema)
}

/// Writes `batch` in slices of `rows`.
fn write(path: &Path, batch: &RecordBatch, rows: usize) {
    let mut writer = TrainingWriter::create(path, batch.schema(), vec![]).expect("a folder");
    for start in (0..batch.num_rows()).step_by(rows) {
        let slice = batch.slice(start, rows.min(batch.num_rows() - start));
        writer.write(&slice).expect("a slice of the schema");
    }
    assert_eq!(writer.finish().expect("a disk"), batch.num_rows() as u64);
}

fn batch_of(rows: &[Vec<Value>], columns: &[Column]) -> RecordBatch {
    let of = |(i, c): (usize, &Column)| {
        let values: Vec<Value> = rows.iter().map(|row| row[i].clone()).collect();
        array(&values, &c.data_type)
    };
    let arrays = columns.iter().enumerate().map(of).collect();
    RecordBatch::try_new(arrow_schema(columns), arrays).expect("values of the schema")
}

fn text() -> impl Strategy<Value = Box<str>> {
    let odd =
        ["", "null", "NaN", "0", "\0", "a,b", "\"", "\r\n", "\u{feff}x", "é😀", " ", "\\u0000"];
    prop_oneof![
        prop::sample::select(odd.to_vec()).prop_map(Box::from),
        "\\PC{0,6}".prop_map(Box::from)
    ]
}

/// Doubles of every kind; random bits alone hardly ever give a NaN with a payload.
fn double() -> impl Strategy<Value = f64> {
    let odd = [-0.0, 0.0, f64::INFINITY, f64::NEG_INFINITY, 1e16, 5e-324, f64::MAX, 0.1, 1e22];
    let nan = [0x7ff0_0000_0000_0001, 0xfff8_0000_0000_0000, 0x7fff_ffff_ffff_ffff];
    prop_oneof![
        2 => prop::sample::select(odd.to_vec()),
        1 => prop::sample::select(nan.to_vec()).prop_map(f64::from_bits),
        3 => any::<u64>().prop_map(f64::from_bits),
    ]
}

fn int() -> impl Strategy<Value = i64> {
    let odd = [i64::MIN, i64::MAX, (1 << 53) + 1, 0, -1];
    prop_oneof![prop::sample::select(odd.to_vec()), any::<i64>()]
}

fn single() -> impl Strategy<Value = f32> {
    let odd = [0x7f80_0001, 0xffc0_0000, 0x8000_0000, 0x7f80_0000, 0xff80_0000, 1];
    let bits = prop_oneof![1 => prop::sample::select(odd.to_vec()), 2 => any::<u32>()];
    bits.prop_map(f32::from_bits)
}

fn or_null(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop_oneof![3 => value, 1 => Just(Value::Null)]
}

const COLUMNS: [&str; 9] = [
    "t timestamp",
    "b bool?",
    "n int64?",
    "f float32?",
    "x float64?",
    "s string?",
    "u timestamp?",
    "ls list<string>?",
    "lx list<float64>?",
];

/// One row of [`COLUMNS`].
fn row() -> impl Strategy<Value = Vec<Value>> {
    let list = |item: BoxedStrategy<Value>| {
        or_null(prop::collection::vec(or_null(item), 0..3).prop_map(Value::List))
    };
    let limit = 1i64 << 62;
    let texts = text().prop_map(Value::String).boxed();
    let doubles = double().prop_map(Value::Float64).boxed();
    (
        (-limit..=limit).prop_map(Value::Timestamp),
        or_null(any::<bool>().prop_map(Value::Bool)),
        or_null(int().prop_map(Value::Int64)),
        or_null(single().prop_map(Value::Float32)),
        or_null(doubles.clone()),
        or_null(texts.clone()),
        or_null(prop_oneof![int(), -1_000_000_000_000_000i64..=1 << 60].prop_map(Value::Timestamp)),
        list(texts),
        list(doubles),
    )
        .prop_map(|(t, b, n, f, x, s, u, ls, lx)| vec![t, b, n, f, x, s, u, ls, lx])
}

fn numbered(rows: &[Vec<Value>]) -> Rows {
    (0..).zip(rows.iter().cloned()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Goal: values survive every format exactly (S14), and neither the slices written, the batches
    /// read nor the start position change them. Method: random rows with hard values, written and
    /// read in all four formats; CSV without the lists.
    #[test]
    fn s14_every_format_gives_the_same_bits(
        rows in prop::collection::vec(row(), 1..30),
        slice in 1usize..30,
        batch_rows in 1usize..30,
        start in 0usize..30,
    ) {
        let folder = tempfile::tempdir().unwrap();
        for extension in EXTENSIONS {
            let kept = if extension == "csv" { 7 } else { COLUMNS.len() };
            let schema = schema(&COLUMNS[..kept]);
            let rows: Vec<Vec<Value>> = rows.iter().map(|row| row[..kept].to_vec()).collect();
            let path = folder.path().join("events").with_extension(extension);
            write(&path, &batch_of(&rows, &schema.columns), slice);
            let start = start.min(rows.len());
            let options = ReadOptions { batch_rows, start_position: start as u64, ..ReadOptions::default() };
            let found = read_file(&path, &schema, options).unwrap();
            prop_assert_eq!(&found, &numbered(&rows)[start..], "{}", extension);
        }
    }

    /// Goal: every encoding that occurs in real files gives the same values (S6). Method: values
    /// that all encodings can hold, cast to each, with nulls, written as slices to Parquet and
    /// Arrow.
    #[test]
    fn s06_encodings_give_the_same_values(
        cells in prop::collection::vec(
            (or_null((0i64..128).prop_map(Value::Int64)), or_null(text().prop_map(Value::String))),
            1..20,
        ),
    ) {
        encodings_are_equal(cells);
    }
}

/// The types of the columns of one file: an integer, a text, a time and a list of two texts.
fn encodings() -> [[ArrowType; 4]; 7] {
    use ArrowType as A;
    let dictionary = |key: A, value: A| A::Dictionary(Box::new(key), Box::new(value));
    let item = |data_type: A| Arc::new(Field::new("item", data_type, true));
    let time = |unit: TimeUnit, zone: Option<&str>| A::Timestamp(unit, zone.map(Into::into));
    let second = time(TimeUnit::Second, None);
    let milli = time(TimeUnit::Millisecond, Some("Africa/Cairo"));
    let list = A::List(item(A::Utf8));
    [
        [A::Int8, A::LargeUtf8, second.clone(), A::List(item(A::LargeUtf8))],
        [A::Int16, A::Utf8View, milli, A::LargeList(item(A::Utf8))],
        [
            A::Int32,
            dictionary(A::Int8, A::Utf8),
            time(TimeUnit::Nanosecond, None),
            A::FixedSizeList(item(A::Utf8), 2),
        ],
        [
            A::UInt8,
            dictionary(A::UInt32, A::LargeUtf8),
            time(TimeUnit::Microsecond, None),
            A::LargeList(item(A::LargeUtf8)),
        ],
        [A::UInt16, A::Utf8, second.clone(), A::List(item(A::Utf8View))],
        [A::UInt32, dictionary(A::Int16, A::Utf8View), second.clone(), list.clone()],
        [A::UInt64, A::Utf8, dictionary(A::Int8, second), list],
    ]
}

/// The array as `data_type`; for a dictionary its values are cast first, because arrow-cast
/// mistakes microseconds for seconds when it makes a dictionary of times directly.
fn encode(array: &ArrayRef, data_type: &ArrowType) -> ArrayRef {
    let values = match data_type {
        ArrowType::Dictionary(_, value) => cast(array, value).expect("a wider type"),
        _ => Arc::clone(array),
    };
    cast(&values, data_type).expect("a wider type")
}

/// Writes the numbers and texts in all [`encodings`], and reads them back.
fn encodings_are_equal(cells: Vec<(Value, Value)>) {
    let folder = tempfile::tempdir().expect("a folder");
    let schema =
        schema(&["t timestamp", "v int64?", "s string?", "u timestamp?", "l list<string>?"]);
    let row = |(n, s): (Value, Value)| {
        let time = match n {
            Value::Int64(n) => Value::Timestamp(n * 1_000_000),
            _ => Value::Null,
        };
        let list = Value::List(vec![s.clone(), Value::Null]);
        vec![Value::Timestamp(0), n, s, time, list]
    };
    let rows: Vec<Vec<Value>> = cells.into_iter().map(row).collect();
    let plain = batch_of(&rows, &schema.columns);
    for [v, s, u, l] in encodings() {
        let types = [plain.column(0).data_type().clone(), v, s, u, l];
        let columns = schema.columns.iter().zip(plain.columns()).zip(&types);
        let columns = columns
            .map(|((column, array), data_type)| (&column.name, encode(array, data_type), true));
        let batch = RecordBatch::try_from_iter_with_nullable(columns).expect("equal lengths");
        for extension in ["parquet", "arrow"] {
            let path = folder.path().join("events").with_extension(extension);
            write(&path, &batch, batch.num_rows());
            let options =
                ReadOptions { batch_rows: 3, start_position: 1, ..ReadOptions::default() };
            let found = read_file(&path, &schema, options).expect("a good file");
            assert_eq!(found, numbered(&rows)[1..], "{extension} {types:?}");
        }
    }
}

/// Some files of one partition, a different format each, and all their rows.
fn partition(folder: &Path) -> (Arc<SourceSchema>, Vec<PathBuf>, Rows) {
    let schema = schema(&["t timestamp", "s string?", "n int64?"]);
    let row = |i: i64| {
        let text = if i % 3 == 0 { Value::Null } else { Value::String(format!("text {i}").into()) };
        vec![Value::Timestamp(i), text, Value::Int64(i * 1000)]
    };
    let mut all = Vec::new();
    let mut paths = Vec::new();
    for (number, extension) in EXTENSIONS.iter().enumerate() {
        let start = all.len() as i64;
        let rows: Vec<Vec<Value>> = (start..start + 40 + number as i64).map(row).collect();
        let path = folder.join(format!("part{number}.{extension}"));
        write(&path, &batch_of(&rows, &schema.columns), 16);
        all.extend(rows);
        paths.push(path);
    }
    (schema, paths, numbered(&all))
}

/// Goal: positions continue over files, and reading can resume exactly at any of them (S24).
/// Method: four files of four formats, read from every position with several batch sizes.
#[test]
fn s24_positions_resume_over_files() {
    let folder = tempfile::tempdir().unwrap();
    let (schema, paths, rows) = partition(folder.path());
    for start in 0..=rows.len() {
        let batch_rows = [1, 7, 64, 8192][start % 4];
        let options =
            ReadOptions { batch_rows, start_position: start as u64, ..ReadOptions::default() };
        let mut reader = open_files(&paths, Arc::clone(&schema), options).unwrap();
        assert_eq!(read(&mut *reader, &schema).unwrap(), rows[start..], "from {start}");
    }
    let options = ReadOptions { start_position: rows.len() as u64 + 1, ..ReadOptions::default() };
    let error = open_files(&paths, schema, options).err().unwrap();
    assert!(error.message.contains("were they replaced?"), "{error}");
}

/// Goal: a truncated file is an error that names it; a file with a damaged byte gives an error or
/// some events; neither causes a panic. Method: every length, and every byte inverted, of small
/// files.
#[test]
fn damaged_files_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let (schema, paths, rows) = partition(folder.path());
    let mut whole: Vec<(&str, Vec<u8>)> = vec![
        ("parquet", std::fs::read(&paths[0]).unwrap()),
        ("arrow", std::fs::read(&paths[1]).unwrap()),
    ];
    let records: Vec<Vec<Value>> = rows.iter().take(40).map(|(_, row)| row.clone()).collect();
    let batch = batch_of(&records, &schema.columns);
    let mut stream =
        arrow::ipc::writer::StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    stream.write(&batch).unwrap();
    stream.finish().unwrap();
    whole.push(("ipc", stream.into_inner().unwrap()));
    // Panics inside the libraries are caught; their messages would only clutter the output.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    for (extension, bytes) in &whole {
        // A new file each time: overwriting one makes some file systems wait for the disk.
        let file = |name: String, bytes: &[u8]| {
            let path = folder.path().join(name).with_extension(extension);
            std::fs::write(&path, bytes).expect("a folder");
            path
        };
        let options = ReadOptions { batch_rows: 16, start_position: 0, ..ReadOptions::default() };
        read_file(&file("whole".into(), bytes), &schema, options.clone())
            .expect("the file is good");
        for length in (0..bytes.len()).step_by(3) {
            let path = file(format!("damaged{length}"), &bytes[..length]);
            let error = read_file(&path, &schema, options.clone());
            let error = error.expect_err("a truncated file");
            assert_eq!(error.kind, ErrorKind::Input, "{extension} of {length} bytes: {error}");
            assert!(error.message.contains("/damaged"), "{extension} of {length} bytes: {error}");
            assert!(read_table(&path, &[]).is_err());
        }
        for at in 0..bytes.len() {
            let mut broken = bytes.clone();
            broken[at] ^= 0xff;
            let opened = open_events(
                &file(format!("broken{at}"), &broken),
                Arc::clone(&schema),
                options.clone(),
            );
            let mut reader = match opened {
                Ok(reader) => reader,
                Err(error) => {
                    assert_eq!(error.kind, ErrorKind::Input, "{extension} byte {at}: {error}");
                    continue;
                }
            };
            while let Ok(Some(_)) = reader.next() {}
        }
    }
    std::panic::set_hook(hook);
}
