//! What is shown of values and conflicts: one JSON form everywhere, and a conflict before any
//! difference.
//!
//! Method: the mirror guest, whose rows are its events, with views of these tests' own.

use super::{Place, run};
use lockstep_cli::commands::get::VectorJson;
use lockstep_guest::{Artifact, Engine, EngineConfig};
use lockstep_kit::cases::mirror;
use lockstep_runtime::{AsOf, OnlineHost, ParityJob, Project, Time, Value};
use lockstep_store::layout;
use serde_json::{Value as Json, json};
use std::fs;

/// A view `v` of the source `m` whose features are the last of each column, and the sum of `n`.
fn manifest(history_us: i64, skew_us: i64) -> Json {
    let column = |name: &str, data_type: &str, nullable: bool| {
        json!({ "name": name, "type": data_type, "nullable": nullable,
            "description": "a\u{1b}[31m\nb" })
    };
    let columns = [
        column("id", "string", false),
        column("at", "timestamp", false),
        column("who", "string", false),
        column("f", "float32", true),
        column("d", "float64", true),
        column("n", "int64", true),
        column("t", "timestamp", true),
        column("l", "list<float32>", true),
    ];
    let mut features: Vec<Json> = ["f", "d", "n", "t"]
        .iter()
        .map(|name| {
            json!({ "name": name, "aggregate": "last", "column": name,
            "window": { "kind": "lifetime" } })
        })
        .collect();
    features.push(json!({ "name": "sum", "aggregate": "sum", "column": "n",
        "window": { "kind": "lifetime" } }));
    json!({
        "format": 2, "sdk": "none", "semantics": 1, "strict": false, "on_demand": [],
        "views": [{
            "name": "v", "description": "a\u{1b}[31m\nb", "owner": "o\u{7}", "tags": ["t\r"],
            "key": ["who"],
            "event": {
                "name": "v", "description": "", "source": "m", "time": "at", "id": "id",
                "skew_us": skew_us, "columns": columns,
            },
            "null_keys": false, "boundary": "strict", "delay_us": 0, "history_us": history_us,
            "columns": columns, "features": features,
        }],
    })
}

fn project(manifest: &Json, events: &str) -> Place {
    let place = Place { folder: tempfile::tempdir().unwrap() };
    let component = mirror::component().unwrap();
    place.write("v.wasm", mirror::artifact_of(&component, manifest));
    place.write(
        "lockstep.toml",
        "[sources.m]\nfiles = \"m.ndjson\"\n[artifacts]\nv = \"v.wasm\"\n[services.s]\nfeatures = \
         [\"v.*\"]\n[store]\npath = \"store\"\n",
    );
    place.write("m.ndjson", events);
    place.write("spine.ndjson", "{\"who\":\"a\",\"as_of\":\"2024-03-01\"}\n");
    place
}

const DAY_US: i64 = 86_400_000_000;

/// The text of a member in the text of a JSON object.
fn member<'a>(text: &'a str, name: &str) -> &'a str {
    let (_, rest) = text.split_once(&format!("\"{name}\":")).expect("the member is there");
    let end = rest.find([',', '}', '\n']).expect("the object ends");
    rest[..end].trim()
}

/// Goal: a value has the same JSON text in a training file, in an answer and in what is kept of an
/// event that was set aside: the fewest digits that read back to its own bits; an overflow is null
/// and has a status beside it (S14, S16). Method: floats of both widths at their edges, and a sum
/// beyond int64.
#[test]
fn s14_a_value_has_one_json_form() {
    for (f, d, expect) in [
        ("1.111", "1.111", ["1.111", "1.111"]),
        ("1.4", "1e300", ["1.4", "1e300"]),
        ("16777217", "9007199254740993", ["16777216.0", "9007199254740992.0"]),
        ("3.4028235e38", "5e-324", ["3.4028235e38", "5e-324"]),
        ("-0.0", "-0.0", ["-0.0", "-0.0"]),
        ("\"NaN\"", "\"-Infinity\"", ["\"NaN\"", "\"-Infinity\""]),
    ] {
        let event = |id: &str, n: i64| {
            format!(
                "{{\"id\":\"{id}\",\"at\":\"2024-02-01\",\"who\":\"a\",\"f\":{f},\"d\":{d},\"n\":{n},\
                 \"t\":\"2024-01-01T00:00:00.5Z\",\"l\":[{f}]}}\n"
            )
        };
        // The third has the id of the first and another content.
        let log = event("1", i64::MAX) + &event("2", 1) + &event("1", 2);
        let place = project(&manifest(DAY_US, 0), &log);
        let bad = "--bad-rows-max 1";
        let line = format!("training-set s --spine @spine.ndjson -o @out.ndjson {bad}");
        place.ends(&line, 0, &[]);
        place.ends(&format!("backfill {bad}"), 0, &[]);
        let project = Project::open(place.folder.path()).unwrap();
        let store = project.open_store().unwrap();
        let services = project.services().unwrap();
        let host = OnlineHost::new(&project, store.clone(), services).unwrap();
        let as_of = AsOf::At(Time::parse("2024-03-01").unwrap());
        let vector = host.get("s", &[("who", Value::from("a"))], as_of).unwrap();
        let answer = serde_json::to_string_pretty(&VectorJson::of(&vector)).unwrap();
        let file = fs::read_to_string(place.path("out.ndjson")).unwrap();
        let mut kept = String::new();
        let prefix = layout::set_aside_of("m", lockstep_store::progress::FILES);
        let read = store.read().unwrap().scan_prefix(&prefix, &mut |_, record| {
            let record: Json = serde_json::from_slice(record).unwrap();
            kept = record["event"].as_str().unwrap().to_string();
            Ok(true)
        });
        read.unwrap();
        let time = "\"2024-01-01T00:00:00.500Z\"";
        for text in [&answer, &file] {
            let found = ["v.f", "v.d", "v.n", "v.t", "v.sum"].map(|name| member(text, name));
            assert_eq!(found, [expect[0], expect[1], "1", time, "null"], "{text}");
        }
        let found = ["f", "d", "n", "t"].map(|name| member(&kept, name));
        assert_eq!(found, [expect[0], expect[1], "2", time], "{kept}");
        assert!(kept.contains(&format!("\"l\":[{}]", expect[0])), "{kept}");
        let answer: Json = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["statuses"], json!({ "v.sum": "overflow" }));
    }
}

