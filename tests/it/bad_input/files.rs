//! Wrong files are refused: events and spines that are truncated, have the wrong columns, or are
//! bad in one place.
//!
//! Deliberately absent: bad values of single columns in every format (`columns.rs`).

use super::Place;
use arrow::array::{Array, ArrayRef, Int64Array, StringArray, TimestampMicrosecondArray};
use lockstep_runtime::{
    BackfillJob, Progress, Project, ProjectOptions, StreamInput, StreamJob, TrainingSetJob,
};
use lockstep_store::StateStore as _;
use std::fs;
use std::sync::Arc;

const TRAIN: &str = "training-set mention_ranker --spine @mentions.parquet -o @out.parquet";

/// Lines of events as NDJSON, the third of them replaced by `line`.
fn ndjson(place: &Place, line: &str) -> String {
    place.change(("issue_events.parquet", 5), "all.ndjson", |_, array| Some(array));
    let text = fs::read_to_string(place.path("all.ndjson")).unwrap();
    fs::remove_file(place.path("all.ndjson")).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[2] = line;
    lines.join("\n") + "\n"
}

/// Each command that reads events of this file.
fn check_events(place: &Place, file: &str, words: &[&str]) {
    let events = format!("--events issue_events=@{file}");
    for command in [
        format!("{TRAIN} {events}"),
        format!("backfill {events}"),
        format!("stream {events}"),
        format!("stream @{file}"),
        format!("parity mention_ranker --spine @mentions.parquet {events}"),
    ] {
        place.check(&command, 2, words);
    }
}

/// Goal: a file whose content does not match its extension is refused by name, and no store is
/// made.
#[test]
fn s06_files_that_are_no_events_are_refused() {
    let place = Place::new();
    let whole = fs::read(place.path("issue_events.parquet")).unwrap();
    place.write("torn.parquet", &whole[..whole.len() - 100]);
    check_events(&place, "torn.parquet", &["torn.parquet", "truncated, damaged or mislabelled"]);
    place.write("zero.parquet", "");
    check_events(&place, "zero.parquet", &["zero.parquet", "truncated, damaged or mislabelled"]);
    fs::create_dir(place.path("folder.parquet")).unwrap();
    check_events(&place, "folder.parquet", &["folder.parquet", "a folder, not a file"]);
    check_events(&place, "none.parquet", &["none.parquet", "there is no such file"]);
    place.write("events.xlsx", "PK");
    check_events(&place, "events.xlsx", &["events.xlsx", "name the file .parquet"]);
}

/// Goal: a missing column and one of another type are refused with the column, what was found, and
/// the remedy.
#[test]
fn s06_columns_that_do_not_fit_are_refused() {
    let place = Place::new();
    place.change(("issue_events.parquet", 9), "short.parquet", |name, array| {
        (name != "files").then_some(array)
    });
    check_events(
        &place,
        "short.parquet",
        &["short.parquet", "no column \"files\" of type int64", "columns found: event_id"],
    );
    place.change(("issue_events.parquet", 9), "texts.parquet", |name, array| {
        let texts = || Arc::new(StringArray::from(vec!["1"; array.len()])) as ArrayRef;
        Some(if name == "files" { texts() } else { array })
    });
    check_events(
        &place,
        "texts.parquet",
        &["texts.parquet", "column \"files\" should be int64, found Utf8", "convert the file"],
    );
}

/// Goal: one bad line sets aside only its own event, is named by its line number, and by default
/// fails the job: no training set is written, and the store keeps the line with its reason (S8).
#[test]
fn s08_a_bad_line_is_named_and_costs_one_event() {
    for (bad, reason) in [
        ("{\"event_id\": ", "line 3: "),
        ("{\"event_id\": \"x\", \"files\": 1.0}", "line 3: column \"event_time\""),
        ("not json", "line 3: "),
        ("[]", "line 3: "),
    ] {
        let place = Place::new();
        place.write("bad.ndjson", ndjson(&place, bad));
        let events = "--events issue_events=@bad.ndjson";
        let found = ["1 rows were set aside, more than --bad-rows-max 0", "position 2: ", reason];
        let unwritten = [&found[..], &["nothing was written"]].concat();
        place.check(&format!("{TRAIN} {events}"), 1, &unwritten);
        let kept = [&found[..], &["the store keeps them", "the run ended there"]].concat();
        place.ends(&format!("backfill {events}"), 1, &kept);
        // Allowed more, the same job fills the store, and goes on behind the bad line.
        place.ends(&format!("backfill {events} --bad-rows-max 1"), 0, &[]);
        place.ends(&format!("stream {events}"), 0, &[]);
        place.ends(&format!("{TRAIN} {events} --bad-rows-max 1"), 0, &[]);
    }
}

