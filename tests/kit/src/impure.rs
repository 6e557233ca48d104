//! The guests of `tests/guests/impure`: which kinds there are, and whether hosts find them.
//!
//! Invariant: a kind counts as found only by the error that names it. Deliberately absent: the
//! guests themselves.

use crate::artifacts::wasm_unasked;
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use lockstep_core::aggregate::user::Part;
use lockstep_core::{Code, Error, Result};
use lockstep_engine::catalog::cached_engine;
use lockstep_guest::{Aggregator, Artifact, OnDemandRunner, REPEAT_EVERY_MAX, Transformer};
use std::path::PathBuf;
use std::sync::Arc;

/// The views that are not pure in themselves.
pub const VIEWS: [&str; 16] = [
    "counter",
    "late_counter",
    "very_late_counter",
    "every_thousandth",
    "last_row",
    "first_call",
    "lazy_table",
    "float_sum",
    "hash_order",
    "refusal",
    "rows",
    "address",
    "heap_address",
    "recycled",
    "pages",
    "grown",
];
/// The views whose aggregates break a law, each with its aggregate.
pub const UNLAWFUL: [(&str, &str); 4] =
    [("newest", "Newest"), ("midpoint", "Midpoint"), ("listed", "Listed"), ("counted", "Counted")];
/// The on-demand transform that is not pure.
pub const ON_DEMAND: &str = "score";

/// Events after which `very_late_counter` counts.
pub const VERY_LATE: u64 = 12_000;
/// Events in a call.
const CALL_ROWS: u64 = 1000;

/// The file of the artifact.
pub fn file() -> PathBuf {
    wasm_unasked("tests/guests/impure")
}

/// The artifact.
pub fn artifact() -> Result<Artifact> {
    Artifact::load(&cached_engine()?, &file())
}

/// The names of all kinds.
pub fn kinds() -> Vec<&'static str> {
    let unlawful = UNLAWFUL.iter().map(|(_, aggregate)| *aggregate);
    VIEWS.into_iter().chain([ON_DEMAND]).chain(unlawful).collect()
}

/// After how many items a kind is found while it runs; none if it is not found within three times
/// as many as may pass between two repeats.
pub fn found_after(artifact: &Artifact, kind: &str) -> Result<Option<u64>> {
    let manifest = artifact.manifest();
    let missing = || Error::bug(format!("there is no {kind}"));
    let mut call: Box<dyn FnMut(u64) -> Result<()>> = if kind == ON_DEMAND {
        let mut runner = OnDemandRunner::new(artifact)?;
        let schema = runner.input_schema(0)?.clone();
        Box::new(move |start| {
            let columns = vec![numbers(start), numbers(start)];
            let rows = RecordBatch::try_new(schema.clone(), columns).map_err(misfit)?;
            runner.compute(0, &rows).map(|_| ())
        })
    } else if let Some(at) = manifest.views.iter().position(|view| view.name == kind) {
        let mut transformer = Transformer::new(artifact)?;
        let schema = transformer.event_schema(at)?.clone();
        Box::new(move |start| {
            let ids = texts(start, 1 << 40, "o");
            let times: TimestampMicrosecondArray =
                (start..start + CALL_ROWS).map(|row| Some(row as i64 * 1_000_000)).collect();
            let times = Arc::new(times.with_timezone("UTC"));
            let columns = vec![ids, times, texts(start, 7, "u"), numbers(start)];
            let events = RecordBatch::try_new(schema.clone(), columns).map_err(misfit)?;
            transformer.map(&[at], &events).map(|_| ())
        })
    } else {
        let at =
            manifest.aggregates.iter().position(|user| user.name == kind).ok_or_else(missing)?;
        let mut aggregator = Aggregator::new(artifact)?;
        Box::new(move |start| {
            let states = aggregator.lift(at, &numbers(start))?;
            let states: Vec<Part> = states.into_iter().flatten().collect();
            let groups: Vec<Vec<Part>> = states.chunks(9).map(<[Part]>::to_vec).collect();
            aggregator.merge(at, &groups).map(|_| ())
        })
    };
    for start in (0..3 * REPEAT_EVERY_MAX).step_by(CALL_ROWS as usize) {
        match call(start) {
            Ok(()) => {}
            Err(error) if matches!(error.code, Code::Impure { .. }) => {
                return Ok(Some(start + CALL_ROWS));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

fn misfit(error: arrow::error::ArrowError) -> Error {
    Error::bug("the columns are not those of the guest").because(error)
}

/// Positive amounts, none of which makes a guest panic.
fn numbers(start: u64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values((start..start + CALL_ROWS).map(amount)))
}

/// The amount of an order.
pub fn amount(row: u64) -> i64 {
    (row * 37 % 900 + 5) as i64
}

fn texts(start: u64, bound: u64, prefix: &str) -> ArrayRef {
    let text = |row: u64| format!("{prefix}{}", row % bound);
    Arc::new(StringArray::from_iter_values((start..start + CALL_ROWS).map(text)))
}
