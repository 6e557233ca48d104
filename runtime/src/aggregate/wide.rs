//! A superaccumulator: a fixed-point number that holds any sum of doubles exactly.
//!
//! Two's complement, last bit 2^-1074, wide enough for 2^64 of the greatest doubles (Neal, "Fast
//! exact summation using small and large superaccumulators", 2015, has the idea). It is the slow
//! path behind [`super::float_sum`]. Invariant: exact; nothing overflows below 2^64 values.
//! Deliberately absent: speed, and an encoding, since the sum's is that of its value.

/// 2^-1074 to 2^1024, 64 bits for counts, a sign: 2163 bits.
const LIMBS: usize = 34;
/// The exponent of the last bit.
const LAST_EXPONENT: i32 = -1074;

/// An exact sum of any finite doubles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wide([u64; LIMBS]);

impl Wide {
    /// Zero.
    pub fn zero() -> Wide {
        Wide([0; LIMBS])
    }

    /// Adds `mantissa * 2^exponent`; `exponent` is at least -1074.
    pub fn add(&mut self, mantissa: i128, exponent: i32) {
        let bit = usize::try_from(exponent - LAST_EXPONENT).expect("no double is below 2^-1074");
        let (limb, shift) = (bit / 64, bit % 64);
        let magnitude = mantissa.unsigned_abs();
        let low = magnitude << shift;
        let high = if shift == 0 { 0 } else { (magnitude >> (128 - shift)) as u64 };
        let parts = [low as u64, (low >> 64) as u64, high];
        let negative = mantissa < 0;
        let mut carry = false;
        for (i, word) in self.0[limb..].iter_mut().enumerate() {
            let part = parts.get(i).copied().unwrap_or(0);
            if i >= parts.len() && !carry {
                break;
            }
            let (next, out) = if negative {
                word.borrowing_sub(part, carry)
            } else {
                word.carrying_add(part, carry)
            };
            *word = next;
            carry = out;
        }
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: &Wide) {
        let mut carry = false;
        for (word, part) in self.0.iter_mut().zip(other.0) {
            (*word, carry) = word.carrying_add(part, carry);
        }
    }

    /// Sign and magnitude.
    fn magnitude(&self) -> (bool, [u64; LIMBS]) {
        let negative = self.0[LIMBS - 1] >> 63 == 1;
        let mut limbs = self.0;
        if negative {
            let mut carry = true;
            for word in &mut limbs {
                (*word, carry) = (!*word).carrying_add(0, carry);
            }
        }
        (negative, limbs)
    }

    /// The sum as sign, highest 128 bits (top bit set unless all bits fit), their exponent, and
    /// whether anything lies below them.
    pub fn leading(&self) -> (bool, u128, i32, bool) {
        let (negative, limbs) = self.magnitude();
        let Some(top) = limbs.iter().rposition(|&word| word != 0) else {
            return (false, 0, 0, false);
        };
        let word = |i: usize| top.checked_sub(i).map_or(0, |at| limbs[at]);
        let shift = word(0).leading_zeros();
        let high = u128::from(word(0)) << 64 | u128::from(word(1));
        let low = if shift == 0 { 0 } else { word(2) >> (64 - shift) };
        let bits = high << shift | u128::from(low);
        let exponent = LAST_EXPONENT + 64 * (top as i32 - 1) - shift as i32;
        let rest = word(2) << shift != 0 || (3..=top).any(|i| word(i) != 0);
        (negative, bits, exponent, rest)
    }

    /// Sign, odd magnitude in little-endian limbs without leading zeros, and its exponent.
    pub fn odd(&self) -> (bool, Vec<u64>, i32) {
        let (negative, limbs) = self.magnitude();
        let Some(first) = limbs.iter().position(|&word| word != 0) else {
            return (false, Vec::new(), 0);
        };
        let shift = limbs[first].trailing_zeros();
        let mut odd: Vec<u64> = (first..LIMBS)
            .map(|i| {
                let above = limbs.get(i + 1).copied().unwrap_or(0);
                let high = if shift == 0 { 0 } else { above << (64 - shift) };
                limbs[i] >> shift | high
            })
            .collect();
        while odd.last() == Some(&0) {
            odd.pop();
        }
        (negative, odd, LAST_EXPONENT + 64 * first as i32 + shift as i32)
    }
}
