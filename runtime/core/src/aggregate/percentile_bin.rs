//! The bins of a sketch of percentiles: which bin a number belongs to, and the middle of a bin.
//!
//! Invariant: a finite number's bin is given by the leading bits of its pattern, so no logarithm is
//! needed, and bins sort as their numbers do (S19). Deliberately absent: counts.

use super::number::Number;
use crate::value::NAN_64;

/// Bits of the mantissa that determine a bin, at first.
pub const BITS_MAX: u32 = 7;
/// Bits of a double's mantissa.
const MANTISSA_BITS: u32 = 52;
/// The bit pattern of the greatest finite double.
pub const FINITE_MAX: u64 = f64::MAX.to_bits();

/// A bin of a sketch from which no bit was dropped. Bins sort as their values do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bin {
    /// Of the least float.
    MinusInfinity,
    /// Of negative finite numbers with this index.
    Negative(i32),
    /// Of both zeros.
    Zero,
    /// Of positive finite numbers with this index.
    Positive(i32),
    /// Of the greatest number.
    PlusInfinity,
    /// Of NaN.
    Nan,
}

impl Bin {
    /// The bin of a number. That of an integer is the bin of its own leading bits: rounded to a
    /// double first, it could get the next exponent.
    pub fn of(number: Number) -> Bin {
        let value = match number {
            Number::Float(value) => value,
            Number::Int(value) => leading_bits(value),
        };
        match value {
            0.0 => Bin::Zero,
            f64::NEG_INFINITY => Bin::MinusInfinity,
            f64::INFINITY => Bin::PlusInfinity,
            value if value.is_nan() => Bin::Nan,
            value if value < 0.0 => Bin::Negative(index(value, 0)),
            value => Bin::Positive(index(value, 0)),
        }
    }

    /// The result for a value in it.
    pub fn middle(self) -> f64 {
        match self {
            Bin::MinusInfinity => f64::NEG_INFINITY,
            Bin::Negative(index) | Bin::Positive(index) => middle(index, 0),
            Bin::Zero => 0.0,
            Bin::PlusInfinity => f64::INFINITY,
            Bin::Nan => NAN_64,
        }
    }
}

/// An integer without the bits that do not fit a double's mantissa.
pub fn leading_bits(value: i64) -> f64 {
    let magnitude = value.unsigned_abs();
    let beyond = (64 - magnitude.leading_zeros()).saturating_sub(MANTISSA_BITS + 1);
    let cut = (magnitude >> beyond << beyond) as f64;
    if value < 0 { -cut } else { cut }
}

/// The index of a finite value that is not 0.
#[inline]
pub fn index(value: f64, drops: u32) -> i32 {
    let bits = value.to_bits();
    let bin = ((bits & !(1 << 63)) >> (MANTISSA_BITS - BITS_MAX + drops)) as i32;
    bin ^ (bits as i64 >> 63) as i32
}

/// The greatest index of a finite value.
pub fn index_max(drops: u32) -> i32 {
    index(f64::MAX, drops)
}

/// The middle of the bit patterns of a bin, which for `bits` >= 0 is the middle of its values.
pub fn middle(index: i32, drops: u32) -> f64 {
    let shift = MANTISSA_BITS - BITS_MAX + drops;
    let bin = (if index < 0 { !index } else { index }) as u64;
    // Only the greatest bin at -1 bits has a middle beyond the finite doubles.
    let value = f64::from_bits((bin << shift | 1 << (shift - 1)).min(FINITE_MAX));
    if index < 0 { -value } else { value }
}
