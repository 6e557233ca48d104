//! Spines of the wrong kind: numbers that no type holds, types that no training file holds, damaged
//! and big-endian files, and files that differ.
//!
//! Method: the command line on a small project. Commands that read damaged bytes run in a child
//! process, whose standard error must not speak of a panic.

use super::arrays::samples;
use super::written_by_arrow;
use crate::bad_input::Place;
use crate::bad_input::objects::child;
use arrow::array::{
    ArrayRef, Date64Array, Float64Array, Int64Array, RecordBatch, StringArray, TimestampSecondArray,
};
use arrow::datatypes::DataType as ArrowType;
use arrow::ipc::reader::read_footer_length;
use arrow::ipc::{Schema, root_as_footer, root_as_message};
use lockstep_source::read_table;
use std::collections::HashMap;
use std::fs;
use std::sync::Arc;

fn train(spine: &str, output: &str) -> String {
    format!("training-set mention_ranker --spine @{spine} -o @{output}")
}

/// The columns of a batch with their names.
fn named_columns(batch: &RecordBatch) -> Vec<(String, ArrayRef)> {
    let schema = batch.schema();
    let names = schema.fields().iter().map(|field| field.name().clone());
    names.zip(batch.columns().to_vec()).collect()
}

/// Goal: a number of a spine is exact in the training set or refused with its row; it is never
/// rounded because of another row (S14, S22). Method: a column of ids beside other numbers, to
/// every format.
#[test]
fn s14_a_spines_numbers_are_never_rounded() {
    let place = Place::new();
    let write = |values: &[&str]| {
        let row = |value: &&str| {
            format!(
                "{{\"actor\":\"a\",\"candidate\":\"b\",\"area\":\"c\",\"as_of\":\"2024-04-01\",\
                 \"label_id\":{value}}}\n"
            )
        };
        place.write("s.ndjson", values.iter().map(row).collect::<String>());
    };
    for (values, row) in [
        (&["9007199254740993", "1.5"][..], 0),
        (&["1.5", "-9007199254740993"], 1),
        (&["1", "2", "9223372036854775808"], 2),
        (&["99999999999999999999"], 0),
        (&["0.5", "null", "0.12345678901234567890"], 2),
    ] {
        write(values);
        for output in ["o.parquet", "o.ndjson"] {
            let words = ["s.ndjson", &format!("row {row} (from 0)"), "\"label_id\"", "as strings"];
            place.ends(&train("s.ndjson", output), 2, &words);
        }
    }
    for (values, expect) in [
        (&["9007199254740993", "null"][..], &["9007199254740993", "null"][..]),
        (&["9007199254740992", "1.5"], &["9007199254740992.0", "1.5"]),
        (&["\"9007199254740993\"", "\"1.5\""], &["\"9007199254740993\"", "\"1.5\""]),
    ] {
        write(values);
        place.ends(&train("s.ndjson", "o.ndjson"), 0, &[]);
        let text = fs::read_to_string(place.path("o.ndjson")).unwrap();
        for (line, value) in text.lines().zip(expect) {
            assert!(line.contains(&format!("\"label_id\":{value},")), "{value} became {line}");
        }
    }
    // In CSV every column that the service does not need is text, so every digit stays.
    place.write("s.csv", "actor,candidate,area,as_of,id\na,b,c,2024-04-01,18446744073709551616\n");
    place.ends(&train("s.csv", "o.csv"), 0, &[]);
    let text = fs::read_to_string(place.path("o.csv")).unwrap();
    assert!(text.contains(",18446744073709551616,"), "{text}");
}

