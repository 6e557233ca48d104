//! Floats as exact rationals, and a rational rounded once to a double (S17).
//!
//! Invariant: [`round`] gives the double nearest to the rational, of two equally near the one with
//! an even last bit; subnormals and both ends of the range follow from the same rule, and so does
//! [`round_sqrt`] for the square root. Both compute in integers only. Deliberately absent: any
//! floating-point arithmetic.

use num_bigint::{BigInt, BigUint, Sign};
use num_rational::BigRational;

/// The exponent of the least positive double.
const EXPONENT_MIN: i64 = -1074;
/// The significant bits of a double.
const PRECISION_BITS: i64 = 53;
/// The bits of positive infinity.
const INFINITY_BITS: u64 = 0x7ff0_0000_0000_0000;
/// The sign bit of a double.
const SIGN_BIT: u64 = 1 << 63;

/// A finite double as `mantissa * 2^exponent`.
///
/// # Panics
/// If `x` is a NaN or infinite: neither is a real number.
pub(crate) fn parts(x: f64) -> (i64, i64) {
    assert!(x.is_finite(), "{x} is not a real number");
    let bits = x.to_bits();
    let fraction = (bits & ((1 << 52) - 1)) as i64;
    let (mantissa, exponent) = match (bits >> 52) & 0x7ff {
        0 => (fraction, EXPONENT_MIN),
        biased => (fraction | 1 << 52, biased as i64 - 1 + EXPONENT_MIN),
    };
    (if x.is_sign_negative() { -mantissa } else { mantissa }, exponent)
}

/// The rational that a finite double is.
pub fn rational_of(x: f64) -> BigRational {
    let (mantissa, exponent) = parts(x);
    scaled(BigInt::from(mantissa), exponent)
}

/// `integer * 2^exponent`.
pub(crate) fn scaled(integer: BigInt, exponent: i64) -> BigRational {
    let power = BigInt::from(1) << exponent.unsigned_abs();
    if exponent < 0 {
        BigRational::new(integer, power)
    } else {
        BigRational::from_integer(integer * power)
    }
}

/// The nearest double, ties to even; beyond the range infinite; exactly zero is +0.0.
pub fn round(x: &BigRational) -> f64 {
    if x.numer().sign() == Sign::NoSign {
        return 0.0;
    }
    let negative = (x.numer().sign() == Sign::Minus) != (x.denom().sign() == Sign::Minus);
    let (numer, denom) = (x.numer().magnitude(), x.denom().magnitude());
    // 2^(log - 1) < |x| < 2^(log + 1), so the unit in the last place is 2^exponent or twice that.
    let log = numer.bits() as i64 - denom.bits() as i64;
    let mut exponent = (log - PRECISION_BITS).max(EXPONENT_MIN);
    let (mut quotient, mut remainder, mut divisor) = divide(numer, denom, exponent);
    if quotient.bits() as i64 > PRECISION_BITS {
        exponent += 1;
        (quotient, remainder, divisor) = divide(numer, denom, exponent);
    }
    let odd = quotient.bit(0);
    let doubled = remainder << 1_u32;
    if doubled > divisor || (doubled == divisor && odd) {
        quotient += 1_u32;
    }
    if exponent > -EXPONENT_MIN {
        return f64::from_bits(INFINITY_BITS | if negative { SIGN_BIT } else { 0 });
    }
    // A double's bits count the doubles from 0 up: `quotient` units within the binade, and 2^52
    // for each binade below. A carry out of the mantissa lands in the exponent by itself.
    let quotient = u64::try_from(quotient).expect("at most 2^53");
    let binades = (exponent - EXPONENT_MIN) as u64;
    let bits = ((binades << 52) + quotient).min(INFINITY_BITS);
    f64::from_bits(bits | if negative { SIGN_BIT } else { 0 })
}

/// The double nearest to the square root of a rational that is not negative.
///
/// The integer root of `x * 4^half` has at least 56 bits, so every double and every middle of two is
/// a whole number of its units. A bit behind them says whether something was cut off.
///
/// # Panics
/// If `x` is negative.
pub fn round_sqrt(x: &BigRational) -> f64 {
    let (numer, denom) = (x.numer(), x.denom().magnitude());
    assert!(numer.sign() != Sign::Minus, "{x} has no square root");
    if numer.sign() == Sign::NoSign {
        return 0.0;
    }
    let log = numer.bits() as i64 - denom.bits() as i64;
    let half = (2 * (PRECISION_BITS + 3) + 1 - log).div_euclid(2);
    let (quotient, remainder, _) = divide(numer.magnitude(), denom, -2 * half);
    let root = quotient.sqrt();
    let inexact = remainder.bits() > 0 || &root * &root != quotient;
    let with_sticky_bit = (root << 1_u32) + u32::from(inexact);
    round(&scaled(BigInt::from(with_sticky_bit), -half - 1))
}

