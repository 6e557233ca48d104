//! What a feature is at one question: a value, and whether a bound was left (S16, S18).
//!
//! Invariant: what overflowed is null. In a list or map each element is null by itself, and the
//! whole counts as overflowed. Deliberately absent: any tolerance, but the one that the contract
//! grants to estimates of distinct counts.

use crate::aggregate::distinct::estimate_within;
use crate::value::{Value, same_bits};

/// The value of a feature.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The value by the definition; in place of an estimate, the exact count.
    pub value: Value,
    /// Whether it, or an element of it, is null for an overflow.
    pub overflow: bool,
    /// The precision of the estimate that takes the place of an exact distinct count.
    pub precision: Option<u8>,
}

impl Outcome {
    /// A value that overflowed nothing.
    pub fn of(value: Value) -> Outcome {
        Outcome { value, overflow: false, precision: None }
    }

    /// No value.
    pub fn null() -> Outcome {
        Outcome::of(Value::Null)
    }

    /// No value, for an overflow.
    pub fn overflow() -> Outcome {
        Outcome { overflow: true, ..Outcome::null() }
    }

    /// The list of some outcomes.
    pub fn list(outcomes: Vec<Outcome>) -> Outcome {
        let mut list = Outcome::gathered(&outcomes);
        list.value = Value::List(outcomes.into_iter().map(|outcome| outcome.value).collect());
        list
    }

    /// The map of some outcomes, given by key in ascending order.
    pub fn map(keys: Vec<Value>, outcomes: Vec<Outcome>) -> Outcome {
        let mut map = Outcome::gathered(&outcomes);
        let values = outcomes.into_iter().map(|outcome| outcome.value);
        map.value = Value::Map(keys.into_iter().zip(values).collect());
        map
    }

    fn gathered(outcomes: &[Outcome]) -> Outcome {
        Outcome {
            value: Value::Null,
            overflow: outcomes.iter().any(|outcome| outcome.overflow),
            precision: outcomes.iter().find_map(|outcome| outcome.precision),
        }
    }

    /// Whether a value that a host gave is this one: bit by bit, or in the error of an estimate.
    pub fn agrees(&self, found: &Value) -> bool {
        match self.precision {
            None => same_bits(&self.value, found),
            Some(precision) => estimates(&self.value, found, precision),
        }
    }
}

/// Whether every integer lies near that of `expected`, and all else is equal.
fn estimates(expected: &Value, found: &Value, precision: u8) -> bool {
    match (expected, found) {
        (Value::Int64(expected), Value::Int64(found)) => {
            estimate_within(*expected, precision, *found)
        }
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| estimates(a, b, precision))
        }
        (Value::Map(a), Value::Map(b)) => {
            let near = |(a, b): (&(Value, Value), &(Value, Value))| {
                same_bits(&a.0, &b.0) && estimates(&a.1, &b.1, precision)
            };
            a.len() == b.len() && a.iter().zip(b).all(near)
        }
        _ => same_bits(expected, found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: only the counts of estimates may differ, also inside lists and maps. Method: an
    /// estimate of 100 at 2^12 registers, which may be wrong by 4 * 1.04 / 64 * 100 + 1 = 7.5.
    #[test]
    fn s19_only_estimates_have_a_tolerance() {
        let estimate = |count| Outcome { precision: Some(12), ..Outcome::of(Value::Int64(count)) };
        let map = |count| Value::Map(vec![(Value::Int64(100), Value::Int64(count))]);
        assert!(estimate(100).agrees(&Value::Int64(107)));
        assert!(!estimate(100).agrees(&Value::Int64(108)));
        assert!(!estimate(100).agrees(&Value::Null));
        assert!(!Outcome::of(Value::Int64(100)).agrees(&Value::Int64(101)));
        let series = Outcome::list(vec![
            Outcome::map(vec![Value::Int64(100)], vec![estimate(100)]),
            Outcome::overflow(),
        ]);
        assert!(series.overflow);
        assert!(series.agrees(&Value::List(vec![map(93), Value::Null])));
        assert!(!series.agrees(&Value::List(vec![map(92), Value::Null])));
        assert!(!series.agrees(&Value::List(vec![map(100)])));
        let moved = Value::Map(vec![(Value::Int64(101), Value::Int64(100))]);
        assert!(!series.agrees(&Value::List(vec![moved, Value::Null])));
    }
}
