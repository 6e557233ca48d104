//! Rows that cannot be folded: their event is refused for its view, in every host alike (S8).
//!
//! Invariant: whether a row is bad, and the reason, depend on that row alone, so a refusal does not
//! depend on the batch; a bad row takes all rows of its event with it, and the first one's reason
//! counts. Deliberately absent: null keys, which `component/transformer.rs` refuses, and filters: a
//! bad row is bad whether or not a feature would have skipped it.

use crate::aggregate::vector::read_lanes;
use crate::component::{Refused, ViewRows};
use crate::error::{Error, Result};
use crate::feature::Aggregate;
use crate::fold::FoldPlan;
use crate::key::ENTITY_KEY_BYTES_MAX;
use crate::row::{Rows, TypedColumn};
use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;

/// A row that cannot be folded, and why.
pub(super) type BadRow = (usize, String);

/// Refuses the events of these rows. Says which rows stay, or none if all do.
pub(super) fn refuse(answer: &mut ViewRows, mut bad: Vec<BadRow>) -> Result<Option<Vec<bool>>> {
    if bad.is_empty() {
        return Ok(None);
    }
    bad.sort_by_key(|(row, _)| *row);
    let mut refused: Vec<Refused> = Vec::new();
    for (row, reason) in bad {
        let event = answer.source_rows[row];
        if refused.last().is_none_or(|last| last.row != event) {
            refused.push(Refused { row: event, reason });
        }
    }
    let stays = |event: &u32| refused.binary_search_by_key(event, |refused| refused.row).is_err();
    let kept: Vec<bool> = answer.source_rows.iter().map(stays).collect();
    answer.rows = filter_record_batch(&answer.rows, &BooleanArray::from(kept.clone()))
        .map_err(|error| Error::bug("rows could not be filtered").because(error))?;
    answer.source_rows.retain(stays);
    answer.refused.extend(refused);
    answer.refused.sort_by_key(|refused| refused.row);
    Ok(Some(kept))
}

/// The rows whose entity key no store could hold.
pub(super) fn long_keys(
    plan: &FoldPlan,
    answer: &ViewRows,
    events: &RecordBatch,
) -> Result<Vec<BadRow>> {
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
    let reason = || format!("its entity key is over the limit of {ENTITY_KEY_BYTES_MAX} bytes");
    Ok((0..rows.len()).filter(long).map(|row| (row, reason())).collect())
}

/// The rows with a vector that does not lie on the declared grid.
pub(super) fn bad_vectors(plan: &FoldPlan, answer: &ViewRows) -> Result<Vec<BadRow>> {
    let mut checked: Vec<(usize, u32, i32)> = Vec::new();
    for feature in &plan.view.features {
        let (Aggregate::VectorSum { length, grid } | Aggregate::VectorMean { length, grid }) =
            feature.aggregate
        else {
            continue;
        };
        let column = feature.column.as_ref().and_then(|name| plan.view.column_index(name));
        let column = column.ok_or_else(|| Error::bug("a vector feature without its column"))?;
        if !checked.contains(&(column, length, grid)) {
            checked.push((column, length, grid));
        }
    }
    let (mut bad, mut lanes) = (Vec::new(), Vec::new());
    for (at, length, grid) in checked {
        let column = TypedColumn::new(answer.rows.column(at))?;
        for row in (0..answer.rows.num_rows()).filter(|row| !column.is_null(*row)) {
            let elements = column.elements(row).into_iter();
            if let Err(vector) = read_lanes(elements, length as usize, grid, &mut lanes) {
                bad.push((row, format!("column {:?}: {vector}", plan.view.columns[at].name)));
            }
        }
    }
    Ok(bad)
}
