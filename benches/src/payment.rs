//! The smallest transform, `benches/guest`, and one row for it.
//!
//! Invariant: one row of three columns goes in and one of one column comes out, which is checked
//! when it is made. Deliberately absent: batches; here a call is all cost and no work.

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use lockstep_core::{Error, Result};
use lockstep_engine::catalog::cached_engine;
use lockstep_guest::{Artifact, Transformer, ViewRows};
use lockstep_kit::artifacts::wasm;
use std::sync::Arc;

/// The guest and its row.
#[derive(Debug)]
pub struct Payments {
    guest: Transformer,
    row: RecordBatch,
    answer: Vec<ViewRows>,
}

impl Payments {
    /// Builds and starts the guest.
    pub fn new() -> Result<Payments> {
        let artifact = Artifact::load(&cached_engine()?, &wasm("benches/guest"))?;
        let guest = Transformer::new(&artifact)?;
        let paid_at = TimestampMicrosecondArray::from(vec![1_700_000_000_000_000]);
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(vec!["u00003"])),
            Arc::new(paid_at.with_timezone("UTC")),
            Arc::new(Int64Array::from(vec![1250])),
        ];
        let row = RecordBatch::try_new(guest.event_schema(0)?.clone(), arrays)
            .map_err(|error| Error::bug("the row is not the guest's event").because(error))?;
        let mut payments = Payments { guest, row, answer: vec![] };
        match payments.map()? {
            [rows] if rows.rows.num_rows() == 1 && rows.rows.num_columns() == 1 => Ok(payments),
            other => Err(Error::bug(format!("one row in, but out came {other:?}"))),
        }
    }

    /// The row through the guest.
    pub fn map(&mut self) -> Result<&[ViewRows]> {
        self.guest.map_into(&[0], &self.row, &mut self.answer)?;
        Ok(&self.answer)
    }
}
