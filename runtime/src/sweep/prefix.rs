//! Counts and integer sums of any range of rows, from two numbers.
//!
//! Invariant: entry `i` holds the rows before row `i`, so the difference of two entries is that of
//! the range between them: exact, since sums wrap around in 128 bits (S17).

use crate::aggregate::int_sum::IntSum;
use crate::aggregate::{Slot, SlotKind, State};
use crate::row::Rows;
use std::ops::Range;

/// The running totals of one slot.
pub(super) enum Prefix {
    /// Every row counts.
    Rows,
    Count(Vec<u64>),
    Sum(Vec<IntSum>),
}

impl Prefix {
    /// The totals of a slot's inputs, or none for a slot of another kind.
    pub(super) fn of(slot: &Slot, rows: &Rows) -> Option<Prefix> {
        let counted = |row: &usize| {
            let passes = slot.filter.is_none_or(|filter| rows.columns()[filter].is_true(*row));
            let column = match slot.kind {
                SlotKind::Count { column } => column,
                SlotKind::IntSum { column } => Some(column),
                _ => None,
            };
            passes && column.is_none_or(|column| !rows.columns()[column].is_null(*row))
        };
        match slot.kind {
            SlotKind::Count { column } => {
                let whole = column.is_none_or(|column| !rows.columns()[column].has_nulls());
                if whole && slot.filter.is_none() {
                    return Some(Prefix::Rows);
                }
                let mut total = 0;
                let before = (0..rows.len()).map(|row| {
                    let before = total;
                    total += u64::from(counted(&row));
                    before
                });
                let mut counts: Vec<u64> = before.collect();
                counts.push(total);
                Some(Prefix::Count(counts))
            }
            SlotKind::IntSum { column } => {
                let values = &rows.columns()[column];
                let mut sums = Vec::with_capacity(rows.len() + 1);
                let mut total = IntSum::default();
                sums.push(total);
                for row in 0..rows.len() {
                    if counted(&row) {
                        total.add(values.int64(row));
                    }
                    sums.push(total);
                }
                Some(Prefix::Sum(sums))
            }
            _ => None,
        }
    }

    /// How many inputs the rows of `range` have.
    #[inline]
    pub(super) fn count(&self, range: &Range<usize>) -> u64 {
        match self {
            Prefix::Rows => range.len() as u64,
            Prefix::Count(before) => before[range.end] - before[range.start],
            Prefix::Sum(_) => unreachable!("the totals of a count"),
        }
    }

    /// The sum of the inputs of the rows of `range`.
    #[inline]
    pub(super) fn sum(&self, range: &Range<usize>) -> IntSum {
        let Prefix::Sum(before) = self else { unreachable!("the totals of a sum") };
        let mut sum = before[range.end];
        sum.subtract(&before[range.start]);
        sum
    }

    /// Puts the state of the rows of `range` in `state`.
    #[inline]
    pub(super) fn read(&self, range: &Range<usize>, state: &mut State) {
        match state {
            State::Count(count) => *count = self.count(range),
            State::IntSum(sum) => *sum = self.sum(range),
            state => unreachable!("a plan made {state:?} for a count or a sum"),
        }
    }
}
