//! A ratio of two counts, sums or means, rounded once (S17).
//!
//! Invariant: two exact operands give the exact quotient rounded once; a sum that leaves the range
//! of its own type is still exact here. If an operand is not finite, the two are rounded and divided
//! as IEEE 754 says. Deliberately absent: an overflow, which no part of a ratio has.

use crate::aggregate::{inputs, sums, values};
use crate::exact::round;
use crate::feature::{Measure, Operand};
use crate::row::Row;
use crate::selection::passes;
use crate::value::Value;
use num_bigint::BigInt;
use num_rational::BigRational;

/// `numerator / denominator` over some rows; null if one is null or the denominator is 0.
pub(super) fn ratio(rows: &[&Row], numerator: Operand, denominator: Operand) -> Value {
    let (Some(a), Some(b)) = (measured(rows, numerator), measured(rows, denominator)) else {
        return Value::Null;
    };
    let zero = BigRational::from_integer(BigInt::from(0));
    if b.as_ref() == Ok(&zero) {
        return Value::Null;
    }
    Value::Float64(match (a, b) {
        (Ok(a), Ok(b)) => round(&(a / b)),
        (a, b) => sums::rounded(a) / sums::rounded(b),
    })
    .canonical()
}

/// One side; a sum or mean of nothing is null.
fn measured(rows: &[&Row], operand: Operand) -> Option<sums::Total> {
    let passing: Vec<&Row> =
        rows.iter().filter(|row| passes(row, operand.filter)).copied().collect();
    let inputs = inputs(&passing, operand.column);
    let count = BigRational::from_integer(BigInt::from(inputs.len()));
    if operand.measure == Measure::Count {
        return Some(Ok(count));
    }
    let column = operand.column.expect("a sum or mean has a column");
    let total = sums::total(&values(&inputs, column));
    match operand.measure {
        _ if inputs.is_empty() => None,
        Measure::Mean => Some(total.map(|total| total / count)),
        _ => Some(total),
    }
}