/// Goal: of two contents with one id, parity says that first, with both positions and the columns
/// that differ, whatever the seed; the values are equal then, since the first content counts (S10).
/// Method: the conflicting event early in the log, and several seeds.
#[test]
fn s10_parity_names_a_conflict_first() {
    let event = |id: &str, second: u32, n: i64| {
        format!(
            "{{\"id\":\"{id}\",\"at\":\"2024-02-01T00:00:{second:02}Z\",\"who\":\"a\",\"f\":1.5,\
             \"d\":2.5,\"n\":{n},\"t\":\"2024-01-01\"}}\n"
        )
    };
    let log = event("x", 30, 1) + &event("y", 31, 5) + &event("x", 10, 2) + &event("z", 50, 3);
    let place = project(&manifest(40 * DAY_US, 0), &log);
    for seed in 1..=8 {
        let line = format!(
            "parity s --spine @spine.ndjson --allow-unread-levels --disorder 600 --seed {seed}"
        );
        let (code, message) = run(place.folder.path(), &line);
        assert_eq!(code, 1, "{message}");
        let expect = "source m: event id x came with two contents, at position 0 and at position 2, \
                      which differ in at, n";
        assert!(message.starts_with(expect), "seed {seed}: {message}");
        let job = ParityJob { seed, ..ParityJob::new("s", place.path("spine.ndjson")) };
        let report = job.run(&Project::open(place.folder.path()).unwrap(), &mut |_| {}).unwrap();
        assert_eq!((report.conflicts.len(), report.identical), (1, report.compared));
    }
    place.write("m.ndjson", event("x", 30, 1) + &event("x", 30, 1) + &event("z", 50, 3));
    place.ends("parity s --spine @spine.ndjson --allow-unread-levels", 0, &[]);
}

/// Goal: what an artifact says of itself commands no terminal and begins no line. Method: escapes
/// and line feeds in descriptions, an owner and a tag.
#[test]
fn texts_of_an_artifact_are_shown_with_escapes() {
    let place = project(&manifest(DAY_US, 0), "");
    let engine = Engine::new(EngineConfig::default()).unwrap();
    let artifact = Artifact::load(&engine, &place.path("v.wasm")).unwrap();
    let text = lockstep_cli::inspect::describe(&artifact).unwrap();
    let hidden = |c: char| c.is_control() && c != '\n';
    assert!(!text.contains(hidden), "{text:?}");
    for shown in ["a\\u{1b}[31m\\nb", "o\\u{7}", "t\\r"] {
        assert!(text.contains(shown), "{shown} in {text}");
    }
    let column = lockstep_core::Error::input("a\n  b\u{1b}[2J\nerror: c");
    assert_eq!(lockstep_cli::outcome::shown(&column, false), "error: a\n  b\\u{1b}[2J\\nerror: c");
}

/// Goal: durations that together are longer than time are refused, whichever they are (S2).
/// Method: pairs that fit in 64 bits alone, and overflow together.
#[test]
fn s02_durations_are_refused_together() {
    for (history_us, skew_us) in
        [(i64::MAX, 1), (1, i64::MAX), (1 << 61, 1 << 61), (i64::MAX, i64::MAX)]
    {
        let place = project(&manifest(history_us, skew_us), "");
        let line = "training-set s --spine @spine.ndjson -o @out.ndjson";
        place.check_files(line, 2, &["longer than time itself"]);
    }
    let place = project(&manifest(DAY_US, 0), "");
    place.edit("path = \"store\"", "path = \"store\"\nkeep_previous = \"106000000d\"");
    place.check_files("backfill", 2, &["lockstep.toml:9", "keep_previous"]);
}
