//! Taking rows away again, for windows that slide over sorted rows.
//!
//! Law: `retract(update(s, r), r)` has the value of `s`, for every state of rows. Only sums have
//! such an inverse; a least value or a set does not know what it forgot. A state from which rows
//! were taken is read, not encoded: what it keeps beside its value (the span of a decayed sum) may
//! be wider than that of the rows left.

use super::float_sum::FloatSum;
use super::int_sum::IntSum;
use super::slot::{Slot, SlotKind};
use super::state::State;
use crate::row::{Rows, TypedColumn};
use crate::value::Value;
use arrow::array::Array;
use std::ops::Range;

/// Inputs without nulls, of which every row counts.
enum Common<'r> {
    Rows,
    Int(&'r [i64]),
    Float(&'r [f64]),
}

impl Slot {
    /// Whether rows can be taken away from states of this slot.
    pub fn retracts(&self) -> bool {
        matches!(
            self.kind,
            SlotKind::Count { .. }
                | SlotKind::IntSum { .. }
                | SlotKind::FloatSum { .. }
                | SlotKind::Moments { .. }
                | SlotKind::CoMoments { .. }
                | SlotKind::Decayed { .. }
                | SlotKind::Vector { .. }
        )
    }

    /// Makes a state that of no rows.
    #[inline]
    pub fn reset(&self, state: &mut State) {
        match state {
            State::Count(count) => *count = 0,
            State::IntSum(sum) => *sum = IntSum::default(),
            State::FloatSum(sum) => *sum = FloatSum::zero(),
            State::Extreme(value) => *value = Value::Null,
            other => *other = self.zero(),
        }
    }

    /// Adds the rows of `range`.
    #[inline]
    pub fn update_rows(&self, state: &mut State, rows: &Rows, range: Range<usize>) {
        match (self.common(rows), state) {
            (Some(Common::Rows), State::Count(count)) => *count += range.len() as u64,
            (Some(Common::Int(values)), State::IntSum(sum)) => {
                values[range].iter().for_each(|value| sum.add(*value));
            }
            (Some(Common::Float(values)), State::FloatSum(sum)) => {
                values[range].iter().for_each(|value| sum.add(*value));
            }
            (_, state) => range.for_each(|row| self.update(state, rows, row)),
        }
    }

    /// Takes the rows of `range` away from a state to which they were added.
    #[inline]
    pub fn retract_rows(&self, state: &mut State, rows: &Rows, range: Range<usize>) {
        match (self.common(rows), state) {
            (Some(Common::Rows), State::Count(count)) => *count -= range.len() as u64,
            (Some(Common::Int(values)), State::IntSum(sum)) => {
                values[range].iter().for_each(|value| sum.remove(*value));
            }
            (Some(Common::Float(values)), State::FloatSum(sum)) => {
                values[range].iter().for_each(|value| sum.remove(*value));
            }
            (_, state) => range.for_each(|row| self.retract(state, rows, row)),
        }
    }

    /// The inputs of the most common slots, where all rows count and none is null.
    #[inline]
    fn common<'r>(&self, rows: &'r Rows) -> Option<Common<'r>> {
        if self.filter.is_some() {
            return None;
        }
        match self.kind {
            SlotKind::Count { column: None } => Some(Common::Rows),
            SlotKind::Count { column: Some(column) } if !rows.columns()[column].has_nulls() => {
                Some(Common::Rows)
            }
            SlotKind::IntSum { column } => match &rows.columns()[column] {
                TypedColumn::Int64(a) if a.null_count() == 0 => Some(Common::Int(a.values())),
                _ => None,
            },
            SlotKind::FloatSum { column } => match &rows.columns()[column] {
                TypedColumn::Float64(a) if a.null_count() == 0 => Some(Common::Float(a.values())),
                _ => None,
            },
            _ => None,
        }
    }

    /// Takes row `row` of `rows` away from a state to which it was added.
    #[inline]
    pub fn retract(&self, state: &mut State, rows: &Rows, row: usize) {
        let mut unit = self.zero();
        self.update(&mut unit, rows, row);
        match (state, &unit) {
            (State::Count(state), State::Count(unit)) => *state -= unit,
            (State::IntSum(state), State::IntSum(unit)) => state.subtract(unit),
            (State::FloatSum(state), State::FloatSum(unit)) => state.subtract(unit),
            (State::Moments(state), State::Moments(unit)) => state.subtract(unit),
            (State::CoMoments(state), State::CoMoments(unit)) => state.subtract(unit),
            (State::Decayed(state), State::Decayed(unit)) => state.subtract(unit),
            (State::Vector(state), State::Vector(unit)) => state.subtract(unit),
            (state, _) => unreachable!("no row is taken away from {state:?}"),
        }
    }
}
