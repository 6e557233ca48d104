//! Retraction: subtracts rows from states again, for windows that slide over sorted rows.
//!
//! Law: `retract(update(s, r), r)` has the value of `s`, for every state of rows. Only sums have
//! such an inverse; the least value or a set cannot know what remains. A state from which rows were
//! subtracted may be read, not encoded: what it keeps besides its value (the span of a decayed sum)
//! may be wider than that of the remaining rows. Deliberately absent: which
//! rows (`sweep`).

use super::float_sum::FloatSum;
use super::slot::{Slot, SlotKind};
use super::state::State;
use crate::row::{Rows, TypedColumn};
use arrow::array::Array;
use std::ops::Range;

impl Slot {
    /// Whether rows can be subtracted from states of this slot.
    pub fn retracts(&self) -> bool {
        matches!(
            self.kind,
            SlotKind::Count { .. }
                | SlotKind::IntSum { .. }
                | SlotKind::FloatSum { .. }
                | SlotKind::DecimalSum { .. }
                | SlotKind::Moments { .. }
                | SlotKind::CoMoments { .. }
                | SlotKind::Decayed { .. }
                | SlotKind::Vector { .. }
        )
    }

    /// Resets a state to that of no rows.
    #[inline]
    pub fn reset(&self, state: &mut State) {
        match state {
            State::Count(count) => *count = 0,
            State::FloatSum(sum) => *sum = FloatSum::zero(),
            other => *other = self.zero(),
        }
    }

    /// Adds the rows of `range`.
    #[inline]
    pub fn update_rows(&self, state: &mut State, rows: &Rows, range: Range<usize>) {
        match (self.floats(rows), state) {
            (Some(values), State::FloatSum(sum)) => {
                values[range].iter().for_each(|value| sum.add(*value));
            }
            (_, state) => range.for_each(|row| self.update(state, rows, row)),
        }
    }

    /// Subtracts the rows of `range` from a state to which they were added.
    #[inline]
    pub fn retract_rows(&self, state: &mut State, rows: &Rows, range: Range<usize>) {
        match (self.floats(rows), state) {
            (Some(values), State::FloatSum(sum)) => {
                values[range].iter().for_each(|value| sum.remove(*value));
            }
            (_, state) => range.for_each(|row| self.retract(state, rows, row)),
        }
    }

    /// The inputs of a sum of doubles, if every row counts.
    #[inline]
    fn floats<'r>(&self, rows: &'r Rows) -> Option<&'r [f64]> {
        match (&self.kind, self.filter) {
            (SlotKind::FloatSum { column }, None) => match &rows.columns()[*column] {
                TypedColumn::Float64(a) if a.null_count() == 0 => Some(a.values()),
                _ => None,
            },
            _ => None,
        }
    }

    /// Subtracts row `row` of `rows` from a state to which it was added.
    #[inline]
    fn retract(&self, state: &mut State, rows: &Rows, row: usize) {
        let mut unit = self.zero();
        self.update(&mut unit, rows, row);
        match (state, &unit) {
            (State::Count(state), State::Count(unit)) => *state -= unit,
            (State::IntSum(state), State::IntSum(unit)) => state.subtract(unit),
            (State::FloatSum(state), State::FloatSum(unit)) => state.subtract(unit),
            (State::DecimalSum(state), State::DecimalSum(unit)) => state.subtract(unit),
            (State::Moments(state), State::Moments(unit)) => state.subtract(unit),
            (State::CoMoments(state), State::CoMoments(unit)) => state.subtract(unit),
            (State::Decayed(state), State::Decayed(unit)) => state.subtract(unit),
            (State::Vector(state), State::Vector(unit)) => state.subtract(unit),
            (state, _) => unreachable!("no row is taken away from {state:?}"),
        }
    }
}
