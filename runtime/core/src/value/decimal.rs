//! Decimal numbers: an integer of at most 38 digits, divided by a power of ten.
//!
//! Invariant: nothing is rounded. A text is a decimal of a type only if the type has its exact
//! value, and the text that is written has exactly as many fraction digits as the scale says.
//! Deliberately absent: arithmetic; sums are in `aggregate::decimal_sum`.

use crate::cell::{excerpt, is_number};
use std::fmt;

/// Most digits of a decimal.
pub const PRECISION_MAX: u8 = 38;

/// A decimal number: `unscaled / 10^scale`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    /// The digits, as one integer.
    pub unscaled: i128,
    /// How many of the digits are behind the point.
    pub scale: u8,
}

/// Ten to the power of `exponent`, which is at most [`PRECISION_MAX`].
pub fn power_of_ten(exponent: u8) -> i128 {
    10_i128.pow(u32::from(exponent))
}

/// Whether the integer has at most `precision` digits.
pub fn has_precision(unscaled: i128, precision: u8) -> bool {
    unscaled.unsigned_abs() < power_of_ten(precision).unsigned_abs()
}

/// The number that `text` writes in JSON's grammar, as an integer of `10^-scale`. Refused unless it
/// is exact with at most `precision` digits.
pub fn parse_unscaled(text: &str, precision: u8, scale: u8) -> Result<i128, String> {
    if !is_number(text) {
        return Err(format!("{} is not a number", excerpt(text)));
    }
    unscaled(text, scale)
        .filter(|value| has_precision(*value, precision))
        .ok_or_else(|| format!("{} is no exact decimal({precision},{scale})", excerpt(text)))
}

/// The number `text` as an integer of `10^-scale`, if it is one and fits 128 bits.
fn unscaled(text: &str, scale: u8) -> Option<i128> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = || whole.bytes().chain(fraction.bytes());
    if digits().all(|digit| digit == b'0') {
        return Some(0);
    }
    // An exponent beyond 64 bits would need as many digits to be within range.
    let exponent: i64 = exponent.parse().ok()?;
    let shift = exponent.checked_add(i64::from(scale))?.checked_sub(fraction.len() as i64)?;
    let mut value: i128 = 0;
    let kept = (digits().count() as i64).checked_add(shift.min(0))?;
    for (at, digit) in digits().enumerate() {
        match (at as i64) < kept {
            true => value = value.checked_mul(10)?.checked_add(i128::from(digit - b'0'))?,
            false if digit != b'0' => return None,
            false => {}
        }
    }
    let tens = u32::try_from(shift.max(0)).ok()?;
    let value = value.checked_mul(10_i128.checked_pow(tens)?)?;
    Some(if negative { -value } else { value })
}

impl fmt::Display for Decimal {
    /// Writes all fraction digits of the scale.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = usize::from(self.scale);
        let digits = format!("{:0width$}", self.unscaled.unsigned_abs(), width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let (sign, point) =
            (if self.unscaled < 0 { "-" } else { "" }, if scale > 0 { "." } else { "" });
        write!(f, "{sign}{whole}{point}{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Goal: a text is a decimal exactly or not at all (S6). Method: a table for decimal(5,2), with
    /// the edges of the precision.
    #[test]
    fn s06_decimals_are_read_exactly() {
        for (text, expect) in [
            ("1.25", Some(125)),
            ("-0.05", Some(-5)),
            ("-0", Some(0)),
            ("0e99999999999999999999", Some(0)),
            ("7", Some(700)),
            ("1.250", Some(125)),
            ("1.255", None),
            ("999.99", Some(99_999)),
            ("-999.99", Some(-99_999)),
            ("1000", None),
            ("1e2", Some(10_000)),
            ("12500e-4", Some(125)),
            ("12505e-4", None),
            ("1e-9223372036854775808", None),
            ("1e9223372036854775807", None),
            ("1e99999999999999999999", None),
            ("+1", None),
            ("1.", None),
            (".5", None),
            ("", None),
            ("NaN", None),
        ] {
            assert_eq!(parse_unscaled(text, 5, 2).ok(), expect, "{text}");
        }
        let most = "9".repeat(38);
        assert_eq!(parse_unscaled(&most, 38, 0), Ok(power_of_ten(38) - 1));
        assert!(parse_unscaled("1e38", 38, 0).is_err());
        assert_eq!(parse_unscaled(&format!("0.{most}"), 38, 38), Ok(power_of_ten(38) - 1));
    }

    proptest! {
        /// Goal: what is written is read back as the same number.
        #[test]
        fn s14_decimals_are_written_whole(unscaled: i128, digits in 1u8..=38, scale in 0u8..=38) {
            let unscaled = unscaled % power_of_ten(digits);
            let text = Decimal { unscaled, scale }.to_string();
            prop_assert_eq!(parse_unscaled(&text, 38, scale), Ok(unscaled));
            let fraction = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            prop_assert_eq!(fraction, usize::from(scale));
        }
    }
}
