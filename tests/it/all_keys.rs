//! Training sets of every key that a view has seen, and their spines by hand.
//!
//! Method: a project of the example of every type; what a view has seen is counted here from the
//! events themselves. Deliberately absent: values, which the oracle checks for any spine.

use arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use lockstep_kit::artifacts::wasm;
use lockstep_runtime::{Project, Questions, Time, TrainingSetJob, TrainingWriter, read_table};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// Events: number, name, second of the event and of its arrival. One is a copy of another.
const EVENTS: [(i64, &str, i64, i64); 9] = [
    (2, "b", 10, 10),
    (1, "a", 20, 95),
    (1, "b", 30, 31),
    (1, "a", 40, 41),
    (-5, "é\"", 50, 52),
    (1, "a", 60, 61),
    (2, "b", 5, 99),
    (7, "late", 70, 71),
    (7, "late", 70, 71),
];

const AS_OF: [i64; 4] = [100, 30, 40, 30];

const SECOND_US: i64 = 1_000_000;

fn text_time(second: i64) -> String {
    format!("2024-01-01T00:{:02}:{:02}Z", second / 60, second % 60)
}

fn time(second: i64) -> Time {
    Time::saturating(1_704_067_200 * SECOND_US + second * SECOND_US)
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let lines = EVENTS.iter().enumerate().map(|(at, (number, name, event, arrival))| {
        let id = if (*number, *name) == (7, "late") { "same".to_string() } else { at.to_string() };
        let name = name.replace('"', "\\\"");
        format!(
            "{{\"event_id\":\"{id}\",\"event_time\":\"{}\",\"number\":{number},\
             \"name\":\"{name}\",\"arrived_at\":\"{}\"}}\n",
            text_time(*event),
            text_time(*arrival),
        )
    });
    fs::write(folder.path().join("events.ndjson"), lines.collect::<String>()).unwrap();
    fs::copy(wasm("transforms/every-type"), folder.path().join("every_type.wasm")).unwrap();
    let project = "[sources.typed]\nfiles = \"events.ndjson\"\n\n[artifacts]\n\
                   every_type = \"every_type.wasm\"\n\n\
                   [services.wide]\nfeatures = [\"every_type.*\"]\n\n\
                   [services.mixed]\nfeatures = [\"every_type.count_lifetime\", \"shifted.*\"]\n\n\
                   [services.parts]\nfeatures = [\"parts.*\"]\n\n\
                   [services.apart]\nfeatures = [\"shifted.*\", \"parts.*\"]\n\n\
                   [store]\npath = \"store\"\n";
    fs::write(folder.path().join("lockstep.toml"), project).unwrap();
    folder
}

/// The keys of each time with a row before it, by a plain reading of the events.
fn expected(known: bool) -> Vec<(i64, i64, String)> {
    let mut asked = Vec::new();
    for as_of in [30, 40, 100] {
        let mut keys: Vec<(i64, &str)> = EVENTS
            .iter()
            .filter(|(.., event, arrival)| *event < as_of && (!known || *arrival <= as_of))
            .map(|(number, name, ..)| (*number, *name))
            .collect();
        keys.sort();
        keys.dedup();
        asked.extend(keys.into_iter().map(|(number, name)| (as_of, number, name.to_string())));
    }
    asked
}

/// The questions of a training set.
fn asked(file: &Path) -> Vec<(i64, i64, String)> {
    let table = read_table(file, &[]).unwrap();
    let numbers = table.column_by_name("number").unwrap().as_primitive::<Int64Type>();
    let names = table.column_by_name("name").unwrap().as_string::<i32>();
    let times = table.column_by_name("as_of").unwrap().as_primitive::<TimestampMicrosecondType>();
    let second = |row: usize| (times.value(row) - time(0).micros()) / SECOND_US;
    (0..table.num_rows())
        .map(|row| (second(row), numbers.value(row), names.value(row).to_string()))
        .collect()
}

fn job(service: &str, output: PathBuf, known: bool) -> TrainingSetJob {
    let job = TrainingSetJob::all_keys(service, AS_OF.map(time), output);
    TrainingSetJob { as_known: known.then(|| "arrived_at".to_string()), ..job }
}

/// Goal: every key with a row before a time is asked about at that time, once, ordered by time and
/// key; with arrivals, it must have arrived. The values are those of the same questions as a spine.
#[test]
fn s22_every_key_is_a_question() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let project = Project::open(folder.path()).unwrap();
    for known in [false, true] {
        for service in ["wide", "mixed"] {
            let made = job(service, at("all.parquet"), known);
            let made = made.run(&project, &mut |_| {}).unwrap();
            let expected = expected(known);
            assert_eq!(asked(&at("all.parquet")), expected, "{service} {known}");
            assert_eq!((made.rows, made.duplicates), (expected.len() as u64, 1));
            let mut spine = "number,name,as_of\n".to_string();
            for (second, number, name) in &expected {
                let name = name.replace('"', "\"\"");
                spine += &format!("{number},\"{name}\",{}\n", text_time(*second));
            }
            fs::write(at("spine.csv"), spine).unwrap();
            let questions = Questions::Spine(at("spine.csv"));
            let by_hand = TrainingSetJob { questions, ..job(service, at("hand.parquet"), known) };
            by_hand.run(&project, &mut |_| {}).unwrap();
            let table = |name: &str| read_table(&at(name), &[]).unwrap();
            let (all, hand) = (table("all.parquet"), table("hand.parquet"));
            let fields = all.schema();
            assert!(fields.fields().len() > 4);
            for field in fields.fields() {
                let columns = [&all, &hand].map(|it| it.column_by_name(field.name()).unwrap());
                assert_eq!(columns[0].to_data(), columns[1].to_data(), "{}", field.name());
            }
        }
    }
}

