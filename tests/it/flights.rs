//! The flights example: `lockstep training-set` must compute the right values on its sample data.
//!
//! Method: each flight is a spine row at its own time, and its windows are computed a second time,
//! from the rule (S3), by reading all flights. Deliberately absent: the whole log, for which
//! `benches/peers` compares with Polars and DuckDB.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int64Type, TimestampMicrosecondType};
use clap::Parser;
use lockstep_cli::arguments::Arguments;
use lockstep_cli::outcome::Outcome;
use lockstep_core::value::DataType;
use lockstep_kit::artifacts::{root, wasm};
use lockstep_source::{column_of, read_table};
use std::path::{Path, PathBuf};

const HOUR_US: i64 = 3_600_000_000;
const DAY_US: i64 = 24 * HOUR_US;
/// Windows with the hops of their sliding kind.
const WINDOWS: [(&str, i64, i64); 4] = [
    ("1h", HOUR_US, HOUR_US / 12),
    ("1d", DAY_US, HOUR_US),
    ("7d", 7 * DAY_US, HOUR_US),
    ("30d", 30 * DAY_US, DAY_US),
];

fn sample() -> PathBuf {
    root().join("transforms/flights/data/flights.parquet")
}

/// A command on the flights' project in `folder`; each flight is a spine row at its own time.
fn run(folder: &Path, command: &str, service: &str, more: &[&str]) -> Outcome {
    std::fs::copy(root().join("transforms/flights/lockstep.toml"), folder.join("lockstep.toml"))
        .unwrap();
    std::fs::copy(wasm("transforms/flights"), folder.join("flights.wasm")).unwrap();
    let sample = sample().display().to_string();
    let events = format!("flights={sample}");
    let project = folder.join("lockstep.toml");
    let arguments = [
        ["lockstep", command],
        [service, "--json"],
        ["--as-of-column", "date"],
        ["--project", project.to_str().unwrap()],
        ["--events", &events],
        ["--spine", &sample],
    ];
    let arguments = [&arguments.concat(), more].concat();
    Arguments::try_parse_from(arguments).unwrap().run().unwrap()
}

/// The training set of `service`.
fn training(folder: &Path, service: &str) -> RecordBatch {
    let output = folder.join("training.parquet");
    let outcome = run(folder, "training-set", service, &["-o", output.to_str().unwrap()]);
    assert!(matches!(outcome, Outcome::Done), "{outcome:?}");
    read_table(&output, &[]).unwrap()
}

/// What the definition says of one window: count, sum, mean, min, max.
fn expected(delays: &[i64]) -> (i64, Option<i64>, Option<f64>, Option<i64>, Option<i64>) {
    let sum = (!delays.is_empty()).then(|| delays.iter().sum::<i64>());
    let mean = sum.map(|sum| sum as f64 / delays.len() as f64);
    (delays.len() as i64, sum, mean, delays.iter().min().copied(), delays.iter().max().copied())
}

fn check(service: &str, suffix: &str, exact: bool) {
    let folder = tempfile::tempdir().unwrap();
    let found = training(folder.path(), service);
    let flights = read_table(&sample(), &[]).unwrap();
    for (at, field) in flights.schema().fields().iter().enumerate() {
        let column = found.column_by_name(field.name()).unwrap();
        assert_eq!(column.to_data(), flights.column(at).to_data(), "S22: {}", field.name());
    }
    let times = flights["date"].as_primitive::<TimestampMicrosecondType>().values().to_vec();
    let delays = flights["delay"].as_primitive::<Int64Type>().values().to_vec();
    let origins = column_of(&flights, "origin", &DataType::String, 0).unwrap();
    let origins: Vec<&str> = origins.as_string::<i32>().iter().flatten().collect();
    for (window, length, hop) in WINDOWS {
        let column = |feature: &str| &found[&*format!("{service}.{feature}_{window}{suffix}")];
        let int = |feature: &str, row: usize| {
            let column = column(feature).as_primitive::<Int64Type>();
            column.is_valid(row).then(|| column.value(row))
        };
        let means = column("delay_mean").as_primitive::<Float64Type>();
        for row in 0..flights.num_rows() {
            let low = times[row] - length;
            let low = if exact { low } else { low.div_euclid(hop) * hop };
            let inside = |&at: &usize| {
                origins[at] == origins[row] && low <= times[at] && times[at] < times[row]
            };
            let inside: Vec<i64> =
                (0..flights.num_rows()).filter(inside).map(|at| delays[at]).collect();
            let (count, sum, mean, min, max) = expected(&inside);
            assert_eq!(int("count", row), Some(count), "count_{window} of row {row}");
            assert_eq!(int("delay_sum", row), sum, "sum_{window} of row {row}");
            assert_eq!(int("delay_min", row), min, "min_{window} of row {row}");
            assert_eq!(int("delay_max", row), max, "max_{window} of row {row}");
            let found = means.is_valid(row).then(|| means.value(row).to_bits());
            assert_eq!(found, mean.map(f64::to_bits), "mean_{window} of row {row}");
        }
    }
}

/// Goal: exact windows follow the rule of S3.
#[test]
fn s03_flights_in_exact_windows() {
    check("flights_exact", "_exact", true);
}

/// Goal: sliding windows start on the grid of S3.
#[test]
fn s03_flights_in_sliding_windows() {
    check("flights_sawtooth", "", false);
}

/// Goal: parity also holds for a log without event ids, with a time column that is not called
/// `as_of` (S10). Method: `lockstep parity` on the sample, in which flights repeat: a replay that
/// made copies would count them.
#[test]
fn s10_parity_of_a_log_without_ids() {
    let folder = tempfile::tempdir().unwrap();
    for seed in ["1", "2"] {
        let how = ["--seed", seed, "--duplicate-one-in", "3", "--replay-batch-rows-max", "40"];
        let outcome = run(folder.path(), "parity", "flights_sawtooth", &how);
        assert!(matches!(outcome, Outcome::Done), "seed {seed}: {outcome:?}");
    }
}
