//! Events that are set aside, which means kept with the reason outside the values, for one view
//! only (S8): the view's transform refused them, or a column that the view declares is bad.
//!
//! Invariant: what is kept depends on the event and the view alone, so all hosts keep the same.
//! Deliberately absent: deciding which events are refused, which is done where the transforms are
//! run (`mapping`).

use super::admit::event_bytes;
use arrow::array::RecordBatch;
use lockstep_core::error::Result;
use lockstep_core::event::{SetAside, SourceSchema};
use lockstep_core::failure::Failure;
use lockstep_core::row::TypedColumn;
use lockstep_guest::Refused;

/// The events that `view` sets aside. The rows in `refused` are indices into the given events.
pub(crate) fn refused(
    schema: &SourceSchema,
    view: &str,
    refused: &[Refused],
    (records, positions, failures): (&RecordBatch, &[u64], &[Failure]),
) -> Result<Vec<SetAside>> {
    if refused.is_empty() {
        return Ok(vec![]);
    }
    let columns = records.columns().iter().map(TypedColumn::new);
    let columns: Vec<TypedColumn> = columns.collect::<Result<_>>()?;
    let set_aside = refused.iter().map(|refused| SetAside {
        position: positions[refused.row as usize],
        view: Some(view.to_string()),
        reason: refused.reason.clone(),
        bytes: event_bytes(schema, &columns, failures, refused.row as usize),
    });
    Ok(set_aside.collect())
}
