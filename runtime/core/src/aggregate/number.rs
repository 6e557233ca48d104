//! A number from a row, split into mantissa and exponent for exact sums.
//!
//! Invariant: [`Number::parts`] is exact; NaN and the infinities have no parts. Deliberately
//! absent: float32, which is widened exactly before it gets here.

/// A number of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A signed 64-bit integer.
    Int(i64),
    /// A double.
    Float(f64),
}

impl Number {
    /// The number as `mantissa * 2^exponent`, or `None` if it is not finite.
    #[inline]
    pub fn parts(self) -> Option<(i64, i64)> {
        match self {
            Number::Int(value) => Some((value, 0)),
            Number::Float(value) => float_parts(value),
        }
    }
}

/// A double as `mantissa * 2^exponent`, or `None` if it is not finite.
#[inline]
pub fn float_parts(value: f64) -> Option<(i64, i64)> {
    let bits = value.to_bits();
    let field = (bits >> 52 & 0x7ff) as i64;
    if field == 0x7ff {
        return None;
    }
    let magnitude = (bits & ((1 << 52) - 1) | u64::from(field != 0) << 52) as i64;
    let sign = bits as i64 >> 63;
    Some(((magnitude ^ sign) - sign, field.max(1) - 1075))
}

#[cfg(test)]
mod tests {
    use super::super::nearest::{any_double, integer, power, real};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Goal: the parts of a double make up the double. Method: rationals.
        #[test]
        fn s17_parts_are_exact(value in any_double()) {
            match float_parts(value) {
                Some((mantissa, exponent)) => {
                    prop_assert_eq!(integer(mantissa) * power(exponent as i32), real(value));
                }
                None => prop_assert!(!value.is_finite()),
            }
        }
    }
}
