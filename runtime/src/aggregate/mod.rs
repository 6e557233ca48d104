//! Aggregate states: commutative monoids with canonical bytes (S1).
//!
//! For every [`SlotKind`] and all states a, b, c of it:
//!
//! ```text
//! merge(a, zero) = a                       identity
//! merge(a, b) = merge(b, a)                commutative
//! merge(merge(a, b), c) = merge(a, merge(b, c))
//! update(a, row) = merge(a, update(zero, row))
//! decode(encode(a)) = a,  and a = b exactly when encode(a) = encode(b)
//! ```
//!
//! Everything else in Lockstep rests on these lines. Several features share a slot: a mean reads
//! the sum and the count that a sum and a count read too. Deliberately absent: windows, time, I/O.

pub mod bins;
pub mod bytes;
pub mod cardinality;
pub mod distinct;
pub mod encoded;
pub mod extreme;
pub mod float_sum;
pub mod histogram;
pub mod hll;
pub mod int_sum;
#[cfg(test)]
mod laws;
pub mod ordered;
pub mod percentile;
pub mod places;
pub mod rounding;
pub mod top;
pub mod value_table;
pub mod wide;

use crate::row::{Rows, TypedColumn};
use crate::value::Value;
use bytes::{put_unsigned, unsigned};
use extreme::End;
use float_sum::FloatSum;
use int_sum::IntSum;
use ordered::{Placed, Side};

/// What a slot of a state holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SlotKind {
    /// A count of rows, or of non-null values.
    Count,
    /// An exact sum of integers.
    IntSum,
    /// An exact sum of floats.
    FloatSum,
    /// The least or greatest value.
    Extreme(End),
    /// The first or last value in row order.
    Ordered(Side),
}

/// One part of a view's state: a kind over a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    /// What it holds.
    pub kind: SlotKind,
    /// The index of the view's column that it reads; `None` counts rows.
    pub column: Option<usize>,
}

/// The state of one slot.
#[derive(Clone, Debug)]
pub enum State {
    /// A count.
    Count(u64),
    /// A sum of integers.
    IntSum(IntSum),
    /// A sum of floats.
    FloatSum(FloatSum),
    /// The least or greatest value; null for none.
    Extreme(End, Value),
    /// The first or last value.
    Ordered(Side, Option<Placed>),
}

impl SlotKind {
    /// The state of no rows.
    pub fn zero(self) -> State {
        match self {
            SlotKind::Count => State::Count(0),
            SlotKind::IntSum => State::IntSum(IntSum::default()),
            SlotKind::FloatSum => State::FloatSum(FloatSum::zero()),
            SlotKind::Extreme(end) => State::Extreme(end, Value::Null),
            SlotKind::Ordered(side) => State::Ordered(side, None),
        }
    }
}

impl State {
    /// Adds row `row` of `rows`; `column` is the slot's column there.
    #[inline]
    pub fn update(&mut self, rows: &Rows, column: Option<&TypedColumn>, row: usize) {
        let Some(column) = column else {
            if let State::Count(count) = self {
                *count += 1;
            }
            return;
        };
        if column.is_null(row) {
            return;
        }
        match self {
            State::Count(count) => *count += 1,
            State::IntSum(sum) => sum.add(column.int64(row)),
            State::FloatSum(sum) => sum.add(column.float64(row)),
            State::Extreme(end, best) => extreme::keep(*end, best, column.value(row)),
            State::Ordered(side, best) => {
                let (time, tie) = (rows.event_time(row), rows.tie(row));
                ordered::keep(*side, best, time, tie, &column.value(row));
            }
        }
    }

    /// Adds another state of the same slot.
    #[inline]
    pub fn merge(&mut self, other: &State) {
        match (self, other) {
            (State::Count(a), State::Count(b)) => *a += b,
            (State::IntSum(a), State::IntSum(b)) => a.merge(b),
            (State::FloatSum(a), State::FloatSum(b)) => a.merge(b),
            (State::Extreme(end, a), State::Extreme(_, b)) => extreme::keep(*end, a, b.clone()),
            (State::Ordered(side, a), State::Ordered(_, Some(b))) => {
                ordered::keep(*side, a, b.event_time, &b.tie, &b.value);
            }
            (State::Ordered(..), State::Ordered(_, None)) => {}
            (a, b) => unreachable!("one plan made both states, yet {a:?} meets {b:?}"),
        }
    }

    /// Appends the canonical encoding.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            State::Count(count) => put_unsigned(u128::from(*count), out),
            State::IntSum(sum) => sum.encode(out),
            State::FloatSum(sum) => sum.encode(out),
            State::Extreme(_, value) => value.encode(out),
            State::Ordered(_, placed) => ordered::encode(placed.as_ref(), out),
        }
    }

    /// Reads the encoding of a state of this kind; `None` if the bytes are not canonical.
    pub fn decode(kind: SlotKind, bytes: &mut &[u8]) -> Option<State> {
        Some(match kind {
            SlotKind::Count => State::Count(u64::try_from(unsigned(bytes)?).ok()?),
            SlotKind::IntSum => State::IntSum(IntSum::decode(bytes)?),
            SlotKind::FloatSum => State::FloatSum(FloatSum::decode(bytes)?),
            SlotKind::Extreme(end) => State::Extreme(end, Value::decode(bytes)?),
            SlotKind::Ordered(side) => State::Ordered(side, ordered::decode(bytes)?),
        })
    }
}
