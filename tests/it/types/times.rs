//! Integers and texts as times: an integer only in a declared unit, a text in every usual form; and
//! the declared spellings of nulls and booleans.
//!
//! Method: the command line on a small project, in which the same events and questions are written
//! in different ways; what is equal must give equal training sets.

use crate::bad_input::Place;
use arrow::array::{ArrayRef, AsArray, Int64Array};
use arrow::datatypes::TimestampMicrosecondType;
use lockstep_core::notation::{Notation, TimeUnit};
use lockstep_engine::project::ProjectFile;
use lockstep_source::{ReadOptions, open_events, read_table};
use std::fs;
use std::sync::Arc;

/// 2024-03-01T00:00:00Z in seconds.
const MARCH_S: i64 = 1_709_251_200;
const TRAIN: &str = "training-set mention_ranker -o @out.parquet";
const GET: &str = "get mention_ranker actor=a candidate=b area=c";

/// An event that counts for the actor `a` and the one mentioned, `b`.
fn event(id: &str, time: &str) -> String {
    format!(
        "{{\"event_id\":\"{id}\",\"event_time\":{time},\"kind\":\"cc\",\"actor\":\"a\",\
         \"mentioned\":\"b\",\"issue\":\"i\",\"files\":1,\"text_length\":1}}\n"
    )
}

fn spine(time: &str) -> String {
    format!("{{\"actor\":\"a\",\"candidate\":\"b\",\"area\":\"c\",\"as_of\":{time}}}\n")
}

/// A project with one event and one question, a day later, with their times as RFC 3339.
fn place() -> Place {
    let place = Place::new();
    place.write("events.ndjson", event("e1", "\"2024-03-01T00:00:00Z\""));
    place.write("spine.ndjson", spine("\"2024-03-02T00:00:00Z\""));
    place
}

/// The features of the training set that a command line writes.
fn features(place: &Place, line: &str) -> Vec<ArrayRef> {
    place.ends(line, 0, &[]);
    let table = read_table(&place.path("out.parquet"), &[]).unwrap();
    let from = table.schema().fields().iter().position(|f| f.name().contains('.')).unwrap();
    table.columns()[from..].to_vec()
}

/// Goal: an integer is a time of an event only in the unit that its source declares, in every
/// format, and one that is not exact in microseconds is bad (S2, S6). Method: one event in every
/// format and unit; without a unit each is refused with the remedy.
#[test]
fn s02_events_have_integer_times_in_a_declared_unit() {
    let place = place();
    let line =
        |events: &str| format!("{TRAIN} --spine @spine.ndjson --events issue_events=@{events}");
    let expect = features(&place, &line("events.ndjson"));
    let project = fs::read_to_string(place.path("lockstep.toml")).unwrap();
    for (unit, scale) in [("s", 1), ("ms", 1000), ("us", 1_000_000), ("ns", 1_000_000_000)] {
        let time = MARCH_S * scale;
        place.write("t.ndjson", event("e1", &time.to_string()));
        let header = "event_id,event_time,kind,actor,mentioned,issue,files,text_length";
        place.write("t.csv", format!("{header}\ne1,{time},cc,a,b,i,1,1\n"));
        let table = read_table(&place.path("t.ndjson"), &[]).unwrap();
        assert_eq!(table.column(1).as_ref(), &Int64Array::from(vec![time]));
        for name in ["t.parquet", "t.arrow"] {
            let schema = table.schema();
            let names = schema.fields().iter().map(|field| field.name().as_str());
            place.table(name, names.zip(table.columns().to_vec()).collect());
        }
        for name in ["t.ndjson", "t.csv", "t.parquet", "t.arrow"] {
            place.write("lockstep.toml", &project);
            let refused = if name.ends_with("son") || name.ends_with("csv") { 1 } else { 2 };
            place.ends(&line(name), refused, &["time_unit", "lockstep.toml", "event_time"]);
            let declared = format!("[sources.issue_events]\ntime_unit = \"{unit}\"\n");
            place.edit("[sources.issue_events]\n", &declared);
            assert_eq!(features(&place, &line(name)), expect, "{name} in {unit}");
        }
    }
    place.write("t.ndjson", event("e1", &(MARCH_S * 1_000_000_000 + 1).to_string()));
    place.ends(&line("t.ndjson"), 1, &["no whole number of microseconds"]);
    place.edit("\"ns\"", "\"days\"");
    place.ends(&line("t.ndjson"), 2, &["lockstep.toml:2", "\"days\" is no unit of time"]);
}

