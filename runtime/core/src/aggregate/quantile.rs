//! Exact quantiles: values at ranks and positions of sorted numbers with their counts (S17).
//!
//! Invariant: a quantile between two finite numbers is the real interpolation, and the range between
//! quartiles the real difference of two of them, rounded once. Deliberately absent: the state, a
//! [`super::histogram`]; and approximation, which is in [`super::percentile`].

use super::number::float_parts;
use super::rational::{Scaled, round_quotient};
use crate::value::{NAN_64, Value, power_of_ten};

/// All of the values, in millionths.
pub const WHOLE_MILLIONTHS: u32 = 1_000_000;

/// Values in ascending order.
pub trait Ranked {
    /// How many there are.
    fn count(&self) -> u64;

    /// The value at a rank from 0 on, which is below their number.
    fn at(&self, rank: u64) -> Value;
}

/// Distinct values in ascending order, each with its count, none of which is 0.
impl Ranked for Vec<(Value, u64)> {
    fn count(&self) -> u64 {
        self.iter().map(|(_, count)| *count).fold(0, u64::saturating_add)
    }

    fn at(&self, mut rank: u64) -> Value {
        for (value, count) in self {
            match rank.checked_sub(*count) {
                Some(left) => rank = left,
                None => return value.clone(),
            }
        }
        unreachable!("a rank is below the number of values")
    }
}

/// A number on the way to a result: `numerator / divisor`, or what is not finite.
enum Real {
    Finite { numerator: Scaled, divisor: Scaled },
    Special(f64),
}

impl Real {
    fn of(value: &Value) -> Real {
        let whole = |numerator| Real::Finite { numerator, divisor: Scaled::from(1) };
        let float = |x: f64| match float_parts(x) {
            Some((mantissa, exponent)) => whole(Scaled::new(mantissa.into(), exponent)),
            None => Real::Special(x),
        };
        match value {
            Value::Int64(x) => whole(Scaled::new((*x).into(), 0)),
            Value::UInt64(x) => whole(Scaled::from(u128::from(*x))),
            Value::Float64(x) => float(*x),
            Value::Float32(x) => float(f64::from(*x)),
            Value::Decimal(decimal) => Real::Finite {
                numerator: Scaled::new(decimal.unscaled, 0),
                divisor: Scaled::from(power_of_ten(decimal.scale).unsigned_abs()),
            },
            other => unreachable!("{other:?} is no number"),
        }
    }

    fn round(&self) -> f64 {
        match self {
            Real::Finite { numerator, divisor } => round_quotient(numerator, divisor),
            Real::Special(x) if x.is_nan() => NAN_64,
            Real::Special(x) => *x,
        }
    }
}

/// The rank ceil(p n), at least 1, of `count` values, counted from 0; `None` without values.
pub fn discrete_rank(count: u64, millionths: u32) -> Option<u64> {
    let parts = u128::from(count) * u128::from(millionths);
    let rank = parts.div_ceil(u128::from(WHOLE_MILLIONTHS)) as u64;
    (count > 0).then(|| rank.saturating_sub(1))
}

/// The value of rank ceil(p n), at least 1; `None` without values.
pub fn discrete(values: &impl Ranked, millionths: u32) -> Option<Value> {
    discrete_rank(values.count(), millionths).map(|rank| values.at(rank))
}

/// The number at position p (n - 1), counted from 0; `None` without values.
pub fn continuous(values: &impl Ranked, millionths: u32) -> Option<f64> {
    interpolated(values, millionths).map(|number| number.round())
}

fn interpolated(values: &impl Ranked, millionths: u32) -> Option<Real> {
    let last = values.count().checked_sub(1)?;
    let parts = u128::from(last) * u128::from(millionths);
    let whole = u128::from(WHOLE_MILLIONTHS);
    let (below, rest) = ((parts / whole) as u64, (parts % whole) as u64);
    let low = Real::of(&values.at(below));
    if rest == 0 {
        return Some(low);
    }
    Some(match (low, Real::of(&values.at(below + 1))) {
        (
            Real::Finite { numerator: low, divisor },
            // One column has one scale.
            Real::Finite { numerator: high, .. },
        ) => Real::Finite {
            numerator: &(&low * (u64::from(WHOLE_MILLIONTHS) - rest)) + &(&high * rest),
            divisor: &divisor * u64::from(WHOLE_MILLIONTHS),
        },
        (Real::Special(low), Real::Special(high)) if low == high => Real::Special(low),
        (Real::Special(_), Real::Special(_)) => Real::Special(NAN_64),
        (Real::Special(special), _) | (_, Real::Special(special)) => Real::Special(special),
    })
}

