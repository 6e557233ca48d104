//! Running totals (prefix sums): the count or integer sum of any range of rows, as a difference of
//! two numbers.
//!
//! Invariant: entry `i` is the total of the rows before row `i`, so the difference of two entries
//! is the total of the range between them. It is exact: sums wrap around in 128 bits (S17), or in
//! 64 bits if the magnitudes of all values add up to less than 2^63, so that no partial sum
//! overflows.

use crate::aggregate::int_sum::IntSum;
use crate::aggregate::{Slot, SlotKind, State};
use crate::row::{Rows, TypedColumn};
use std::ops::Range;

/// The running totals of one slot.
pub(super) enum Prefix {
    /// Every row counts, so totals are row indices.
    Rows,
    Count(Vec<u64>),
    Sum(Sums),
}

/// The running totals of integers.
pub(super) enum Sums {
    Small(Vec<i64>),
    Wide(Vec<IntSum>),
}

impl Prefix {
    /// The totals of a slot's inputs, or `None` for a slot of another kind.
    pub(super) fn of(slot: &Slot, rows: &Rows) -> Option<Prefix> {
        let column = match slot.kind {
            SlotKind::Count { column } => column,
            SlotKind::IntSum { column } => Some(column),
            _ => return None,
        };
        let column = column.map(|column| &rows.columns()[column]);
        let whole = slot.filter.is_none() && column.is_none_or(|column| !column.has_nulls());
        let counted = |row: usize| {
            slot.filter.is_none_or(|filter| rows.columns()[filter].is_true(row))
                && column.is_none_or(|column| !column.is_null(row))
        };
        Some(match (&slot.kind, column) {
            (SlotKind::IntSum { .. }, Some(TypedColumn::Int64(column))) if whole => {
                Prefix::Sum(Sums::of(column.values().iter().copied()))
            }
            (SlotKind::IntSum { .. }, Some(TypedColumn::UInt64(column))) => {
                let value = |row| if counted(row) { column.value(row) } else { 0 };
                let totals =
                    totals(IntSum::default(), (0..rows.len()).map(value), |mut total, v| {
                        total.add_unsigned(v);
                        total
                    });
                Prefix::Sum(Sums::Wide(totals))
            }
            (SlotKind::IntSum { .. }, Some(column)) => {
                let value = |row| if counted(row) { column.int64(row) } else { 0 };
                Prefix::Sum(Sums::of((0..rows.len()).map(value)))
            }
            _ if whole => Prefix::Rows,
            _ => Prefix::Count(totals(0, (0..rows.len()).map(counted), |total, counted| {
                total + u64::from(counted)
            })),
        })
    }

    /// The number of inputs in the rows of `range`.
    #[inline]
    pub(super) fn count(&self, range: &Range<usize>) -> u64 {
        match self {
            Prefix::Rows => range.len() as u64,
            Prefix::Count(before) => before[range.end] - before[range.start],
            Prefix::Sum(_) => unreachable!("the totals of a count"),
        }
    }

    /// The totals of a sum.
    #[inline]
    pub(super) fn sums(&self) -> &Sums {
        let Prefix::Sum(sums) = self else { unreachable!("the totals of a sum") };
        sums
    }

    /// Stores the state of the rows of `range` in `state`.
    #[inline]
    pub(super) fn read(&self, range: &Range<usize>, state: &mut State) {
        match state {
            State::Count(count) => *count = self.count(range),
            State::IntSum(sum) => {
                *sum = match self.sums() {
                    Sums::Small(before) => small(before, range),
                    Sums::Wide(before) => wide(before, range),
                }
            }
            state => unreachable!("a plan made {state:?} for a count or a sum"),
        }
    }
}

impl Sums {
    fn of(values: impl Iterator<Item = i64> + Clone) -> Sums {
        let magnitude = values.clone().try_fold(0, |total: u64, value| {
            let total = total.checked_add(value.unsigned_abs())?;
            (total <= i64::MAX as u64).then_some(total)
        });
        match magnitude {
            Some(_) => Sums::Small(totals(0, values, |total, value| total + value)),
            None => Sums::Wide(totals(IntSum::default(), values, |mut total, value| {
                total.add(value);
                total
            })),
        }
    }
}

/// The sum of the rows of `range`, from totals of 64 bits.
#[inline]
pub(super) fn small(before: &[i64], range: &Range<usize>) -> IntSum {
    IntSum::of(before[range.end] - before[range.start])
}

/// The sum of the rows of `range`, from totals of 128 bits.
#[inline]
pub(super) fn wide(before: &[IntSum], range: &Range<usize>) -> IntSum {
    let mut sum = before[range.end];
    sum.subtract(&before[range.start]);
    sum
}

/// The total before each value, and at the end the total of all.
fn totals<T: Copy, V>(
    mut total: T,
    values: impl Iterator<Item = V>,
    add: impl Fn(T, V) -> T,
) -> Vec<T> {
    let mut totals = Vec::with_capacity(values.size_hint().0 + 1);
    totals.push(total);
    totals.extend(values.map(|value| {
        total = add(total, value);
        total
    }));
    totals
}
