//! Products and bits of integers.
//!
//! Invariant: a product is exact, and overflows only if it does not fit the type itself; so a zero
//! among the inputs makes it 0, whatever the others are. Deliberately absent: other numbers.

use crate::feature::Aggregate;
use crate::outcome::Outcome;
use crate::value::Value;
use num_bigint::BigInt;

/// The product of some integers.
pub(super) fn product(values: &[Value]) -> Outcome {
    if values.is_empty() {
        return Outcome::null();
    }
    let product: BigInt = values.iter().map(|value| BigInt::from(integer(value))).product();
    match i64::try_from(product) {
        Ok(product) => Outcome::of(Value::Int64(product)),
        Err(_) => Outcome::overflow(),
    }
}

/// The bits of some integers, joined two by two.
pub(super) fn bits(aggregate: Aggregate, values: &[Value]) -> Value {
    let join: fn(i64, i64) -> i64 = match aggregate {
        Aggregate::BitAnd => |a, b| a & b,
        Aggregate::BitOr => |a, b| a | b,
        Aggregate::BitXor => |a, b| a ^ b,
        other => panic!("{other:?} joins no bits"),
    };
    values.iter().map(integer).reduce(join).map_or(Value::Null, Value::Int64)
}

fn integer(value: &Value) -> i64 {
    match value {
        Value::Int64(x) => *x,
        other => panic!("{other} is no integer; see Feature::kind"),
    }
}
