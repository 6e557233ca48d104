//! Cross sums: `n Sxy - Sx Sy`, where n is the number of pairs (x, y) and Sx, Sy and Sxy are the
//! sums of x, y and x y. Every variance (with y = x) and covariance is computed from one.
//!
//! Invariant: the number is exact; a quotient of it, or its square root, is rounded once (S17).
//! Sums of ordinary data fit 512 bits without allocation, all others use big integers, and both
//! ways give the same number. Deliberately absent: which sums, counts and nulls a formula has.

use super::exact::ExactSum;
use super::fixed::{
    LIMBS_MAX, added, bit_length, magnitude, product, shifted_left, shifted_right, trailing_zeros,
};
use super::leading::Leading;
use super::rational::{Scaled, round_quotient, round_root};

/// An exact `n Sxy - Sx Sy`.
#[derive(Clone, Debug)]
pub enum Cross {
    /// `±limbs * 2^exponent`.
    Fixed {
        /// Whether it is below zero.
        negative: bool,
        /// The magnitude, least significant limb first.
        limbs: [u64; LIMBS_MAX],
        /// The exponent of its last bit.
        exponent: i64,
    },
    /// The same as a big integer.
    Big(Scaled),
}

/// Sign, magnitude in at most `K` limbs, exponent.
type Short<const K: usize> = (bool, [u64; K], i64);

/// A sum in `K` limbs, if they hold it.
fn short<const K: usize>(sum: &ExactSum) -> Option<Short<K>> {
    let (limbs, exponent) = sum.fixed()?;
    let (negative, limbs) = magnitude(limbs);
    let zeros = trailing_zeros(&limbs) % 256;
    let limbs = shifted_right(&limbs, zeros);
    let fits = bit_length(&limbs) <= 64 * K as u32;
    fits.then(|| (negative, shifted_left(&limbs, 0), exponent + i64::from(zeros)))
}

impl Cross {
    /// `n Sxy - Sx Sy`.
    pub fn new(n: u64, sxy: &ExactSum, sx: &ExactSum, sy: &ExactSum) -> Cross {
        Cross::fixed(n, sxy, sx, sy)
            .unwrap_or_else(|| Cross::Big(&(&sxy.scaled() * n) - &(&sx.scaled() * &sy.scaled())))
    }

    fn fixed(n: u64, sxy: &ExactSum, sx: &ExactSum, sy: &ExactSum) -> Option<Cross> {
        let (xy, x, y): (Short<4>, Short<2>, Short<2>) = (short(sxy)?, short(sx)?, short(sy)?);
        let plus: [u64; 5] = product(&xy.1, &[n]);
        let minus: [u64; 4] = product(&x.1, &y.1);
        let (plus_exponent, minus_exponent) = (xy.2, x.2 + y.2);
        let (plus_bits, minus_bits) = (bit_length(&plus), bit_length(&minus));
        let low = match (plus_bits, minus_bits) {
            (0, _) => minus_exponent,
            (_, 0) => plus_exponent,
            _ => plus_exponent.min(minus_exponent),
        };
        let place = |bits: u32, exponent: i64| {
            let shift = if bits == 0 { 0 } else { u32::try_from(exponent - low).ok()? };
            // Two bits for the carry and the sign.
            (bits.checked_add(shift)? <= 64 * LIMBS_MAX as u32 - 2).then_some(shift)
        };
        let plus = shifted_left(&plus, place(plus_bits, plus_exponent)?);
        let minus = shifted_left(&minus, place(minus_bits, minus_exponent)?);
        let sum = added(&[0; LIMBS_MAX], &plus, xy.0)?;
        let (negative, limbs) = magnitude(&added(&sum, &minus, x.0 == y.0)?);
        Some(Cross::Fixed { negative, limbs, exponent: low })
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        match self {
            Cross::Fixed { limbs, .. } => bit_length(limbs) == 0,
            Cross::Big(number) => number.is_zero(),
        }
    }

    /// The number as a big integer times a power of two.
    pub fn scaled(&self) -> Scaled {
        match self {
            Cross::Fixed { negative, limbs, exponent } => {
                Scaled::of_limbs(*negative, limbs, *exponent)
            }
            Cross::Big(number) => number.clone(),
        }
    }

    /// The leading bits of the quotient by `divisor`, if it can be computed without big integers.
    fn short_quotient(&self, divisor: u128) -> Option<Leading> {
        match (self, u64::try_from(divisor)) {
            (Cross::Fixed { negative, limbs, exponent }, Ok(divisor)) => {
                Some(Leading::of_quotient(*negative, limbs, *exponent, divisor))
            }
            _ => None,
        }
    }

    /// The double nearest to the quotient by `divisor`, which is not 0.
    pub fn round_quotient(&self, divisor: u128) -> f64 {
        match self.short_quotient(divisor) {
            Some(leading) => leading.round(),
            None => round_quotient(&self.scaled(), &Scaled::from(divisor)),
        }
    }

    /// The double nearest to the square root of the quotient by `divisor`, which is not 0.
    pub fn round_root(&self, divisor: u128) -> f64 {
        match self.short_quotient(divisor) {
            Some(leading) => leading.round_square_root(),
            None => round_root(false, &self.scaled(), &Scaled::from(divisor)),
        }
    }
}
