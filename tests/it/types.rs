//! Types at every edge: each Arrow type as an event's column, as a spine's column and in a training
//! set, through every format, compared with the table in docs/TYPES.md.
//!
//! Method: an array of each type holds the edges of its range and a null. What becomes of it is
//! found by reading and writing files, and put into the words of the table; a row that differs
//! fails, and is printed as it should be. The columns on other readers are checked by tests/peers,
//! which reads the same table. Deliberately absent: what a value means to a feature.

mod arrays;
mod declared;
mod narrow;
mod spines;
mod times;

use arrays::{Sample, samples};
use arrow::array::{Array, ArrayRef, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType as ArrowType, Field, Schema};
use arrow::ipc::writer::{FileWriter, StreamWriter};
use declared::{FEW_DIGITS, Taken};
use lockstep_core::cell::Cell;
use lockstep_core::event::SourceSchema;
use lockstep_core::json;
use lockstep_core::notation::Notation;
use lockstep_core::time::parse_micros;
use lockstep_core::value::{Column, DataType};
use lockstep_source::{
    ReadOptions, SourceFile, TableOptions, TrainingWriter, open_events, open_tables, read_table,
};
use parquet::arrow::ArrowWriter;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// The columns of the table.
const TABLE_COLUMNS: usize = 14;
const FORMATS: [&str; 4] = ["parquet", "arrow", "ndjson", "csv"];

/// A schema with an event time `t` and a nullable column `x` of this type.
fn schema(declared: &str) -> Arc<SourceSchema> {
    let column = |name: &str, data_type: &str, nullable| Column {
        name: name.to_string(),
        data_type: data_type.to_string().try_into().unwrap(),
        nullable,
        description: String::new(),
    };
    Arc::new(SourceSchema {
        source: "events".into(),
        columns: vec![column("t", "timestamp", false), column("x", declared, true)],
        time: 0,
        id: None,
        skew_us: 0,
        arrived_at: None,
        arrivals: vec![],
        notation: Notation::default(),
    })
}

/// A batch of event times and the sample.
fn batch(sample: &Sample) -> RecordBatch {
    let times: TimestampMicrosecondArray = (0..sample.array.len() as i64).map(Some).collect();
    let times: ArrayRef = Arc::new(times.with_timezone("UTC"));
    let x = Field::new("x", sample.array.data_type().clone(), true);
    let x = x.with_metadata(sample.metadata());
    let t = Field::new("t", times.data_type().clone(), false);
    let schema = Arc::new(Schema::new(vec![t, x]));
    RecordBatch::try_new(schema, vec![times, sample.array.clone()]).unwrap()
}

/// Writes a batch with the libraries' own writers, which change no type; `None` if the format has
/// no such type.
fn written_by_arrow(path: &Path, batch: &RecordBatch) -> Option<()> {
    let file = File::create(path).unwrap();
    match path.file_name().unwrap().to_str().unwrap() {
        "stream.arrow" => {
            let mut writer = StreamWriter::try_new(file, &batch.schema()).ok()?;
            writer.write(batch).ok()?;
            writer.finish().ok()
        }
        "file.arrow" => {
            let mut writer = FileWriter::try_new(file, &batch.schema()).ok()?;
            writer.write(batch).ok()?;
            writer.finish().ok()
        }
        // The library panics at a union, and writes runs as their values.
        _ if batch.columns().iter().any(|it| {
            matches!(it.data_type(), ArrowType::Union(..) | ArrowType::RunEndEncoded(..))
        }) =>
        {
            None
        }
        _ => {
            let mut writer = ArrowWriter::try_new(file, batch.schema(), None).ok()?;
            writer.write(batch).ok()?;
            writer.close().ok().map(|_| ())
        }
    }
}

/// A value as JSON.
fn shown(array: &dyn Array, row: usize) -> String {
    let mut out = Vec::new();
    json::write(&Cell::of(array, row), &mut out);
    String::from_utf8(out).unwrap()
}

