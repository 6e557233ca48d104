//! Training sets to which later rows are appended: the file must be the one that a run makes of all
//! questions at once, and events that came since then into the times of the old rows refuse it.
//!
//! Method: a project of the example of every type and of the flights, with events that are written
//! here; files are compared byte for byte. Deliberately absent: files that no run can append to
//! (`bad_input/appending.rs`), and values, which the oracle checks.

use arrow::array::{
    ArrayRef, DictionaryArray, Float64Array, Int64Array, ListArray, RecordBatch, StringArray,
    TimestampMicrosecondArray, TimestampSecondArray,
};
use arrow::datatypes::{Int8Type, Int64Type};
use lockstep_kit::artifacts::wasm;
use lockstep_runtime::{
    Code, Error, Memory, Project, Time, TrainingSetJob, TrainingSetReport, TrainingWriter,
    read_table,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

const HOUR_S: i64 = 3600;
/// The beginning of 2024.
const START_S: i64 = 1_704_067_200;
/// Events of each source, one every two hours.
const EVENTS: i64 = 400;
const NAMES: [&str; 4] = ["a", "b", "é\\\"", "d"];

/// An hour since the beginning, and the second within it.
type Moment = (i64, i64);

fn second((hour, second): Moment) -> i64 {
    START_S + hour * HOUR_S + second
}

fn time(moment: Moment) -> Time {
    Time::saturating(second(moment) * 1_000_000)
}

/// An event of the source with ids, which arrives some hours later.
fn typed(id: &str, number: i64, moment: Moment, arrives_h: i64) -> String {
    let name = NAMES[number.rem_euclid(4) as usize];
    let arrival = time((moment.0 + arrives_h, moment.1));
    let optional = match number % 5 {
        0 => String::new(),
        _ => format!(
            ",\"int\":{number},\"double\":{number}.5,\"single\":0.25,\"flag\":{},\"text\":\"t{}\",\
             \"moment\":\"{arrival}\",\"vector\":[1.0,{number}.0,0.5]",
            number % 2 == 0,
            number % 3
        ),
    };
    format!(
        "{{\"event_id\":\"{id}\",\"event_time\":\"{}\",\"number\":{},\"name\":\"{name}\",\
         \"arrived_at\":\"{arrival}\"{optional}}}\n",
        time(moment),
        number % 3
    )
}

/// An event of the source without ids.
fn anonymous(number: i64, moment: Moment) -> String {
    let name = NAMES[number.rem_euclid(4) as usize];
    format!("{{\"event_time\":\"{}\",\"name\":\"{name}\",\"amount\":{number}.25}}\n", time(moment))
}

/// Flights at these times, with their delays.
fn flights(file: &Path, rows: &[(i64, &str, i64)]) {
    let times = rows.iter().map(|(second, ..)| second * 1_000_000);
    let columns: [(&str, ArrayRef); 3] = [
        ("date", Arc::new(TimestampMicrosecondArray::from_iter_values(times))),
        ("origin", Arc::new(StringArray::from_iter_values(rows.iter().map(|it| it.1)))),
        ("delay", Arc::new(Int64Array::from_iter_values(rows.iter().map(|it| it.2)))),
    ];
    write(file, &RecordBatch::try_from_iter(columns).unwrap());
}

fn write(file: &Path, records: &RecordBatch) {
    let mut writer = TrainingWriter::create(file, records.schema(), vec![]).unwrap();
    writer.write(records).unwrap();
    writer.finish().unwrap();
}

/// A folder with a project and its events.
struct Place(TempDir);

impl Place {
    fn new() -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        for name in ["every-type", "flights"] {
            let file = place.at(&format!("{}.wasm", name.replace('-', "_")));
            fs::copy(wasm(&format!("transforms/{name}")), file).unwrap();
        }
        let project = "[sources.typed]\nfiles = \"typed*.ndjson\"\n\n\
                       [sources.anonymous]\nfiles = \"anonymous*.ndjson\"\n\n\
                       [sources.flights]\nfiles = \"flights*.parquet\"\n\n\
                       [artifacts]\nevery_type = \"every_type.wasm\"\n\
                       flights = \"flights.wasm\"\n\n\
                       [services.wide]\nfeatures = [\"every_type.*\", \"shifted.*\", \
                       \"every_aggregate.*\", \"every_window.*\", \"answer.*\"]\n\n\
                       [services.keyed]\nfeatures = [\"every_type.*\", \"shifted.*\"]\n\n\
                       [services.recent]\nfeatures = [\"every_type.count_30d\"]\n\n\
                       [services.anonymous]\nfeatures = [\"untold.*\"]\n\n\
                       [services.flights]\nfeatures = [\"flights_exact.*\"]\n\
                       keys = { flights_exact = { origin = \"name\" } }\n\n\
                       [store]\npath = \"store\"\n";
        fs::write(place.at("lockstep.toml"), project).unwrap();
        let all = || 0..EVENTS;
        let lines = all().map(|at| typed(&format!("e{at}"), at, (2 * at, 7), at % 9));
        fs::write(place.at("typed.ndjson"), lines.collect::<String>()).unwrap();
        let lines = all().map(|at| anonymous(at, (2 * at, 7)));
        fs::write(place.at("anonymous.ndjson"), lines.collect::<String>()).unwrap();
        let rows = all().map(|at| (second((2 * at, 7)), NAMES[at as usize % 4], at));
        flights(&place.at("flights.parquet"), &rows.collect::<Vec<_>>());
        place
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a spine of the rows with these hours and numbers. Columns without a null there are not
    /// nullable, so a part of a spine may have other columns than the whole in that respect.
    fn spine(&self, name: &str, rows: &[(i64, i64)]) -> PathBuf {
        let (hours, numbers) = (|| rows.iter().map(|row| row.0), || rows.iter().map(|row| row.1));
        let times = || hours().map(|hour| second((hour, 0)));
        let kinds: DictionaryArray<Int8Type> =
            numbers().map(|n| ["x", "y"][n as usize % 2]).collect();
        let tags = numbers().map(|n| (n % 3 > 0).then(|| vec![Some(n); n as usize % 4]));
        let names = numbers().map(|n| NAMES[n as usize % 4].replace('\\', ""));
        let weights = numbers().map(|n| (n % 4 > 0).then_some(n as f64)).collect::<Float64Array>();
        let as_of = TimestampMicrosecondArray::from_iter_values(times().map(|it| it * 1_000_000));
        let columns: [(&str, ArrayRef); 7] = [
            ("when", Arc::new(TimestampSecondArray::from_iter_values(times()))),
            ("number", Arc::new(Int64Array::from_iter_values(numbers().map(|n| n % 3)))),
            ("name", Arc::new(StringArray::from_iter_values(names))),
            ("weight", Arc::new(weights)),
            ("as_of", Arc::new(as_of.with_timezone("UTC"))),
            ("kind", Arc::new(kinds)),
            ("tags", Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(tags))),
        ];
        let file = self.at(&format!("spine_{name}.parquet"));
        write(&file, &RecordBatch::try_from_iter(columns).unwrap());
        file
    }

    fn run(&self, job: &TrainingSetJob) -> Result<TrainingSetReport, Error> {
        let made = job.run(&Project::open(self.0.path()).unwrap(), &mut |_| {})?;
        assert!(made.written, "{:?}", made.set_aside.first());
        Ok(made)
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.at(name)).unwrap()
    }

    /// Runs a job that must be refused for events of one of the views `views`, without leaving
    /// anything. Returns the message.
    #[track_caller]
    fn refused(&self, job: &TrainingSetJob, because: &str, views: &[&str]) -> String {
        let before: Vec<_> =
            fs::read_dir(self.0.path()).unwrap().map(|it| it.unwrap().path()).collect();
        let old = fs::read(&job.output).ok();
        let error = self.run(job).unwrap_err();
        let Code::NotAppendable { because: found, view, .. } = &error.code else {
            panic!("{error}")
        };
        assert_eq!(*found, because, "{error}");
        assert_eq!(view.is_some(), !views.is_empty(), "{error}");
        assert!(
            views.iter().all(|view| error.message.contains(&format!("view {view}"))),
            "{error}"
        );
        assert!(error.message.contains("make the training set anew"), "{error}");
        assert!(fs::read(&job.output).ok() == old, "{error}");
        assert_eq!(fs::read_dir(self.0.path()).unwrap().count(), before.len(), "{error}");
        error.message
    }
}

