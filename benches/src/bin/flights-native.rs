//! The transform of the training-set job in the sandbox and natively: `flights-native FLIGHTS`.
//!
//! Invariant: contestants run in turns in one thread, a batch at a time, and the best of
//! [`ROUNDS`] counts; both map the first [`ROWS`] flights of the file from Arrow batch to Arrow
//! batch, as the figure `guest.ratio_native` does for the example. Deliberately absent: reading,
//! folding.

use arrow::array::RecordBatch;
use lockstep_benches::figure;
use lockstep_benches::native::{FLIGHTS_EXACT, Native, keep_large_blocks};
use lockstep_benches::stopwatch::best_ns;
use lockstep_core::{Error, Result};
use lockstep_engine::mapping::CALL_ROWS_MAX;
use lockstep_guest::Transformer;
use lockstep_kit::artifacts::catalog;
use lockstep_source::{ReadOptions, open_files};
use std::hint::black_box;
use std::path::PathBuf;
use std::process::ExitCode;

/// Rounds of which the best counts.
const ROUNDS: usize = 5;
/// Flights that are mapped.
const ROWS: usize = 262_144;

fn main() -> ExitCode {
    match std::env::args().nth(1).map(|file| run(file.into())) {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(error)) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
        None => {
            eprintln!("error: say `flights-native FLIGHTS`, the Parquet file of flights");
            ExitCode::FAILURE
        }
    }
}

fn run(file: PathBuf) -> Result<()> {
    keep_large_blocks();
    let catalog = catalog("flights");
    let (_, artifact) = &catalog.artifacts()[0];
    let schema = catalog.source("flights")?.clone();
    let options = ReadOptions { batch_rows: CALL_ROWS_MAX, ..ReadOptions::default() };
    let mut reader = open_files(&[file], schema, options)?;
    let mut batches: Vec<RecordBatch> = Vec::new();
    while batches.len() < ROWS / CALL_ROWS_MAX
        && let Some(batch) = reader.next()?
    {
        batches.push(batch.records);
    }
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let mut guest = Transformer::new(artifact)?;
    let mut native = Native::new(&artifact.manifest().views[..1], &FLIGHTS_EXACT);
    for batch in &batches {
        if guest.map(&[0], batch)? != native.map(batch)? {
            return Err(Error::bug("the guest and its native twin make different rows"));
        }
    }
    let mut in_guest = |at: usize| {
        black_box(guest.map(&[0], &batches[at]).expect("it went well above"));
    };
    let mut natively = |at: usize| {
        black_box(native.map(&batches[at]).expect("it went well above"));
    };
    let best = best_ns(ROUNDS, batches.len(), &mut [&mut in_guest, &mut natively]);
    figure::measured("training.transform_ns", best[0] / rows as f64, 1, "ns/row");
    figure::measured("training.transform_ratio_native", best[0] / best[1], 2, "ratio");
    Ok(())
}