/// Whether two values in JSON, one found and one read as the declared type, are the same value;
/// `single` if the one that was found is a float of at most 32 bits.
fn same(found: &str, read: &str, declared: &str, single: bool) -> bool {
    if let Some(item) = declared.strip_prefix("list<").and_then(|it| it.strip_suffix('>')) {
        let items = |list: &str| -> Vec<String> {
            let items = list.trim_matches(['[', ']']).split(',');
            items.map(String::from).collect()
        };
        let (found, read) = (items(found), items(read));
        let pairs = || found.iter().zip(&read);
        return found.len() == read.len() && pairs().all(|(f, r)| same(f, r, item, single));
    }
    let bare = |text: &str| text.trim_matches('"').to_string();
    let (found, read) = (bare(found), bare(read));
    match declared {
        _ if found == read => true,
        "timestamp" => parse_micros(&found) == parse_micros(&read),
        // The nearest of its width, which for a float16 or a decimal is the value itself.
        "float32" => found.parse::<f32>().ok() == read.parse::<f32>().ok(),
        "float64" if single => found.parse::<f32>().ok().map(f64::from) == read.parse().ok(),
        "float64" => found.parse::<f64>().ok() == read.parse::<f64>().ok(),
        // A UUID is compared with its bytes.
        "string" => found == read.replace('-', ""),
        _ if declared.starts_with("decimal(") => {
            declared::number(&found).is_some_and(|it| Some(it) == declared::number(&read))
        }
        _ => false,
    }
}

/// Which of the values a column `x` of the declared type takes; `None` if the file is refused or
/// every value is bad. Each value that is read is compared with the one in the file.
fn taken(path: &Path, declared: &str, values: &[String], single: bool) -> Option<Taken> {
    let mut reader = open_events(path, schema(declared), ReadOptions::default()).ok()?;
    let mut bad = 0;
    let mut at = 0;
    while let Some(batch) = reader.next().unwrap() {
        assert_eq!(batch.set_aside, []);
        bad += batch.failures.len();
        let failed: Vec<usize> = batch.failures.iter().map(|it| it.row as usize).collect();
        for row in 0..batch.records.num_rows() {
            let read = shown(batch.records.column(1), row);
            let found = &values[at + row];
            let place = path.display();
            if failed.contains(&row) {
                assert_eq!(read, "null", "{place} as {declared}");
            } else {
                let same = same(found, &read, declared, single);
                assert!(same, "{place}: {found} as {declared}: {read}");
            }
        }
        at += batch.records.num_rows();
    }
    assert_eq!(at, values.len());
    match bad {
        0 => Some(Taken::All),
        bad if bad < values.iter().filter(|value| *value != "null").count() => Some(Taken::Some),
        _ => None,
    }
}

/// The declared types as which a file's column `x` of the type `found` can be read, where `values`
/// are its values; those that take only some of the values are marked.
fn read_as(path: &Path, found: &ArrowType, values: &[String]) -> String {
    let of_text = path.extension().is_some_and(|it| it == "ndjson" || it == "csv");
    let single = !of_text && matches!(found, ArrowType::Float16 | ArrowType::Float32);
    let tried = declared::tried(found);
    let mut accepted = Vec::new();
    for declared in &tried {
        match taken(path, declared, values, single) {
            // A text of hexadecimal digits is bytes only by chance.
            Some(Taken::Some) if of_text && declared == "bytes" => {}
            Some(taken) => accepted.push((declared.clone(), taken)),
            None => {}
        }
    }
    // A decimal type of few digits takes some of the same values.
    if accepted.iter().any(|(declared, _)| declared.starts_with("decimal")) {
        taken(path, FEW_DIGITS, values, single);
        assert!(open_events(path, schema(FEW_DIGITS), ReadOptions::default()).is_ok());
    }
    declared::cell(&accepted, &tried)
}

