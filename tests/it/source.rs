//! Files: values must survive every format with the same bits, for any batch size, and damage must
//! be an error.
//!
//! Method: the expected values are the list with which a test begins. The files are written by the
//! project's sink, which for Parquet and Arrow is the library's own writer, with encodings made by
//! arrow-cast, which the readers do not use.

mod arrays;

use arrays::{array, value};
use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType as ArrowType, Field, TimeUnit};
use lockstep_core::event::{SourceSchema, arrow_schema};
use lockstep_core::notation::Notation;
use lockstep_core::value::{Column, Decimal, Value};
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

const COLUMNS: [&str; 22] = [
    "t timestamp",
    "b bool?",
    "n int64?",
    "f float32?",
    "x float64?",
    "s string?",
    "u timestamp?",
    "n8 int8?",
    "n16 int16?",
    "n32 int32?",
    "u8 uint8?",
    "u16 uint16?",
    "u32 uint32?",
    "u64 uint64?",
    "dec decimal(38,9)?",
    "raw bytes?",
    "day date?",
    "ls list<string>?",
    "lx list<float64>?",
    "lu list<uint64>?",
    "ld list<decimal(5,2)>?",
    "lb list<bytes>?",
];
/// How many of them CSV can hold: those before the lists.
const FLAT_COLUMNS: usize = 17;

/// An integer of a type with this range.
fn within(least: i64, most: i64) -> BoxedStrategy<i64> {
    prop_oneof![Just(least), Just(most), Just(0), least..=most].boxed()
}

fn signed(bits: u32) -> BoxedStrategy<Value> {
    or_null(within(-(1 << (bits - 1)), (1 << (bits - 1)) - 1).prop_map(Value::Int64)).boxed()
}

fn unsigned(bits: u32) -> BoxedStrategy<Value> {
    or_null(within(0, (1 << bits) - 1).prop_map(|value| Value::UInt64(value as u64))).boxed()
}

fn unsigned_64() -> BoxedStrategy<Value> {
    prop_oneof![Just(u64::MAX), Just(1 << 63), any::<u64>()].prop_map(Value::UInt64).boxed()
}

/// A decimal of at most so many digits.
fn decimal(digits: u32, scale: u8) -> BoxedStrategy<Value> {
    let most = 10_i128.pow(digits) - 1;
    prop_oneof![Just(most), Just(-most), Just(0), Just(-1), -most..=most]
        .prop_map(move |unscaled| Value::Decimal(Box::new(Decimal { unscaled, scale })))
        .boxed()
}

fn bytes() -> BoxedStrategy<Value> {
    prop::collection::vec(any::<u8>(), 0..4).prop_map(|it| Value::Bytes(it.into())).boxed()
}

/// The values of the declared types that only [`COLUMNS`] before the lists have.
fn declared() -> impl Strategy<Value = Vec<Value>> {
    let days = prop_oneof![Just(i32::MIN), Just(i32::MAX), Just(-719_529), any::<i32>()];
    let (a, b, c) = (signed(8), signed(16), signed(32));
    let (d, e, f) = (unsigned(8), unsigned(16), unsigned(32));
    let integers = (a, b, c, d, e, f, or_null(unsigned_64()))
        .prop_map(|(a, b, c, d, e, f, g)| vec![a, b, c, d, e, f, g]);
    (integers, or_null(decimal(38, 9)), or_null(bytes()), or_null(days.prop_map(Value::Date)))
        .prop_map(|(integers, decimal, bytes, date)| {
            [integers, vec![decimal, bytes, date]].concat()
        })
}

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
        declared(),
        (list(texts), list(doubles), list(unsigned_64()), list(decimal(5, 2)), list(bytes())),
    )
        .prop_map(|(t, b, n, f, x, s, u, declared, (ls, lx, lu, ld, lb))| {
            [vec![t, b, n, f, x, s, u], declared, vec![ls, lx, lu, ld, lb]].concat()
        })
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
            let kept = if extension == "csv" { FLAT_COLUMNS } else { COLUMNS.len() };
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
