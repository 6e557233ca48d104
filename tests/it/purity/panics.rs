//! A panic always says why: with its message, its file and its line (S8, S9).
//!
//! Method: the transforms and the aggregate of the impure guest that panic, through the library's
//! jobs. Deliberately absent: guests without the SDK.

use super::hosts::{folder, project};
use lockstep_runtime::{
    AsOf, BackfillJob, Code, OnlineHost, Progress, Project, StreamInput, StreamJob, Time,
    TrainingSetJob, Value,
};
use std::fs;

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
            assert!(reason.contains("src/panics.rs:"), "{reason}");
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
    assert!(text.contains("src/panics.rs:") && text.contains("a merge with 1001"), "{text}");
}

/// What a panic in a merge must say.
const MERGE: [&str; 2] = ["src/panics.rs:", "a merge with 1001"];

/// Orders whose states no merge survives, and others.
fn unmergeable() -> String {
    with(&[("merged", 1001), ("u1", 5), ("merged", 7), ("merged", 1001), ("u1", 6)])
}

/// The error of the question about the user whose states do not merge.
fn asked(project: &Project) -> String {
    let store = project.open_store().unwrap();
    let host = OnlineHost::new(project, store, project.services().unwrap()).unwrap();
    let as_of = AsOf::At(Time::parse("2024-06-01T00:00:00Z").unwrap());
    let other = host.get("panicky", &[("user", "u1")], as_of).unwrap();
    assert_eq!(other.values, [Value::Int64(6)]);
    host.get("panicky", &[("user", "merged")], as_of).unwrap_err().to_string()
}

/// Goal: a panic in a merge is the error of a training set that needs the merged state, with file,
/// line and message; one that does not is made.
#[test]
fn s21_a_panic_in_a_merge_fails_a_training_set_and_says_why() {
    let folder = folder(&unmergeable());
    let project = project(folder.path(), "store");
    let train = |user: &str| {
        let spine = folder.path().join(format!("{user}.ndjson"));
        fs::write(&spine, format!("{{\"user\":\"{user}\",\"as_of\":\"2024-06-01T00:00:00Z\"}}\n"))
            .unwrap();
        let output = folder.path().join(format!("{user}.parquet"));
        TrainingSetJob::new("panicky", spine, output).run(&project, &mut |_| {})
    };
    assert!(train("u1").unwrap().written);
    let text = train("merged").unwrap_err().to_string();
    assert!(MERGE.iter().all(|words| text.contains(words)), "{text}");
    assert!(text.contains("feature panicky."), "{text}");
}

/// Goal: a panic in a merge of a backfill and of a stream is told while they run, once, with file,
/// line and message; so is it to questions of the same process. The store keeps no words, so that
/// it does not depend on who filled it; what is asked by another process says who knows why.
#[test]
fn s21_a_panic_in_a_merge_is_told_by_whoever_stores_it() {
    let folder = folder(&unmergeable());
    for store in ["backfilled", "streamed"] {
        let of_store = project(folder.path(), store);
        let mut told = Vec::new();
        let mut progress = |progress: Progress<'_>| {
            if let Progress::FailedMerge(failed) = progress {
                told.push(failed.clone());
            }
        };
        match store {
            "backfilled" => BackfillJob::default().run(&of_store, &mut progress),
            _ => StreamJob::new(StreamInput::Files).run(&of_store, &mut progress),
        }
        .unwrap();
        let [failed] = &told[..] else { panic!("{store}: {told:?}") };
        assert_eq!((&*failed.artifact, &*failed.aggregate), ("impure", "Panicky"));
        let text = asked(&of_store);
        for text in [&failed.reason, &text] {
            assert!(MERGE.iter().all(|words| text.contains(words)), "{store}: {text}");
        }
        assert!(text.contains("failed to merge") && text.contains("feature panicky."), "{text}");
        // As in another process, which loads the artifact itself.
        let text = asked(&project(folder.path(), store));
        let known = ["feature panicky.", "failed to merge", "has told why", "training set"];
        assert!(known.iter().all(|words| text.contains(words)), "{store}: {text}");
    }
}
