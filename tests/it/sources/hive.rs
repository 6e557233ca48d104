//! Columns whose values are in the names of folders, as in `year=2024` (S6).
//!
//! Method: the same two events in every format, below folders.

use super::{Read, parquet, read, schema, text, write};
use lockstep_core::event::SourceSchema;
use lockstep_core::value::Value;
use lockstep_core::{ErrorKind, Result};
use lockstep_source::{Pattern, ReadOptions, TrainingWriter, read_table};
use std::path::Path;
use std::sync::Arc;

fn read_pattern(folder: &Path, pattern: &str, schema: &Arc<SourceSchema>) -> Result<Read> {
    read(&Pattern::new(folder, pattern).files()?, schema, ReadOptions::default())
}

/// Goal: folders give values to columns that are declared and that the file lacks, in every format,
/// as if the text were a CSV field (S6). Method: the same two events in four formats.
#[test]
fn s06_folders_give_columns() {
    let folder = tempfile::tempdir().unwrap();
    let columns = ["t timestamp", "n int64", "year int64", "city string", "on bool?", "x float64?"];
    let schema = schema(&columns, None);
    let at =
        |name: &str| format!("year=2024/city=S%C3%A3o%20Paulo%2F%3D/on=true/x=NaN/other=1/{name}");
    let whole = parquet(&[1, 2], 1);
    let file = write(folder.path(), &at("a.parquet"), &whole);
    let table = read_table(&file, &[]).unwrap();
    let arrow = folder.path().join(at("b.arrow"));
    let mut writer = TrainingWriter::create(&arrow, table.schema(), vec![]).unwrap();
    writer.write(&table).unwrap();
    writer.finish().unwrap();
    write(folder.path(), &at("c.ndjson"), "{\"t\":1,\"n\":0}\n{\"t\":2,\"n\":1}\n");
    write(folder.path(), &at("d.csv"), "n,t\n0,1\n1,2\n");
    let all = read_pattern(folder.path(), "year=*/**/*.*", &schema).unwrap();
    assert_eq!(all.set_aside, []);
    assert_eq!(all.positions(), (0..8).collect::<Vec<u64>>());
    let said = [Value::Int64(2024), text("São Paulo/="), Value::Bool(true)];
    for (at, (_, row)) in all.rows.iter().enumerate() {
        let n = (at % 2) as i64;
        assert_eq!(row[..2], [Value::Timestamp(n + 1), Value::Int64(n)]);
        assert_eq!(row[2..5], said);
        assert!(matches!(row[5], Value::Float64(x) if x.is_nan()));
    }
}

/// Goal: the null folder and an empty value are null; the event time may be a folder too.
#[test]
fn s06_null_folders_are_null() {
    let folder = tempfile::tempdir().unwrap();
    let schema = schema(&["t timestamp", "city string?", "n int64?"], None);
    write(folder.path(), "city=__HIVE_DEFAULT_PARTITION__/t=2024-05-01/a.ndjson", "{\"n\":1}");
    write(folder.path(), "city=/t=1970-01-01/b.ndjson", "{}");
    write(folder.path(), "city=%/t=1970-01-01 00:00:00.000001/c.csv", "n\n3\n");
    let all = read_pattern(folder.path(), "*/*/*", &schema).unwrap();
    let may = Value::Timestamp(1_714_521_600_000_000);
    assert_eq!(all.column(0), [Value::Timestamp(1), Value::Timestamp(0), may]);
    assert_eq!(all.column(1), [text("%"), Value::Null, Value::Null]);
    assert_eq!(all.column(2), [Value::Int64(3), Value::Null, Value::Int64(1)]);
}

