//! Lists of values: all, the first, last, greatest and least ones; texts joined to one.
//!
//! Invariant: a list is at most as long as declared, and empty over nothing (S16). One of all values
//! overflows beyond its limit, and does not end there (S18). Values are equal when their bits are
//! (S14). Deliberately absent: sets without an order.

use crate::feature::Aggregate;
use crate::outcome::Outcome;
use crate::separator::Separator;
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

/// All values.
pub(super) fn all(values: Vec<Value>, limit: usize) -> Outcome {
    if values.len() > limit { Outcome::overflow() } else { Outcome::of(Value::List(values)) }
}

/// All texts with the separator between them; null over nothing.
pub(super) fn join(values: &[Value], separator: Separator, limit: usize) -> Outcome {
    if values.len() > limit {
        return Outcome::overflow();
    }
    let text = |value: &Value| match value {
        Value::Text(text) => text.clone(),
        other => panic!("{other} is no text; see Feature::kind"),
    };
    let texts: Vec<String> = values.iter().map(text).collect();
    let joined = (!texts.is_empty()).then(|| texts.join(separator.as_str()));
    Outcome::of(joined.map_or(Value::Null, Value::Text))
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
