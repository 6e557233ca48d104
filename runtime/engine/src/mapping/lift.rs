//! Lifting: the guest turns each input of a user-defined aggregate into a state (S21).
//!
//! Invariant: a row's state is computed from its input alone, so it does not depend on the batch;
//! the core can then fold the rows without a guest. If the guest fails on a row, all rows of its
//! event are refused (S8). Deliberately absent: merging, which waits until a state is stored or
//! read.

use super::refusal::{BadRow, refuse};
use arrow::array::{Array, ArrayRef};
use arrow::compute::{filter, is_not_null};
use lockstep_core::aggregate::user::Part;
use lockstep_core::error::{Error, Result};
use lockstep_core::fold::{FoldPlan, Lift};
use lockstep_guest::{Aggregator, ViewRows};

/// For each lift of the plan the state of each remaining row; `None` for a null.
pub(super) fn lift(
    guest: &mut Aggregator,
    plan: &FoldPlan,
    answer: &mut ViewRows,
) -> Result<Vec<Vec<Option<Part>>>> {
    let mut bad: Vec<BadRow> = Vec::new();
    let columns = plan.lifts.iter().map(|lift| {
        let column = answer.rows.column(lift.column).clone();
        lift_column(guest, lift, (&column, &answer.source_rows), &mut bad)
    });
    let mut lifted = columns.collect::<Result<Vec<Vec<Option<Part>>>>>()?;
    if let Some(kept) = refuse(answer, bad)? {
        for states in &mut lifted {
            let mut kept = kept.iter();
            states.retain(|_| *kept.next().expect("one flag a row"));
        }
    }
    Ok(lifted)
}

fn lift_column(
    guest: &mut Aggregator,
    lift: &Lift,
    (column, source_rows): (&ArrayRef, &[u32]),
    bad: &mut Vec<BadRow>,
) -> Result<Vec<Option<Part>>> {
    let cannot = |error| Error::bug("a column could not be filtered").because(error);
    let inputs = match column.null_count() {
        0 => column.clone(),
        _ => filter(column, &is_not_null(column).map_err(cannot)?).map_err(cannot)?,
    };
    let with_input: Vec<usize> = (0..column.len()).filter(|row| column.is_valid(*row)).collect();
    let lifted_inputs = guest.lift(lift.aggregate, &inputs).map_err(|error| {
        // Until here the error names an input.
        error.moved(|input| u64::from(source_rows[with_input[input as usize]]))
    });
    let mut states = lifted_inputs?.into_iter();
    let mut lifted = vec![None; column.len()];
    for row in with_input.iter().copied() {
        match states.next().ok_or_else(|| Error::bug("each input has a state"))? {
            Ok(state) => lifted[row] = Some(state),
            Err(reason) => bad.push((row, format!("aggregate {}: {reason}", lift.name))),
        }
    }
    Ok(lifted)
}