/// Goal: rows that are appended give the file of one run over all rows, byte for byte (S22): with and
/// without event ids, twice in a row, in place, and with little memory. Method: a service of every
/// type, a spine of columns that Parquet holds otherwise, and later parts with rows before, among and
/// after the old ones.
#[test]
fn s22_appended_rows_are_those_of_one_run() {
    let place = Place::new();
    let hours = |range: std::ops::Range<i64>| range.map(|at| (at * 7 % 600 + 100, at)).collect();
    let parts: [Vec<(i64, i64)>; 3] = [hours(1..90), hours(90..140), vec![(780, 5), (3, 8)]];
    let spines: Vec<PathBuf> =
        (0..3).map(|at| place.spine(&format!("s{at}"), &parts[at])).collect();
    let all = place.spine("all", &parts.concat());
    for service in ["wide", "anonymous", "flights"] {
        for bytes_max in [None, Some(128 << 20)] {
            let job = |spine: &Path, output: &str| {
                let memory = Memory { bytes_max, ..Memory::default() };
                TrainingSetJob { memory, ..TrainingSetJob::new(service, spine, place.at(output)) }
            };
            place.run(&job(&all, "whole.parquet")).unwrap();
            place.run(&job(&spines[0], "t0.parquet")).unwrap();
            let before = place.bytes("t0.parquet");
            let second = job(&spines[1], "t1.parquet").append_to(place.at("t0.parquet"));
            let made = place.run(&second).unwrap();
            assert_eq!((made.rows, made.earlier_rows), (139, 89), "{service}");
            assert!(place.bytes("t0.parquet") == before, "{service}");
            let in_place = job(&spines[2], "t1.parquet").append_to(place.at("t1.parquet"));
            assert_eq!(place.run(&in_place).unwrap().earlier_rows, 139);
            let (whole, found) = (place.bytes("whole.parquet"), place.bytes("t1.parquet"));
            if whole != found {
                let read = |name: &str| read_table(&place.at(name), &[]).unwrap();
                let (whole, found) = (read("whole.parquet"), read("t1.parquet"));
                assert_eq!(whole.schema(), found.schema(), "{service}");
                assert_eq!(whole, found, "{service}");
                panic!("{service}: the same rows in other bytes");
            }
        }
    }
}

