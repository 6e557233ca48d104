//! The exact sum of decimals, in 256 bits (S17).
//!
//! Laws: those of the integers; 2^64 values of 38 digits cannot overflow 191 bits. State: the sum of
//! the digits as integers of one scale, which the column's type says. Error bound: none; the result
//! is null with status `overflow` only if the final sum has more than 38 digits, and the mean is the
//! rational rounded once. Bytes: a length of 0 to 32, then so many bytes in two's complement, the
//! lowest first, as few as hold the sum.

use super::bytes::{put_unsigned, unsigned};
use super::rational::{Scaled, round_quotient};
use crate::value::{PRECISION_MAX, has_precision, power_of_ten};
use arrow::datatypes::i256;

/// The exact sum of decimals of one scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DecimalSum(i256);

impl DecimalSum {
    /// Adds the digits of one value.
    #[inline]
    pub fn add(&mut self, unscaled: i128) {
        self.0 = self.0.wrapping_add(i256::from_i128(unscaled));
    }

    /// Adds another sum.
    #[inline]
    pub fn merge(&mut self, other: &DecimalSum) {
        // Valid sums cannot overflow; damaged bytes may hold any sum.
        self.0 = self.0.wrapping_add(other.0);
    }

    /// Subtracts a sum that was merged into this one.
    #[inline]
    pub fn subtract(&mut self, other: &DecimalSum) {
        self.0 = self.0.wrapping_sub(other.0);
    }

    /// The digits of the sum, or `None` if it has more than 38.
    pub fn sum(self) -> Option<i128> {
        self.0.to_i128().filter(|sum| has_precision(*sum, PRECISION_MAX))
    }

    /// The sum of decimals of this scale divided by `count`, rounded once.
    pub fn mean(self, count: u64, scale: u8) -> f64 {
        let divisor = &Scaled::from(power_of_ten(scale).unsigned_abs()) * count;
        round_quotient(&self.scaled(), &divisor)
    }

    /// The sum of the digits.
    pub fn scaled(self) -> Scaled {
        let negative = self.0.is_negative();
        let magnitude = self.0.wrapping_abs().to_le_bytes();
        let limbs = magnitude.as_chunks::<8>().0.iter().map(|limb| u64::from_le_bytes(*limb));
        Scaled::of_limbs(negative, &limbs.collect::<Vec<u64>>(), 0)
    }

    /// Appends the canonical encoding.
    pub fn encode(self, out: &mut Vec<u8>) {
        let bytes = self.0.to_le_bytes();
        let mut length = bytes.len();
        while length > 0 && is_spare(&bytes[..length]) {
            length -= 1;
        }
        put_unsigned(length as u128, out);
        out.extend_from_slice(&bytes[..length]);
    }

    /// Reads what [`DecimalSum::encode`] wrote.
    pub fn decode(bytes: &mut &[u8]) -> Option<DecimalSum> {
        let length = usize::try_from(unsigned(bytes)?).ok().filter(|length| *length <= 32)?;
        let (head, rest) = bytes.split_at_checked(length)?;
        *bytes = rest;
        if !head.is_empty() && is_spare(head) {
            return None;
        }
        let sign = if head.last().is_some_and(|last| *last >= 0x80) { 0xff } else { 0 };
        let mut whole = [sign; 32];
        whole[..length].copy_from_slice(head);
        Some(DecimalSum(i256::from_le_bytes(whole)))
    }
}

/// Whether the last of these bytes only repeats the sign that the one before it shows.
fn is_spare(bytes: &[u8]) -> bool {
    match bytes {
        [0] => true,
        [.., before, 0] => *before < 0x80,
        [.., before, 0xff] => *before >= 0x80,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::laws::{Lawful, check_bytes, check_monoid, encoded, merged};
    use super::super::nearest::{check_nearest, integer};
    use super::*;
    use num_bigint::BigInt;
    use num_rational::BigRational;
    use proptest::prelude::*;

    impl Lawful for DecimalSum {
        fn merge(&mut self, other: &Self) {
            self.merge(other);
        }
        fn encode(&self, out: &mut Vec<u8>) {
            (*self).encode(out);
        }
        fn decode(&self, bytes: &mut &[u8]) -> Option<Self> {
            DecimalSum::decode(bytes)
        }
    }

    fn fold(values: &[i128]) -> DecimalSum {
        let mut sum = DecimalSum::default();
        values.iter().for_each(|&value| sum.add(value));
        sum
    }

    fn any_digits() -> impl Strategy<Value = i128> {
        let most = power_of_ten(PRECISION_MAX) - 1;
        prop_oneof![-300_i128..300, Just(most), Just(-most), -most..=most]
    }

    proptest! {
        /// Goal: the laws of S1, that a subtraction undoes a merge, and that the sum and the mean
        /// are those of rationals (S17).
        #[test]
        fn s01_decimal_sum_is_a_commutative_group(
            values in prop::collection::vec(any_digits(), 3..20),
            noise in prop::collection::vec(any::<u8>(), 0..40),
            scale in 0u8..=38,
        ) {
            let (x, y, z) = (fold(&values[..1]), fold(&values[1..3]), fold(&values[3..]));
            check_monoid(&DecimalSum::default(), [&x, &y, &z]);
            check_bytes(&DecimalSum::default(), &z, &noise);
            let all = fold(&values);
            prop_assert_eq!(encoded(&all), encoded(&merged(&merged(&x, &y), &z)));
            let mut back = merged(&x, &z);
            back.subtract(&z);
            prop_assert_eq!(back, x);
            let exact: BigInt = values.iter().map(|value| BigInt::from(*value)).sum();
            let fits = exact.magnitude() < BigInt::from(power_of_ten(38)).magnitude();
            prop_assert_eq!(all.sum().map(BigInt::from), fits.then(|| exact.clone()));
            let divisor = integer(power_of_ten(scale)) * integer(values.len());
            let mean = BigRational::from_integer(exact) / divisor;
            check_nearest(all.mean(values.len() as u64, scale), &mean);
        }
    }

    /// Goal: the bytes are as few as hold the sum. Method: sums beside the edges of a byte.
    #[test]
    fn s14_a_decimal_sum_has_the_fewest_bytes() {
        for (value, bytes) in [
            (0, &[0][..]),
            (1, &[1, 1]),
            (-1, &[1, 0xff]),
            (127, &[1, 127]),
            (128, &[2, 128, 0]),
            (-128, &[1, 128]),
            (-129, &[2, 127, 0xff]),
        ] {
            assert_eq!(encoded(&fold(&[value])), bytes, "{value}");
        }
        for bytes in [&[1, 0][..], &[2, 1, 0], &[2, 0xff, 0xff], &[33], &[2, 1]] {
            assert_eq!(DecimalSum::decode(&mut { bytes }), None);
        }
    }
}
