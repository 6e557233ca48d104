//! Forward decay on integers (S20).
//!
//!     G(t) = M * 2^e          e = floor(t / half_life)
//!
//! `M` has 53 bits and comes from the rest of the half-life by the formula in docs/FEATURES.md: the
//! table `T[j] = 2^63 * 2^(j / 1024)`, rounded to the nearest integer, times a polynomial. The value
//! is `sum of x * G(t) / G(as_of)`, rounded once. Invariant: T comes from integer roots. Deliberately
//! absent: a committed table, machine integers within the formula, and powers in floats.

use crate::aggregate::real;
use crate::aggregate::sums::NotReal;
use crate::exact::{round, scaled};
use crate::row::Row;
use crate::value::Value;
use num_bigint::{BigInt, BigUint};
use num_rational::BigRational;
use std::sync::OnceLock;

/// Steps of the table in one half-life: 2^10.
const STEPS_LOG: u32 = 10;
/// The natural logarithm of 2 in 2^-64ths, as docs/FEATURES.md gives it.
const LN_2: u64 = 12_786_308_645_202_655_660;
/// Bits with which powers of the 1024th root of 2 are multiplied.
const ROOT_BITS: u32 = 512;
/// Bits that bring any sum below half of the least double, however great its inputs are: doubles
/// span 2,100 and the weights 64; the rest is for the number of rows.
const VANISHING_BITS: i128 = 4_000;

/// `G(t)` as `mantissa * 2^exponent`.
fn weight(time: i64, half_life_us: i64) -> (u64, i128) {
    let (time, half_life) = (i128::from(time), i128::from(half_life_us));
    let rest = BigUint::try_from(time.rem_euclid(half_life)).expect("a rest is not negative");
    let half_life_us = BigUint::try_from(half_life).expect("a half-life is positive");
    (mantissa(&((rest << 64_u32) / half_life_us)), time.div_euclid(half_life))
}

/// `M` of `u` 2^-64ths of a half-life.
fn mantissa(u: &BigUint) -> u64 {
    let below = 64 - STEPS_LOG;
    let (step, rest) = (u >> below, u % (BigUint::from(1_u32) << below));
    let step = usize::try_from(step).expect("below 1024");
    let one = BigUint::from(1_u32) << 63_u32;
    let x = (rest * LN_2) >> below;
    let mut series = one.clone();
    for k in [5_u32, 4, 3, 2, 1] {
        series = &one + ((&x * series) >> 74_u32) / k;
    }
    let scaled: BigUint = (&table()[step] * series) >> 74_u32;
    u64::try_from(scaled).expect("53 bits")
}

/// `T`.
fn table() -> &'static [BigUint] {
    static TABLE: OnceLock<Vec<BigUint>> = OnceLock::new();
    TABLE.get_or_init(|| {
        // 2^(1 / 1024) by ten square roots; each floor loses less than one of 512 bits.
        let mut root = BigUint::from(2_u32) << ROOT_BITS;
        for _ in 0..STEPS_LOG {
            root = (root << ROOT_BITS).sqrt();
        }
        let mut power = BigUint::from(1_u32) << ROOT_BITS;
        let mut table = Vec::new();
        for _ in 0..1 << STEPS_LOG {
            // Twice T, floored; plus 1 and halved it is T to nearest.
            let doubled: BigUint = &power >> (ROOT_BITS - 64);
            table.push((doubled + 1_u32) >> 1_u32);
            power = (power * &root) >> ROOT_BITS;
        }
        table
    })
}

/// The decayed sum of the values of some rows.
pub(super) fn sum(rows: &[&Row], values: &[Value], half_life_us: i64, as_of: i64) -> Value {
    let weights: Vec<(u64, i128)> =
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
    /// raised to the 1024th power: `(2 T - 1)^1024 < 2^(64 * 1024 + j) < (2 T + 1)^1024`.
    #[test]
    fn s20_table_is_rounded_to_nearest() {
        for step in (0..1024).step_by(93).chain([1, 512, 1023]) {
            let power = BigUint::from(1_u32) << (64 * 1024 + step);
            let doubled = &table()[step] * 2_u32;
            assert!((&doubled - 1_u32).pow(1024) < power, "{step}");
            assert!(power < (doubled + 1_u32).pow(1024), "{step}");
        }
        assert_eq!(table()[0], BigUint::from(1_u64 << 63));
    }

    /// Goal: floors before 1970 too, and the formula's values. Method: weights worked out apart.
    #[test]
    fn s20_weights_floor_toward_minus_infinity() {
        assert_eq!(weight(0, 2048), (1 << 52, 0));
        assert_eq!(weight(2048, 2048), (1 << 52, 1));
        assert_eq!(weight(-2048, 2048), (1 << 52, -1));
        assert_eq!(weight(-1, 2048), (9_004_151_277_026_148, -1));
        assert_eq!(weight(1, 2), (6_369_051_672_525_772, 0));
        assert_eq!(weight(1, 3), (5_674_179_970_822_794, 0));
    }
}
