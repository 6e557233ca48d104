//! The exact sum of doubles, rounded once when it is read (S17).
//!
//! Laws: `add` and `merge` are those of the real numbers, so any order, split and merge of the same
//! values gives the same state; its encoding depends on the sum's value, not on how it was reached.
//! State: two doubles that together hold the sum of values of similar size ([`super::binned`], four
//! additions per value), which is enough for nearly all data, and in addition a [`Wide`]
//! superaccumulator. NaN and the infinities are three flags. Error bound: none; the result is the
//! double nearest to the real sum. Bytes: flags, exponent, sign and length, then the odd magnitude
//! without leading zeros: 3 for an empty sum, 8 to 14 for typical amounts. Deliberately absent:
//! -0.0, because an exact zero is +0.0.

use super::binned::{BIAS, Binned, double};
use super::leading::Leading;
use super::odd::{Odd, put_odd};
use super::rational::Scaled;
use super::special::{FLAGS, Special};
use super::wide::Wide;
use crate::value::take;

/// Every sum is a multiple of 2^-1074.
const LOWEST: i64 = -1074;
/// A bound for the sum of 2^64 of the greatest doubles.
const HIGHEST: i64 = 1024 + 64;

/// The exact sum of doubles.
#[derive(Clone, Debug)]
pub struct FloatSum {
    bins: Binned,
    far: Option<Box<Far>>,
}

/// The parts that few sums have.
#[derive(Clone, Debug, Default)]
struct Far {
    /// The part of the sum that the bins could not hold.
    wide: Wide,
    special: Special,
}

impl FloatSum {
    /// The sum of nothing.
    pub const fn zero() -> FloatSum {
        FloatSum { bins: Binned::zero(), far: None }
    }

    /// Adds one value.
    #[inline]
    pub fn add(&mut self, value: f64) {
        if !self.bins.add(value) {
            self.add_slowly(value);
        }
    }

    /// Takes away one value that was added.
    #[inline]
    pub fn remove(&mut self, value: f64) {
        if value.is_finite() {
            self.add(-value);
        } else {
            let mut unit = FloatSum::zero();
            unit.add(value);
            self.subtract(&unit);
        }
    }

    #[cold]
    fn add_slowly(&mut self, value: f64) {
        if !value.is_finite() {
            self.far.get_or_insert_default().special.add(value);
        } else if value != 0.0 {
            let (mantissa, field) = double(value);
            self.add_apart(self.bins.widened(value), mantissa, field);
        }
    }

    /// Replaces the bins by `bins`, which include the term; if there are none, adds the term to the
    /// wide part.
    fn add_apart(&mut self, bins: Option<Binned>, mantissa: i128, field: i32) {
        self.bins = bins.unwrap_or_else(|| {
            let (own, own_field) = self.bins.content();
            self.add_wide(own, own_field);
            Binned::of(mantissa, field).unwrap_or_else(|| {
                self.add_wide(mantissa, field);
                Binned::zero()
            })
        });
    }

    /// Adds `mantissa * 2^(field - 1075)` to the wide part.
    fn add_wide(&mut self, mantissa: i128, field: i32) {
        let magnitude = mantissa.unsigned_abs();
        let limbs = [magnitude as u64, (magnitude >> 64) as u64];
        let wide = &mut self.far.get_or_insert_default().wide;
        wide.add(mantissa < 0, &limbs, i64::from(field - BIAS));
    }

    /// Adds another sum.
    #[inline]
    pub fn merge(&mut self, other: &FloatSum) {
        self.combine(other, false);
    }

    /// Subtracts a sum that was merged into this one, or whose values were added to it.
    ///
    /// NaN and the infinities are counts in memory but only flags in bytes, so both sums must come
    /// from the values themselves, or from the same decoded states.
    #[inline]
    pub fn subtract(&mut self, other: &FloatSum) {
        self.combine(other, true);
    }

    #[inline]
    fn combine(&mut self, other: &FloatSum, subtract: bool) {
        match self.bins.merged(other.bins, subtract) {
            Some(bins) => self.bins = bins,
            None => self.combine_apart(&other.bins, subtract),
        }
        if let Some(far) = &other.far {
            self.combine_far(far, subtract);
        }
    }

