//! The exact sum of doubles, rounded once when it is read (S17).
//!
//! Laws: `add` and `merge` are those of the real numbers, so any order, split and merge of the same
//! values gives the same state; its encoding is that of the sum's value, not of how it was reached.
//! State: a 128-bit mantissa at one exponent, which nearly all data fits (one shift and one add a
//! value), and behind it a [`Wide`] superaccumulator. NaN and the infinities are three flags.
//! Error bound: none; the result is the double nearest to the real sum. Bytes: flags, exponent,
//! sign and length, then the odd magnitude without leading zeros: 3 for an empty sum, 8 to 14 for
//! typical amounts. Deliberately absent: -0.0, since an exact zero is +0.0.

use super::bytes::{put_signed, put_unsigned, signed, unsigned};
use super::rounding::{round, round_quotient};
use super::wide::Wide;
use crate::value::{NAN_64, take};

const NAN: u8 = 1;
const PLUS_INFINITY: u8 = 2;
const MINUS_INFINITY: u8 = 4;

/// Bytes of the longest magnitude: that of the superaccumulator.
const MAGNITUDE_BYTES_MAX: u64 = 8 * 34;

/// The exact sum of doubles.
#[derive(Clone, Debug)]
pub struct FloatSum {
    repr: Repr,
    flags: u8,
}

#[derive(Clone, Debug)]
enum Repr {
    /// `mantissa * 2^exponent`.
    Narrow {
        mantissa: i128,
        exponent: i32,
    },
    Wide(Box<Wide>),
}

impl FloatSum {
    /// The sum of nothing.
    pub const fn zero() -> FloatSum {
        FloatSum { repr: Repr::Narrow { mantissa: 0, exponent: 0 }, flags: 0 }
    }

    /// Adds one value.
    #[inline]
    pub fn add(&mut self, value: f64) {
        let bits = value.to_bits();
        let field = (bits >> 52 & 0x7ff) as i32;
        let fraction = bits & ((1 << 52) - 1);
        let (magnitude, exponent) = match field {
            0 => (fraction, -1074),
            0x7ff => return self.add_special(value),
            _ => (fraction | 1 << 52, field - 1075),
        };
        let magnitude = i128::from(magnitude);
        self.add_scaled(if bits >> 63 == 1 { -magnitude } else { magnitude }, exponent);
    }

    #[cold]
    fn add_special(&mut self, value: f64) {
        self.flags |= match value {
            f64::INFINITY => PLUS_INFINITY,
            f64::NEG_INFINITY => MINUS_INFINITY,
            _ => NAN,
        };
    }

    /// Adds `term * 2^exponent`.
    #[inline]
    fn add_scaled(&mut self, term: i128, exponent: i32) {
        if let Repr::Narrow { mantissa, exponent: base } = &mut self.repr {
            let shift = exponent.wrapping_sub(*base);
            // 53 bits shifted by up to 73 leave the sign free; a longer term takes the slow path.
            if (0..=73).contains(&shift)
                && (term >> 53 == 0 || term >> 53 == -1)
                && let Some(sum) = mantissa.checked_add(term << shift)
            {
                *mantissa = sum;
                return;
            }
        }
        self.add_slowly(term, exponent);
    }

    /// Moves the exponent, or widens.
    #[cold]
    fn add_slowly(&mut self, term: i128, exponent: i32) {
        if term == 0 {
            return;
        }
        if let Repr::Narrow { mantissa, exponent: base } = &mut self.repr {
            if *mantissa == 0 {
                (*mantissa, *base) = (term, exponent);
                return;
            }
            if let Some((sum, at)) = aligned_sum((*mantissa, *base), (term, exponent)) {
                (*mantissa, *base) = (sum, at);
                return;
            }
        }
        self.widen().add(term, exponent);
    }

    fn widen(&mut self) -> &mut Wide {
        if let Repr::Narrow { mantissa, exponent } = self.repr {
            let mut wide = Wide::zero();
            wide.add(mantissa, exponent);
            self.repr = Repr::Wide(Box::new(wide));
        }
        match &mut self.repr {
            Repr::Wide(wide) => wide,
            Repr::Narrow { .. } => unreachable!("widened above"),
        }
    }

    /// Adds another sum.
    pub fn merge(&mut self, other: &FloatSum) {
        self.flags |= other.flags;
        match &other.repr {
            Repr::Narrow { mantissa, exponent } => self.add_scaled(*mantissa, *exponent),
            Repr::Wide(wide) => self.widen().merge(wide),
        }
    }