/// Goal: the same over several row groups, with rows that wait on the disk and a key that is swept in
/// stretches (S22). Method: two million flights, most of one airport, with the least memory.
#[test]
fn s22_appended_rows_may_wait_on_the_disk() {
    let place = Place::new();
    let rows = 0..2_000_000i64;
    let origin = |at: i64| if at % 10 == 0 { NAMES[at as usize / 10 % 4] } else { "a" };
    let rows: Vec<_> = rows.map(|at| (START_S + at / 2, origin(at), at % 97)).collect();
    flights(&place.at("flights.parquet"), &rows);
    let parts: [Vec<(i64, i64)>; 2] =
        [150_000, 20_000].map(|rows| (0..rows).map(|at| (at % 277, at)).collect());
    let all = place.spine("all", &parts.concat());
    let memory = Memory { bytes_max: Some(128 << 20), ..Memory::default() };
    let job = |spine: &Path, output: &str| {
        let job = TrainingSetJob::new("flights", spine, place.at(output));
        TrainingSetJob { memory: memory.clone(), ..job }
    };
    assert!(place.run(&job(&all, "whole.parquet")).unwrap().spilled);
    place.run(&job(&place.spine("s0", &parts[0]), "t.parquet")).unwrap();
    let append = job(&place.spine("s1", &parts[1]), "t.parquet").append_to(place.at("t.parquet"));
    assert!(place.run(&append).unwrap().spilled);
    assert!(place.bytes("whole.parquet") == place.bytes("t.parquet"));
}