/// Goal: an integer is a time of a spine or of a request only in the unit that the command is given
/// (S2, S22). Method: the same question in every unit and format, and as a request.
#[test]
fn s02_questions_have_integer_times_in_a_declared_unit() {
    let place = place();
    let line =
        |spine: &str| format!("{TRAIN} --spine @{spine} --events issue_events=@events.ndjson");
    let expect = features(&place, &line("spine.ndjson"));
    let time = MARCH_S + 86_400;
    for (unit, scale) in [("s", 1), ("ms", 1000), ("us", 1_000_000), ("ns", 1_000_000_000)] {
        place.write("s.ndjson", spine(&(time * scale).to_string()));
        place.write("s.csv", format!("actor,candidate,area,as_of\na,b,c,{}\n", time * scale));
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![time * scale]));
        place.change(("mentions.parquet", 1), "s.parquet", |name, array| {
            Some(if name == "as_of" { numbers.clone() } else { array })
        });
        for name in ["s.ndjson", "s.csv", "s.parquet"] {
            place.ends(&line(name), 2, &["as_of", "--time-unit"]);
            let declared = format!("{} --time-unit {unit}", line(name));
            assert_eq!(features(&place, &declared), expect, "{name} in {unit}");
            // The output has a time there, not a number.
            let table = read_table(&place.path("out.parquet"), &[]).unwrap();
            let times = table.column_by_name("as_of").unwrap();
            let times = times.as_primitive::<TimestampMicrosecondType>();
            assert_eq!(times.value(0), time * 1_000_000, "{name} in {unit}");
        }
        let parity = "parity mention_ranker --spine @s.csv --events issue_events=@events.ndjson";
        let error = place.error(parity);
        assert!(error.message.contains("--time-unit"), "{error}");
    }
    place.ends("backfill --events issue_events=@events.ndjson", 0, &[]);
    let wrong = format!("{GET} --as-of {time}");
    place.ends(&wrong, 2, &["--as-of", "--time-unit", "has no unit"]);
    place.ends(&format!("{wrong} --time-unit s"), 0, &[]);
    place.ends(&format!("{GET} --as-of {}001 --time-unit ns", time * 1_000_000), 2, &["no whole"]);
    place.ends(&format!("{wrong} --time-unit week"), 2, &["\"week\" is no unit of time"]);
}

/// Goal: an integer in a folder's name is no time, whatever unit the source declares (S6).
#[test]
fn s06_a_folders_integer_is_no_time() {
    let place = place();
    place.edit("[sources.issue_events]\n", "[sources.issue_events]\ntime_unit = \"s\"\n");
    let without = event("e1", "null").replace("\"event_time\":null,", "");
    for (folder, exit, words) in [
        ("event_time=20240501", 2, vec!["\"20240501\" is no time", "2024-05-01", "folder"]),
        ("event_time=1709251200", 2, vec!["\"1709251200\" is no time"]),
        ("event_time=2024-05-01", 0, vec![]),
    ] {
        fs::create_dir_all(place.path(folder)).unwrap();
        place.write(&format!("{folder}/e.ndjson"), &without);
        let events = format!("--events issue_events=@{folder}/e.ndjson");
        place.ends(&format!("{TRAIN} --spine @spine.ndjson {events}"), exit, &words);
    }
}

/// Goal: a store keeps to the unit by which it read its events (S10, S23). Method: the unit changes
/// after a fill.
#[test]
fn s10_a_store_keeps_to_its_unit() {
    let place = place();
    place.write("t.ndjson", event("e1", &MARCH_S.to_string()));
    place.edit("[sources.issue_events]\n", "[sources.issue_events]\ntime_unit = \"s\"\n");
    place.ends("backfill --events issue_events=@t.ndjson", 0, &[]);
    place.ends(&format!("{GET} --as-of 2024-03-02"), 0, &[]);
    place.edit("time_unit = \"s\"", "time_unit = \"ms\"");
    place.write("more.ndjson", event("e2", &(MARCH_S * 1000).to_string()));
    place.ends("stream @more.ndjson", 2, &["time_unit"]);
}

/// Goal: the zones that DuckDB, Polars, pandas and Postgres write are read, in NDJSON and CSV, and
/// nothing beyond 18 hours is (S2). Method: the events of one moment in every form, each of which
/// is its own event.
#[test]
fn s02_zones_of_other_systems_are_read() {
    let place = place();
    let zones = [
        "2024-03-01 00:00:00+00",
        "2024-03-01T00:00:00.000000+0000",
        "2024-03-01 00:00:00+00:00",
        "2024-03-01 05:30:00+05:30",
        "2024-02-29 21:00:00-03",
        "2024-03-01T00:00:00Z",
        "2024-03-01 18:00:00+18:00",
        "2024-02-29 06:00:00-1800",
        "2024-03-01 00:00:00",
    ];
    let all = |time: &dyn Fn(usize) -> String, to: &str| {
        let json: String = (0..zones.len())
            .map(|at| event(&format!("e{at}"), &format!("{:?}", time(at))))
            .collect();
        place.write(&format!("{to}.ndjson"), json);
        let csv = (0..zones.len()).map(|at| format!("e{at},{},cc,a,b,i,1,1\n", time(at)));
        let header = "event_id,event_time,kind,actor,mentioned,issue,files,text_length\n";
        place.write(&format!("{to}.csv"), header.to_string() + &csv.collect::<String>());
    };
    all(&|_| "2024-03-01T00:00:00Z".to_string(), "same");
    all(&|at| zones[at].to_string(), "zones");
    let line =
        |events: &str| format!("{TRAIN} --spine @spine.ndjson --events issue_events=@{events}");
    let expect = features(&place, &line("same.ndjson"));
    for events in ["same.csv", "zones.ndjson", "zones.csv"] {
        assert_eq!(features(&place, &line(events)), expect, "{events}");
    }
    for zone in ["+99:99", "+18:01", "-19", "+2400"] {
        place.write("bad.ndjson", event("e1", &format!("\"2024-03-01T00:00:00{zone}\"")));
        place.ends(&line("bad.ndjson"), 1, &["is not a time"]);
    }
}