    #[cold]
    fn combine_apart(&mut self, bins: &Binned, subtract: bool) {
        let (mantissa, field) = bins.content();
        self.add_apart(None, if subtract { -mantissa } else { mantissa }, field);
    }

    #[cold]
    fn combine_far(&mut self, other: &Far, subtract: bool) {
        let far = self.far.get_or_insert_default();
        far.wide.merge(&other.wide, subtract);
        far.special.merge(&other.special, subtract);
    }

    /// NaN or an infinity, if any value was not finite.
    pub fn special(&self) -> Option<f64> {
        self.far.as_ref().and_then(|far| far.special.sum())
    }

    /// Calls `read` with sign, little-endian magnitude and exponent of the finite values' sum.
    fn dense<R>(&self, read: impl FnOnce(bool, &[u64], i64) -> R) -> R {
        let (mantissa, field) = self.bins.content();
        let magnitude = mantissa.unsigned_abs();
        let (negative, limbs) = (mantissa < 0, [magnitude as u64, (magnitude >> 64) as u64]);
        let exponent = i64::from(field - BIAS);
        match self.far.as_ref().filter(|far| !far.wide.is_zero()) {
            None => read(negative, &limbs, exponent),
            Some(far) => {
                let mut total = far.wide.clone();
                total.add(negative, &limbs, exponent);
                let (negative, limbs, exponent) = total.dense();
                read(negative, &limbs, exponent)
            }
        }
    }

    /// The leading bits of the sum of the finite values.
    pub fn leading(&self) -> Leading {
        self.dense(|negative, limbs, exponent| Leading::of(negative, limbs, exponent, false))
    }

    /// The sum of the finite values as a big integer times a power of two.
    pub fn scaled(&self) -> Scaled {
        self.dense(Scaled::of_limbs)
    }

    /// The sum, rounded once.
    pub fn sum(&self) -> f64 {
        self.special().unwrap_or_else(|| self.leading().round())
    }

    /// The sum divided by `count`, rounded once.
    pub fn mean(&self, count: u64) -> f64 {
        self.special().unwrap_or_else(|| self.leading().round_quotient(count))
    }