/// Goal: `1.0` and `1e3` are bad as integers, and never rounded or accepted (S6). Method: complete
/// events in which only that number is written differently.
#[test]
fn s06_a_fraction_is_no_integer() {
    let place = Place::new();
    let text = ndjson(&place, "");
    let (before, rest) = text.split_once("\"files\":").unwrap();
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap();
    let (digits, after) = rest.split_at(end);
    for number in [format!("{digits}.0"), format!("{digits}e0"), format!("\"{digits}\"")] {
        place.write("bad.ndjson", format!("{before}\"files\":{number}{after}"));
        let line = format!("{TRAIN} --events issue_events=@bad.ndjson");
        // One for each view of the service, since all of them declare the column.
        let words = ["3 rows were set aside", "for view pair_mentions", "line 1: column \"files\""];
        place.check(&line, 1, &words);
    }
    place.write("good.ndjson", &text);
    place.ends(&format!("{TRAIN} --events issue_events=@good.ndjson"), 0, &[]);
}

/// Goal: a last line that is incomplete is set aside like any other bad line, and a complete one
/// without a line feed counts.
#[test]
fn s08_a_torn_last_line_is_named() {
    let place = Place::new();
    let text = ndjson(&place, "");
    let torn = text.trim_end();
    place.write("torn.ndjson", &torn[..torn.len() - 9]);
    let events = "--events issue_events=@torn.ndjson";
    place.check(&format!("{TRAIN} {events}"), 1, &["1 rows were set aside", "line 5: "]);
    place.write("whole.ndjson", torn);
    place.ends(&format!("{TRAIN} --events issue_events=@whole.ndjson"), 0, &[]);
}

/// Goal: `--bad-rows-max` is exactly the number of bad rows that a job may have.
#[test]
fn s08_bad_rows_max_counts() {
    let place = Place::new();
    let text = ndjson(&place, "{}");
    place.write("two.ndjson", format!("{text}{{}}\n"));
    let events = "--events issue_events=@two.ndjson";
    let words = ["2 rows were set aside, more than --bad-rows-max 1", "line 3: "];
    place.check(&format!("{TRAIN} {events} --bad-rows-max 1"), 1, &words);
    place.ends(&format!("{TRAIN} {events} --bad-rows-max 2"), 0, &[]);
}

/// Goal: a job ends soon after the bad row that is one too many, whatever follows: what it set aside
/// is kept, and nothing is filled. A stream goes on, unless it is told otherwise (S8). Method: a bad
/// line, then far more events than any job reads ahead.
#[test]
fn s08_a_job_ends_at_the_bad_row_too_many() {
    let place = Place::new();
    let bad = ndjson(&place, "{}");
    let line = bad.lines().next().unwrap();
    let id = line.split('"').nth(3).unwrap();
    let many = (0..70_000).map(|row| line.replace(id, &format!("more {row}")) + "\n");
    place.write("long.ndjson", format!("{bad}{}", many.collect::<String>()));
    place.write("short.ndjson", bad);
    let project = |store: &str, events: &str| {
        let options = ProjectOptions {
            events: vec![("issue_events".into(), place.path(events).display().to_string())],
            store: Some(place.path(store)),
            ..ProjectOptions::default()
        };
        Project::open_with(place.path("lockstep.toml"), options).unwrap()
    };
    let read = |position: &mut u64, progress: Progress<'_>| {
        if let Progress::Reading { position: read, .. } = progress {
            *position = read;
        }
    };
    let mut reached = 0;
    let bulk = project("bulk", "long.ndjson");
    let job = BackfillJob { bad_rows_max: Some(0), ..BackfillJob::default() };
    let report = job.run(&bulk, &mut |it| read(&mut reached, it)).unwrap();
    assert!(report.is_over && report.set_aside == 1 && reached < 65_000, "{reached}: {report:?}");
    let spine = place.path("mentions.parquet");
    let job = TrainingSetJob::new("mention_ranker", spine, place.path("out.csv"));
    let made = job.run(&bulk, &mut |it| read(&mut reached, it)).unwrap();
    assert!(!made.written && made.set_aside.len() == 1 && reached < 65_000, "{reached}");
    for (events, bad_rows_max) in [("long.ndjson", Some(0)), ("short.ndjson", None)] {
        let streamed = project(&format!("{events}.store"), events);
        let job = StreamJob { bad_rows_max, ..StreamJob::new(StreamInput::Files) };
        let report = job.run(&streamed, &mut |_| {}).unwrap();
        assert_eq!((report.is_over, report.set_aside), (bad_rows_max.is_some(), 1));
        assert!(report.position < 65_000, "{events}");
        let held = streamed.open_store().unwrap();
        let aside = held.states().unwrap().all_set_aside("issue_events", "files").unwrap();
        assert_eq!(aside.into_iter().count(), 1);
    }
}

