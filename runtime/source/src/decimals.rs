//! Decimals as decimals of a declared type, integers and floats, exactly (S6).
//!
//! Invariant: a decimal is one of another precision and scale if that has the same value, an integer
//! if its type has no fraction digits, and a float if the float has the same value; any other value
//! makes its row bad. So 12.5 is a float64 and 0.1 is not, and 12.50 is a `decimal(3,1)` and 12.51
//! is not. Deliberately absent: rounding, and floats as decimals.

use super::widen::{BadRows, partial};
use arrow::array::{ArrayRef, PrimitiveArray};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType as ArrowType, Decimal32Type, Decimal64Type, Decimal128Type,
    Decimal256Type, DecimalType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type, i256,
};
use lockstep_core::event::arrow_type;
use lockstep_core::value::{DataType, has_precision};
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
        kind if kind.is_integer() => shape(found).1 <= 0,
        DataType::Float32 | DataType::Float64 | DataType::Decimal { .. } => true,
        _ => false,
    }
}

/// A column of decimals as one of a type that [`accepts`] allows.
pub(super) fn widen(array: &ArrayRef, expected: &DataType, bad: &mut BadRows) -> ArrayRef {
    match array.data_type() {
        ArrowType::Decimal32(..) => of::<Decimal32Type>(
            array,
            expected,
            bad,
            |value| Some(value.into()),
            |value, tens| scaled(value.into(), tens),
        ),
        ArrowType::Decimal64(..) => of::<Decimal64Type>(
            array,
            expected,
            bad,
            |value| Some(value.into()),
            |value, tens| scaled(value.into(), tens),
        ),
        ArrowType::Decimal128(..) => of::<Decimal128Type>(array, expected, bad, Some, scaled),
        _ => of::<Decimal256Type>(array, expected, bad, |value| value.to_i128(), scaled_wide),
    }
}

/// `digits * 10^tens`, if it is whole and has at most 128 bits.
pub(super) fn scaled(digits: i128, tens: i16) -> Option<i128> {
    if digits == 0 || tens == 0 {
        return Some(digits);
    }
    // A power beyond 128 bits is greater than any digits, so no digits are a multiple of it.
    let power = 10_i128.checked_pow(tens.unsigned_abs().into())?;
    match tens {
        0.. => digits.checked_mul(power),
        _ => (digits % power == 0).then(|| digits / power),
    }
}

/// The same for 256 bits of digits.
fn scaled_wide(digits: i256, tens: i16) -> Option<i128> {
    if let Some(digits) = digits.to_i128() {
        return scaled(digits, tens);
    }
    if tens >= 0 {
        return None;
    }
    let power = i256::from_i128(10).checked_pow(tens.unsigned_abs().into())?;
    match digits.checked_rem(power)? {
        i256::ZERO => digits.checked_div(power)?.to_i128(),
        _ => None,
    }
}

