//! The least and the greatest value, in the order of S14.
//!
//! Laws: `merge` picks one of two values of a total order, so it is associative, commutative and
//! idempotent. State: the value, or null for no value. Error bound: none; the value keeps its type
//! and bits, so min(-0.0, +0.0) is -0.0 and max with a NaN is NaN. Bytes: those of the value.

use crate::value::Value;

/// Which end of the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// The least value.
    Min,
    /// The greatest value.
    Max,
}

/// Keeps in `best` the better of `best` and `value`; a null is no value.
pub fn keep(end: End, best: &mut Value, value: Value) {
    if value.is_null() {
        return;
    }
    let better = best.is_null()
        || match end {
            End::Min => value < *best,
            End::Max => value > *best,
        };
    if better {
        *best = value;
    }
}