/// Goal: the spellings of nulls and booleans are read as the source declares them, those of pandas
/// and R without a declaration, and a text with two meanings is refused (S6). Method: a CSV and an
/// NDJSON file whose values are spelled in every way.
#[test]
fn s06_nulls_and_booleans_are_spelled_as_declared() {
    let folder = tempfile::tempdir().unwrap();
    let texts = |texts: &[&str]| texts.iter().map(|text| text.to_string()).collect::<Vec<_>>();
    let of = |notation: Notation, name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let mut schema = super::schema("bool");
        Arc::make_mut(&mut schema).notation = notation;
        let mut reader = open_events(&path, schema, ReadOptions::default()).unwrap();
        let batch = reader.next().unwrap().unwrap();
        let bad: Vec<u32> = batch.failures.iter().map(|failure| failure.row).collect();
        (batch.records.column(1).as_boolean().iter().collect::<Vec<_>>(), bad)
    };
    let csv = |values: &[&str]| {
        let rows = values.iter().map(|value| format!("1970-01-01,{value}\n"));
        format!("t,x\n{}", rows.collect::<String>())
    };
    let default = Notation::default();
    let values = ["true", "True", "TRUE", "false", "False", "FALSE", "", "NA", "t", "tRUE"];
    let (read, bad) = of(default.clone(), "a.csv", &csv(&values));
    let yes = Some(true);
    let no = Some(false);
    assert_eq!(read, [yes, yes, yes, no, no, no, None, None, None, None]);
    assert_eq!(bad, [7, 8, 9]);
    let declared = Notation {
        time_unit: None,
        null_values: texts(&["NA", "\\N"]),
        true_values: texts(&["t", "1"]),
        false_values: texts(&["f", "0"]),
    };
    let values = ["t", "f", "1", "0", "True", "NA", "\\N", "\"NA\"", "", "2"];
    let (read, bad) = of(declared.clone(), "a.csv", &csv(&values));
    assert_eq!(read, [yes, no, yes, no, yes, None, None, None, None, None]);
    // A text in quotes is a text.
    assert_eq!(bad, [7, 9]);
    let json = |values: &[&str]| -> String {
        values.iter().map(|value| format!("{{\"t\":\"1970-01-01\",\"x\":{value}}}\n")).collect()
    };
    let values = ["true", "\"t\"", "0", "\"NA\"", "null", "\"True\"", "2"];
    let (read, bad) = of(declared, "a.ndjson", &json(&values));
    assert_eq!(read, [yes, yes, no, None, None, None, None]);
    assert_eq!(bad, [5, 6]);
    let (_, bad) = of(default, "a.ndjson", &json(&values));
    assert_eq!(bad, [1, 2, 3, 5, 6]);
}

/// Goal: the project file declares units and spellings, and names the line of a wrong one.
#[test]
fn a_project_declares_the_notation_of_a_source() {
    let place = Place::new();
    let declared = "[sources.issue_events]\ntime_unit = \"ms\"\nnull_values = [\"NA\", \"\"]\n\
        true_values = [\"t\"]\nfalse_values = [\"f\"]\n";
    place.edit("[sources.issue_events]\n", declared);
    let file = ProjectFile::open(place.path("lockstep.toml")).unwrap();
    let notation = &file.sources["issue_events"].notation;
    assert_eq!(notation.time_unit, Some(TimeUnit::Millisecond));
    assert!(notation.is_null("NA") && notation.is_null(""));
    assert_eq!(notation.csv_bool("t"), Some(true));
    for (old, new, words) in [
        ("[\"t\"]", "[\"t\", \"NA\"]", ["lockstep.toml:3", "\"NA\" would be both null and true"]),
        ("[\"t\", \"NA\"]", "[\"false\"]", ["lockstep.toml:3", "both true and false"]),
        ("[\"false\"]", "\"t\"", ["lockstep.toml:4", "invalid type"]),
    ] {
        place.edit(old, new);
        let error = place.error("backfill");
        assert!(words.iter().all(|word| error.message.contains(word)), "{error}");
    }
}
