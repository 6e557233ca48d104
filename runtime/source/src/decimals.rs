//! Decimals as integers and floats, exactly (S6).
//!
//! Invariant: a decimal is an `int64` if its type has no fraction digits, and a float if the float
//! has the same value; any other value makes its row bad. So 12.5 is a float64 and 0.1 is not.
//! Deliberately absent: rounding.

use super::widen::{BadRows, partial};
use arrow::array::ArrayRef;
use arrow::datatypes::{
    ArrowPrimitiveType, DataType as ArrowType, Decimal32Type, Decimal64Type, Decimal128Type,
    Decimal256Type, DecimalType, Float32Type, Float64Type, Int64Type,
};
use lockstep_core::value::DataType;
use std::sync::Arc;

/// Bits of the mantissa of a float64.
const MANTISSA_64_BITS: u32 = 53;
/// Bits of the mantissa of a float32.
const MANTISSA_32_BITS: u32 = 24;

/// The precision and the fraction digits of a decimal type; it has fewer than 0 if it has zeros
/// before the point.
fn shape(found: &ArrowType) -> (u8, i8) {
    match found {
        ArrowType::Decimal32(precision, scale)
        | ArrowType::Decimal64(precision, scale)
        | ArrowType::Decimal128(precision, scale)
        | ArrowType::Decimal256(precision, scale) => (*precision, *scale),
        other => unreachable!("{other} is no decimal"),
    }
}

/// Whether the decimal type `found` can be widened to `expected`.
pub(super) fn accepts(found: &ArrowType, expected: &DataType) -> bool {
    match expected {
        DataType::Int64 => shape(found).1 <= 0,
        DataType::Float32 | DataType::Float64 => true,
        _ => false,
    }
}

/// A column of decimals as one of a type that [`accepts`] allows.
pub(super) fn widen(array: &ArrayRef, expected: &DataType, bad: &mut BadRows) -> ArrayRef {
    match array.data_type() {
        ArrowType::Decimal32(..) => of::<Decimal32Type>(array, expected, bad, |v| Some(v.into())),
        ArrowType::Decimal64(..) => of::<Decimal64Type>(array, expected, bad, |v| Some(v.into())),
        ArrowType::Decimal128(..) => of::<Decimal128Type>(array, expected, bad, Some),
        _ => of::<Decimal256Type>(array, expected, bad, |value| value.to_i128()),
    }
}

fn of<S: DecimalType>(
    array: &ArrayRef,
    expected: &DataType,
    bad: &mut BadRows,
    digits: fn(S::Native) -> Option<i128>,
) -> ArrayRef {
    fn convert<S: DecimalType, T: ArrowPrimitiveType>(
        array: &ArrayRef,
        expected: &DataType,
        bad: &mut BadRows,
        exact: impl Fn(S::Native, i8) -> Option<T::Native>,
    ) -> ArrayRef {
        let (precision, scale) = shape(array.data_type());
        Arc::new(partial::<S, T>(array, bad, |value| {
            exact(value, scale).ok_or_else(|| {
                let shown = S::format_decimal(value, precision, scale);
                let found = array.data_type();
                format!("{shown} of type {found} has no exact {expected}; convert the column")
            })
        }))
    }
    match expected {
        DataType::Int64 => convert::<S, Int64Type>(array, expected, bad, |value, scale| {
            let zeros = 10_i128.checked_pow(u32::from(scale.unsigned_abs()))?;
            i64::try_from(digits(value)?.checked_mul(zeros)?).ok()
        }),
        DataType::Float32 => convert::<S, Float32Type>(array, expected, bad, |value, scale| {
            float(digits(value)?, scale, MANTISSA_32_BITS).map(|float| float as f32)
        }),
        _ => convert::<S, Float64Type>(array, expected, bad, |value, scale| {
            float(digits(value)?, scale, MANTISSA_64_BITS)
        }),
    }
}

