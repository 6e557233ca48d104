//! Whole training files against whole event logs, through the library and the binary.
//!
//! Invariant: the values of a right file are worked out by hand from the events below, and every
//! wrong file differs from it in one way. Deliberately absent: files that a host wrote.

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use lockstep_oracle::{Options, Report, Table, check, check_files};
use parquet::arrow::ArrowWriter;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

const DAY_US: i64 = 86_400_000_000;
/// 2024-05-01T00:00:00Z.
const MAY_US: i64 = 19_844 * DAY_US;
const OPTIONS: Options = Options { differences_listed: 20, partial: true };

type Columns = Vec<(&'static str, ArrayRef)>;

fn texts<const N: usize>(values: [Option<&str>; N]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn whole<const N: usize>(values: [Option<i64>; N]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn doubles<const N: usize>(values: [Option<f64>; N]) -> ArrayRef {
    Arc::new(Float64Array::from(values.to_vec()))
}

fn times<const N: usize>(values: [i64; N]) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from(values.to_vec()).with_timezone("UTC"))
}

/// Ann mentions Bo three times, once 40 days ago, and Bo once mentions Ann. One event is out of
/// order, one is a copy of the first with another length, and one has no actor.
fn events() -> Columns {
    let ago = |days: i64| MAY_US - days * DAY_US;
    vec![
        ("event_id", texts(["a", "c", "b", "d", "a", "e", "f"].map(Some))),
        ("event_time", times([ago(40), ago(2), ago(3), ago(1), ago(40), ago(5), ago(6)])),
        ("kind", texts(["cc", "cc", "acked", "tested", "cc", "cc", "created"].map(Some))),
        (
            "actor",
            texts([
                Some("ann"),
                Some("ann"),
                Some("ann"),
                Some("bo"),
                Some("ann"),
                None,
                Some("bo"),
            ]),
        ),
        (
            "mentioned",
            texts([Some("bo"), Some("bo"), Some("bo"), Some("ann"), Some("bo"), Some("bo"), None]),
        ),
        (
            "area",
            texts([Some("net"), Some("net"), None, Some("net"), Some("net"), Some("net"), None]),
        ),
        ("issue", texts(["i1", "i3", "i2", "i4", "i1", "i5", "i6"].map(Some))),
        ("files", whole([1, 0, 1, 1, 1, 1, 1].map(Some))),
        ("text_length", whole([100, 10, 21, 7, 999, 5000, 3].map(Some))),
    ]
}

/// Three questions: one after all events, one at the instant of event "c", one without an area.
fn training() -> Columns {
    vec![
        ("label", whole([Some(1), None, Some(0)])),
        ("actor", texts(["ann", "ann", "cy"].map(Some))),
        ("candidate", texts(["bo"; 3].map(Some))),
        ("area", texts([Some("net"), Some("net"), None])),
        ("as_of", times([MAY_US, MAY_US - 2 * DAY_US, MAY_US])),
        ("pair_mentions.count_30d", whole([Some(2), Some(1), Some(0)])),
        ("pair_mentions.count_lifetime", whole([Some(3), Some(2), Some(0)])),
        ("pair_mentions.text_length_mean_30d", doubles([Some(15.5), Some(21.0), None])),
        ("pair_mentions.text_length_max_30d", whole([Some(21), Some(21), None])),
    ]
}

/// Ann, Bo and the area "net" again, and Bo with himself, in features of every view and the score.
fn more_training() -> Columns {
    let may = |days: i64| MAY_US - days * DAY_US;
    let time = |values: Vec<Option<i64>>| -> ArrayRef {
        Arc::new(TimestampMicrosecondArray::from(values).with_timezone("UTC"))
    };
    let known: ArrayRef = Arc::new(BooleanArray::from(vec![true, false]));
    vec![
        ("actor", texts(["ann", "bo"].map(Some))),
        ("candidate", texts(["bo", "bo"].map(Some))),
        ("area", texts([Some("net"), None])),
        ("as_of", times([MAY_US, MAY_US])),
        ("pair_mentions.kind_first_lifetime", texts([Some("cc"), None])),
        ("pair_mentions.issue_last_30d", texts([Some("i3"), None])),
        ("pair_mentions.mentioned_at_min_lifetime", time(vec![Some(may(40)), None])),
        ("pair_mentions.files_sum_365d", whole([Some(2), None])),
        // Event "c" touches no file, so it has no text per file.
        ("pair_mentions.text_per_file_sum_lifetime", doubles([Some(121.0), None])),
        ("pair_mentions.text_per_file_mean_30d", doubles([Some(21.0), None])),
        // Bo acts in "f" (created) and "d", and is mentioned in "a", "b" and "c".
        ("user_activity.created_count_30d", whole([Some(1); 2])),
        ("user_activity.created_sum_lifetime", whole([Some(1); 2])),
        ("user_activity.created_mean_365d", doubles([Some(1.0); 2])),
        ("user_activity.mentioned_count_30d", whole([Some(2); 2])),
        ("user_activity.mentioned_count_lifetime", whole([Some(3); 2])),
        ("user_activity.mentioned_count_30d_offset_30d", whole([Some(1); 2])),
        ("user_activity.area_last_365d", texts([Some("net"); 2])),
        ("user_activity.text_per_file_min_lifetime", doubles([Some(3.0); 2])),
        ("user_activity.text_per_file_last_30d", doubles([Some(7.0); 2])),
        // Of Bo's mentions, "b" has no area.
        ("area_reviewers.count_365d", whole([Some(2), Some(0)])),
        ("area_reviewers.count_7d", whole([Some(1), Some(0)])),
        ("area_reviewers.actor_last_365d", texts([Some("ann"), None])),
        ("area_reviewers.text_length_max_365d", whole([Some(100), None])),
        ("area_reviewers.text_per_file_mean_365d", doubles([Some(100.0), None])),
        ("mention_score.area_share", doubles([Some(2.0 / 3.0), Some(0.0)])),
        ("mention_score.hours_since_mention", doubles([Some(48.0), None])),
        ("mention_score.known_in_area", known),
    ]
}

fn table(place: &str, columns: Columns) -> Table {
    Table::new(place, batch(columns))
}

fn batch(columns: Columns) -> RecordBatch {
    let nullable = columns.into_iter().map(|(name, array)| (name, array, true));
    RecordBatch::try_from_iter_with_nullable(nullable).expect("columns of one length")
}

fn checked(training: Columns) -> Result<Report, String> {
    check(&table("events", events()), &table("training", training), OPTIONS)
}

fn with(name: &'static str, array: ArrayRef) -> Columns {
    let mut columns = training();
    match columns.iter_mut().find(|column| column.0 == name) {
        Some(column) => column.1 = array,
        None => columns.push((name, array)),
    }
    columns
}

/// Goal: a right file passes, and each value is counted. Method: the file worked out by hand.
#[test]
fn a_right_file_passes() {
    let report = checked(training()).unwrap();
    assert!(report.passed(), "{report}");
    assert_eq!((report.events, report.set_aside, report.repeated), (5, 1, 1));
    assert_eq!((report.rows, report.compared(), report.different()), (3, 12, 0));
    assert_eq!(report.columns[2].present, 2);
}

/// Goal: every view and the on-demand outputs are what their descriptions say. Method: features of
/// each worked out by hand; the score itself is tested beside its formula.
#[test]
fn features_of_every_view_pass() {
    let report = checked(more_training()).unwrap();
    assert!(report.passed(), "{report}");
    assert_eq!(report.compared(), 2 * report.columns.len());
}

/// Goal: one wrong bit is found and told in full. Method: a mean moved by one unit in the last
/// place, a null in place of a zero, and a zero in place of a null.
#[test]
fn one_wrong_bit_is_a_difference() {
    let next = f64::from_bits(15.5_f64.to_bits() + 1);
    let mean = doubles([Some(next), Some(21.0), None]);
    let report = checked(with("pair_mentions.text_length_mean_30d", mean)).unwrap();
    assert!(!report.passed());
    assert_eq!(report.different(), 1);
    let difference = &report.differences[0];
    assert_eq!((difference.row, &*difference.column), (0, "pair_mentions.text_length_mean_30d"));
    assert_eq!(difference.expected, "float64 15.5 (bits 0x402f000000000000)");
    assert_eq!(difference.found, "float64 15.500000000000002 (bits 0x402f000000000001)");
    assert!(difference.request.starts_with("actor=ann candidate=bo area=net as_of="));

    let counts = whole([Some(2), Some(1), None]);
    assert_eq!(checked(with("pair_mentions.count_30d", counts)).unwrap().different(), 1);
    let max = whole([Some(21), Some(21), Some(0)]);
    let report = checked(with("pair_mentions.text_length_max_30d", max)).unwrap();
    assert_eq!((report.different(), report.differences[0].row), (1, 2));
}

/// Goal: the list of differences is limited, their count is not. Method: limits below the number.
#[test]
fn the_list_of_differences_is_limited() {
    let wrong = with("pair_mentions.count_lifetime", whole([Some(9); 3]));
    let training = table("training", wrong);
    for differences_listed in 0..4 {
        let options = Options { differences_listed, ..OPTIONS };
        let report = check(&table("events", events()), &training, options).unwrap();
        assert_eq!(report.different(), 3);
        let rows: Vec<usize> = report.differences.iter().map(|d| d.row).collect();
        assert_eq!(rows, (0..differences_listed).collect::<Vec<_>>());
        assert!(!report.passed());
    }
}

/// Goal: what cannot be judged never passes. Method: files wrong in one way each; the message must
/// name the place.
#[test]
fn what_cannot_be_judged_is_refused() {
    let empty = training().into_iter().map(|(name, all)| (name, all.slice(0, 0))).collect();
    let without = |name: &str| training().into_iter().filter(|c| c.0 != name).collect();
    let spine = training().into_iter().take(5).collect();
    let untimed = vec![Some(1), None, Some(2)];
    let untimed: ArrayRef = Arc::new(TimestampMicrosecondArray::from(untimed));
    let twice = training().into_iter().chain(training().into_iter().skip(8)).collect();
    let narrow: ArrayRef = Arc::new(Int32Array::from(vec![2, 1, 0]));
    let local: ArrayRef =
        Arc::new(TimestampMicrosecondArray::from(vec![1, 2, 3]).with_timezone("+01:00"));
    for (columns, message) in [
        (empty, "training has no rows"),
        (spine, "training has no column called view.feature"),
        (without("as_of"), "training has no column \"as_of\""),
        (without("candidate"), "training has no column \"candidate\""),
        (twice, "two columns \"pair_mentions.text_length_max_30d\""),
        (with("as_of", untimed), "row 1 has no as_of"),
        (with("as_of", whole([Some(1); 3])), "column \"as_of\" must hold timestamps"),
        (with("pair_mentions.count_9x", whole([Some(0); 3])), "pair_mentions.count_9x"),
        (with("pair_mentions.text_count_7d", whole([Some(0); 3])), "no column \"text\""),
        (with("other_view.count_30d", whole([Some(0); 3])), "other_view.count_30d"),
        (with("count_30d", whole([Some(0); 3])), "\"count_30d\" stands behind feature"),
        (with("pair_mentions.count_30d", doubles([Some(0.0); 3])), "it must be Int64"),
        (with("pair_mentions.count_30d", narrow), "has type Int32"),
        (with("pair_mentions.count_30d", local), "has type Timestamp"),
    ] {
        let error = checked(columns).unwrap_err();
        assert!(error.contains(message), "{error:?} lacks {message:?}");
    }
    let mut nobody = more_training();
    nobody[1].1 = texts([Some("bo"), None]);
    assert!(checked(nobody).unwrap_err().contains("row 1 lacks actor or candidate"));
    let whole_file = Options { partial: false, ..OPTIONS };
    let training = table("training", training());
    let error = check(&table("events", events()), &training, whole_file).unwrap_err();
    assert!(error.contains("lacks pair_mentions.count_1d") && error.contains("--partial"));
}

fn write(directory: &Path, name: &str, columns: Columns) -> PathBuf {
    let path = directory.join(name);
    let batch = batch(columns);
    let file = File::create(&path).expect("the directory exists");
    let writer = ArrowWriter::try_new(file, batch.schema(), None);
    let mut writer = writer.expect("these types have a Parquet form");
    // Two row groups, so that a reader that stops at the first is found out.
    writer.write(&batch.slice(0, 1)).expect("the disk has room");
    writer.flush().expect("the disk has room");
    writer.write(&batch.slice(1, batch.num_rows() - 1)).expect("the disk has room");
    writer.close().expect("the disk has room");
    path
}

/// Goal: files give the same report as tables, and exit codes tell it. Method: run the binary.
#[test]
fn the_binary_tells_by_its_exit_code() {
    let directory = tempfile::tempdir().unwrap();
    let events = write(directory.path(), "events.parquet", events());
    let right = write(directory.path(), "right.parquet", training());
    let changed = with("pair_mentions.count_lifetime", whole([Some(3), Some(2), Some(1)]));
    let wrong = write(directory.path(), "wrong.parquet", changed);
    let report = check_files(&events, &right, OPTIONS).unwrap();
    assert!(report.passed() && report.compared() == 12, "{report}");

    let run = |training: &Path, flags: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep-oracle"));
        command.arg("check").arg("--events").arg(&events).arg("--training").arg(training);
        let output = command.args(flags).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let (code, stdout, _) = run(&right, &["--partial"]);
    assert_eq!((code, stdout.lines().last()), (Some(0), Some("equal: 12 compared, 0 different")));
    let (code, stdout, _) = run(&wrong, &["--partial"]);
    assert_eq!(code, Some(1));
    assert!(stdout.contains("row 2: pair_mentions.count_lifetime"), "{stdout}");
    assert!(stdout.contains("expected  int64 0") && stdout.contains("found     int64 1"));
    let (code, stdout, _) = run(&wrong, &["--partial", "--json", "--limit", "0"]);
    let json: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((code, &json["passed"], &json["different"]), (Some(1), &false.into(), &1.into()));
    assert_eq!((&json["compared"], json["columns"].as_array().unwrap().len()), (&12.into(), 4));
    let (code, stdout, stderr) = run(&right, &[]);
    assert_eq!((code, &*stdout), (Some(2), ""));
    assert!(stderr.contains("right.parquet lacks pair_mentions.count_1d"), "{stderr}");
    assert_eq!(run(&directory.path().join("none"), &[]).0, Some(2));
    assert_eq!(run(&right, &["--fast"]).0, Some(2));
}
