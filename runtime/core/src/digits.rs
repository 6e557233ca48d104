//! Digits: whether a float keeps all digits of the number that a text writes.
//!
//! Deliberately absent: rounding; the nearest float is [`float64`]'s.

use crate::cell::{excerpt, float64};

/// The 64-bit float that has every digit of the number `text`. So `0.1` has such a float, and
/// 2^53 + 1 has none.
pub fn faithful_float64(text: &str) -> Result<f64, String> {
    match float64(text)? {
        value if has_digits(value, text) => Ok(value),
        _ => Err(format!("{} has more digits than a float64 keeps", excerpt(text))),
    }
}

/// Whether `value`, the float nearest to the number `text`, gives the same digits if it is written
/// with as many.
pub fn has_digits(value: f64, text: &str) -> bool {
    let digits = significant_digits(text);
    if digits.is_empty() || value == 0.0 {
        return digits.is_empty() && value == 0.0;
    }
    significant_digits(&format!("{value:.*e}", digits.len() - 1)) == digits
}

/// The digits of a number from the first to the last that is not zero.
fn significant_digits(number: &str) -> String {
    let mantissa = number.split(['e', 'E']).next().unwrap_or(number);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a number is taken for a float only if the float has all its digits. Method: numbers
    /// beside the edges of the mantissa and of the range, in several notations.
    #[test]
    fn s14_a_faithful_float_has_every_digit() {
        for text in [
            "0",
            "-0.0",
            "0e5",
            "0.1",
            "1.50",
            "100",
            "1e22",
            "1E-7",
            "9007199254740992",
            "5e-324",
            "9007199254740994.0",
            "100000000000000000000",
            "1.7976931348623157e308",
            "0.10000000000000001",
            "0.1000000000000000055511151231257827",
        ] {
            let value = faithful_float64(text).unwrap();
            assert_eq!(value.to_bits(), text.parse::<f64>().unwrap().to_bits(), "{text}");
        }
        for text in [
            "9007199254740993",
            "9007199254740993.0",
            "90071992547409930e-1",
            "1e-400",
            "1e400",
            "123456789012345678.5",
            "0.1000000000000000055511151231257828",
            "x",
            "18446744073709551615",
        ] {
            assert!(faithful_float64(text).is_err(), "{text}");
        }
    }
}