/// Goal: a spine whose column no training file can hold is refused by the column's name, before any
/// event is read, without a panic (S22). Method: each type, to each format, in a child.
#[test]
fn s22_types_without_a_form_are_refused_by_name() {
    let place = Place::new();
    let spine = read_table(&place.path("mentions.parquet"), &[]).unwrap().slice(0, 2);
    let refused = ["struct()", "list_view(int64)", "union", "run_end_encoded", "interval"];
    let parquet = ["duration[us]", "decimal128(10, -2)", "decimal256(76, 0)"];
    for sample in samples() {
        let name = sample.name.as_str();
        let everywhere = refused.contains(&name);
        if !everywhere && !parquet.contains(&name) {
            continue;
        }
        let mut columns = named_columns(&spine);
        columns.push(("odd".to_string(), sample.array.slice(0, 2)));
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        written_by_arrow(&place.path("file.arrow"), &batch).unwrap();
        let output = child(&place, &train("file.arrow", "o.parquet")).output().unwrap();
        let (stdout, stderr) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(stdout.contains("ended 2 ") && stdout.contains("odd"), "{name}: {stdout}");
        assert!(!stderr.contains("panicked"), "{name}: {stderr}");
        for format in ["arrow", "ndjson", "csv"] {
            let line = train("file.arrow", &format!("o.{format}"));
            if everywhere {
                place.ends(&line, 2, &["file.arrow", "column \"odd\" is "]);
            }
        }
        assert!(!place.path("o.parquet").exists());
    }
}

/// Goal: a value that the output's type cannot hold, or that the files' common type cannot, is
/// refused with its row (S14, S22). Method: dates with a time of day and times beyond the range,
/// to Parquet; an integer beside floats of another file.
#[test]
fn s14_values_without_a_form_are_named() {
    let place = Place::new();
    let spine = read_table(&place.path("mentions.parquet"), &[]).unwrap().slice(0, 2);
    let write = |name: &str, array: ArrayRef| {
        let mut columns = named_columns(&spine);
        columns.push(("odd".to_string(), array));
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        written_by_arrow(&place.path("file.arrow"), &batch).unwrap();
        fs::rename(place.path("file.arrow"), place.path(name)).unwrap();
    };
    let arrays: [ArrayRef; 2] = [
        Arc::new(Date64Array::from(vec![0, 1])),
        Arc::new(TimestampSecondArray::from(vec![0, i64::MAX])),
    ];
    for array in arrays {
        write("s.arrow", array);
        let words = ["o.parquet", "row 1 (from 0): column \"odd\": ", "cannot be written exactly"];
        place.ends(&train("s.arrow", "o.parquet"), 2, &words);
        assert!(!place.path("o.parquet").exists());
        place.ends(&train("s.arrow", "o.ndjson"), 0, &[]);
    }
    write("u1.arrow", Arc::new(Float64Array::from(vec![0.5, 1.5])));
    write("u2.arrow", Arc::new(Int64Array::from(vec![1 << 53, (1 << 53) + 1])));
    let words = ["u2.arrow: row 1 (from 0): column \"odd\": \"9007199254740993\""];
    place.ends(&train("u?.arrow", "o.parquet"), 2, &words);
}

