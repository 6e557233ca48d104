//! Finds the events that the views of one event declaration do not see, because a column that the
//! declaration names is bad (S8).
//!
//! Invariant: whether a view sees an event, and why not, depends on the event and on the view's own
//! declaration, never on another view of the source. A value that failed is bad for every
//! declaration of its column; a null is bad for every declaration that says the column has none.
//! Deliberately absent: what happens to these events, and columns that the declaration does not
//! name.

use arrow::array::{Array, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use lockstep_core::error::{Error, Result};
use lockstep_core::failure::{Failure, NULL_REASON, in_column};
use lockstep_core::view::EventDeclaration;
use std::collections::BTreeMap;

/// The rows of `events` that these views do not see, each with the reason of its first bad column
/// in the order of the declaration. `projection` has the columns' indices in the source's schema;
/// `failures` are the failures of these rows, in any column.
pub(super) fn lacking<'a>(
    event: &EventDeclaration,
    projection: &[usize],
    events: &RecordBatch,
    failures: impl Iterator<Item = (u32, &'a Failure)> + Clone,
) -> BTreeMap<u32, String> {
    let mut lacking = BTreeMap::new();
    for ((column, index), array) in event.columns.iter().zip(projection).zip(events.columns()) {
        for (row, failure) in failures.clone().filter(|(_, failure)| failure.column == *index) {
            lacking.entry(row).or_insert_with(|| failure.reason.clone());
        }
        if !column.nullable && array.null_count() > 0 {
            for row in (0..array.len()).filter(|row| array.is_null(*row)) {
                let reason = || in_column(&column.name, NULL_REASON);
                lacking.entry(row as u32).or_insert_with(reason);
            }
        }
    }
    lacking
}

/// The remaining events, and for each its former row; `None` if all remain.
pub(super) fn split(
    events: RecordBatch,
    lacking: &BTreeMap<u32, String>,
) -> Result<(RecordBatch, Option<Vec<u32>>)> {
    if lacking.is_empty() {
        return Ok((events, None));
    }
    let rows = 0..events.num_rows() as u32;
    let kept: Vec<u32> = rows.clone().filter(|row| !lacking.contains_key(row)).collect();
    let mask: BooleanArray = rows.map(|row| Some(!lacking.contains_key(&row))).collect();
    let events = filter_record_batch(&events, &mask)
        .map_err(|error| Error::bug("a mask of the events' own length").because(error))?;
    Ok((events, Some(kept)))
}
