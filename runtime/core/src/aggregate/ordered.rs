//! The first and the last value in row order (S15).
//!
//! Row order is (event_time, event_id, ordinal of the row within its event, the whole row in value
//! order), or without event ids (event_time, the whole row in value order); everything after
//! event_time is called the tie. Laws:
//! `merge` picks the value that comes first (last) in a total order of rows, so it is associative,
//! commutative and idempotent. State: the value with its position in the order. Error bound: none.
//! Bytes: the tie's length + 1, the tie, the event time, then the length and the encoding of the
//! value; a null has length 0. Deliberately absent: which rows count; those with a null do only where
//! whole rows are asked for (S15, S16).

use super::bytes::{put_unsigned, unsigned};
use super::encoded::{put_optional, take_optional};
use crate::value::{Value, i64_from_order, i64_order, take};

/// Which end of the row order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The first row.
    First,
    /// The last row.
    Last,
}

/// A value and the position of its row in the order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Placed {
    /// The row's event time.
    pub event_time: i64,
    /// The tie, which orders rows of equal event time; its bytes sort as S15 says.
    pub tie: Box<[u8]>,
    /// The value; null only where rows with a null count.
    pub value: Value,
}

/// Keeps in `best` whichever comes first (last).
pub fn keep(
    side: Side,
    best: &mut Option<Box<Placed>>,
    event_time: i64,
    tie: &[u8],
    value: &Value,
) {
    let better = match best {
        None => true,
        Some(best) => {
            let new = (event_time, tie, value);
            let old = (best.event_time, &*best.tie, &best.value);
            match side {
                Side::First => new < old,
                Side::Last => new > old,
            }
        }
    };
    if better {
        *best = Some(Box::new(Placed { event_time, tie: tie.into(), value: value.clone() }));
    }
}

/// Appends the canonical encoding.
pub fn encode(placed: Option<&Placed>, out: &mut Vec<u8>) {
    match placed {
        None => out.push(0),
        Some(placed) => {
            put_unsigned(placed.tie.len() as u128 + 1, out);
            out.extend(&placed.tie);
            out.extend(i64_order(placed.event_time).to_be_bytes());
            put_optional(&placed.value, out);
        }
    }
}

/// Reads what [`encode`] wrote; the outer `None` means that the bytes are not canonical, or hold a null
/// without `nulls`.
pub fn decode(nulls: bool, bytes: &mut &[u8]) -> Option<Option<Placed>> {
    let length = usize::try_from(unsigned(bytes)?).ok()?;
    let Some(length) = length.checked_sub(1) else { return Some(None) };
    if bytes.len() < length {
        return None;
    }
    let (tie, rest) = bytes.split_at(length);
    *bytes = rest;
    let event_time = i64_from_order(u64::from_be_bytes(take(bytes)?));
    let value = take_optional(bytes).filter(|value| nulls || !value.is_null())?;
    Some(Some(Placed { event_time, tie: tie.into(), value }))
}