/// The training file that has the columns of the spine at `spine`.
fn delivered(spine: &Path, output: &Path) -> lockstep_core::Result<()> {
    let files = [SourceFile::from(spine)];
    let mut reader = open_tables(&files, &TableOptions::default(), 2)?;
    TrainingWriter::check(output, reader.schema())?;
    let mut writer = TrainingWriter::create(output, reader.schema().clone(), vec![])?;
    while let Some(batch) = reader.read()? {
        writer.write(&batch)?;
    }
    writer.finish().map(|_| ())
}

/// A type in the words of the table.
fn named(found: &ArrowType) -> String {
    arrays::name(found)
}

/// What a training file in this format holds for a sample: its Arrow type, or in text the form of
/// the first value; and the file, if there is one.
fn held(folder: &Path, sample: &Sample, format: &str) -> String {
    let (spine, output) = (folder.join("file.arrow"), folder.join(format!("out.{format}")));
    written_by_arrow(&spine, &batch(sample)).unwrap();
    if let Err(error) = delivered(&spine, &output) {
        let message = &error.message;
        assert!(message.contains("column \"x\" is "), "{}: {message}", sample.name);
        assert!(message.contains("; "), "{}: the remedy is missing: {message}", sample.name);
        assert!(!output.exists());
        return "refused".to_string();
    }
    match format {
        "parquet" | "arrow" => {
            let back = read_table(&output, &[]).unwrap();
            let column = back.column_by_name("x").unwrap();
            let x = back.schema().field_with_name("x").unwrap().clone();
            let original = cast(column, sample.array.data_type()).unwrap();
            assert_eq!(&original, &sample.array, "{} in {format}", sample.name);
            assert_eq!(x.metadata(), batch(sample).schema().field(1).metadata());
            sample.named_as(&named(x.data_type()))
        }
        _ => {
            let text = std::fs::read_to_string(&output).unwrap();
            let line = text.lines().nth(usize::from(format == "csv")).unwrap();
            let value = match format {
                "ndjson" => line.split_once("\"x\":").unwrap().1.strip_suffix('}').unwrap(),
                _ => line.split_once(',').unwrap().1,
            };
            if value.is_empty() { "empty".to_string() } else { value.to_string() }
        }
    }
}

/// The cells of a row of the table that this test knows.
fn found(sample: &Sample) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let batch = batch(sample);
    let values: Vec<String> = (0..batch.num_rows()).map(|row| shown(&sample.array, row)).collect();
    let mut columnar = Vec::new();
    for name in ["file.arrow", "stream.arrow", "file.parquet"] {
        let path = folder.path().join(name);
        if written_by_arrow(&path, &batch).is_some() {
            columnar.push(read_as(&path, sample.array.data_type(), &values));
        }
    }
    // Old and new files, and both formats, are read alike.
    columnar.dedup();
    let mut cells = vec![columnar.join(" | ")];
    let outputs = FORMATS.map(|format| held(folder.path(), sample, format));
    for (format, output) in FORMATS.iter().zip(&outputs).skip(2) {
        cells.push(match output.as_str() {
            "refused" => "refused".to_string(),
            _ => {
                let path = folder.path().join(format!("out.{format}"));
                read_as(&path, sample.array.data_type(), &values)
            }
        });
    }
    cells.extend(outputs);
    cells
}

/// The rows of the table in docs/TYPES.md, by the name of the type: the cells behind the name.
fn documented() -> Vec<(String, Vec<String>)> {
    let text = std::fs::read_to_string(crate::tidy::root().join("docs/TYPES.md")).unwrap();
    let cell = |text: &str| text.trim().trim_matches('`').replace("\\|", "|");
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|line| line.trim_matches('|').split(" | ").map(cell).collect::<Vec<_>>());
    // The page's other tables have fewer columns.
    let rows = cells.filter(|cells| cells.len() == TABLE_COLUMNS);
    rows.map(|cells| (cells[0].clone(), cells[1..].to_vec())).collect()
}

