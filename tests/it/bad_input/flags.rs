//! Wrong ways of making a training set: its columns of times, its memory, its folders.

use super::Place;
use arrow::array::{ArrayRef, TimestampMicrosecondArray};
use std::sync::Arc;

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

/// Goal: an event without a time of arrival is set aside, named, and counted; with all of them the
/// job is done and says what leaked (S1, S8). Method: events that arrive long after all questions.
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