/// Goal: an event that came later into the times that the old rows can see refuses to append, by view
/// and time; one that came outside of them does not (S22). Method: for a source with ids, one without
/// and one whose windows have a start: events before, within and after those times, and one that is
/// there no more.
#[test]
fn s22_events_that_reach_old_rows_refuse_to_append() {
    let place = Place::new();
    // The old rows end at hour 770, and the windows of flights begin at hour 40.
    let old = place.spine("old", &[(760, 1), (770, 2)]);
    let new = place.spine("new", &[(790, 3)]);
    let all = place.spine("all", &[(760, 1), (770, 2), (790, 3)]);
    let job = |service: &str, spine: &Path, output: &str| {
        TrainingSetJob::new(service, spine, place.at(output))
    };
    for (service, views) in [
        ("keyed", &["every_type", "shifted"][..]),
        // One window with a start, of a view that also has windows without one.
        ("recent", &["every_type"]),
        ("anonymous", &["untold"]),
        ("flights", &["flights_exact"]),
    ] {
        let lifetime = ["keyed", "anonymous"].contains(&service);
        place.run(&job(service, &old, "old.parquet")).unwrap();
        let append = job(service, &new, "new.parquet").append_to(place.at("old.parquet"));
        let come = |hour: i64| match service {
            "keyed" | "recent" => {
                fs::write(place.at("typed_1.ndjson"), typed("late", 3, (hour, 9), 0)).unwrap();
            }
            "anonymous" => {
                fs::write(place.at("anonymous_1.ndjson"), anonymous(3, (hour, 9))).unwrap();
            }
            _ => flights(&place.at("flights_1.parquet"), &[(second((hour, 9)), "a", 1)]),
        };
        come(500);
        let message = place.refused(&append, "events", views);
        for view in views {
            let line =
                message.lines().find(|line| line.contains(&format!("view {view}:"))).unwrap();
            let times: Vec<&str> =
                line.split(' ').filter(|it| it.starts_with("2024-01-")).collect();
            let late = time((500, 9)).to_string();
            assert!(times[0] <= &late[..] && &late[..] < times[1], "{line}");
            let counts: Vec<u64> = line.split(' ').filter_map(|it| it.parse().ok()).collect();
            assert!(counts.len() == 2 && counts[1] == counts[0] + 1, "{line}");
        }
        // Old rows with one more event would be refused in place as well.
        place.refused(
            &job(service, &new, "old.parquet").append_to(place.at("old.parquet")),
            "events",
            views,
        );
        for (hour, within) in [(770, false), (780, false), (10, lifetime)] {
            come(hour);
            if within {
                place.refused(&append, "events", views);
                continue;
            }
            place.run(&append).unwrap();
            place.run(&job(service, &all, "whole.parquet")).unwrap();
            assert!(place.bytes("whole.parquet") == place.bytes("new.parquet"), "{service} {hour}");
        }
        come(500);
        place.run(&job(service, &old, "old.parquet")).unwrap();
        fs::remove_file(place.at("new.parquet")).unwrap();
        place.run(&append).unwrap();
        come(780);
        let message = place.refused(&append, "events", views);
        assert!(message.contains("had") && message.contains("now"), "{message}");
        for name in ["typed_1.ndjson", "anonymous_1.ndjson", "flights_1.parquet"] {
            let _ = fs::remove_file(place.at(name));
        }
    }
}

/// Goal: a row that changed refuses to append though the number of rows is the same, and an event
/// that was moved to another file does not, with and without ids.
#[test]
fn s22_contents_are_compared_not_places() {
    let place = Place::new();
    let (old, new) = (place.spine("old", &[(700, 1)]), place.spine("new", &[(790, 3)]));
    for (service, source, field, view) in [
        ("keyed", "typed", "\"number\":1", "every_type"),
        ("anonymous", "anonymous", "\"amount\":7.25", "untold"),
    ] {
        let job =
            |spine: &Path, output: &str| TrainingSetJob::new(service, spine, place.at(output));
        place.run(&job(&old, "old.parquet")).unwrap();
        let append = job(&new, "new.parquet").append_to(place.at("old.parquet"));
        let file = place.at(&format!("{source}.ndjson"));
        let text = fs::read_to_string(&file).unwrap();
        let at = text.match_indices('\n').nth(200).unwrap().0 + 1;
        let other = place.at(&format!("{source}_0.ndjson"));
        fs::write(&file, &text[at..]).unwrap();
        fs::write(&other, &text[..at]).unwrap();
        place.run(&append).unwrap();
        let _ = fs::remove_file(place.at("new.parquet"));
        fs::write(&other, text[..at].replacen(field, &format!("{field}1"), 1)).unwrap();
        let message = place.refused(&append, "events", &[view]).replace('\n', " ");
        assert!(message.contains("other ones now"), "{message}");
        fs::remove_file(other).unwrap();
        fs::write(&file, text).unwrap();
    }
}

