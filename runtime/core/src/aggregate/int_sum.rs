//! The exact sum of 64-bit integers, signed or unsigned, in 128 bits (S17).
//!
//! Laws: those of the integers, modulo 2^128: fewer than 2^63 values of 64 bits cannot overflow 127.
//! State: an i128. Error bound: none; the result is null with status `overflow` only if the final
//! sum leaves the 64 bits of its type, and the mean is the rational rounded once. Bytes: a zigzag
//! variable-length integer, 1 to 19.

use super::bytes::{put_signed, signed};
use super::rounding::round_quotient;

/// The exact sum of 64-bit integers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IntSum(i128);

impl IntSum {
    /// The sum whose exact value is `sum`.
    #[inline]
    pub fn of(sum: i64) -> IntSum {
        IntSum(i128::from(sum))
    }

    /// Adds one value.
    pub fn add(&mut self, value: i64) {
        self.0 = self.0.wrapping_add(i128::from(value));
    }

    /// Adds one unsigned value.
    #[inline]
    pub fn add_unsigned(&mut self, value: u64) {
        self.0 = self.0.wrapping_add(i128::from(value));
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: &IntSum) {
        // Valid sums cannot overflow; damaged bytes may hold any sum.
        self.0 = self.0.wrapping_add(other.0);
    }

    /// Subtracts a sum that was merged into this one.
    pub fn subtract(&mut self, other: &IntSum) {
        self.0 = self.0.wrapping_sub(other.0);
    }

    /// The exact sum.
    pub fn exact(self) -> i128 {
        self.0
    }

    /// The sum of unsigned values, or `None` if it leaves 64 bits.
    pub fn unsigned_sum(self) -> Option<u64> {
        u64::try_from(self.0).ok()
    }

    /// The sum, or `None` if it leaves 64 bits.
    #[inline]
    pub fn sum(self) -> Option<i64> {
        i64::try_from(self.0).ok()
    }

    /// The sum divided by `count`, rounded once.
    #[inline]
    pub fn mean(self, count: u64) -> f64 {
        // Doubles hold both exactly, so that their quotient is rounded once.
        const EXACT: u64 = 1 << 53;
        if let (Ok(sum), true) = (i64::try_from(self.0), count <= EXACT)
            && sum.unsigned_abs() <= EXACT
        {
            return sum as f64 / count as i64 as f64;
        }
        round_quotient(self.0 < 0, self.0.unsigned_abs(), 0, false, count)
    }

    /// Appends the canonical encoding.
    pub fn encode(self, out: &mut Vec<u8>) {
        put_signed(self.0, out);
    }

    /// Reads what [`IntSum::encode`] wrote.
    pub fn decode(bytes: &mut &[u8]) -> Option<IntSum> {
        signed(bytes).map(IntSum)
    }
}

#[cfg(test)]
mod tests {
    use super::super::laws::{Lawful, check_bytes, check_monoid, encoded, merged};
    use super::super::nearest::any_integer;
    use super::*;
    use proptest::prelude::*;

    impl Lawful for IntSum {
        fn merge(&mut self, other: &Self) {
            self.merge(other);
        }
        fn encode(&self, out: &mut Vec<u8>) {
            (*self).encode(out);
        }
        fn decode(&self, bytes: &mut &[u8]) -> Option<Self> {
            IntSum::decode(bytes)
        }
    }

    proptest! {
        /// Goal: the laws of S1, and that a subtraction undoes a merge.
        #[test]
        fn s01_int_sum_is_a_commutative_group(
            values in prop::collection::vec(any_integer(), 3..20),
            noise in prop::collection::vec(any::<u8>(), 0..24),
        ) {
            let fold = |values: &[i64]| {
                let mut sum = IntSum::default();
                values.iter().for_each(|&value| sum.add(value));
                sum
            };
            let (x, y, z) = (fold(&values[..1]), fold(&values[1..3]), fold(&values[3..]));
            check_monoid(&IntSum::default(), [&x, &y, &z]);
            check_bytes(&IntSum::default(), &z, &noise);
            prop_assert_eq!(encoded(&fold(&values)), encoded(&merged(&merged(&x, &y), &z)));
            let mut back = merged(&x, &z);
            back.subtract(&z);
            prop_assert_eq!(back, x);
        }
    }

    /// Goal: only the final sum can overflow, and the mean never does (S17).
    #[test]
    fn s17_integer_sums_overflow_at_the_end_only() {
        let mut sum = IntSum::default();
        [i64::MAX, i64::MAX].iter().for_each(|&x| sum.add(x));
        assert_eq!(sum.sum(), None);
        assert_eq!(sum.mean(2), i64::MAX as f64);
        sum.add(i64::MIN);
        assert_eq!(sum.sum(), Some(i64::MAX - 1));
        let mut bytes = Vec::new();
        sum.encode(&mut bytes);
        assert_eq!(IntSum::decode(&mut bytes.as_slice()), Some(sum));
    }
}