/// The float with the value `digits / 10^scale`, if one with a mantissa of this many bits has it.
fn float(digits: i128, scale: i8, mantissa_bits: u32) -> Option<f64> {
    // digits / 10^scale = (digits / 5^scale) / 2^scale, which is a float only if the first quotient
    // is whole.
    let fives = 5_i128.checked_pow(u32::from(scale.unsigned_abs()));
    let whole = match (scale, fives) {
        (_, _) if digits == 0 => 0,
        (0.., Some(fives)) if digits % fives == 0 => digits / fives,
        (0.., _) => return None,
        (_, fives) => digits.checked_mul(fives?)?,
    };
    let odd = whole.checked_shr(whole.trailing_zeros()).unwrap_or(0);
    let fits = 128 - odd.unsigned_abs().leading_zeros() <= mantissa_bits;
    // Both factors are exact, and the exponents are far from the ends of either type.
    fits.then(|| whole as f64 * 2f64.powi(-i32::from(scale)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{AsArray, Decimal128Array, Decimal256Array};
    use arrow::datatypes::i256;

    fn widened(array: ArrayRef, expected: DataType) -> (ArrayRef, BadRows) {
        assert!(accepts(array.data_type(), &expected));
        let mut bad = BadRows::default();
        (widen(&array, &expected, &mut bad), bad)
    }

    fn decimals(values: &[i128], precision: u8, scale: i8) -> ArrayRef {
        let array = Decimal128Array::from(values.to_vec());
        Arc::new(array.with_precision_and_scale(precision, scale).unwrap())
    }

    /// Goal: a decimal is a float only if a float has its value (S6). Method: values beside the
    /// edges of the mantissa, with and without fraction digits.
    #[test]
    fn s06_decimals_are_floats_exactly_or_bad() {
        let (values, bad) =
            widened(decimals(&[125, 10, -50, 0, 100_000], 10, 2), DataType::Float64);
        let values: Vec<_> = values.as_primitive::<Float64Type>().iter().collect();
        assert_eq!(values, [Some(1.25), None, Some(-0.5), Some(0.0), Some(1000.0)]);
        assert_eq!(bad.len(), 1);
        assert!(bad.reason(1).unwrap().starts_with("0.10 of type Decimal128(10, 2) has no exact"));
        let edge = 1_i128 << 53;
        let numbers = [edge, edge + 1, edge + 2, -edge - 1, i128::MAX / 2, 1 << 100];
        let (values, bad) = widened(decimals(&numbers, 38, 0), DataType::Float64);
        let values = values.as_primitive::<Float64Type>();
        assert_eq!(values.value(2), 9_007_199_254_740_994.0);
        assert_eq!(values.value(5), 2f64.powi(100));
        let rows: Vec<usize> = bad.iter().map(|(row, _)| row).collect();
        assert_eq!(rows, [1, 3, 4]);
        let (values, bad) = widened(decimals(&[1 << 24, (1 << 24) + 1], 38, 0), DataType::Float32);
        assert_eq!(values.as_primitive::<Float32Type>().value(0), 16_777_216.0);
        assert_eq!((bad.len(), values.is_null(1)), (1, true));
        let (values, _) = widened(decimals(&[3], 5, -2), DataType::Float64);
        assert_eq!(values.as_primitive::<Float64Type>().value(0), 300.0);
    }

    /// Goal: a decimal without fraction digits is an integer of 64 bits or bad (S6).
    #[test]
    fn s06_whole_decimals_are_integers() {
        let (most, least) = (i128::from(i64::MAX), i128::from(i64::MIN));
        let numbers = [most, most + 1, least, least - 1];
        let (values, bad) = widened(decimals(&numbers, 38, 0), DataType::Int64);
        let values: Vec<_> = values.as_primitive::<Int64Type>().iter().collect();
        assert_eq!(values, [Some(i64::MAX), None, Some(i64::MIN), None]);
        assert_eq!(bad.len(), 2);
        let (values, _) = widened(decimals(&[-7], 5, -3), DataType::Int64);
        assert_eq!(values.as_primitive::<Int64Type>().value(0), -7000);
        assert!(!accepts(&ArrowType::Decimal128(10, 2), &DataType::Int64));
        let wide = Decimal256Array::from(vec![i256::MAX, i256::from_i128(5)]);
        let wide: ArrayRef = Arc::new(wide.with_precision_and_scale(76, 0).unwrap());
        let (values, bad) = widened(wide, DataType::Int64);
        assert_eq!((values.as_primitive::<Int64Type>().value(1), bad.len()), (5, 1));
    }
}
