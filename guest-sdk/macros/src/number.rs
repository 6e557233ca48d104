//! Numbers that authors write as parameters.
//!
//! Invariant: a number is within the range that its place allows. Deliberately absent: arithmetic
//! and named constants, which a macro cannot evaluate.

use syn::{Error, Expr, ExprLit, ExprUnary, Lit, Result, UnOp};

/// The whole number of a literal, perhaps negative, from `least` to `most`.
pub(crate) fn number(value: &Expr, least: i64, most: i64, of: &str) -> Result<i64> {
    let read = match value {
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => digits(expr).map(|it| -it),
        other => digits(other),
    };
    read.filter(|number| (least..=most).contains(number)).ok_or_else(|| {
        Error::new_spanned(value, format!("{of} is a whole number from {least} to {most}"))
    })
}

fn digits(value: &Expr) -> Option<i64> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Int(digits), .. }) if digits.suffix().is_empty() => {
            digits.base10_parse().ok()
        }
        _ => None,
    }
}

/// A percentage above 0, such as `50` or `99.9`: as it goes into a name, and in millionths of the
/// whole.
pub(crate) fn percentile(value: &Expr) -> Result<(String, u32)> {
    percentage(value).filter(|(_, millionths)| *millionths > 0).ok_or_else(|| {
        let why = "a percentile is above 0 and at most 100, with at most 4 digits behind the point";
        Error::new_spanned(value, why)
    })
}

/// The same from 0 on.
pub(crate) fn exact_percentile(value: &Expr) -> Result<(String, u32)> {
    percentage(value).ok_or_else(|| {
        let why = "a percentile is from 0 to 100, with at most 4 digits behind the point";
        Error::new_spanned(value, why)
    })
}

fn percentage(value: &Expr) -> Option<(String, u32)> {
    let written = match value {
        Expr::Lit(ExprLit { lit: Lit::Int(digits), .. }) if digits.suffix().is_empty() => {
            Some(digits.base10_digits().to_string())
        }
        Expr::Lit(ExprLit { lit: Lit::Float(digits), .. }) if digits.suffix().is_empty() => {
            Some(digits.base10_digits().to_string())
        }
        _ => None,
    };
    written.and_then(|written| Some((written.replace('.', "_"), millionths(&written)?)))
}

fn millionths(percent: &str) -> Option<u32> {
    let (whole, fraction) = match percent.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return None,
        None => (percent, ""),
    };
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if fraction.len() > 4 || !plain(whole) || !plain(fraction) {
        return None;
    }
    let read = format!("{whole}{fraction:0<4}").parse::<u32>().ok()?;
    (read <= 1_000_000).then_some(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_str;

    /// Goal: percentages become exact millionths. Method: a table.
    #[test]
    fn percentiles_are_exact() {
        for (text, expected) in [
            ("50", Some(("50", 500_000))),
            ("99.9", Some(("99_9", 999_000))),
            ("99.9999", Some(("99_9999", 999_999))),
            ("0.0001", Some(("0_0001", 1))),
            ("100", Some(("100", 1_000_000))),
            ("100.0", Some(("100_0", 1_000_000))),
            ("0", None),
            ("0.0", None),
            ("100.1", None),
            ("99.99999", None),
            ("50.", None),
            ("5e1", None),
            ("50u8", None),
            ("-50", None),
            ("\"50\"", None),
        ] {
            let read = percentile(&parse_str(text).unwrap()).ok();
            let read = read.as_ref().map(|(name, millionths)| (name.as_str(), *millionths));
            assert_eq!(read, expected, "{text}");
        }
    }

    /// Goal: whole numbers keep to their range.
    #[test]
    fn numbers_keep_to_their_range() {
        for (text, expected) in [
            ("5", Some(5)),
            ("-3", Some(-3)),
            ("6", None),
            ("-4", None),
            ("2.0", None),
            ("N", None),
        ] {
            assert_eq!(number(&parse_str(text).unwrap(), -3, 5, "it").ok(), expected, "{text}");
        }
    }
}
