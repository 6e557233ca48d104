//! The least and the greatest value, in the order of S14.
//!
//! Laws: `merge` picks one of two values of a total order, so it is associative, commutative and
//! idempotent. State: the value, or null for no value. Error bound: none; the value keeps its type
//! and bits, so min(-0.0, +0.0) is -0.0 and max with a NaN is NaN. Bytes: those of the value.
//! Deliberately absent: which rows count.

use crate::value::Value;

/// Which end of the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// The least value.
    Min,
    /// The greatest value.
    Max,
}

/// Whether `value` replaces `best`; a null stands for no value.
fn better(end: End, best: &Value, value: &Value) -> bool {
    !value.is_null()
        && (best.is_null()
            || match end {
                End::Min => value < best,
                End::Max => value > best,
            })
}

/// Keeps in `best` the better of `best` and `value`.
pub fn keep(end: End, best: &mut Value, value: Value) {
    if better(end, best, &value) {
        *best = value;
    }
}

/// As [`keep`], but copies `value` only if it is better.
pub fn keep_ref(end: End, best: &mut Value, value: &Value) {
    if better(end, best, value) {
        best.clone_from(value);
    }
}