/// Goal: a folder whose text is not of the declared type refuses its file, with place and remedy.
#[test]
fn s06_wrong_folders_are_refused() {
    let columns = ["t timestamp", "year int64", "l list<int64>?", "s string?"];
    let schema = schema(&columns, None);
    for (path, words) in [
        ("year=x/a.ndjson", "column \"year\": \"x\" is not an integer"),
        ("year=007/a.ndjson", "column \"year\": \"007\" is not an integer"),
        ("year=__HIVE_DEFAULT_PARTITION__/a.ndjson", "column \"year\": null, but"),
        ("year=/a.ndjson", "column \"year\": null, but"),
        ("year=1/t=+149000-01-01/a.ndjson", "beyond the range of event times"),
        ("year=1/t=20240501/a.ndjson", "column \"t\": \"20240501\" is no time"),
        ("year=1/l=3/a.ndjson", "column \"l\": it cannot hold list<int64>"),
        ("year=1/year=1/a.ndjson", "two folders of its path give column \"year\""),
        ("year=1/s=%FF/a.ndjson", "\"s=%FF\" is not UTF-8"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), path, "{\"t\":0}");
        let error = read_pattern(folder.path(), path, &schema).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Input);
        let message = error.to_string();
        assert!(message.contains(words) && message.contains("a.ndjson"), "{path}: {message}");
        assert!(message.contains("rename"), "{path}: {message}");
    }
}

/// Goal: if a file contains its folder's column, each event must agree with the folder; a value
/// that does not is bad, and is reported with its reason and its event (S8). Method: a right, a
/// wrong and a null value in each format.
#[test]
fn s08_a_value_that_differs_from_its_folder_is_bad() {
    let schema = schema(&["t timestamp", "n int64?", "s string?"], None);
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| format!("n=1/s=text 1/{name}");
    write(folder.path(), &at("a.parquet"), parquet(&[0, 1, 2], 2));
    write(
        folder.path(),
        &at("b.ndjson"),
        "{\"t\":0,\"n\":0}\n{\"t\":1,\"n\":1}\n{\"t\":2,\"n\":1,\"s\":null}\n",
    );
    write(folder.path(), &at("c.csv"), "t,n\n0,2\n1,1\n2,\n");
    let all = read_pattern(folder.path(), "n=*/*/*", &schema).unwrap();
    assert_eq!(all.positions(), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(all.set_aside, []);
    let (n, s) = (Value::Int64(1), text("text 1"));
    for (position, row) in &all.rows {
        let [n, s] = match position {
            1 | 4 | 7 => [n.clone(), s.clone()],
            0 | 2 => [Value::Null, Value::Null],
            5 => [n.clone(), Value::Null],
            _ => [Value::Null, s.clone()],
        };
        assert_eq!(row[1..], [n, s], "position {position}");
    }
    let differs = |column: &str, folder: &str| {
        format!("column \"{column}\": the value is not that of the file's folder, \"{folder}\"")
    };
    let (n, s) = (differs("n", "n=1"), differs("s", "s=text 1"));
    let expect = [
        (0, n.clone()),
        (0, s.clone()),
        (2, n.clone()),
        (2, s.clone()),
        (3, format!("line 1: {n}")),
        (5, format!("line 3: {s}")),
        (6, format!("line 2: {n}")),
        (8, format!("line 4: {n}")),
    ];
    let failed = all.failures.iter().map(|(position, reason, _)| (*position, reason.clone()));
    assert_eq!(failed.collect::<Vec<_>>(), expect);
    let bytes = String::from_utf8(all.failures[0].2.clone()).unwrap();
    assert_eq!(bytes, r#"{"t":"1970-01-01T00:00:00Z","n":0,"s":"text 0"}"#);
}

/// Goal: only folders within the declared pattern define columns, not those above the project.
#[test]
fn s06_folders_above_the_project_give_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let schema = schema(&["t timestamp", "year int64?"], None);
    let project = folder.path().join("year=2024");
    write(&project, "a.ndjson", "{\"t\":0}");
    let all = read_pattern(&project, "*.ndjson", &schema).unwrap();
    assert_eq!(all.column(1), [Value::Null]);
    let whole = project.join("a.ndjson").display().to_string();
    let all = read_pattern(folder.path(), &whole, &schema).unwrap();
    assert_eq!(all.column(1), [Value::Int64(2024)], "an absolute path is declared whole");
}