/// Goal: damaged Arrow and Parquet bytes give an error that names the file, and nobody sees a panic
/// of the libraries (S22). Method: a file in which every length and offset in turn is replaced,
/// read as events and as a spine in one child each.
#[test]
fn s22_damage_is_an_error_without_a_panic() {
    let place = Place::new();
    let spine = read_table(&place.path("mentions.parquet"), &[]).unwrap().slice(0, 3);
    for name in ["file.arrow", "stream.arrow"] {
        written_by_arrow(&place.path(name), &spine).unwrap();
    }
    fs::copy(place.path("mentions.parquet"), place.path("file.parquet")).unwrap();
    for name in ["file.arrow", "stream.arrow", "file.parquet"] {
        let whole = fs::read(place.path(name)).unwrap();
        fs::create_dir(place.path(&format!("damaged-{name}"))).unwrap();
        for at in (8..whole.len() - 12).step_by(4) {
            let mut bytes = whole.clone();
            bytes[at..at + 4].copy_from_slice(&[0xff, 0xff, 0xff, 0x7f]);
            let extension = name.split_once('.').unwrap().1;
            place.write(&format!("damaged-{name}/{at:05}.{extension}"), bytes);
        }
    }
    let mut run = child(&place, "damaged");
    let output = run.args(["types::spines::child_reads_damaged_files"]).output().unwrap();
    let (stdout, stderr) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(stdout.contains("read all damaged files"), "{stdout}{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
}

/// The child: reads every damaged file, as a table and as events.
#[test]
fn child_reads_damaged_files() {
    let Ok(folder) = std::env::var("LOCKSTEP_TEST_FOLDER") else { return };
    let mut refused = 0;
    for name in ["file.arrow", "stream.arrow", "file.parquet"] {
        let mut files: Vec<_> = fs::read_dir(format!("{folder}/damaged-{name}"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        for file in files {
            if let Err(error) = read_table(&file, &[]) {
                assert!(error.message.contains("damaged-"), "{error}");
                refused += 1;
            }
            let options = lockstep_source::ReadOptions::default();
            let opened = lockstep_source::open_events(&file, super::schema("string"), options);
            let all = opened.and_then(|mut reader| {
                while reader.next()?.is_some() {}
                Ok(())
            });
            assert!(all.is_err(), "the event time is missing");
        }
    }
    assert!(refused > 100, "{refused}");
    println!("\nread all damaged files");
}

/// Sets the byte order that a schema within `bytes` declares to big-endian: the entry of its table
/// for the byte order is pointed at a 1 that follows.
fn make_big_endian(bytes: &mut [u8], (start, end): (usize, usize), schema: Schema<'_>) {
    let table = start + schema._tab.loc();
    let distance = i32::from_le_bytes(bytes[table..table + 4].try_into().unwrap());
    let entries = (table as i64 - i64::from(distance)) as usize;
    let one = (table + 4..end - 1)
        .step_by(2)
        .find(|at| bytes[*at..*at + 2] == [1, 0])
        .expect("the schema's metadata holds one");
    let offset = (one - table) as u16;
    bytes[entries + 4..entries + 6].copy_from_slice(&offset.to_le_bytes());
}

/// Goal: big-endian values are refused by name, in a file and in a stream, as a spine and as events
/// (S6). Method: files whose schema is changed to declare that byte order.
#[test]
fn s06_big_endian_values_are_refused() {
    let place = Place::new();
    let spine = read_table(&place.path("mentions.parquet"), &[]).unwrap().slice(0, 2);
    // A 1 of 16 bits for the byte order to be.
    let metadata = HashMap::from([("one".to_string(), "\u{1}\0\u{1}\0".to_string())]);
    let schema = spine.schema().as_ref().clone().with_metadata(metadata);
    let spine = spine.with_schema(Arc::new(schema)).unwrap();
    for name in ["file.arrow", "stream.arrow"] {
        let path = place.path(name);
        written_by_arrow(&path, &spine).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        let original = bytes.clone();
        if name == "file.arrow" {
            let end = original.len();
            let length = read_footer_length(original[end - 10..].try_into().unwrap()).unwrap();
            let start = end - 10 - length;
            let footer = root_as_footer(&original[start..end - 10]).unwrap();
            make_big_endian(&mut bytes, (start, end - 10), footer.schema().unwrap());
        } else {
            let length = i32::from_le_bytes(original[4..8].try_into().unwrap()) as usize;
            let message = root_as_message(&original[8..8 + length]).unwrap();
            let schema = message.header_as_schema().unwrap();
            make_big_endian(&mut bytes, (8, 8 + length), schema);
        }
        fs::write(&path, bytes).unwrap();
        place.ends(&train(name, "o.parquet"), 2, &[name, "big-endian", "little-endian"]);
        let events =
            format!("{} --events issue_events=@{name}", train("mentions.parquet", "o.csv"));
        place.ends(&events, 2, &[name, "big-endian"]);
        fs::write(&path, original).unwrap();
        place.ends(&train(name, "o.parquet"), 0, &[]);
    }
}

/// Goal: spine files that can be one table without loss are, and others are refused by the column
/// and both files (S22). Method: a column of nulls, another order, another width, and types that
/// have nothing in common.
#[test]
fn s22_spine_files_that_differ_are_unified_or_named() {
    let place = Place::new();
    let key = "\"actor\":\"a\",\"candidate\":\"b\",\"area\":\"c\",\"as_of\":\"2024-04-01\"";
    place.write("p1.ndjson", format!("{{{key},\"label\":null}}\n"));
    place.write("p2.ndjson", format!("{{\"label\":5,{key}}}\n"));
    place.ends(&train("p?.ndjson", "o.ndjson"), 0, &[]);
    let text = fs::read_to_string(place.path("o.ndjson")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].contains(",\"label\":null,") && lines[1].contains(",\"label\":5,"), "{text}");
    place.write("p3.ndjson", format!("{{{key},\"label\":\"x\"}}\n"));
    let words = ["p3.ndjson: column \"label\" is Utf8, but Int64 in", "p2.ndjson"];
    place.ends(&train("p?.ndjson", "o.ndjson"), 2, &words);
    let label = |array: ArrayRef, to: &str| {
        place.change(("mentions.parquet", 2), to, |_, array| Some(array));
        let mut columns = place.columns(to, 2);
        columns.insert(0, ("label".to_string(), array));
        let columns = columns.iter().map(|(name, array)| (name.as_str(), array.clone()));
        place.table(to, columns.collect());
    };
    label(Arc::new(Int64Array::from(vec![Some((1 << 53) + 1), None])), "q1.parquet");
    label(arrow::array::new_null_array(&ArrowType::Null, 2), "q2.arrow");
    place.ends(&train("q*", "o.parquet"), 0, &[]);
    let back = read_table(&place.path("o.parquet"), &[]).unwrap();
    let expect = Int64Array::from(vec![Some((1 << 53) + 1), None, None, None]);
    assert_eq!(back.column_by_name("label").unwrap().as_ref(), &expect);
    label(Arc::new(StringArray::from(vec!["x", "y"])), "q3.parquet");
    place.ends(&train("q*", "o.parquet"), 2, &["q3.parquet", "\"label\"", "q1.parquet"]);
    place.change(("mentions.parquet", 2), "q3.parquet", |_, array| Some(array));
    place.ends(&train("q*", "o.parquet"), 2, &["q3.parquet", "no column \"label\"", "q1.parquet"]);
}

/// Goal: nested values and bytes of a spine are JSON in an NDJSON training set, and the column that
/// CSV cannot hold is named (S14). Method: a spine with a struct of a list and bytes.
#[test]
fn s14_nested_values_are_json() {
    let place = Place::new();
    let spine = read_table(&place.path("mentions.parquet"), &[]).unwrap().slice(0, 3);
    let mut columns = named_columns(&spine);
    for sample in samples() {
        if ["struct(a: int64, b: utf8)", "map(utf8, int64)"].contains(&sample.name.as_str()) {
            columns.push((sample.name, sample.array));
        }
    }
    let bytes = samples().into_iter().find(|sample| sample.name == "binary").unwrap();
    columns.push(("raw".to_string(), bytes.array.slice(0, 3)));
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    written_by_arrow(&place.path("file.arrow"), &batch).unwrap();
    place.ends(&train("file.arrow", "o.ndjson"), 0, &[]);
    let text = fs::read_to_string(place.path("o.ndjson")).unwrap();
    let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let edge = (1_i64 << 53) + 1;
    let json = serde_json::json!({ "a": edge, "b": "x" });
    assert_eq!(first["struct(a: int64, b: utf8)"], json);
    assert_eq!(first["map(utf8, int64)"], serde_json::json!({ "k": edge }));
    assert_eq!(first["raw"], "00ff");
    let words = ["column \"struct(a: int64, b: utf8)\" is a struct", "write .parquet"];
    place.ends(&train("file.arrow", "o.csv"), 2, &words);
}
