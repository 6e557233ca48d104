//! Lists of values: the first, last, greatest and least ones (docs/FEATURES.md).
//!
//! Invariant: a list is at most as long as declared, and empty over nothing (S16). Values are equal
//! when their bits are (S14). Deliberately absent: sets without an order.

use crate::feature::Aggregate;
use crate::value::{Value, same_bits};

/// A list of some values, given in row order.
pub(super) fn list(aggregate: Aggregate, mut values: Vec<Value>) -> Value {
    use Aggregate as A;
    let most = match aggregate {
        A::FirstN { n } => n,
        A::LastN { n } => {
            values.reverse();
            n
        }
        A::FirstDistinct { n } => {
            values = once_each(values);
            n
        }
        A::LastDistinct { n } => {
            values.reverse();
            values = once_each(values);
            n
        }
        A::TopK { k } => {
            values.sort_by(|a, b| b.order(a));
            k
        }
        A::BottomK { k } => {
            values.sort_by(Value::order);
            k
        }
        other => panic!("{other:?} is no list"),
    };
    values.truncate(most);
    Value::List(values)
}

/// Each value where it occurs first.
fn once_each(values: Vec<Value>) -> Vec<Value> {
    let mut once: Vec<Value> = Vec::new();
    for value in values {
        if !once.iter().any(|seen| same_bits(seen, &value)) {
            once.push(value);
        }
    }
    once
}
