//! Rows that a transform made but no state may take (S8): the view refuses their events.
//!
//! A key longer than a store's, and a vector that its aggregate cannot add up. Invariant: an event
//! with one bad row loses all its rows for the view, with the reason of the first, in every host
//! alike. Deliberately absent: null keys, which the transformer refuses.

use crate::aggregate::vector::read_lanes;
use crate::component::{Refused, ViewRows};
use crate::error::{Error, Result};
use crate::feature::Aggregate;
use crate::fold::FoldPlan;
use crate::key::ENTITY_KEY_BYTES_MAX;
use crate::row::{Rows, TypedColumn};
use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};

/// Moves the events of bad rows from the answer's rows to its refused.
pub(super) fn refuse_bad_rows(
    plan: &FoldPlan,
    answer: &mut ViewRows,
    events: &RecordBatch,
) -> Result<()> {
    let mut bad = long_keys(plan, answer, events)?;
    bad.extend(bad_vectors(plan, answer)?);
    if bad.is_empty() {
        return Ok(());
    }
    bad.sort_by_key(|refused| refused.row);
    bad.dedup_by_key(|refused| refused.row);
    let good = |row: &u32| bad.binary_search_by_key(row, |refused| refused.row).is_err();
    let keep: Vec<bool> = answer.source_rows.iter().map(good).collect();
    answer.source_rows.retain(good);
    answer.rows = arrow::compute::filter_record_batch(&answer.rows, &BooleanArray::from(keep))
        .map_err(|error| Error::bug("rows could not be filtered").because(error))?;
    answer.refused.extend(bad);
    answer.refused.sort_by_key(|refused| refused.row);
    Ok(())
}

/// Rows whose entity key no store could hold.
fn long_keys(plan: &FoldPlan, answer: &ViewRows, events: &RecordBatch) -> Result<Vec<Refused>> {
    // Texts alone can be long; each byte takes at most two in the key, anything else at most nine.
    let text = |part: &String| {
        let array = answer.rows.column(plan.view.column_index(part)?).as_string_opt::<i32>()?;
        (0..array.len()).map(|row| array.value_length(row) as usize).max()
    };
    let longest: usize = plan.view.key.iter().map(|part| 9 + 2 * text(part).unwrap_or(0)).sum();
    if longest <= ENTITY_KEY_BYTES_MAX {
        return Ok(vec![]);
    }
    let rows = Rows::new(&plan.view, &answer.rows, &answer.source_rows, events)?;
    let long = |row: &usize| rows.key(*row).as_bytes().len() > ENTITY_KEY_BYTES_MAX;
    let reason = format!("its entity key is over the limit of {ENTITY_KEY_BYTES_MAX} bytes");
    let refused = |row: usize| Refused { row: answer.source_rows[row], reason: reason.clone() };
    Ok((0..rows.len()).filter(long).map(refused).collect())
}

/// Rows with a vector that a feature of the view, filtered or not, cannot add up.
fn bad_vectors(plan: &FoldPlan, answer: &ViewRows) -> Result<Vec<Refused>> {
    let mut read: Vec<(&str, u32, i32)> = vec![];
    for feature in &plan.view.features {
        let (Aggregate::VectorSum { length, grid } | Aggregate::VectorMean { length, grid }) =
            feature.aggregate
        else {
            continue;
        };
        let name = feature.column.as_deref().unwrap_or_default();
        if !read.contains(&(name, length, grid)) {
            read.push((name, length, grid));
        }
    }
    let mut bad = vec![];
    let mut lanes = vec![];
    for (name, length, grid) in read {
        let at = plan.view.column_index(name);
        let at = at.ok_or_else(|| Error::bug(format!("a vector {name:?} that is not there")))?;
        let column = TypedColumn::new(answer.rows.column(at))?;
        for (row, &source_row) in answer.source_rows.iter().enumerate() {
            if column.is_null(row) {
                continue;
            }
            let elements = column.elements(row).into_iter();
            if let Err(wrong) = read_lanes(elements, length as usize, grid, &mut lanes) {
                let reason = format!("column {name:?}: {wrong}");
                bad.push(Refused { row: source_row, reason });
            }
        }
    }
    Ok(bad)
}