    /// Appends the canonical encoding.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.far.as_ref().map_or(0, |far| far.special.flags()));
        self.dense(|negative, limbs, exponent| put_odd(negative, limbs, exponent, out));
    }

    /// Reads what [`FloatSum::encode`] wrote; `None` if the bytes are not canonical.
    pub fn decode(bytes: &mut &[u8]) -> Option<FloatSum> {
        let [flags] = take(bytes)?;
        if flags & !FLAGS != 0 {
            return None;
        }
        let odd = Odd::read(bytes, LOWEST, HIGHEST)?;
        let mut sum = FloatSum::zero();
        if flags != 0 {
            sum.far.get_or_insert_default().special = Special::of_flags(flags);
        }
        let bins = odd.fixed::<2>().and_then(|[low, high]| {
            let mantissa = (u128::from(high) << 64 | u128::from(low)) as i128;
            let field = i32::try_from(odd.exponent).ok()? + BIAS;
            Binned::of(if odd.negative { -mantissa } else { mantissa }, field)
        });
        match bins {
            Some(bins) => sum.bins = bins,
            None => {
                let limbs: Vec<u64> = odd.limbs().collect();
                let wide = &mut sum.far.get_or_insert_default().wide;
                wide.add(odd.negative, &limbs, odd.exponent);
            }
        }
        Some(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::NAN_64;
    use num_bigint::BigInt;
    use proptest::prelude::*;

    fn encoded(sum: &FloatSum) -> Vec<u8> {
        let mut out = Vec::new();
        sum.encode(&mut out);
        out
    }

    fn any_double() -> impl Strategy<Value = f64> {
        prop_oneof![
            4 => any::<u64>().prop_map(f64::from_bits),
            4 => (-100_000i32..100_000).prop_map(|cents| f64::from(cents) / 100.0),
            1 => prop_oneof![Just(0.0), Just(-0.0), Just(f64::MAX), Just(f64::MIN), Just(5e-324)],
            1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)],
        ]
    }

    /// The sum by big integers at 2^-1074.
    fn exact(values: &[f64]) -> BigInt {
        values.iter().fold(BigInt::ZERO, |sum, &x| {
            let (bits, field) = (x.to_bits(), x.to_bits() >> 52 & 0x7ff);
            let fraction = bits & ((1 << 52) - 1);
            let scaled = if field == 0 {
                BigInt::from(fraction)
            } else {
                BigInt::from(fraction | 1 << 52) << (field - 1)
            };
            if x.is_sign_negative() { sum - scaled } else { sum + scaled }
        })
    }

    proptest! {
        /// Goal: the laws of the state. Method: fold in order, reversed, and split at any place and
        /// merged; equal bytes, and a round trip through them.
        #[test]
        fn s01_float_sum_is_a_commutative_monoid(
            values in prop::collection::vec(any_double(), 0..12), at in any::<prop::sample::Index>()
        ) {
            let fold = |values: &mut dyn Iterator<Item = &f64>| {
                let mut sum = FloatSum::zero();
                values.for_each(|&x| sum.add(x));
                sum
            };
            let whole = fold(&mut values.iter());
            let cut = if values.is_empty() { 0 } else { at.index(values.len()) };
            let mut right = fold(&mut values[cut..].iter().rev());
            right.merge(&fold(&mut values[..cut].iter().rev()));
            prop_assert_eq!(encoded(&whole), encoded(&right));
            prop_assert_eq!(whole.sum().to_bits(), right.sum().to_bits());
            let bytes = encoded(&whole);
            let back = FloatSum::decode(&mut bytes.as_slice()).expect("canonical bytes decode");
            prop_assert_eq!(encoded(&back), bytes);
        }

        /// Goal: the sum is the real one, rounded once. Method: big integers; the neighbours of the
        /// result are not nearer.
        #[test]
        fn s17_float_sum_is_the_nearest_double(values in prop::collection::vec(any_double(), 1..12)) {
            let finite: Vec<f64> = values.into_iter().filter(|x| x.is_finite()).collect();
            let mut sum = FloatSum::zero();
            finite.iter().for_each(|&x| sum.add(x));
            let (real, got) = (exact(&finite), sum.sum());
            if got.is_finite() {
                let error = |x: f64| (exact(&[x]) - &real).magnitude().clone();
                for near in [got.next_up(), got.next_down()].into_iter().filter(|x| x.is_finite()) {
                    prop_assert!(error(got) <= error(near), "{} is nearer than {}", near, got);
                    if error(got) == error(near) {
                        prop_assert_eq!(got.to_bits() & 1, 0, "ties go to even");
                    }
                }
            } else {
                // Half a last bit above the greatest double.
                let overflow: BigInt = exact(&[f64::MAX]) + (BigInt::from(1) << 2044);
                prop_assert!(real.magnitude() >= overflow.magnitude());
            }
        }
    }

    /// Goal: the special values of S17 and an exact zero.
    #[test]
    fn s17_special_values() {
        let sum = |values: &[f64]| {
            let mut sum = FloatSum::zero();
            values.iter().for_each(|&x| sum.add(x));
            sum.sum()
        };
        assert_eq!(sum(&[f64::INFINITY, 1.0]), f64::INFINITY);
        assert!(sum(&[f64::INFINITY, f64::NEG_INFINITY]).is_nan());
        assert_eq!(sum(&[f64::NAN]).to_bits(), NAN_64.to_bits());
        assert_eq!(sum(&[-0.0]).to_bits(), 0);
        assert_eq!(sum(&[1e300, 1.0, -1e300]), 1.0);
        assert_eq!(sum(&[f64::MAX, f64::MAX, f64::MIN]), f64::MAX);
        assert_eq!(sum(&[f64::MAX, f64::MAX]), f64::INFINITY);
        assert_eq!(sum(&[0.1; 10]), 1.0);
    }

    /// Goal: a change of the stored bytes is noticed (S1). Method: golden encodings.
    #[test]
    fn golden_bytes() {
        for (values, bytes) in [
            (&[][..], &[0, 0, 0][..]),
            (&[1.0], &[0, 0, 2, 1]),
            (&[-2.5], &[0, 1, 3, 5]),
            (&[f64::NAN], &[1, 0, 0]),
            (&[f64::INFINITY, 0.5], &[2, 1, 2, 1]),
        ] {
            let mut sum = FloatSum::zero();
            values.iter().for_each(|&x| sum.add(x));
            assert_eq!(encoded(&sum), bytes, "{values:?}");
        }
    }
}
