//! The example's real event log, as the hosts' readers give it.
//!
//! Invariant: the batches have the columns of the transform's event declaration, in its order.
//! Deliberately absent: made-up
//! events, but for [`mentions_of_one_pair`], where a bench needs a key that is dense.

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use lockstep_core::Result;
use lockstep_core::event::EventBatch;
use lockstep_engine::catalog::Catalog;
use lockstep_kit::artifacts::root;
use lockstep_source::{ReadOptions, open_files};
use std::path::PathBuf;
use std::sync::Arc;

/// The source.
pub const SOURCE: &str = "issue_events";
/// The transform's crate, from the root.
pub const TRANSFORM: &str = "transforms/user-mentions";

/// The file of the log.
pub fn file() -> PathBuf {
    root().join(TRANSFORM).join("data/issue_events.parquet")
}

/// The whole log in batches of at most `batch_rows` events.
pub fn event_batches(catalog: &Catalog, batch_rows: usize) -> Result<Vec<EventBatch>> {
    let schema = catalog.source(SOURCE)?.clone();
    let mut reader = open_files(
        &[file()],
        schema,
        ReadOptions { batch_rows, start_position: 0, ..ReadOptions::default() },
    )?;
    let mut batches = Vec::new();
    while let Some(batch) = reader.next()? {
        batches.push(batch);
    }
    Ok(batches)
}

/// The records of [`event_batches`].
pub fn records(catalog: &Catalog, batch_rows: usize) -> Result<Vec<RecordBatch>> {
    let batches = event_batches(catalog, batch_rows)?;
    Ok(batches.into_iter().map(|batch| batch.records).collect())
}

/// Made-up mentions of user u00002 by u00001 at these times, for benches that need one dense key.
pub fn mentions_of_one_pair(catalog: &Catalog, times_us: Vec<i64>) -> RecordBatch {
    let count = times_us.len();
    let text = |text: &str| Arc::new(StringArray::from(vec![text; count])) as ArrayRef;
    let numbers = |step: i64| {
        Arc::new(Int64Array::from_iter_values((1..).map(|n| n * step % 997).take(count)))
    };
    let ids = (0..count).map(|at| format!("e{at:08}"));
    let schema = catalog.source(SOURCE).expect("the example reads it").arrow();
    let columns = schema.fields().iter().map(|field| match field.name().as_str() {
        "event_id" => Arc::new(StringArray::from_iter_values(ids.clone())) as ArrayRef,
        "event_time" => {
            let times = TimestampMicrosecondArray::from(times_us.clone());
            Arc::new(times.with_timezone("UTC"))
        }
        "actor" => text("u00001"),
        "mentioned" => text("u00002"),
        "files" => numbers(3),
        "text_length" => numbers(101),
        _ => text("reviewed"),
    });
    let columns = columns.collect();
    RecordBatch::try_new(schema, columns).expect("the columns are the declaration's")
}
