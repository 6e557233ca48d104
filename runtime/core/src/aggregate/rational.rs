//! Rationals of big integers, and their square roots, rounded once (S17).
//!
//! A [`Scaled`] is an integer times a power of two, as exact sums are, and also sums, products and
//! multiples of exact sums. Invariant: [`round_quotient`] and [`round_root`] return the double
//! nearest to the real result, ties to even, including subnormals and overflow. A quotient of at
//! least 125 bits and a sticky remainder are enough to decide, even under a square root.
//! Deliberately absent: any floating-point operation, and reduced fractions, which rounding does
//! not need.

use super::leading::Leading;
use num_bigint::{BigInt, BigUint, Sign};
use std::ops::{Add, Mul, Sub};

/// `mantissa * 2^exponent`.
#[derive(Clone, Debug)]
pub struct Scaled {
    mantissa: BigInt,
    exponent: i64,
}

impl Scaled {
    /// `±limbs * 2^exponent`; the limbs are little-endian.
    pub fn of_limbs(negative: bool, limbs: &[u64], exponent: i64) -> Scaled {
        let halves = limbs.iter().flat_map(|&limb| [limb as u32, (limb >> 32) as u32]).collect();
        let sign = if negative { Sign::Minus } else { Sign::Plus };
        let mantissa = BigInt::from_biguint(sign, BigUint::new(halves));
        match mantissa.trailing_zeros() {
            // Short mantissas make the products below cheap.
            Some(zeros) => {
                Scaled { mantissa: mantissa >> zeros, exponent: exponent + zeros as i64 }
            }
            None => Scaled { mantissa, exponent: 0 },
        }
    }

    /// `mantissa * 2^exponent`.
    pub fn new(mantissa: i128, exponent: i64) -> Scaled {
        Scaled { mantissa: BigInt::from(mantissa), exponent }
    }

    /// Whether the number is zero.
    pub fn is_zero(&self) -> bool {
        self.mantissa.sign() == Sign::NoSign
    }

    /// Whether the number is below zero.
    pub fn is_negative(&self) -> bool {
        self.mantissa.sign() == Sign::Minus
    }

    /// The number times itself.
    pub fn squared(&self) -> Scaled {
        self * self
    }

    /// The leading bits.
    pub fn leading(&self) -> Leading {
        let limbs: Vec<u64> = self.mantissa.iter_u64_digits().collect();
        Leading::of(self.is_negative(), &limbs, self.exponent, false)
    }

    /// Both mantissas with the lower of the two exponents.
    fn aligned(&self, other: &Scaled) -> (BigInt, BigInt, i64) {
        // Zero has no exponent of its own.
        let low = match (self.is_zero(), other.is_zero()) {
            (true, _) => other.exponent,
            (_, true) => self.exponent,
            _ => self.exponent.min(other.exponent),
        };
        let at = |number: &Scaled| &number.mantissa << (number.exponent - low).max(0) as u64;
        (at(self), at(other), low)
    }
}

impl From<u128> for Scaled {
    fn from(value: u128) -> Scaled {
        Scaled { mantissa: BigInt::from(value), exponent: 0 }
    }
}

impl Mul for &Scaled {
    type Output = Scaled;

    fn mul(self, other: &Scaled) -> Scaled {
        Scaled {
            mantissa: &self.mantissa * &other.mantissa,
            exponent: self.exponent + other.exponent,
        }
    }
}

impl Mul<u64> for &Scaled {
    type Output = Scaled;

    fn mul(self, other: u64) -> Scaled {
        Scaled { mantissa: &self.mantissa * other, exponent: self.exponent }
    }
}

impl Add for &Scaled {
    type Output = Scaled;

    fn add(self, other: &Scaled) -> Scaled {
        let (a, b, exponent) = self.aligned(other);
        Scaled { mantissa: a + b, exponent }
    }
}

impl Sub for &Scaled {
    type Output = Scaled;

    fn sub(self, other: &Scaled) -> Scaled {
        let (a, b, exponent) = self.aligned(other);
        Scaled { mantissa: a - b, exponent }
    }
}

/// The leading 125 to 128 bits of `|a / b|`, with an even exponent; `b` is not zero.
fn quotient(a: &Scaled, b: &Scaled) -> Leading {
    let (top, bottom) = (a.mantissa.magnitude(), b.mantissa.magnitude());
    let mut shift = 126 - (top.bits() as i64 - bottom.bits() as i64);
    shift += (a.exponent - b.exponent - shift).rem_euclid(2);
    let (top, bottom) = if shift >= 0 {
        (top << shift as u64, bottom.clone())
    } else {
        (top.clone(), bottom << shift.unsigned_abs())
    };
    let whole = &top / &bottom;
    let sticky = &whole * &bottom != top;
    let mut limbs = whole.iter_u64_digits();
    let mut limb = || u128::from(limbs.next().unwrap_or(0));
    let magnitude = limb() | limb() << 64;
    let negative = a.is_negative() != b.is_negative();
    Leading { negative, magnitude, exponent: a.exponent - b.exponent - shift, sticky }
}

/// The double nearest to `a / b`; `b` is not zero.
pub fn round_quotient(a: &Scaled, b: &Scaled) -> f64 {
    if a.is_zero() {
        return 0.0;
    }
    quotient(a, b).round()
}

/// The double nearest to the square root of `|a / b|`, below zero if `negative`; `b` is not zero.
pub fn round_root(negative: bool, a: &Scaled, b: &Scaled) -> f64 {
    if a.is_zero() {
        return 0.0;
    }
    Leading { negative, ..quotient(a, b) }.round_square_root()
}
