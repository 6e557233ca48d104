//! Forward decay on integers (S20).
//!
//!     G(t) = T[j] * 2^e    e = floor(t / half_life)    j = floor(1024 * fraction of t / half_life)
//!     T[j] = 2^23 * 2^(j / 1024), rounded to an integer of 24 bits
//!
//! The value is `sum of x * G(t) / G(as_of)`, rounded once. Invariant: T comes from integer roots:
//! `floor(2^(24 + j / 1024))` is ten square roots of `2^(24 * 1024 + j)`. Deliberately absent: a
//! table, and powers in floats.

use crate::aggregate::real;
use crate::aggregate::sums::NotReal;
use crate::exact::{round, scaled};
use crate::row::Row;
use crate::value::Value;
use num_bigint::{BigInt, BigUint};
use num_rational::BigRational;

/// Steps of the table in one half-life: 2^10.
const STEPS_LOG: u32 = 10;
/// Bits that bring any sum below half of the least double, however great its inputs are: doubles
/// span 2,100 and the weights 64; the rest is for the number of rows.
const VANISHING_BITS: i128 = 4_000;

/// `G(t)` as `mantissa * 2^exponent`.
fn weight(time: i64, half_life_us: i64) -> (u32, i128) {
    let (time, half_life) = (i128::from(time), i128::from(half_life_us));
    let step = (time.rem_euclid(half_life) << STEPS_LOG) / half_life;
    (mantissa(step as u32), time.div_euclid(half_life))
}

/// `T[step]`.
fn mantissa(step: u32) -> u32 {
    let mut root = BigUint::from(1_u32) << ((24 << STEPS_LOG) + step);
    for _ in 0..STEPS_LOG {
        // The floor of a root of a floor is the floor of the root.
        root = root.sqrt();
    }
    // Twice T, floored; plus 1 and halved it is T to nearest. No power but step 0 is rational.
    let doubled = u32::try_from(root).expect("below 2^25");
    doubled.div_ceil(2)
}

/// The decayed sum of the values of some rows.
pub(super) fn sum(rows: &[&Row], values: &[Value], half_life_us: i64, as_of: i64) -> Value {
    let weights: Vec<(u32, i128)> =
        rows.iter().map(|row| weight(row.event_time, half_life_us)).collect();
    let least = weights.iter().map(|(_, exponent)| *exponent).min().unwrap_or(0);
    let mut sum = BigRational::from_integer(BigInt::from(0));
    let mut not_real = NotReal::default();
    for (value, (mantissa, exponent)) in values.iter().zip(weights) {
        let above = (exponent - least) as i64;
        match real(value) {
            Ok(x) => sum += x * scaled(BigInt::from(mantissa), above),
            Err(x) => not_real.add(x),
        }
    }
    if let Some(decided) = not_real.decide() {
        return Value::Float64(decided);
    }
    let (now, exponent) = weight(as_of, half_life_us);
    // A window that ended ages ago: what is this small rounds to the same zero.
    let shift = (least - exponent).max(-VANISHING_BITS) as i64;
    let now = BigRational::from_integer(BigInt::from(now));
    Value::Float64(round(&(sum * scaled(BigInt::from(1), shift) / now)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: the table is what its definition says. Method: the double inequality of a rounding,
    /// raised to the 1024th power: `(2 T - 1)^1024 < 2^(24 * 1024 + j) < (2 T + 1)^1024`.
    #[test]
    fn s20_table_is_rounded_to_nearest() {
        for step in (0..1024).step_by(31).chain([1, 512, 1023]) {
            let power = BigUint::from(1_u32) << (24 * 1024 + step);
            let doubled = 2 * mantissa(step);
            assert!(BigUint::from(doubled - 1).pow(1024) < power, "{step}");
            assert!(power < BigUint::from(doubled + 1).pow(1024), "{step}");
        }
        assert_eq!((mantissa(0), mantissa(512)), (1 << 23, 11_863_283));
        assert!((0..1024).map(mantissa).all(|t| t >> 23 == 1));
    }

    /// Goal: floors before 1970 too. Method: weights worked out by hand.
    #[test]
    fn s20_weights_floor_toward_minus_infinity() {
        assert_eq!(weight(0, 2048), (1 << 23, 0));
        assert_eq!(weight(2048, 2048), (1 << 23, 1));
        assert_eq!(weight(-2048, 2048), (1 << 23, -1));
        assert_eq!(weight(-1, 2048), (mantissa(1023), -1));
        assert_eq!(weight(1, 2048), (1 << 23, 0));
        assert_eq!(weight(2, 2048), (mantissa(1), 0));
    }
}
