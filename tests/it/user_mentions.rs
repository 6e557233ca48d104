//! The example transform on its real event log: its features must equal those of the oracle.
//!
//! Method: `lockstep demo` runs the steps of the README; the oracle recomputes the features.

use clap::Parser;
use lockstep_cli::arguments::Arguments;
use lockstep_cli::outcome::Outcome;
use lockstep_kit::artifacts::root;

/// Goal: the steps of the README work and prove parity. Method: `lockstep demo` on the first part
/// of the log, then the oracle over every mention of it.
#[test]
fn the_demo_proves_parity_and_the_oracle_agrees() {
    let folder = tempfile::tempdir().unwrap();
    let demo = folder.path().join("demo");
    let transform = root().join("transforms/user-mentions");
    let arguments = [
        "lockstep",
        "demo",
        "--limit",
        "6000",
        "--transform",
        transform.to_str().unwrap(),
        "--folder",
        demo.to_str().unwrap(),
    ];
    let outcome = Arguments::try_parse_from(arguments).unwrap().run().unwrap();
    assert!(matches!(outcome, Outcome::Done), "{outcome:?}");
    let events = demo.join("issue_events.parquet");
    let training = demo.join("training.parquet");
    let options = lockstep_oracle::Options { differences_listed: 5, partial: false };
    let report = lockstep_oracle::check_files(&events, &training, options).unwrap();
    assert!(report.passed(), "{report:?}");
}