/// Goal: a log without events is valid: every feature has its empty value.
#[test]
fn s16_an_empty_log_is_a_log() {
    let place = Place::new();
    place.write("none.ndjson", "");
    let events = "--events issue_events=@none.ndjson";
    place.ends(&format!("{TRAIN} {events}"), 0, &[]);
    place.ends(&format!("backfill {events}"), 0, &[]);
    place.ends("get mention_ranker actor=a candidate=b area=c", 0, &[]);
}

/// A command on a spine.
fn train(spine: &str) -> String {
    format!("training-set mention_ranker --spine @{spine} -o @out.parquet")
}

/// Goal: a spine must have the service's request columns and `as_of`, by name and type; the message
/// names the file, the column, who needs it, and the row (S22).
#[test]
fn s22_a_wrong_spine_is_refused() {
    let place = Place::new();
    let mentions = ("mentions.parquet", 4);
    let without =
        |column: &'static str| move |name: &str, array: ArrayRef| (name != column).then_some(array);
    place.change(mentions, "s1.parquet", without("candidate"));
    place.check(
        &train("s1.parquet"),
        2,
        &[
            "s1.parquet",
            "no column \"candidate\"",
            "pair_mentions.mentioned",
            "columns found",
            "keys =",
        ],
    );
    place.change(mentions, "s2.parquet", without("as_of"));
    place.check(&train("s2.parquet"), 2, &["s2.parquet", "no column \"as_of\"", "columns found"]);

    place.change(mentions, "s3.parquet", |name, array| {
        let times = TimestampMicrosecondArray::from(vec![Some(1), Some(2), None, Some(4)]);
        let times = || Arc::new(times.clone().with_timezone("UTC")) as ArrayRef;
        Some(if name == "as_of" { times() } else { array })
    });
    place.check(&train("s3.parquet"), 2, &["s3.parquet", "row 2", "as_of is null"]);
    place.change(mentions, "s4.parquet", |name, array| {
        let numbers = || Arc::new(Int64Array::from(vec![1; 4])) as ArrayRef;
        Some(if name == "actor" { numbers() } else { array })
    });
    place.check(
        &train("s4.parquet"),
        2,
        &["s4.parquet", "\"actor\" should be string, found Int64"],
    );
    for spine in ["s1", "s2", "s3", "s4"] {
        let line = format!("parity mention_ranker --spine @{spine}.parquet");
        place.check(&line, 2, &[&format!("{spine}.parquet")]);
    }
    place.write("s5.csv", "actor,candidate,area,as_of\na,b,c,yesterday\n");
    place.check(&train("s5.csv"), 2, &["s5.csv", "row 0", "line 2", "\"yesterday\" is not a time"]);
    place.check(&train("s6.parquet"), 2, &["s6.parquet", "no such file"]);
}

/// Goal: an output name that the spine already uses is an error, never a silent replacement (S22).
#[test]
fn s22_a_colliding_output_name_is_refused() {
    let place = Place::new();
    let mut columns = place.columns("mentions.parquet", 3);
    let taken = Arc::new(Int64Array::from(vec![1; 3])) as ArrayRef;
    columns.push(("pair_mentions.count_7d".to_string(), taken));
    let columns = columns.iter().map(|(name, array)| (name.as_str(), array.clone()));
    place.table("taken.parquet", columns.collect());
    place.check(
        &train("taken.parquet"),
        2,
        &["taken.parquet", "\"pair_mentions.count_7d\"", "rename it"],
    );
}

/// Goal: a spine without rows makes a training set without rows.
#[test]
fn s22_an_empty_spine_makes_an_empty_training_set() {
    let place = Place::new();
    place.change(("mentions.parquet", 0), "none.parquet", |_, array| Some(array));
    place.ends(&train("none.parquet"), 0, &[]);
    assert!(place.columns("out.parquet", 9).iter().all(|(_, array)| array.is_empty()));
    let parity = "parity mention_ranker --spine @none.parquet";
    place.check(parity, 1, &["the spine has no rows, so nothing was compared"]);
}

/// Goal: an output that cannot be written is refused before any work, and the error names the
/// folder.
#[test]
fn an_output_nowhere_is_refused() {
    let place = Place::new();
    let to = |output: &str| {
        format!("training-set mention_ranker --spine @mentions.parquet -o @{output}")
    };
    place.check(&to("none/out.parquet"), 2, &["none/out.parquet", "there is no folder", "make it"]);
    place.check(&to("out.xlsx"), 2, &["out.xlsx", "name the file .parquet"]);
    fs::create_dir(place.path("taken.parquet")).unwrap();
    place.check(&to("taken.parquet"), 2, &["taken.parquet", "this is a folder"]);
}
