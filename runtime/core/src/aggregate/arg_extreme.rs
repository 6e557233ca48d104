//! The value of a column in the row where another column is least, or greatest (S14, S15).
//!
//! Laws: `merge` picks one of two rows in a total order: by the other column, then by row order, of
//! which the first is preferred at both ends. So it is associative, commutative and idempotent.
//! State: that row's two values with its position in the order. Error bound: none. Bytes: those of
//! [`super::ordered`]; before them, unless there is no row, the length and encoding of the other column's
//! value. Deliberately absent: rows in which either column is null (S16).

use super::encoded::{put_value, take_value, value};
use super::extreme::End;
use super::ordered::{self, Placed};
use crate::value::Value;

/// The row that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgExtreme {
    /// The column that is compared; never null.
    pub by: Value,
    /// The value of the other column, never null, and the row's position.
    pub placed: Placed,
}

/// Keeps in `best` the row where `by` is least (greatest); of several such rows, the first.
pub fn keep(
    end: End,
    best: &mut Option<Box<ArgExtreme>>,
    by: &Value,
    (event_time, tie, value): (i64, &[u8], &Value),
) {
    let better = best.as_ref().is_none_or(|best| {
        let order = match end {
            End::Min => by.cmp(&best.by),
            End::Max => best.by.cmp(by),
        };
        let old = &best.placed;
        let earlier = || (event_time, tie, value).cmp(&(old.event_time, &old.tie, &old.value));
        order.then_with(earlier).is_lt()
    });
    if better {
        let placed = Placed { event_time, tie: tie.into(), value: value.clone() };
        *best = Some(Box::new(ArgExtreme { by: by.clone(), placed }));
    }
}

/// Appends the canonical encoding.
pub fn encode(row: Option<&ArgExtreme>, out: &mut Vec<u8>) {
    match row {
        None => out.push(0),
        Some(row) => {
            put_value(&row.by.encoded(), out);
            ordered::encode(Some(&row.placed), out);
        }
    }
}

/// Reads what [`encode`] wrote; the outer `None` means that the bytes are not canonical.
pub fn decode(bytes: &mut &[u8]) -> Option<Option<ArgExtreme>> {
    if let Some((0, rest)) = bytes.split_first() {
        *bytes = rest;
        return Some(None);
    }
    let by = value(take_value(bytes)?);
    let placed = ordered::decode(false, bytes)??;
    Some(Some(ArgExtreme { by, placed }))
}
