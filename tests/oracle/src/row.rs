//! Rows of a view and their order (S15).
//!
//! Invariant: the order is total on the rows that count: two rows that tie have the same values.
//! Deliberately absent: entity keys; the rows at hand are those of one key.

use crate::value::Value;
use std::cmp::Ordering;

/// A row of a view: what the transform made of an event.
#[derive(Clone, Debug)]
pub struct Row {
    /// The event's time, in microseconds since 1970.
    pub event_time: i64,
    /// The event's id, if its source declares one.
    pub event_id: Option<String>,
    /// The number of the row within its event and view, from 0.
    pub ordinal: u32,
    /// The view's columns.
    pub values: Vec<Value>,
}

impl Row {
    /// Row order (S15): by time, id, ordinal and the whole row; without an id by time and then the
    /// whole row.
    pub fn order(&self, other: &Row) -> Ordering {
        let by_id = || match (&self.event_id, &other.event_id) {
            (Some(a), Some(b)) => {
                a.as_bytes().cmp(b.as_bytes()).then(self.ordinal.cmp(&other.ordinal))
            }
            _ => Ordering::Equal,
        };
        let by_values = || order_of_values(&self.values, &other.values);
        self.event_time.cmp(&other.event_time).then_with(by_id).then_with(by_values)
    }
}

fn order_of_values(a: &[Value], b: &[Value]) -> Ordering {
    let first_difference = a.iter().zip(b).map(|(a, b)| a.order(b)).find(|order| order.is_ne());
    first_difference.unwrap_or(a.len().cmp(&b.len()))
}
