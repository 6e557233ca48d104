//! Refuses rows that cannot be folded: their event is refused for its view, in every host alike
//! (S8).
//!
//! Invariant: whether a row is bad, and the reason, depend on that row alone, so a refusal does not
//! depend on the batch. A bad row causes all rows of its event to be refused, with the reason of
//! the first bad one. Deliberately absent: null keys, which the guest crate's `transformer.rs`
//! refuses, and filters: a bad row is bad even if every feature would have skipped it.

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use lockstep_core::aggregate::vector::read_lanes;
use lockstep_core::error::{Error, Result};
use lockstep_core::feature::Aggregate;
use lockstep_core::fold::FoldPlan;
use lockstep_core::key::ENTITY_KEY_BYTES_MAX;
use lockstep_core::row::{Rows, TypedColumn};
use lockstep_guest::{Refused, ViewRows};

/// A row that cannot be folded, and why.
pub(super) type BadRow = (usize, String);

/// Refuses the events of these rows. Returns for each row whether it remains, or `None` if all do.
pub(super) fn refuse(answer: &mut ViewRows, mut bad: Vec<BadRow>) -> Result<Option<Vec<bool>>> {
    if bad.is_empty() {
        return Ok(None);
    }
    bad.sort_by_key(|(row, _)| *row);
    let mut refused: Vec<Refused> = Vec::new();
    for (row, reason) in bad {
        let event = answer.source_rows[row];
        if refused.last().is_none_or(|last| last.row != event) {
            refused.push(Refused { row: event, reason, exhausted: false });
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

/// The rows whose entity key is too long for a store.
pub(super) fn long_keys(
    plan: &FoldPlan,
    answer: &ViewRows,
    events: &RecordBatch,
) -> Result<Vec<BadRow>> {
    // Only texts can be long: each byte takes at most two in the key, and any other value at most
    // nine.
    let text = |part: &String| {
        let array = answer.rows.column(plan.view.column_index(part)?).as_string_opt::<i32>()?;
        (0..array.len()).map(|row| array.value_length(row) as usize).max()
    };
    let longest: usize = plan.view.key.iter().map(|part| 9 + 2 * text(part).unwrap_or(0)).sum();
    if longest <= ENTITY_KEY_BYTES_MAX {
        return Ok(vec![]);
    }
    let rows = Rows::new(&plan.view, &answer.rows, &answer.source_rows, events, false)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, Float32Builder, ListBuilder, StringArray};
    use lockstep_core::event::arrow_schema;
    use lockstep_core::manifest::Manifest;
    use serde_json::json;
    use std::sync::Arc;

    /// A view of vectors of two elements on a grid of 2^-20.
    fn plan() -> FoldPlan {
        let column = |name: &str, kind: &str, nullable: bool| json!({ "name": name, "type": kind, "nullable": nullable });
        let feature = |name: &str, aggregate: &str| {
            json!({
                "name": name, "column": "vector", "window": { "kind": "lifetime" },
                "aggregate": { aggregate: { "length": 2, "grid": -20 } },
            })
        };
        let view = json!({
            "name": "v", "description": "", "owner": "", "tags": [], "key": ["who"],
            "event": {
                "name": "E", "description": "", "source": "s", "time": "at", "id": null, "skew_us": 0,
                "columns": [column("at", "timestamp", false)],
            },
            "null_keys": false, "boundary": "strict", "delay_us": 0, "history_us": 0,
            "columns": [column("who", "string", false), column("vector", "list<float32>", true)],
            "features": [feature("a", "vector_sum"), feature("b", "vector_mean")],
        });
        let manifest = json!({
            "format": 2, "sdk": "", "semantics": 1, "strict": false, "views": [view],
            "on_demand": [],
        });
        let manifest = Manifest::parse(manifest.to_string().as_bytes()).unwrap();
        FoldPlan::new(Arc::new(manifest.views[0].clone()), &[]).unwrap()
    }

    /// Goal: a bad vector causes all rows of its event to be refused, with the first one's reason,
    /// and a null is not a bad vector (S8). Method: events of one, two and three rows; `kept` are
    /// the rows that remain.
    #[test]
    fn s08_a_bad_vector_refuses_its_event() {
        let plan = plan();
        let good: &[Option<f32>] = &[Some(1.0), Some(-0.5)];
        let rows: [(u32, Option<&[Option<f32>]>); 8] = [
            (0, Some(good)),
            (2, Some(good)),
            (2, Some(&[Some(1.0)])),
            (2, Some(&[None, None])),
            (3, None),
            (5, Some(&[Some(f32::NAN), Some(0.0)])),
            (6, Some(&[Some(0.0), Some(3e7)])),
            (7, Some(good)),
        ];
        let mut vectors = ListBuilder::new(Float32Builder::new());
        rows.iter().for_each(|(_, row)| vectors.append_option(row.map(|row| row.to_vec())));
        let who: ArrayRef = Arc::new(StringArray::from(vec!["x"; rows.len()]));
        let schema = arrow_schema(&plan.view.columns);
        let batch =
            RecordBatch::try_from_iter([("who", who), ("vector", Arc::new(vectors.finish()))]);
        let columns = batch.unwrap().columns().to_vec();
        let refused = vec![Refused { row: 4, reason: "the guest's".into(), exhausted: false }];
        let rows = RecordBatch::try_new(schema, columns).unwrap();
        let source_rows = vec![0, 2, 2, 2, 3, 5, 6, 7];
        let mut answer = ViewRows { rows, source_rows, refused };
        let bad = bad_vectors(&plan, &answer).unwrap();
        let kept = refuse(&mut answer, bad).unwrap().unwrap();
        assert_eq!(kept, [true, false, false, false, true, false, false, true]);
        assert_eq!(answer.source_rows, [0, 3, 7]);
        assert_eq!(answer.rows.num_rows(), 3);
        let reasons = [
            (2, "column \"vector\": a vector of 1 elements where 2 are declared"),
            (4, "the guest's"),
            (5, "column \"vector\": element 0 of a vector is not finite"),
            (6, "column \"vector\": element 1 of a vector is 30000000.0, beyond 2^20 of its grid"),
        ];
        let found: Vec<(u32, &str)> =
            answer.refused.iter().map(|refused| (refused.row, &*refused.reason)).collect();
        assert_eq!(found, reasons);
        assert!(refuse(&mut answer, vec![]).unwrap().is_none());
    }
}
