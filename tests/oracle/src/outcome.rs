//! What a feature is at one question: a value, and whether a bound was left (S16, S18).
//!
//! Invariant: what overflowed is null. In a list or map each element is null by itself, and the
//! whole counts as overflowed. Deliberately absent: any tolerance.

use crate::value::{Value, same_bits};

/// The value of a feature.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The value by the definition.
    pub value: Value,
    /// Whether it, or an element of it, is null for an overflow.
    pub overflow: bool,
}

impl Outcome {
    /// A value that overflowed nothing.
    pub fn of(value: Value) -> Outcome {
        Outcome { value, overflow: false }
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
        Outcome { value: Value::Null, overflow: outcomes.iter().any(|outcome| outcome.overflow) }
    }

    /// Whether a value that a host gave is this one, bit by bit.
    pub fn agrees(&self, found: &Value) -> bool {
        same_bits(&self.value, found)
    }
}
