//! Integers of any width as integers or decimals of a declared type (S6).
//!
//! Invariant: a value is the same number in the declared type, or makes its row bad. Deliberately
//! absent: integers that stand for times (`moments.rs`), and wrapping.

use super::decimals::scaled;
use super::widen::{BadRows, beyond, exact, partial};
use arrow::array::ArrayRef;
use arrow::datatypes::{
    ArrowNativeTypeOp, ArrowPrimitiveType, DataType as ArrowType, Decimal128Type, Int8Type,
    Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use lockstep_core::event::arrow_type;
use lockstep_core::value::{DataType, has_precision};
use std::fmt::Display;
use std::sync::Arc;

/// Whether a column of integers can be widened to `expected`.
pub(super) fn accepts(expected: &DataType) -> bool {
    expected.is_integer() || matches!(expected, DataType::Decimal { .. })
}

/// A column of integers as one of a type that [`accepts`] allows.
pub(super) fn widen(array: &ArrayRef, expected: &DataType, bad: &mut BadRows) -> ArrayRef {
    match array.data_type() {
        ArrowType::Int8 => of::<Int8Type>(array, expected, bad),
        ArrowType::Int16 => of::<Int16Type>(array, expected, bad),
        ArrowType::Int32 => of::<Int32Type>(array, expected, bad),
        ArrowType::Int64 => of::<Int64Type>(array, expected, bad),
        ArrowType::UInt8 => of::<UInt8Type>(array, expected, bad),
        ArrowType::UInt16 => of::<UInt16Type>(array, expected, bad),
        ArrowType::UInt32 => of::<UInt32Type>(array, expected, bad),
        _ => of::<UInt64Type>(array, expected, bad),
    }
}

fn of<S>(array: &ArrayRef, expected: &DataType, bad: &mut BadRows) -> ArrayRef
where
    S: ArrowPrimitiveType<Native: Into<i128> + Display>,
{
    match expected {
        DataType::Int8 => to::<S, Int8Type>(array, expected, bad),
        DataType::Int16 => to::<S, Int16Type>(array, expected, bad),
        DataType::Int32 => to::<S, Int32Type>(array, expected, bad),
        DataType::UInt8 => to::<S, UInt8Type>(array, expected, bad),
        DataType::UInt16 => to::<S, UInt16Type>(array, expected, bad),
        DataType::UInt32 => to::<S, UInt32Type>(array, expected, bad),
        DataType::UInt64 => to::<S, UInt64Type>(array, expected, bad),
        DataType::Decimal { precision, scale } => {
            let decimals = partial::<S, Decimal128Type>(array, bad, |value| {
                scaled(value.into(), i16::from(*scale))
                    .filter(|digits| has_precision(*digits, *precision))
                    .ok_or_else(|| beyond(array, value, expected))
            });
            Arc::new(decimals.with_data_type(arrow_type(expected)))
        }
        _ => to::<S, Int64Type>(array, expected, bad),
    }
}

fn to<S, T>(array: &ArrayRef, expected: &DataType, bad: &mut BadRows) -> ArrayRef
where
    S: ArrowPrimitiveType<Native: Into<i128> + Display>,
    T: ArrowPrimitiveType<Native: TryFrom<i128>>,
{
    let fit = |value: S::Native| T::Native::try_from(value.into()).ok();
    let ends = [S::Native::MIN_TOTAL_ORDER, S::Native::MAX_TOTAL_ORDER];
    if ends.into_iter().all(|end| fit(end).is_some()) {
        return exact::<S, T>(array, |value| fit(value).unwrap_or_default());
    }
    Arc::new(partial::<S, T>(array, bad, |value| {
        fit(value).ok_or_else(|| beyond(array, value, expected))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{
        Array, AsArray, Int8Array, Int16Array, Int32Array, Int64Array, PrimitiveArray, UInt8Array,
        UInt16Array, UInt32Array, UInt64Array,
    };
    use arrow::util::display::array_value_to_string;

    /// The names and the bits of the signed and the unsigned types.
    const TYPES: [(&str, u32, bool); 8] = [
        ("int8", 8, true),
        ("int16", 16, true),
        ("int32", 32, true),
        ("int64", 64, true),
        ("uint8", 8, false),
        ("uint16", 16, false),
        ("uint32", 32, false),
        ("uint64", 64, false),
    ];

    fn of_type(name: &str) -> DataType {
        name.to_string().try_into().unwrap()
    }

    /// The numbers at and beside the ends of every type.
    fn edges() -> Vec<i128> {
        let ends = [0, 7, 8, 15, 16, 31, 32, 63, 64].map(|bits| 1_i128 << bits);
        ends.iter().flat_map(|end| [end - 1, *end, end + 1, -end - 1, -end, 1 - end]).collect()
    }

    /// The numbers that are of the array's type; the second row is null, with a number behind it,
    /// and the array is a slice.
    fn source<T>(numbers: &[i128]) -> (ArrayRef, Vec<i128>)
    where
        T: ArrowPrimitiveType<Native: TryFrom<i128> + Into<i128>>,
    {
        let mut values: Vec<T::Native> =
            numbers.iter().filter_map(|number| (*number).try_into().ok()).collect();
        let kept = values.iter().map(|value| (*value).into()).collect();
        values.splice(0..1, [values[0], T::Native::MAX_TOTAL_ORDER, values[0]]);
        let valid = (0..values.len()).map(|row| row != 1).collect::<Vec<_>>();
        let array = PrimitiveArray::<T>::new(values.into(), Some(valid.into()));
        (Arc::new(array.slice(1, array.len() - 1)), kept)
    }

    /// Goal: an integer is the same number in a declared type or makes its row bad (S6). Method:
    /// the numbers at and beside the ends of all types, from each type to each, behind a null.
    #[test]
    fn s06_integers_are_in_range_or_bad() {
        let numbers = edges();
        for (array, kept) in [
            source::<Int8Type>(&numbers),
            source::<Int16Type>(&numbers),
            source::<Int32Type>(&numbers),
            source::<Int64Type>(&numbers),
            source::<UInt8Type>(&numbers),
            source::<UInt16Type>(&numbers),
            source::<UInt32Type>(&numbers),
            source::<UInt64Type>(&numbers),
        ] {
            for (name, bits, signed) in TYPES {
                let (least, most) = match signed {
                    true => (-(1_i128 << (bits - 1)), (1 << (bits - 1)) - 1),
                    false => (0, (1 << bits) - 1),
                };
                let expected = of_type(name);
                let mut bad = BadRows::default();
                let found = widen(&array, &expected, &mut bad);
                assert_eq!(*found.data_type(), arrow_type(&expected));
                assert!(found.is_null(0) && bad.reason(0).is_none(), "{name}");
                for (row, number) in (1..).zip(&kept) {
                    let place = format!("{number} of {} as {name}", array.data_type());
                    if (least..=most).contains(number) {
                        assert_eq!(bad.reason(row), None, "{place}");
                        let shown = array_value_to_string(&found, row).unwrap();
                        assert_eq!(shown, number.to_string(), "{place}");
                    } else {
                        let kind = array.data_type();
                        let reason =
                            format!("{number} of type {kind} is beyond the range of {name}");
                        assert_eq!(bad.reason(row), Some(reason.as_str()), "{place}");
                        assert!(found.is_null(row), "{place}");
                    }
                }
                // Nothing lies behind a null.
                let data = found.to_data();
                let width = bits as usize / 8;
                for row in (0..found.len()).filter(|row| found.is_null(*row)) {
                    let start = (data.offset() + row) * width;
                    let bytes = &data.buffers()[0][start..start + width];
                    assert!(bytes.iter().all(|byte| *byte == 0), "{name}");
                }
            }
        }
    }

    /// Goal: an integer is a decimal if that has enough digits (S6). Method: the ends of precisions
    /// and scales, from the narrowest and the widest types.
    #[test]
    fn s06_integers_are_decimals_exactly_or_bad() {
        let ten_19 = 10_000_000_000_000_000_000_u64;
        let table: [(ArrayRef, &str, Option<i128>); 14] = [
            (Arc::new(Int8Array::from(vec![-99])), "decimal(2,0)", Some(-99)),
            (Arc::new(Int8Array::from(vec![-100])), "decimal(2,0)", None),
            (Arc::new(Int16Array::from(vec![9])), "decimal(3,2)", Some(900)),
            (Arc::new(Int16Array::from(vec![10])), "decimal(3,2)", None),
            (Arc::new(Int32Array::from(vec![0])), "decimal(38,38)", Some(0)),
            (Arc::new(Int32Array::from(vec![1])), "decimal(38,38)", None),
            (Arc::new(Int32Array::from(vec![1])), "decimal(38,37)", Some(10_i128.pow(37))),
            (Arc::new(Int64Array::from(vec![i64::MIN])), "decimal(19,0)", Some(i64::MIN.into())),
            (Arc::new(Int64Array::from(vec![i64::MIN])), "decimal(18,0)", None),
            (Arc::new(UInt8Array::from(vec![255])), "decimal(3,0)", Some(255)),
            (Arc::new(UInt16Array::from(vec![65535])), "decimal(4,0)", None),
            (Arc::new(UInt32Array::from(vec![1])), "decimal(1,0)", Some(1)),
            (Arc::new(UInt64Array::from(vec![ten_19])), "decimal(20,0)", Some(ten_19.into())),
            (Arc::new(UInt64Array::from(vec![ten_19])), "decimal(19,0)", None),
        ];
        for (array, name, digits) in table {
            let mut bad = BadRows::default();
            let found = widen(&array, &of_type(name), &mut bad);
            assert_eq!(*found.data_type(), arrow_type(&of_type(name)));
            let found: Vec<Option<i128>> = found.as_primitive::<Decimal128Type>().iter().collect();
            assert_eq!(found, [digits], "{name}");
            let reason = bad.reason(0).unwrap_or("no reason");
            let beyond = format!("is beyond the range of {name}");
            assert_eq!(digits.is_none(), reason.ends_with(&beyond), "{reason}");
        }
    }
}