    /// The special result, if any value was not finite.
    fn special(&self) -> Option<f64> {
        match self.flags {
            0 => None,
            PLUS_INFINITY => Some(f64::INFINITY),
            MINUS_INFINITY => Some(f64::NEG_INFINITY),
            _ => Some(NAN_64),
        }
    }

    /// Sign, magnitude, exponent and whether bits were cut off below.
    fn leading(&self) -> (bool, u128, i32, bool) {
        match &self.repr {
            Repr::Narrow { mantissa, exponent } => {
                (*mantissa < 0, mantissa.unsigned_abs(), *exponent, false)
            }
            Repr::Wide(wide) => wide.leading(),
        }
    }

    /// The sum, rounded once.
    pub fn sum(&self) -> f64 {
        self.special().unwrap_or_else(|| {
            let (negative, magnitude, exponent, sticky) = self.leading();
            round(negative, magnitude, exponent, sticky)
        })
    }

    /// The sum divided by `count`, rounded once.
    pub fn mean(&self, count: u64) -> f64 {
        self.special().unwrap_or_else(|| {
            let (negative, magnitude, exponent, sticky) = self.leading();
            round_quotient(negative, magnitude, exponent, sticky, count)
        })
    }

    /// Appends the canonical encoding.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let (negative, magnitude, exponent) = match &self.repr {
            Repr::Narrow { mantissa: 0, .. } => (false, Vec::new(), 0),
            Repr::Narrow { mantissa, exponent } => {
                let zeros = mantissa.trailing_zeros();
                let odd = mantissa.unsigned_abs() >> zeros;
                (*mantissa < 0, vec![odd as u64, (odd >> 64) as u64], exponent + zeros as i32)
            }
            Repr::Wide(wide) => wide.odd(),
        };
        let mut bytes: Vec<u8> = magnitude.iter().flat_map(|limb| limb.to_le_bytes()).collect();
        while bytes.last() == Some(&0) {
            bytes.pop();
        }
        out.push(self.flags);
        put_signed(i128::from(exponent), out);
        put_unsigned((bytes.len() as u128) << 1 | u128::from(negative), out);
        out.extend(bytes);
    }

    /// Reads what [`FloatSum::encode`] wrote; `None` if the bytes are not canonical.
    pub fn decode(bytes: &mut &[u8]) -> Option<FloatSum> {
        let [flags] = take(bytes)?;
        let exponent = i32::try_from(signed(bytes)?).ok()?;
        let header = u64::try_from(unsigned(bytes)?).ok()?;
        let (length, negative) = (header >> 1, header & 1 == 1);
        if flags > 7 || length > MAGNITUDE_BYTES_MAX || bytes.len() < length as usize {
            return None;
        }
        let (magnitude, rest) = bytes.split_at(length as usize);
        *bytes = rest;
        let canonical = match magnitude {
            [] => exponent == 0 && !negative,
            [first, .., last] => first & 1 == 1 && *last != 0,
            [only] => only & 1 == 1,
        };
        let top = exponent.checked_add(8 * length as i32)?;
        if !canonical || exponent < -1074 || top > 1024 + 64 + 8 {
            return None;
        }
        let mut sum = FloatSum { flags, ..FloatSum::zero() };
        for (i, chunk) in magnitude.chunks(8).enumerate() {
            let mut limb = [0; 8];
            limb[..chunk.len()].copy_from_slice(chunk);
            let limb = i128::from(u64::from_le_bytes(limb));
            sum.add_scaled(if negative { -limb } else { limb }, exponent + 64 * i as i32);
        }
        Some(sum)
    }
}

/// The sum of two scaled integers at the lower of their exponents, if 127 bits hold it.
fn aligned_sum(a: (i128, i32), b: (i128, i32)) -> Option<(i128, i32)> {
    let trim = |(mantissa, exponent): (i128, i32)| {
        let zeros = mantissa.trailing_zeros();
        (mantissa >> zeros, exponent + zeros as i32)
    };
    let (a, b) = (trim(a), trim(b));
    let (low, high) = if a.1 <= b.1 { (a, b) } else { (b, a) };
    let shift = u32::try_from(high.1 - low.1).ok()?;
    // One bit for the sign, one for the carry.
    if high.0.unsigned_abs().leading_zeros() < shift.checked_add(2)? {
        return None;
    }
    Some((low.0.checked_add(high.0 << shift)?, low.1))
}

#[cfg(test)]
mod tests {
    use super::*;
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
        /// Goal: laws of the state. Method: fold in order, reversed, and split at any place and
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

    /// Goal: the bytes never change unnoticed (S1). Method: golden encodings.
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
