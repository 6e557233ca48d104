//! Admission: turns the decoded columns of some rows into an [`EventBatch`].
//!
//! Invariant: a row is either among the batch's events or among those set aside, never both and
//! never neither (S8), and the batch keeps the invariant of `event.rs`. A bad time, id or arrival
//! sets the row aside; a bad value of any other column becomes null and is reported as a failure.
//! Deliberately absent: which format the rows came from.

use super::widen::{BadRows, widen};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, UInt64Array};
use arrow::compute::{filter_record_batch, take};
use arrow::datatypes::{Field, Schema, TimestampMicrosecondType};
use lockstep_core::error::{Error, Result};
use lockstep_core::event::{EventBatch, SetAside, SourceSchema};
use lockstep_core::failure::{Failure, NULL_REASON, in_column};
use lockstep_core::notation::Notation;
use lockstep_core::time::Time;
use lockstep_core::value::DataType;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The reason for refusing an event time outside the range of S2.
pub(super) fn time_reason(micros: i64) -> String {
    format!("{micros} us is beyond the range of event times, 2^62 us around 1970")
}

/// The decoded columns of some rows, in the order of the schema.
#[derive(Default)]
pub(super) struct Decoded {
    /// The columns, each widened to its declared type.
    pub(super) arrays: Vec<ArrayRef>,
    /// For each column the rows with a bad value, and reasons that do not name the column.
    pub(super) bad: Vec<BadRows>,
}

/// The batch of these rows, the first of which has `position`. `bytes_of` returns the original
/// bytes of a row in which something is bad.
pub(super) fn admit(
    schema: &SourceSchema,
    mut decoded: Decoded,
    position: u64,
    bytes_of: impl Fn(usize) -> Vec<u8>,
) -> Result<EventBatch> {
    judge(schema, &mut decoded);
    let Decoded { mut arrays, bad } = decoded;
    let rows = arrays[schema.time].len();
    // The rows that are set aside, each with the reason of its first bad column.
    let mut aside = BadRows::default();
    for (index, bad) in bad.iter().enumerate().filter(|(index, _)| schema.is_judged(*index)) {
        let name = &schema.columns[index].name;
        bad.iter().for_each(|(row, reason)| aside.add(row, || in_column(name, reason)));
    }
    let kept = |row: &usize| aside.reason(*row).is_none();
    let mut failed: BTreeMap<usize, Vec<(usize, String)>> = BTreeMap::new();
    for (index, bad) in bad.iter().enumerate().filter(|(index, _)| !schema.is_judged(*index)) {
        let column = &schema.columns[index];
        for (row, reason) in bad.iter().filter(|(row, _)| kept(row)) {
            failed.entry(row).or_default().push((index, in_column(&column.name, reason)));
        }
        arrays[index] = without(&arrays[index], &column.data_type, bad)?;
    }
    let mut failures = Vec::new();
    let (mut gone, mut before) = (aside.iter().map(|(row, _)| row).peekable(), 0);
    for (row, columns) in failed {
        let bytes: Arc<[u8]> = bytes_of(row).into();
        while gone.next_if(|gone| *gone < row).is_some() {
            before += 1;
        }
        let failure = |(column, reason)| {
            let (row, bytes) = ((row - before) as u32, Arc::clone(&bytes));
            Failure { row, column, reason, bytes }
        };
        failures.extend(columns.into_iter().map(failure));
    }
    Ok(EventBatch {
        records: records(schema, arrays, &aside)?,
        positions: (0..rows).filter(kept).map(|row| position + row as u64).collect(),
        next_position: position + rows as u64,
        failures,
        set_aside: aside
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

/// Marks the rows with a null where none is allowed, and those whose time is out of range.
fn judge(schema: &SourceSchema, decoded: &mut Decoded) {
    let Decoded { arrays, bad } = decoded;
    for ((column, array), bad) in schema.columns.iter().zip(&*arrays).zip(&mut *bad) {
        if !column.nullable && array.null_count() > 0 {
            for row in (0..array.len()).filter(|row| array.is_null(*row)) {
                bad.add(row, || NULL_REASON.to_string());
            }
        }
    }
    let times = arrays[schema.time].as_primitive::<TimestampMicrosecondType>();
    for (row, micros) in times.values().iter().enumerate() {
        if Time::new(*micros).is_none() {
            bad[schema.time].add(row, || time_reason(*micros));
        }
    }
}

/// `array` with nulls in place of bad values.
fn without(array: &ArrayRef, data_type: &DataType, bad: &BadRows) -> Result<ArrayRef> {
    if bad.iter().all(|(row, _)| array.is_null(row)) {
        return Ok(Arc::clone(array));
    }
    let good = |row: usize| bad.reason(row).is_none().then_some(row as u64);
    let rows: UInt64Array = (0..array.len()).map(good).collect();
    let spread = take(array, &rows, None)
        .map_err(|error| Error::bug("rows of a column were not there").because(error))?;
    // Makes sure that no data is hidden behind a null.
    widen(&spread, data_type, &Notation::default(), &mut BadRows::default())
}

/// The rows that are not set aside.
fn records(schema: &SourceSchema, columns: Vec<ArrayRef>, aside: &BadRows) -> Result<RecordBatch> {
    let failed = |error| Error::bug("checked columns were refused").because(error);
    let arrow = schema.arrow();
    if aside.len() == 0 {
        return RecordBatch::try_new(arrow, columns).map_err(failed);
    }
    // The rows set aside may have nulls where the schema forbids them, so they are removed before
    // the schema is applied.
    let fields: Vec<Field> =
        arrow.fields().iter().map(|field| field.as_ref().clone().with_nullable(true)).collect();
    let all = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(failed)?;
    let keep: BooleanArray =
        (0..all.num_rows()).map(|row| Some(aside.reason(row).is_none())).collect();
    let kept = filter_record_batch(&all, &keep).map_err(failed)?;
    RecordBatch::try_new(arrow, kept.columns().to_vec()).map_err(failed)
}