/// Goal: docs/TYPES.md says of every type what it can be read as and what a training file in each
/// format holds, and every value at the edges of the type is exact there or refused by name (S6,
/// S14, S22).
#[test]
fn s14_the_table_of_types_holds() {
    let documented = documented();
    let names: Vec<&String> = documented.iter().map(|(name, _)| name).collect();
    let samples = samples();
    let known: Vec<String> = samples.iter().map(|sample| sample.name.clone()).collect();
    let mut wrong = Vec::new();
    for sample in &samples {
        let found = found(sample);
        let row = documented.iter().find(|(name, _)| *name == sample.name);
        // The second cell is the type's name in SQL, and the last ones are on other readers.
        let said = row.map(|(_, cells)| cells[1..].iter().take(found.len()).cloned());
        if said.map(Iterator::collect::<Vec<_>>) != Some(found.clone()) {
            let rest = row.map(|(_, cells)| cells[1 + found.len()..].join(" | "));
            let sql = row.map(|(_, cells)| cells[0].clone()).unwrap_or_default();
            let cells: Vec<String> = found.iter().map(|cell| cell.replace('|', "\\|")).collect();
            wrong.push(format!(
                "| `{}` | {sql} | {} | {} |",
                sample.name,
                cells.join(" | "),
                rest.unwrap_or_default()
            ));
        }
    }
    assert!(wrong.is_empty(), "docs/TYPES.md should say:\n{}", wrong.join("\n"));
    assert_eq!(names, known.iter().collect::<Vec<_>>());
}

/// Goal: a spine's columns come back from NDJSON and CSV too, in the types that text has: the same
/// value, or refused (S14, S22). Method: each training file in text is a spine again.
#[test]
fn s22_a_text_training_file_is_a_spine_again() {
    for sample in samples() {
        for format in ["ndjson", "csv"] {
            let folder = tempfile::tempdir().unwrap();
            if held(folder.path(), &sample, format) == "refused" {
                continue;
            }
            let output = folder.path().join(format!("out.{format}"));
            let again = folder.path().join(format!("again.{format}"));
            match delivered(&output, &again) {
                Ok(()) => {
                    let (one, other) = (std::fs::read(&output), std::fs::read(&again));
                    let shape = |text: Vec<u8>| {
                        let text = String::from_utf8(text).unwrap();
                        // Nested values are texts of JSON there.
                        text.replace('\\', "")
                            .replace("\"[", "[")
                            .replace("]\"", "]")
                            .replace("\"{", "{")
                            .replace("}\"", "}")
                    };
                    assert_eq!(shape(one.unwrap()), shape(other.unwrap()), "{}", sample.name);
                }
                Err(error) => {
                    assert!(error.message.contains("column \"x\""), "{}: {error}", sample.name);
                }
            }
        }
    }
}

/// Goal: a time zone is kept, and rows keep their order, through a file of several batches (S22).
#[test]
fn s22_batches_do_not_change_a_column() {
    let folder = tempfile::tempdir().unwrap();
    let numbers: ArrayRef = Arc::new((0..10).map(Some).collect::<Int64Array>());
    let zoned = ArrowType::Timestamp(arrow::datatypes::TimeUnit::Second, Some("Asia/Tokyo".into()));
    let times = cast(&numbers, &zoned).unwrap();
    let sample = Sample::new("zoned", times.clone());
    held(folder.path(), &sample, "parquet");
    let back = read_table(&folder.path().join("out.parquet"), &[]).unwrap();
    let back = back.column_by_name("x").unwrap();
    assert_eq!(&cast(back, &zoned).unwrap(), &times);
    assert_eq!(named(back.data_type()), "timestamp[ms, Asia/Tokyo]");
    let of: DataType = "timestamp".to_string().try_into().unwrap();
    assert!(
        lockstep_source::column_of(
            &RecordBatch::try_from_iter([("x", times)]).unwrap(),
            "x",
            &of,
            0
        )
        .is_ok()
    );
}
