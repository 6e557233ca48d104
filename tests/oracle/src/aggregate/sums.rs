//! Sums and means: rationals of unbounded size, rounded once (S17).
//!
//! Invariant: a NaN, or infinities of both signs, give NaN; infinities of one sign give that one;
//! else the result is exact before its one rounding. Deliberately absent: a running sum in floats.

use crate::aggregate::real;
use crate::exact::round;
use crate::outcome::Outcome;
use crate::value::Value;
use num_bigint::BigInt;
use num_rational::BigRational;

/// An exact sum, or what takes its place when some inputs are not real.
pub(crate) type Total = Result<BigRational, f64>;

/// How often each value that is not a real number occurs among a sum's inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct NotReal {
    /// NaNs.
    pub nan: usize,
    /// Positive infinities.
    pub plus: usize,
    /// Negative infinities.
    pub minus: usize,
}

impl NotReal {
    /// Counts one double.
    pub(crate) fn add(&mut self, x: f64) {
        self.nan += usize::from(x.is_nan());
        self.plus += usize::from(x == f64::INFINITY);
        self.minus += usize::from(x == f64::NEG_INFINITY);
    }

    /// The sum, if these alone decide it (S17).
    pub(crate) fn decide(self) -> Option<f64> {
        if self.nan > 0 || (self.plus > 0 && self.minus > 0) {
            Some(f64::from_bits(0x7ff8_0000_0000_0000))
        } else if self.plus > 0 {
            Some(f64::INFINITY)
        } else if self.minus > 0 {
            Some(f64::NEG_INFINITY)
        } else {
            None
        }
    }
}

/// The sum of numbers.
pub(crate) fn total<'a>(values: impl IntoIterator<Item = &'a Value>) -> Total {
    let mut sum = BigRational::from_integer(BigInt::from(0));
    let mut not_real = NotReal::default();
    for value in values {
        match real(value) {
            Ok(exact) => sum += exact,
            Err(x) => not_real.add(x),
        }
    }
    not_real.decide().map_or(Ok(sum), Err)
}

/// A total as a double.
pub(crate) fn rounded(total: Total) -> f64 {
    total.map_or_else(|decided| decided, |exact| round(&exact))
}

/// The feature `sum` over some inputs.
pub(crate) fn sum(values: &[Value]) -> Outcome {
    match values.first() {
        None => Outcome::null(),
        Some(first) => finish_sum(total(values), matches!(first, Value::Int64(_))),
    }
}

/// The feature `mean` over some inputs.
pub(crate) fn mean(values: &[Value]) -> Outcome {
    if values.is_empty() { Outcome::null() } else { finish_mean(total(values), values.len()) }
}

/// A sum from its total. One of integers overflows if it leaves 64 bits, and only then.
pub(crate) fn finish_sum(total: Total, whole: bool) -> Outcome {
    match total {
        Err(decided) => Outcome::of(Value::Float64(decided)),
        Ok(exact) if whole => match i64::try_from(exact.to_integer()) {
            Ok(sum) => Outcome::of(Value::Int64(sum)),
            Err(_) => Outcome::overflow(),
        },
        Ok(exact) => Outcome::of(Value::Float64(round(&exact))),
    }
}

/// The mean of `count` inputs, at least one, from their total.
pub(crate) fn finish_mean(total: Total, count: usize) -> Outcome {
    let mean = total.map(|exact| exact / BigRational::from_integer(BigInt::from(count)));
    Outcome::of(Value::Float64(rounded(mean)))
}
