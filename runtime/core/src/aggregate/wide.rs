//! A sparse superaccumulator: an exact number of any size, stored as its digits that are not zero.
//!
//! It is the slow path of [`super::float_sum`] and [`super::exact`]; the method is from Neal, "Fast
//! exact summation using small and large superaccumulators" (2015). The number is the sum over
//! its digits, of `-2^63 .. 2^63`, of `digit * 2^(64 * index)`. Invariant: no digit is 0 and indices ascend,
//! so each number has one form; its sign is that of the highest digit. A term changes at most its
//! own digits and one sequence of carries, so memory grows with the number of terms, never with the
//! distance between their exponents. Deliberately absent: an encoding, because a sum is encoded by
//! its value.

use super::leading::Leading;

/// Limbs that hold the leading 128 bits and what a borrow from below can change.
const LEADING_LIMBS: usize = 4;

/// An exact sum of terms of any exponent within ±2^62.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wide {
    /// (index, digit), indices ascending, no digit 0.
    digits: Vec<(i64, i64)>,
}

impl Wide {
    /// Zero.
    pub const fn zero() -> Wide {
        Wide { digits: Vec::new() }
    }

    /// Whether the sum is 0.
    pub fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// Adds `±limbs * 2^exponent`; the limbs are little-endian.
    pub fn add(&mut self, negative: bool, limbs: &[u64], exponent: i64) {
        let (mut index, shift) = (exponent.div_euclid(64), exponent.rem_euclid(64) as u32);
        let mut at = self.digits.partition_point(|digit| digit.0 < index);
        let mut carry = 0i128;
        for place in 0.. {
            let limb = |place: usize| limbs.get(place).copied().unwrap_or(0);
            if place > limbs.len() && carry == 0 {
                return;
            }
            let below = if place == 0 { 0 } else { limb(place - 1) };
            let part = i128::from(limb(place) << shift | (below >> 1) >> (63 - shift));
            carry += if negative { -part } else { part };
            let known = self.digits.get(at).filter(|digit| digit.0 == index).map(|digit| digit.1);
            let total = carry + i128::from(known.unwrap_or(0));
            let digit = total as i64;
            carry = (total - i128::from(digit)) >> 64;
            match (known.is_some(), digit) {
                (true, 0) => drop(self.digits.remove(at)),
                (true, _) => self.digits[at].1 = digit,
                (false, 0) => {}
                (false, _) => self.digits.insert(at, (index, digit)),
            }
            at += usize::from(digit != 0);
            index += 1;
        }
    }

    /// Adds or subtracts another sum.
    pub fn merge(&mut self, other: &Wide, subtract: bool) {
        for &(index, digit) in &other.digits {
            self.add(subtract != (digit < 0), &[digit.unsigned_abs()], 64 * index);
        }
    }

    /// Whether the sum is below 0.
    pub fn is_negative(&self) -> bool {
        self.digits.last().is_some_and(|&(_, digit)| digit < 0)
    }

    /// `count` limbs of the magnitude from digit `index` up, as if lower digits were 0.
    fn limbs(&self, index: i64, count: usize) -> Vec<u64> {
        let negative = self.is_negative();
        let mut digits = self.digits[self.digits.partition_point(|d| d.0 < index)..].iter();
        let mut next = digits.next();
        let mut carry = 0i128;
        let limbs = (index..).take(count).map(|at| {
            if let Some(&(_, digit)) = next.filter(|digit| digit.0 == at) {
                carry += if negative { -i128::from(digit) } else { i128::from(digit) };
                next = digits.next();
            }
            let limb = carry as u64;
            carry >>= 64;
            limb
        });
        limbs.collect()
    }

    /// Sign, magnitude in little-endian limbs, and the exponent of its last bit. The size depends
    /// on the distance between the highest and the lowest digit, so this is for sums whose terms
    /// have similar exponents.
    pub fn dense(&self) -> (bool, Vec<u64>, i64) {
        let (Some(low), Some(high)) = (self.digits.first(), self.digits.last()) else {
            return (false, Vec::new(), 0);
        };
        let count = (high.0 - low.0 + 1) as usize;
        (self.is_negative(), self.limbs(low.0, count), 64 * low.0)
    }

    /// The leading bits of the sum; no dense form is made.
    pub fn leading(&self) -> Leading {
        let Some(&(top, _)) = self.digits.last() else { return Leading::integer(0) };
        let lowest = top - (LEADING_LIMBS as i64 - 1);
        let negative = self.is_negative();
        let mut limbs = self.limbs(lowest, LEADING_LIMBS);
        // The highest lower digit decides on which side of the limbs the sum lies.
        let below = self.digits.iter().rev().find(|digit| digit.0 < lowest);
        if let Some(&(_, digit)) = below
            && (digit < 0) != negative
        {
            let mut borrow = true;
            for limb in &mut limbs {
                (*limb, borrow) = limb.borrowing_sub(0, borrow);
            }
        }
        Leading::of(negative, &limbs, 64 * lowest, below.is_some())
    }
}
