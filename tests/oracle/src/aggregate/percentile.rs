//! Percentiles from bins that widen together (docs/FEATURES.md, S19).
//!
//! A magnitude's *place* is its exponent and mantissa in the layout of a double: 11 bits and 52.
//! A bin at `bits` holds the places that share all but the last `52 - bits`. Subnormals lie on the
//! grid of the least normal's binade, as their places do. Integers enter exactly: what a double
//! cannot hold is cut off, since no bin looks at it. Below 0 bits whole binades merge by twos.
//! Invariant: bins order as their values do, so the value of a rank lies in the bin of that rank.
//! Deliberately absent: merging; `bits` follows from the values as a set.

use crate::exact::{rational_of, round, scaled};
use crate::value::{Value, same_bits};
use num_bigint::BigInt;
use num_rational::BigRational;
use std::cmp::Reverse;

/// The finest bins.
const BITS_MAX: i32 = 7;
/// The most bins in use.
const BINS_MAX: usize = 1024;
/// Ranks are given in this part of the whole.
pub(super) const WHOLE_MILLIONTHS: u128 = 1_000_000;
/// The place of infinity.
const INFINITY_PLACE: u64 = 0x7ff0_0000_0000_0000;

/// A bin, in the order of its values; magnitudes are places without the bits that are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Bin {
    MinusInfinity,
    Negative(Reverse<u64>),
    Zero,
    Positive(u64),
    PlusInfinity,
    NaN,
}

impl Bin {
    fn of(value: &Value, bits: i32) -> Bin {
        let (negative, place) = match value {
            Value::Int64(x) => (*x < 0, place_of_integer(x.unsigned_abs())),
            Value::Float32(x) => place_of_double(f64::from(*x)),
            Value::Float64(x) => place_of_double(*x),
            other => panic!("{other} is no number; see Feature::kind"),
        };
        match (place, negative) {
            (0, _) => Bin::Zero,
            (INFINITY_PLACE, true) => Bin::MinusInfinity,
            (INFINITY_PLACE, false) => Bin::PlusInfinity,
            (place, _) if place > INFINITY_PLACE => Bin::NaN,
            (place, true) => Bin::Negative(Reverse(place >> (52 - bits))),
            (place, false) => Bin::Positive(place >> (52 - bits)),
        }
    }

    /// Its middle, or its only value.
    fn answer(self, bits: i32) -> f64 {
        match self {
            Bin::MinusInfinity => f64::NEG_INFINITY,
            Bin::Negative(Reverse(magnitude)) => -round(&middle(magnitude, bits)),
            Bin::Zero => 0.0,
            Bin::Positive(magnitude) => round(&middle(magnitude, bits)),
            Bin::PlusInfinity => f64::INFINITY,
            Bin::NaN => f64::from_bits(0x7ff8_0000_0000_0000),
        }
    }
}

fn place_of_double(x: f64) -> (bool, u64) {
    (x.is_sign_negative(), x.to_bits() & !(1 << 63))
}

/// The place of an integer, cut off behind 53 significant bits.
fn place_of_integer(magnitude: u64) -> u64 {
    let Some(exponent) = magnitude.checked_ilog2() else { return 0 };
    let fraction = u128::from(magnitude ^ (1 << exponent)) << 52 >> exponent;
    ((u64::from(exponent) + 1023) << 52) | fraction as u64
}

/// The number at a place; that of infinity is 2^1024, where the last finite bin ends.
fn number_at(place: u64) -> BigRational {
    if place >= INFINITY_PLACE {
        scaled(BigInt::from(1), 1024)
    } else {
        rational_of(f64::from_bits(place))
    }
}

/// The least number of a bin of magnitudes, and the first one above it.
fn ends(magnitude: u64, bits: i32) -> (BigRational, BigRational) {
    (number_at(magnitude << (52 - bits)), number_at((magnitude + 1) << (52 - bits)))
}

fn middle(magnitude: u64, bits: i32) -> BigRational {
    let (least, above) = ends(magnitude, bits);
    (least + above) / BigRational::from_integer(BigInt::from(2))
}

/// The bits that all bins have, and the bin of each value in ascending order.
fn binned(values: &[Value]) -> (i32, Vec<Bin>) {
    let mut bits = BITS_MAX;
    loop {
        let mut bins: Vec<Bin> = values.iter().map(|value| Bin::of(value, bits)).collect();
        bins.sort_unstable();
        if bins.chunk_by(|a, b| a == b).count() <= BINS_MAX {
            return (bits, bins);
        }
        bits -= 1;
    }
}

/// The index of the rank `ceil(part * count)`, at least 1, among `count` values in order.
pub(super) fn index_of_rank(count: usize, millionths: u32) -> usize {
    let rank = (u128::from(millionths) * count as u128).div_ceil(WHOLE_MILLIONTHS);
    rank.max(1) as usize - 1
}

/// The answer of the bin of the rank; null without values.
pub(crate) fn percentile(values: &[Value], millionths: u32) -> Value {
    if values.is_empty() {
        return Value::Null;
    }
    let (bits, bins) = binned(values);
    Value::Float64(bins[index_of_rank(values.len(), millionths)].answer(bits))
}

/// Whether `found` stands for the exact value of the rank within the stated error: relative
/// `2^-(bits + 1)`, for a subnormal relative to the least normal; below 0 bits, half of its bin.
pub fn percentile_within(values: &[Value], millionths: u32, found: &Value) -> bool {
    let Value::Float64(found) = *found else { return values.is_empty() && found.is_null() };
    if values.is_empty() {
        return false;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(Value::order);
    let exact = &sorted[index_of_rank(values.len(), millionths)];
    let (bits, _) = binned(values);
    let magnitude = match Bin::of(exact, bits) {
        Bin::Negative(Reverse(magnitude)) | Bin::Positive(magnitude) => magnitude,
        // Zero, the infinities and NaN stand for themselves.
        only => return same_bits(&Value::Float64(only.answer(bits)), &Value::Float64(found)),
    };
    let exact = super::real(exact).expect("a bin of magnitudes holds finite numbers");
    if !found.is_finite() || exact.numer().sign() != rational_of(found).numer().sign() {
        return false;
    }
    let size = |x: BigRational| if x < scaled(BigInt::from(0), 0) { -x } else { x };
    let error = size(&exact - rational_of(found));
    let limit = match bits {
        0.. => {
            size(exact).max(scaled(BigInt::from(1), -1022)) * scaled(BigInt::from(1), -1)
                / scaled(BigInt::from(1), i64::from(bits))
        }
        _ => {
            let (least, above) = ends(magnitude, bits);
            (above - least) * scaled(BigInt::from(1), -1)
        }
    };
    error <= limit
}