/// `digits` gives the digits of a value if they fit 128 bits, and `scaled` the digits that it has
/// when its scale grows by a number of digits.
fn of<S: DecimalType>(
    array: &ArrayRef,
    expected: &DataType,
    bad: &mut BadRows,
    digits: fn(S::Native) -> Option<i128>,
    scaled: fn(S::Native, i16) -> Option<i128>,
) -> ArrayRef {
    fn convert<S: DecimalType, T: ArrowPrimitiveType>(
        array: &ArrayRef,
        expected: &DataType,
        bad: &mut BadRows,
        exact: impl Fn(S::Native) -> Option<T::Native>,
    ) -> PrimitiveArray<T> {
        let (precision, scale) = shape(array.data_type());
        partial::<S, T>(array, bad, |value| {
            exact(value).ok_or_else(|| {
                let shown = S::format_decimal(value, precision, scale);
                let found = array.data_type();
                format!("{shown} of type {found} has no exact {expected}; convert the column")
            })
        })
    }
    let scale = shape(array.data_type()).1;
    let whole = |value| scaled(value, -i16::from(scale));
    macro_rules! integers {
        ($kind:ty) => {
            Arc::new(convert::<S, $kind>(array, expected, bad, |value| {
                whole(value)?.try_into().ok()
            }))
        };
    }
    match expected {
        DataType::Int8 => integers!(Int8Type),
        DataType::Int16 => integers!(Int16Type),
        DataType::Int32 => integers!(Int32Type),
        DataType::Int64 => integers!(Int64Type),
        DataType::UInt8 => integers!(UInt8Type),
        DataType::UInt16 => integers!(UInt16Type),
        DataType::UInt32 => integers!(UInt32Type),
        DataType::UInt64 => integers!(UInt64Type),
        DataType::Decimal { precision, scale: to } => {
            let tens = i16::from(*to) - i16::from(scale);
            let decimals = convert::<S, Decimal128Type>(array, expected, bad, |value| {
                scaled(value, tens).filter(|digits| has_precision(*digits, *precision))
            });
            Arc::new(decimals.with_data_type(arrow_type(expected)))
        }
        DataType::Float32 => Arc::new(convert::<S, Float32Type>(array, expected, bad, |value| {
            float(digits(value)?, scale, MANTISSA_32_BITS).map(|float| float as f32)
        })),
        _ => Arc::new(convert::<S, Float64Type>(array, expected, bad, |value| {
            float(digits(value)?, scale, MANTISSA_64_BITS)
        })),
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
    use arrow::array::{
        Array, AsArray, Decimal32Array, Decimal64Array, Decimal128Array, Decimal256Array,
    };
    use arrow::util::display::array_value_to_string;

    fn of_type(name: &str) -> DataType {
        name.to_string().try_into().unwrap()
    }

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

    /// Goal: a decimal without fraction digits is an integer of each width or bad (S6). Method: the
    /// ends of the narrowest and the widest unsigned type.
    #[test]
    fn s06_whole_decimals_are_integers_of_each_width() {
        for (name, number, fits) in [
            ("int8", 127, true),
            ("int8", 128, false),
            ("int8", -128, true),
            ("int8", -129, false),
            ("uint8", 255, true),
            ("uint8", 256, false),
            ("uint8", 0, true),
            ("uint8", -1, false),
            ("int32", 1 << 31, false),
            ("int32", -(1 << 31), true),
            ("uint64", (1 << 64) - 1, true),
            ("uint64", 1 << 64, false),
        ] {
            let (values, bad) = widened(decimals(&[number], 38, 0), of_type(name));
            let shown = array_value_to_string(&values, 0).unwrap();
            assert_eq!(shown, if fits { number.to_string() } else { String::new() }, "{name}");
            assert_eq!((bad.len(), values.null_count()), (usize::from(!fits), bad.len()));
        }
        let (values, bad) = widened(decimals(&[6, 7], 2, -1), of_type("int8"));
        assert_eq!(values.as_primitive::<Int8Type>().value(0), 60);
        assert_eq!(bad.len(), 0);
        let (_, bad) = widened(decimals(&[13], 2, -1), of_type("int8"));
        assert_eq!(
            bad.reason(0),
            Some("130 of type Decimal128(2, -1) has no exact int8; convert the column")
        );
        for name in ["int8", "int16", "int32", "uint8", "uint16", "uint32", "uint64"] {
            assert!(!accepts(&ArrowType::Decimal128(10, 2), &of_type(name)));
        }
    }

    /// Goal: a decimal is one of another precision and scale exactly or bad (S6). Method: a table of
    /// digits with their scale, and the digits in the declared type; 38 digits, scales below zero,
    /// and scales that grow and shrink.
    #[test]
    fn s06_decimals_are_decimals_exactly_or_bad() {
        let most = 10_i128.pow(38) - 1;
        for (digits, scale, name, expect) in [
            (1250, 2, "decimal(3,1)", Some(125)),
            (1251, 2, "decimal(3,1)", None),
            (-1250, 2, "decimal(3,1)", Some(-125)),
            (-1255, 2, "decimal(3,1)", None),
            (9990, 2, "decimal(3,1)", Some(999)),
            (10_000, 2, "decimal(3,1)", None),
            (125, 1, "decimal(6,4)", Some(125_000)),
            (1250, 1, "decimal(6,4)", None),
            (most, 0, "decimal(38,0)", Some(most)),
            (-most, 0, "decimal(38,0)", Some(-most)),
            (most, 38, "decimal(38,38)", Some(most)),
            (most, 38, "decimal(38,37)", None),
            (most, 0, "decimal(38,1)", None),
            (10_i128.pow(37), 37, "decimal(1,0)", Some(1)),
            (10_i128.pow(37) + 1, 37, "decimal(1,0)", None),
            (0, 37, "decimal(1,1)", Some(0)),
            (12, -2, "decimal(4,0)", Some(1200)),
            (12, -2, "decimal(5,1)", Some(12_000)),
            (12, -2, "decimal(3,0)", None),
            (1, -37, "decimal(38,0)", Some(10_i128.pow(37))),
            (1, -38, "decimal(38,0)", None),
            (0, -38, "decimal(38,38)", Some(0)),
        ] {
            let (values, bad) = widened(decimals(&[digits], 38, scale), of_type(name));
            assert_eq!(*values.data_type(), arrow_type(&of_type(name)));
            let found: Vec<_> = values.as_primitive::<Decimal128Type>().iter().collect();
            assert_eq!(found, [expect], "{digits} of scale {scale} as {name}");
            assert_eq!(bad.len(), usize::from(expect.is_none()));
        }
    }

    /// Goal: the width of a decimal's type does not matter, nor do the values behind nulls and
    /// before a slice. Method: one value in each width, and one of 256 bits whose fraction digits
    /// are zeros.
    #[test]
    fn s06_decimals_of_every_width_are_read() {
        let some = [Some(1), None, Some(1250), Some(1251)];
        let small = Decimal32Array::from(some.to_vec()).with_precision_and_scale(9, 2);
        let middle = some.map(|value| value.map(i64::from)).to_vec();
        let middle = Decimal64Array::from(middle).with_precision_and_scale(18, 2);
        let wide = some.map(|value| value.map(|value| i256::from_i128(value.into()))).to_vec();
        let wide = Decimal256Array::from(wide).with_precision_and_scale(76, 2);
        let arrays: [ArrayRef; 3] =
            [Arc::new(small.unwrap()), Arc::new(middle.unwrap()), Arc::new(wide.unwrap())];
        for array in arrays {
            let (values, bad) = widened(array.slice(1, 3), of_type("decimal(20,1)"));
            let values: Vec<_> = values.as_primitive::<Decimal128Type>().iter().collect();
            assert_eq!(values, [None, Some(125), None], "{}", array.data_type());
            assert!(bad.reason(2).unwrap().starts_with("12.51 of type"));
            assert_eq!(bad.len(), 1);
        }
        let hidden = Decimal128Array::new(vec![7, 8].into(), Some(vec![true, false].into()));
        let hidden: ArrayRef = Arc::new(hidden.with_precision_and_scale(38, 0).unwrap());
        let (values, bad) = widened(hidden, of_type("decimal(1,0)"));
        assert_eq!(values.as_primitive::<Decimal128Type>().values().as_ref(), [7, 0]);
        assert_eq!((bad.len(), values.null_count()), (0, 1));
        let digits = |zeros: usize, last: &str| {
            i256::from_string(&format!("125{}{last}", "0".repeat(zeros))).unwrap()
        };
        let wide = vec![digits(50, ""), digits(49, "1"), digits(50, "00"), i256::MAX];
        let wide = Decimal256Array::from(wide).with_precision_and_scale(76, 50).unwrap();
        let wide: ArrayRef = Arc::new(wide);
        let (values, bad) = widened(wide, of_type("decimal(3,0)"));
        let values: Vec<_> = values.as_primitive::<Decimal128Type>().iter().collect();
        assert_eq!(values, [Some(125), None, None, None]);
        assert_eq!(bad.len(), 3);
    }
}
