//! Wrong flags of `training-set` and `parity` are refused: time columns, memory, folders, disorder.
//!
//! Method: one wrong flag in each command; the message must name it and say what it may be.

use super::Place;
use arrow::array::{ArrayRef, TimestampMicrosecondArray};
use std::sync::Arc;

const PARITY: &str = "parity mention_ranker --spine @mentions.parquet";
const TRAIN: &str = "training-set mention_ranker --spine @mentions.parquet -o @out.parquet";

/// Goal: each wrong option is named, with what it may be, and nothing is written.
#[test]
fn wrong_options_are_refused() {
    let place = Place::new();
    for (option, words) in [
        ("--as-of-column when", &["mentions.parquet", "no column \"when\"", "--as-of-column"][..]),
        ("--as-of-column actor", &["mentions.parquet", "\"actor\" should be timestamp"]),
        ("--memory-max 1MiB", &["--memory-max must be at least 128"]),
        ("--memory-max lots", &["--memory-max", "lots"]),
        ("--spill-dir @nowhere", &["nowhere", "--spill-dir"]),
        ("--as-known", &["issue_events.parquet", "arrived_at", "--as-known"]),
        ("--as-known=actor", &["issue_events", "\"actor\" is declared as string", "--as-known"]),
    ] {
        place.check(&format!("{TRAIN} {option}"), 2, words);
    }
}

/// Goal: an event without an arrival time is set aside, named and counted; if all events have one,
/// the job succeeds and reports what leaked (S1, S8). Method: events that arrive long after all
/// questions.
#[test]
fn s08_an_event_without_an_arrival_is_set_aside() {
    let place = Place::new();
    let add = |name: &str, of: fn(usize) -> Option<i64>| {
        let columns = place.columns("issue_events.parquet", usize::MAX);
        let rows = columns[0].1.len();
        let times: TimestampMicrosecondArray = (0..rows).map(of).collect();
        let arrived: ArrayRef = Arc::new(times.with_timezone("UTC"));
        let known = columns.iter().map(|(name, array)| (name.as_str(), array.clone()));
        place.table(name, known.chain([("arrived_at", arrived)]).collect());
    };
    add("some.parquet", |row| (row != 7).then_some(1 << 61));
    add("all.parquet", |_| Some(1 << 61));
    let train = |events: &str| format!("{TRAIN} --as-known --events issue_events=@{events}");
    place.check(&train("some.parquet"), 1, &["position 7", "arrived_at", "--bad-rows-max"]);
    place.ends(&train("all.parquet"), 0, &[]);
    assert!(place.path("out.parquet").is_file());
}

/// Goal: parity names each wrong option too, with what it may be.
#[test]
fn wrong_options_of_parity_are_refused() {
    let place = Place::new();
    for (option, words) in [
        ("--as-of-column when", &["mentions.parquet", "no column \"when\"", "--as-of-column"][..]),
        ("--as-of-column actor", &["mentions.parquet", "\"actor\" should be timestamp"]),
        ("--disorder 99999999", &["a disorder of 99999999 s", "longer history", "--disorder"]),
        ("--replay-batch-rows-max 0", &["--replay-batch-rows-max must be at least 1"]),
        ("--replay-store @lockstep.toml", &["lockstep.toml exists", "new store directory"]),
    ] {
        place.check(&format!("{PARITY} {option}"), 2, words);
    }
}

/// Goal: an arrival column that is missing, is not a time or contains a null is an error that names
/// it and the line that asks for it, also for a training set, which does not need it: all hosts
/// hold the same events (S8, S11).
#[test]
fn s11_a_wrong_column_of_arrivals_is_refused() {
    let named = |column: &str| {
        let place = Place::new();
        let files = "files = \"issue_events.parquet\"";
        place.edit(files, &format!("{files}\narrived_at = \"{column}\""));
        place
    };
    let place = named("actor");
    let words = ["lockstep.toml:3", "\"actor\" is declared as string", "arrived_at"];
    place.check("backfill", 2, &words);
    let place = named("received");
    for command in ["backfill", "stream", "stream @issue_events.parquet", PARITY, TRAIN] {
        let words = ["issue_events.parquet", "\"received\"", "[sources.issue_events] arrived_at"];
        place.check(command, 2, &words);
    }
    let columns = place.columns("issue_events.parquet", usize::MAX);
    let times = (0..columns[0].1.len()).map(|row| (row != 7).then_some(1 << 60));
    let arrived: TimestampMicrosecondArray = times.collect();
    let received: ArrayRef = Arc::new(arrived.with_timezone("UTC"));
    let known = columns.iter().map(|(name, array)| (name.as_str(), array.clone()));
    place.table("issue_events.parquet", known.chain([("received", received)]).collect());
    for command in ["backfill", TRAIN] {
        place.ends(command, 1, &["position 7", "received", "--bad-rows-max"]);
    }
}