/// Goal: an event that is set aside may have been the only one of its key, so it counts even where no
/// window reaches it (S8). Method: an old file with a key that cannot be read, and a new one; the
/// views look back a month. The source has no ids, so what no window reaches need not be read.
#[test]
fn s08_a_key_that_cannot_be_read_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(wasm("transforms/flights"), folder.path().join("flights.wasm")).unwrap();
    let at = |name: &str| folder.path().join(name);
    let project = "[sources.flights]\nfiles = \"part-*.parquet\"\n\n[artifacts]\n\
                   flights = \"flights.wasm\"\n\n\
                   [services.short]\nfeatures = [\"flights_exact.*\"]\n\n\
                   [store]\npath = \"store\"\n";
    fs::write(at("lockstep.toml"), project).unwrap();
    for (part, day, names) in
        [("part-1", 1, [None, Some("a")]), ("part-2", 60, [Some("b"), Some("c")])]
    {
        let hour = 3_600 * SECOND_US;
        let times = [0, 1].map(|row| time(0).micros() + day * 24 * hour + row);
        let columns: [(&str, ArrayRef); 3] = [
            ("date", Arc::new(TimestampMicrosecondArray::from(times.to_vec()))),
            ("origin", Arc::new(StringArray::from(names.to_vec()))),
            ("delay", Arc::new(Int64Array::from(vec![1, 2]))),
        ];
        let records = RecordBatch::try_from_iter(columns).unwrap();
        let file = at(&format!("{part}.parquet"));
        let mut writer = TrainingWriter::create(&file, records.schema(), vec![]).unwrap();
        writer.write(&records).unwrap();
        writer.finish().unwrap();
    }
    let project = Project::open(folder.path()).unwrap();
    let as_of = Time::saturating(time(0).micros() + 61 * 24 * 3_600 * SECOND_US);
    let job = TrainingSetJob::all_keys("short", [as_of], at("out.parquet"));
    let made = job.run(&project, &mut |_| {}).unwrap();
    assert_eq!((made.written, made.set_aside.len()), (false, 1));
    assert!(!at("out.parquet").exists());
    let made = TrainingSetJob { bad_rows_max: 1, ..job }.run(&project, &mut |_| {}).unwrap();
    assert_eq!((made.written, made.rows, made.set_aside.len()), (true, 3, 1));
}

/// Goal: a null key of a view that takes such keys is a key (S22). Method: events whose rows all have
/// one; each event has as many rows as its number modulo four, and a copy has none.
#[test]
fn s22_a_null_key_is_a_question() {
    let folder = folder();
    let output = folder.path().join("null.parquet");
    let project = Project::open(folder.path()).unwrap();
    let job = TrainingSetJob::all_keys("parts", [time(100)], &output);
    assert_eq!(job.run(&project, &mut |_| {}).unwrap().rows, 1);
    let table = read_table(&output, &[]).unwrap();
    assert!(table.column_by_name("part").unwrap().is_null(0));
    let rows: i64 = EVENTS[..8].iter().map(|(number, ..)| number.rem_euclid(4)).sum();
    let counted = table.column_by_name("parts.count_1d").unwrap().as_primitive::<Int64Type>();
    assert_eq!(counted.value(0), rows);
}

/// Goal: before all events there is no question, which is no error: the output has the columns and
/// no row.
#[test]
fn s22_no_key_makes_an_empty_training_set() {
    let folder = folder();
    let output = folder.path().join("none.parquet");
    let project = Project::open(folder.path()).unwrap();
    let job = TrainingSetJob::all_keys("wide", [time(5)], &output);
    assert_eq!(job.run(&project, &mut |_| {}).unwrap().rows, 0);
    let table = read_table(&output, &[]).unwrap();
    assert_eq!(table.num_rows(), 0);
    assert!(table.column_by_name("every_type.count_lifetime").is_some());
}

/// Goal: what cannot be asked is refused by name, with the remedy, and nothing is written.
#[test]
fn services_without_one_key_are_refused() {
    let folder = folder();
    let output = folder.path().join("out.parquet");
    let project = Project::open(folder.path()).unwrap();
    let told = |job: TrainingSetJob| {
        let error = job.run(&project, &mut |_| {}).unwrap_err().to_string();
        assert!(!output.exists(), "{error}");
        error
    };
    let error = told(TrainingSetJob::all_keys("apart", [time(9)], &output));
    assert!(error.contains("no view of service apart has all columns of its requests"), "{error}");
    assert!(error.contains("name, part"), "{error}");
    let error = told(TrainingSetJob::all_keys("wide", [], &output));
    assert!(error.contains("name at least one"), "{error}");
    let named = TrainingSetJob {
        as_of_column: "number".into(),
        ..TrainingSetJob::all_keys("wide", [time(9)], &output)
    };
    let error = told(named);
    assert!(error.contains("give the column of times another name"), "{error}");
}