/// Goal: with arrivals, an event that arrived after the old rows' times is in none of them, so it does
/// not refuse to append, and one that had arrived does (S1).
#[test]
fn s01_events_that_had_not_arrived_do_not_refuse() {
    let place = Place::new();
    let (old, new) = (place.spine("old", &[(600, 1), (700, 2)]), place.spine("new", &[(790, 3)]));
    let all = place.spine("all", &[(600, 1), (700, 2), (790, 3)]);
    let job = |spine: &Path, output: &str| TrainingSetJob {
        as_known: Some("arrived_at".into()),
        ..TrainingSetJob::new("keyed", spine, place.at(output))
    };
    place.run(&job(&old, "old.parquet")).unwrap();
    let append = job(&new, "new.parquet").append_to(place.at("old.parquet"));
    for (arrives_h, within) in [(201, false), (199, true)] {
        fs::write(place.at("typed_1.ndjson"), typed("late", 3, (500, 0), arrives_h)).unwrap();
        if within {
            fs::remove_file(place.at("new.parquet")).unwrap();
            place.refused(&append, "events", &["every_type"]);
        } else {
            place.run(&append).unwrap();
            place.run(&job(&all, "whole.parquet")).unwrap();
            assert!(place.bytes("whole.parquet") == place.bytes("new.parquet"));
        }
    }
    let without = TrainingSetJob { as_known: None, ..append };
    let message = place.refused(&without, "settings", &[]);
    assert!(message.contains("--as-known") && message.contains("arrived_at"), "{message}");
}

/// Goal: rows for all keys at later times are appended as one run would make them, also for times
/// without keys; earlier times, and rows for a spine, are refused. A late event refuses wherever it is,
/// because it may name a key (S22).
#[test]
fn s22_all_keys_are_appended_at_later_times() {
    let place = Place::new();
    let job = |service: &str, hours: &[i64], output: &str| {
        let as_of = hours.iter().map(|hour| time((*hour, 0)));
        TrainingSetJob::all_keys(service, as_of, place.at(output))
    };
    for service in ["keyed", "flights"] {
        place.run(&job(service, &[-900, 300, 760, 790], "whole.parquet")).unwrap();
        place.run(&job(service, &[-900], "t.parquet")).unwrap();
        let append =
            |hours: &[i64]| job(service, hours, "t.parquet").append_to(place.at("t.parquet"));
        for hours in [&[300][..], &[760, 790]] {
            place.run(&append(hours)).unwrap();
        }
        assert!(place.bytes("whole.parquet") == place.bytes("t.parquet"), "{service}");
        for hours in [&[790][..], &[900, 500]] {
            let message = place.refused(&append(hours), "questions", &[]);
            assert!(message.contains("name later times with --as-of"), "{message}");
        }
        let spine = place.spine("s", &[(795, 1)]);
        let spine = TrainingSetJob::new(service, spine, place.at("t.parquet"));
        let message = place.refused(&spine.append_to(place.at("t.parquet")), "questions", &[]);
        assert!(message.contains("all keys"), "{message}");
    }
    // Before the start of every window.
    flights(&place.at("flights_1.parquet"), &[(second((-2000, 0)), "late", 1)]);
    let append = job("flights", &[800], "t.parquet").append_to(place.at("t.parquet"));
    place.refused(&append, "events", &["flights_exact"]);
}
