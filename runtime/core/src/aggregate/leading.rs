//! Leading bits: the highest bits of a real number, which are enough to round it (S17).
//!
//! A [`Leading`] is `±(magnitude + cut) * 2^exponent` with `0 <= cut < 1`, where `sticky` says
//! whether `cut` is positive. Invariant: with `sticky` the magnitude has at least 120 bits (all 128
//! if it is to be divided), so the cut lies far below the last bit of any double, even after a
//! square root. Deliberately absent: any floating-point operation.

use super::rounding::round;

/// The leading bits of a real number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leading {
    /// Whether the number is below zero.
    pub negative: bool,
    /// Its highest bits; 0 only for zero.
    pub magnitude: u128,
    /// The exponent of the magnitude's last bit.
    pub exponent: i64,
    /// Whether a positive amount below the last bit was cut off.
    pub sticky: bool,
}

impl Leading {
    /// The leading bits of `±limbs * 2^exponent`, plus a positive amount below the last bit if
    /// `sticky`; the limbs are little-endian, with more than 128 significant bits if `sticky`.
    pub fn of(negative: bool, limbs: &[u64], exponent: i64, sticky: bool) -> Leading {
        let Some(top) = limbs.iter().rposition(|&limb| limb != 0) else {
            debug_assert!(!sticky, "what was cut lies below the leading bits");
            return Leading { negative: false, magnitude: 0, exponent: 0, sticky: false };
        };
        let limb = |below: usize| top.checked_sub(below).map_or(0, |at| limbs[at]);
        let shift = limb(0).leading_zeros();
        let high = u128::from(limb(0)) << 64 | u128::from(limb(1));
        let low = (limb(2) >> 1) >> (63 - shift);
        let cut = limb(2) << shift != 0 || limbs[..top.saturating_sub(2)].iter().any(|&l| l != 0);
        Leading {
            negative,
            magnitude: high << shift | u128::from(low),
            exponent: exponent + 64 * (top as i64 - 1) - i64::from(shift),
            sticky: sticky || cut,
        }
    }

    /// The leading bits of `±limbs * 2^exponent / divisor`; the divisor is not 0.
    pub fn of_quotient(negative: bool, limbs: &[u64], exponent: i64, divisor: u64) -> Leading {
        // Three limbs more than the number has, so the quotient is above 2^128 for any divisor.
        let mut quotient = vec![0; limbs.len() + 3];
        let (divisor, mut rest) = (u128::from(divisor), 0);
        for at in (0..quotient.len()).rev() {
            let limb = at.checked_sub(3).map_or(0, |at| limbs[at]);
            let dividend = rest << 64 | u128::from(limb);
            // The rest is below the divisor, so a digit of the quotient has 64 bits.
            quotient[at] = (dividend / divisor) as u64;
            rest = dividend % divisor;
        }
        Leading::of(negative, &quotient, exponent - 192, rest != 0)
    }

    /// An integer.
    pub fn integer(value: i128) -> Leading {
        Leading { negative: value < 0, magnitude: value.unsigned_abs(), exponent: 0, sticky: false }
    }

    /// The same number times `2^by`.
    pub fn times_power(self, by: i64) -> Leading {
        Leading { exponent: self.exponent.saturating_add(by), ..self }
    }

    /// Whether the number is zero.
    pub fn is_zero(&self) -> bool {
        self.magnitude == 0
    }

    /// The nearest double.
    pub fn round(self) -> f64 {
        // Far beyond the doubles' range on both sides, where every magnitude rounds alike.
        let exponent = self.exponent.clamp(-10_000, 10_000) as i32;
        round(self.negative, self.magnitude, exponent, self.sticky)
    }

    /// The double nearest to the number divided by `divisor`, which is not 0.
    ///
    /// With the magnitude's highest bit set the whole quotient has at least 64 bits, and cutting
    /// below the magnitude's last bit does not change it.
    pub fn round_quotient(self, divisor: u64) -> f64 {
        if self.is_zero() {
            return 0.0;
        }
        debug_assert!(!self.sticky || self.magnitude >> 127 == 1, "too few leading bits to divide");
        let shift = self.magnitude.leading_zeros();
        let (magnitude, divisor) = (self.magnitude << shift, u128::from(divisor));
        let quotient = magnitude / divisor;
        let sticky = self.sticky || magnitude % divisor != 0;
        let exponent = self.exponent - i64::from(shift);
        Leading { magnitude: quotient, exponent, sticky, ..self }.round()
    }

    /// The double nearest to the square root of the magnitude, with the number's sign.
    pub fn round_square_root(self) -> f64 {
        if self.is_zero() {
            return 0.0;
        }
        // Bits that were cut off cannot be shifted in; the magnitude has enough bits already.
        let shift = if self.sticky { 0 } else { self.magnitude.leading_zeros() };
        let (magnitude, exponent) = (self.magnitude << shift, self.exponent - i64::from(shift));
        // Makes the exponent even, which costs at most one bit.
        let odd = exponent & 1 == 1;
        let even = magnitude >> u32::from(odd);
        let root = even.isqrt();
        let cut = self.sticky || root * root != even || (odd && magnitude & 1 == 1);
        let exponent = (exponent + i64::from(odd)) / 2;
        Leading { magnitude: root, exponent, sticky: cut, ..self }.round()
    }
}