/// The difference between the upper and the lower quartile; `None` without values.
pub fn interquartile_range(values: &impl Ranked) -> Option<f64> {
    let quartile = |quarters: u32| interpolated(values, quarters * (WHOLE_MILLIONTHS / 4));
    Some(match (quartile(1)?, quartile(3)?) {
        (
            Real::Finite { numerator: low, divisor: below },
            Real::Finite { numerator: high, divisor: above },
        ) => round_quotient(&(&(&high * &below) - &(&low * &above)), &(&below * &above)),
        (low, high) => match high.round() - low.round() {
            x if x.is_nan() => NAN_64,
            x => x,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::nearest::{check_nearest, integer, real};
    use super::*;
    use crate::value::Decimal;
    use num_rational::BigRational;
    use proptest::prelude::*;

    fn counted(mut values: Vec<Value>) -> Vec<(Value, u64)> {
        values.sort();
        let mut counted: Vec<(Value, u64)> = Vec::new();
        for value in values {
            match counted.last_mut() {
                Some((last, count)) if *last == value => *count += 1,
                _ => counted.push((value, 1)),
            }
        }
        counted
    }

    fn floats(values: &[f64]) -> Vec<(Value, u64)> {
        counted(values.iter().map(|x| Value::Float64(*x)).collect())
    }

    proptest! {
        /// Goal: the interpolation is the real number rounded once, and the discrete form is the
        /// value at its rank. Method: rationals over the sorted values, one by one.
        #[test]
        fn s17_quantiles_are_exact(
            values in prop::collection::vec(
                prop_oneof![any::<i32>().prop_map(f64::from), -4.0..4.0, Just(1e308), Just(-1e308)],
                1..12,
            ),
            millionths in prop_oneof![0..=WHOLE_MILLIONTHS, Just(500_000), Just(250_000)],
        ) {
            let state = floats(&values);
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            let n = sorted.len();
            let rank = (millionths as usize * n).div_ceil(1_000_000).max(1);
            prop_assert_eq!(discrete(&state, millionths), Some(Value::Float64(sorted[rank - 1])));
            let exact = |millionths: u32| -> BigRational {
                let parts = u64::from(millionths) * (n as u64 - 1);
                let place = BigRational::new(parts.into(), 1_000_000.into());
                let below = place.floor();
                let k = below.to_integer().iter_u64_digits().next().unwrap_or(0) as usize;
                let (low, high) = (real(sorted[k]), real(sorted[(k + 1).min(n - 1)]));
                &low + (place - below) * (high - &low)
            };
            check_nearest(continuous(&state, millionths).unwrap(), &exact(millionths));
            let range = exact(750_000) - exact(250_000);
            check_nearest(interquartile_range(&state).unwrap(), &range);
        }
    }

    /// Goal: what is not finite, zero, wide integers and decimals.
    #[test]
    fn s17_edges_of_quantiles() {
        let half = |values: &[f64]| continuous(&floats(values), 500_000).map(f64::to_bits);
        let (inf, nan) = (f64::INFINITY, f64::NAN);
        assert_eq!(half(&[]), None);
        assert_eq!(half(&[-0.0]), Some(0.0f64.to_bits()), "a result of zero is +0.0");
        assert_eq!(half(&[1.0, inf]), Some(inf.to_bits()));
        assert_eq!(half(&[-inf, 1.0]), Some((-inf).to_bits()));
        assert_eq!(half(&[-inf, inf]), Some(NAN_64.to_bits()));
        assert_eq!(half(&[inf, inf]), Some(inf.to_bits()));
        assert_eq!(half(&[1.0, nan]), Some(NAN_64.to_bits()));
        assert_eq!(half(&[1.0, 2.0, nan]), Some(2.0f64.to_bits()));
        assert_eq!(interquartile_range(&floats(&[-inf, -inf, 1.0, inf, inf])), Some(inf));
        assert!(interquartile_range(&floats(&[inf, inf, inf])).is_some_and(f64::is_nan));
        let wide = counted(vec![Value::UInt64(u64::MAX), Value::UInt64(u64::MAX - 2)]);
        assert_eq!(continuous(&wide, 500_000), Some(u64::MAX as f64));
        let wide = counted(vec![Value::Int64((1 << 53) + 1), Value::Int64((1 << 53) + 3)]);
        check_nearest(continuous(&wide, 500_000).unwrap(), &integer((1i64 << 53) + 2));
        let decimal = |unscaled| Value::Decimal(Box::new(Decimal { unscaled, scale: 38 }));
        let decimals = counted(vec![decimal(10i128.pow(37)), decimal(3 * 10i128.pow(37))]);
        assert_eq!(continuous(&decimals, 500_000), Some(0.2));
        assert_eq!(interquartile_range(&decimals), Some(0.1));
    }
}
