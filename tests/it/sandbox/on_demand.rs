//! On-demand transforms in the sandbox: each row gets exactly one result or is refused (S8, S9).
//!
//! Method: the evil guest returns `x + 1` and misbehaves according to the request's `kind`.
//! Deliberately absent: malformed replies that both kinds of transform can make, which `sandbox.rs`
//! checks.

use super::evil;
use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use lockstep_guest::{Artifact, OnDemandRunner};
use std::sync::Arc;

fn requests(runner: &OnDemandRunner, kinds: &[&str]) -> RecordBatch {
    let rows = kinds.len();
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(kinds.to_vec())),
        Arc::new(Float64Array::from_iter_values((0..rows).map(|row| row as f64))),
        Arc::new(Int64Array::from(vec![0; rows])),
    ];
    RecordBatch::try_new(runner.input_schema(0).unwrap().clone(), columns).unwrap()
}

fn check(artifact: &Artifact, kinds: &[&str], refused: &[(u32, &str)]) {
    let mut runner = OnDemandRunner::new(artifact).unwrap();
    let outcome = runner.compute(0, &requests(&runner, kinds)).unwrap();
    assert_eq!(outcome.refused.len(), refused.len(), "{:?}", outcome.refused);
    for (found, (row, reason)) in outcome.refused.iter().zip(refused) {
        assert_eq!(found.row, *row);
        assert!(found.reason.contains(reason), "{:?} has no {reason:?}", found.reason);
    }
    let answers = outcome.rows.column(0).as_any().downcast_ref::<Float64Array>().unwrap();
    let kept = (0..kinds.len() as u32).filter(|row| !refused.iter().any(|(bad, _)| bad == row));
    assert_eq!(outcome.source_rows, kept.collect::<Vec<u32>>());
    for (answer, row) in answers.values().iter().zip(&outcome.source_rows) {
        assert_eq!(*answer, f64::from(*row) + 1.0);
    }
}

/// Goal: a row that fails does not affect other rows.
#[test]
fn s08_a_request_that_fails_costs_one_row() {
    let artifact = evil();
    check(&artifact, &[], &[]);
    check(&artifact, &["a", "b", "c"], &[]);
    check(&artifact, &["a", "trap", "c"], &[(1, "unreachable")]);
    check(&artifact, &["refuse", "b", "refuse"], &[(0, "is refused"), (2, "is refused")]);
}

/// Goal: a row with no result, or with two, is a malformed reply.
#[test]
fn s09_a_request_is_answered_once() {
    let artifact = evil();
    check(&artifact, &["a", "skip", "c"], &[(1, "0 rows of 1 are answered")]);
    check(&artifact, &["a", "b", "twice"], &[(2, "answered twice")]);
    check(&artifact, &["skip"], &[(0, "0 rows of 1")]);
}