/// `numer / denom / 2^exponent` as quotient, remainder and the divisor of the remainder.
fn divide(numer: &BigUint, denom: &BigUint, exponent: i64) -> (BigUint, BigUint, BigUint) {
    let shift = exponent.unsigned_abs();
    let (numer, denom) = if exponent < 0 {
        (numer << shift, denom.clone())
    } else {
        (numer.clone(), denom << shift)
    };
    (&numer / &denom, &numer % &denom, denom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fraction(numer: i128, denom: i128) -> BigRational {
        BigRational::new(BigInt::from(numer), BigInt::from(denom))
    }

    /// Goal: rounding at the ends of the range and at ties. Method: cases worked out by hand.
    #[test]
    fn s17_rounds_to_nearest_even() {
        let power = |exponent: i64| scaled(BigInt::from(1), exponent);
        let least = f64::from_bits(1);
        for (exact, double) in [
            (fraction(0, 1), 0.0),
            (fraction(1, 3), 1.0 / 3.0),
            (fraction(-1, 10), -0.1),
            (fraction((1 << 53) + 1, 1), 9_007_199_254_740_992.0),
            (fraction((1 << 53) + 3, 1), 9_007_199_254_740_996.0),
            // Halves of the least double: a tie to 0, above it up, one and a half up to 2.
            (power(-1075), 0.0),
            (power(-1075) + power(-1200), least),
            (power(-1075) * fraction(3, 1), f64::from_bits(2)),
            (-(power(-1075) + power(-1200)), -least),
            (power(-5000), 0.0),
            // The greatest subnormal and a half rounds up into the normal range.
            (rational_of(f64::from_bits((1 << 52) - 1)) + power(-1075), f64::MIN_POSITIVE),
            // Half a unit beyond the greatest double is a tie to even: infinite; below it, not.
            (rational_of(f64::MAX) + power(970), f64::INFINITY),
            (rational_of(f64::MAX) + power(970) - power(-1074), f64::MAX),
            (-power(1024), f64::NEG_INFINITY),
            (power(9000), f64::INFINITY),
        ] {
            assert_eq!(round(&exact).to_bits(), double.to_bits(), "{double:?}");
        }
        // A negative number that rounds to zero keeps its sign: the exact result is not zero.
        assert_eq!(round(&-power(-5000)).to_bits(), (-0.0_f64).to_bits());
    }

    /// Goal: roots at a tie go to the even double, and beside it to the nearer. Method: squares of
    /// the middle of two doubles, exact and changed in one far bit.
    #[test]
    fn s17_roots_round_ties_to_even() {
        let (low, high) = (1.0 + f64::EPSILON, 1.0 + 2.0 * f64::EPSILON);
        let middle = (rational_of(low) + rational_of(high)) * fraction(1, 2);
        let tie = &middle * &middle;
        let little = scaled(BigInt::from(1), -3000);
        assert_eq!(round_sqrt(&tie).to_bits(), high.to_bits());
        assert_eq!(round_sqrt(&(&tie + &little)).to_bits(), high.to_bits());
        assert_eq!(round_sqrt(&(&tie - &little)).to_bits(), low.to_bits());
        assert_eq!(round_sqrt(&fraction(9, 4)).to_bits(), 1.5_f64.to_bits());
        assert_eq!(round_sqrt(&fraction(0, 1)).to_bits(), 0.0_f64.to_bits());
        // Half of the least double is a tie to zero.
        let half = scaled(BigInt::from(1), -1075);
        assert_eq!(round_sqrt(&(&half * &half)), 0.0);
        assert_eq!(round_sqrt(&(&half * &half + &little)), f64::from_bits(1));
    }

    proptest! {
        /// Goal: a double survives the way to a rational and back. Method: random bits.
        #[test]
        fn s17_doubles_round_to_themselves(bits in any::<u64>()) {
            let x = f64::from_bits(bits);
            prop_assume!(x.is_finite() && bits != SIGN_BIT);
            prop_assert_eq!(round(&rational_of(x)).to_bits(), bits);
        }

        /// Goal: integers round as the hardware rounds them. Method: against `i128 as f64`.
        #[test]
        fn s17_integers_round_as_the_hardware(x in any::<i128>(), shift in 0_u32..127) {
            let x = x >> shift;
            prop_assert_eq!(round(&fraction(x, 1)).to_bits(), (x as f64).to_bits());
        }

        /// Goal: one rounding of a sum, product and quotient of two doubles. Method: IEEE 754 asks
        /// the hardware for the same, subnormal results and overflow included.
        #[test]
        fn s17_arithmetic_rounds_as_the_hardware(a in any::<u64>(), b in any::<u64>()) {
            let (a, b) = (f64::from_bits(a), f64::from_bits(b));
            prop_assume!(a.is_finite() && b.is_finite() && a != 0.0 && b != 0.0);
            let (x, y) = (rational_of(a), rational_of(b));
            prop_assert_eq!(round(&(&x + &y)).to_bits(), (a + b).to_bits());
            prop_assert_eq!(round(&(&x * &y)).to_bits(), (a * b).to_bits());
            prop_assert_eq!(round(&(&x / &y)).to_bits(), (a / b).to_bits());
        }

        /// Goal: square roots of doubles are those of the hardware. Method: random bits; IEEE 754
        /// asks for one rounding.
        #[test]
        fn s17_roots_round_as_the_hardware(bits in any::<u64>()) {
            let x = f64::from_bits(bits & !SIGN_BIT);
            prop_assume!(x.is_finite());
            prop_assert_eq!(round_sqrt(&rational_of(x)).to_bits(), x.sqrt().to_bits());
        }

        /// Goal: the root of any rational is the nearest double. Method: the squares of the middles
        /// to both neighbours enclose the rational; fractions of every size, subnormal roots too.
        #[test]
        fn s17_roots_lie_between_the_squares_of_middles(
            numer in 1..u128::MAX, denom in 1..u128::MAX, shift in -2400_i64..2000,
        ) {
            let x = BigRational::new(BigInt::from(numer), BigInt::from(denom))
                * scaled(BigInt::from(1), shift);
            let root = round_sqrt(&x);
            prop_assume!(root.is_finite() && root < f64::MAX);
            let middle = |a: f64, b: f64| (rational_of(a) + rational_of(b)) * fraction(1, 2);
            let above = middle(root, f64::from_bits(root.to_bits() + 1));
            prop_assert!(x <= &above * &above);
            if root > 0.0 {
                let below = middle(root, f64::from_bits(root.to_bits() - 1));
                prop_assert!(x >= &below * &below);
            }
        }
    }
}
