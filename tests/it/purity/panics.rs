//! A panic always says why: with its message, its file and its line (S8, S9).
//!
//! Method: the transforms and the aggregate of the impure guest that panic, through the library's
//! jobs. Deliberately absent: guests without the SDK.

use super::hosts::{folder, project};
use lockstep_runtime::{AsOf, BackfillJob, Code, OnlineHost, Time, TrainingSetJob, Value};

/// The amounts for which the guest panics, each with words of what it says.
const PANICS: [(i64, &str); 6] = [
    (-1, "an amount of minus one"),
    (-2, "attempt to subtract with overflow"),
    (-3, "index out of bounds"),
    (-4, "attempt to divide by zero"),
    (-5, "there is something"),
    (-6, "a long story: éé"),
];

/// Orders of these users and amounts.
fn with(orders: &[(&str, i64)]) -> String {
    let lines = orders.iter().enumerate().map(|(at, (user, amount))| {
        format!(
            "{{\"order_id\":\"{at}\",\"ordered_at\":\"2024-05-01T00:00:{at:02}Z\",\"user\":\"{user}\",\
             \"amount\":{amount}}}\n"
        )
    });
    lines.collect()
}

/// Goal: an event at which a transform or an aggregate panics is set aside with file, line and
/// message, cut with a mark if it is long.
#[test]
fn s08_a_panic_says_where_and_why() {
    let bad = PANICS.map(|(amount, _)| ("u1", amount));
    let folder = folder(&with(&[&[("u1", 5), ("u2", 6)], &bad[..], &[("u1", 7)]].concat()));
    let project = project(folder.path(), "store");
    for service in ["panicking", "panicky"] {
        let output = folder.path().join("out.parquet");
        let job = TrainingSetJob {
            bad_rows_max: 100,
            ..TrainingSetJob::new(service, folder.path().join("spine.ndjson"), output)
        };
        let made = job.run(&project, &mut |_| {}).unwrap();
        let reasons: Vec<&str> = made.set_aside.iter().map(|(_, aside)| &*aside.reason).collect();
        assert_eq!(reasons.len(), PANICS.len(), "{reasons:?}");
        for (reason, (_, words)) in reasons.iter().zip(PANICS) {
            assert!(reason.contains("/impure-0.1.0/src/panics.rs:"), "{reason}");
            assert!(reason.contains(words), "{reason} has no {words:?}");
        }
        let long = reasons.last().unwrap();
        assert!(long.ends_with('…') && long.len() > 4000, "{} bytes", long.len());
    }
}

/// Goal: a panic of an on-demand transform, of a merge and of a value is the error of the question,
/// with file and line.
#[test]
fn s21_a_panic_of_a_question_says_where_and_why() {
    let folder = folder(&with(&[("u1", 5), ("merged", 1001), ("merged", 1001), ("final", 1002)]));
    let project = project(folder.path(), "store");
    BackfillJob::default().run(&project, &mut |_| {}).unwrap();
    let store = project.open_store().unwrap();
    let host = OnlineHost::new(&project, store, project.services().unwrap()).unwrap();
    let as_of = AsOf::At(Time::parse("2024-06-01T00:00:00Z").unwrap());
    for (amount, words) in PANICS {
        let request = [("user", Value::from("u1")), ("amount", Value::Int64(amount))];
        let error = host.get("panicking_score", &request, as_of).unwrap_err();
        let Code::RowRefused { reason, .. } = &error.code else { panic!("{error}") };
        assert!(reason.contains("src/panics.rs:") && reason.contains(words), "{reason}");
    }
    let error = |user| host.get("panicky", &[("user", user)], as_of).unwrap_err().to_string();
    let text = error("final");
    assert!(text.contains("src/panics.rs:") && text.contains("a value of 1002"), "{text}");
    let text = error("merged");
    assert!(text.contains("failed to merge"), "{text}");
}
