//! Admission: decoded columns of some rows become an [`EventBatch`].
//!
//! Invariant: a row is either among the batch's events or among those set aside, never both and
//! never neither (S8), and the batch keeps the invariant of `event.rs`. Deliberately absent: which
//! format the rows came from.

use super::widen::BadRows;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Field, Schema, TimestampMicrosecondType};
use lockstep_core::error::{Error, Result};
use lockstep_core::event::{EventBatch, SetAside, SourceSchema};
use lockstep_core::time::Time;
use std::sync::Arc;

/// The reason of a null where none may be.
pub(super) const NULL_REASON: &str = "null, but the column must have a value";

/// The reason of an event time outside the range of S2.
pub(super) fn time_reason(micros: i64) -> String {
    format!("{micros} us is beyond the range of event times, 2^62 us around 1970")
}

/// The reason `reason` with its column.
pub(super) fn in_column(name: &str, reason: &str) -> String {
    format!("column {name:?}: {reason}")
}

/// The batch of these rows, the first of which has `position`. `columns` are widened, in the order
/// of `schema`; `bytes_of` gives a row that is set aside as it came.
pub(super) fn admit(
    schema: &SourceSchema,
    columns: Vec<ArrayRef>,
    mut bad: BadRows,
    position: u64,
    bytes_of: impl Fn(usize) -> Vec<u8>,
) -> Result<EventBatch> {
    let rows = columns[schema.time].len();
    for (column, array) in schema.columns.iter().zip(&columns) {
        if !column.nullable && array.null_count() > 0 {
            for row in (0..rows).filter(|row| array.is_null(*row)) {
                bad.add(row, || in_column(&column.name, NULL_REASON));
            }
        }
    }
    let times = columns[schema.time].as_primitive::<TimestampMicrosecondType>();
    for (row, micros) in times.values().iter().enumerate() {
        if Time::new(*micros).is_none() {
            let name = &schema.columns[schema.time].name;
            bad.add(row, || in_column(name, &time_reason(*micros)));
        }
    }
    let kept = |row: &usize| bad.reason(*row).is_none();
    Ok(EventBatch {
        records: records(schema, columns, &bad)?,
        positions: (0..rows).filter(kept).map(|row| position + row as u64).collect(),
        next_position: position + rows as u64,
        set_aside: bad
            .iter()
            .map(|(row, reason)| SetAside {
                position: position + row as u64,
                view: None,
                reason: reason.to_string(),
                bytes: bytes_of(row),
            })
            .collect(),
    })
}

/// The good rows.
fn records(schema: &SourceSchema, columns: Vec<ArrayRef>, bad: &BadRows) -> Result<RecordBatch> {
    let failed = |error| Error::bug("checked columns were refused").because(error);
    let arrow = schema.arrow();
    if bad.len() == 0 {
        return RecordBatch::try_new(arrow, columns).map_err(failed);
    }
    // Bad rows may be null where the schema forbids it, so they leave before it applies.
    let fields: Vec<Field> =
        arrow.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    let all = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(failed)?;
    let keep: BooleanArray =
        (0..all.num_rows()).map(|row| Some(bad.reason(row).is_none())).collect();
    let kept = filter_record_batch(&all, &keep).map_err(failed)?;
    RecordBatch::try_new(arrow, kept.columns().to_vec()).map_err(failed)
}
