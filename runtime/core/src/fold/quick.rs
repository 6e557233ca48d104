//! Quick values: numbers that are computed without allocation.
//!
//! Invariant: a quick value has the same bits as the full answer of
//! [`FoldPlan::answer`](super::FoldPlan::answer). Deliberately absent: which features have one
//! (`plain`).

use crate::aggregate::int_sum::IntSum;
use crate::value::{Value, canonical_f64};

/// A number or a null, computed without allocation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Quick {
    /// Null.
    Null,
    /// Null because of overflow.
    Overflow,
    /// An integer.
    Int64(i64),
    /// A 64-bit float.
    Float64(f64),
}

impl Quick {
    /// A count.
    #[inline]
    pub fn count(count: u64) -> Quick {
        i64::try_from(count).map_or(Quick::Overflow, Quick::Int64)
    }

    /// The sum of `count` integers.
    #[inline]
    pub fn sum(count: u64, sum: IntSum) -> Quick {
        if count == 0 { Quick::Null } else { sum.sum().map_or(Quick::Overflow, Quick::Int64) }
    }

    /// The mean of `count` integers.
    #[inline]
    pub fn mean(count: u64, sum: IntSum) -> Quick {
        if count == 0 { Quick::Null } else { Quick::float(sum.mean(count)) }
    }

    /// A 64-bit float.
    #[inline]
    pub fn float(value: f64) -> Quick {
        Quick::Float64(canonical_f64(value))
    }

    /// The integer, if it is one.
    #[inline]
    pub fn integer(self) -> Option<i64> {
        if let Quick::Int64(value) = self { Some(value) } else { None }
    }

    /// The 64-bit float, if it is one.
    #[inline]
    pub fn double(self) -> Option<f64> {
        if let Quick::Float64(value) = self { Some(value) } else { None }
    }

    /// The same as a [`Value`].
    pub fn value(self) -> Value {
        match self {
            Quick::Null | Quick::Overflow => Value::Null,
            Quick::Int64(value) => Value::Int64(value),
            Quick::Float64(value) => value.into(),
        }
    }
}
