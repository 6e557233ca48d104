//! Values as arrays and arrays as values, for the tests of files.
//!
//! Invariant: it shares no code with the readers. Deliberately absent: maps, since no column of an
//! event is one.

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BinaryArray, BooleanArray, ListArray,
    PrimitiveArray, StringArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{
    Date32Type, Decimal128Type, Field, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use lockstep_core::event::arrow_type;
use lockstep_core::value::{DataType, Decimal, NAN_32, NAN_64, Value};
use std::sync::Arc;

/// An array of fixed width; `of` gives the number of a value, and something for a null.
fn fixed<T: ArrowPrimitiveType>(
    values: &[Value],
    data_type: &DataType,
    of: impl Fn(&Value) -> T::Native,
) -> ArrayRef {
    let valid: Vec<bool> = values.iter().map(|value| !value.is_null()).collect();
    let numbers = values.iter().map(of).collect();
    let array = PrimitiveArray::<T>::new(numbers, Some(NullBuffer::from(valid)));
    Arc::new(array.with_data_type(arrow_type(data_type)))
}

/// An array of signed integers that fit the type.
fn signed<T: ArrowPrimitiveType<Native: TryFrom<i64>>>(
    values: &[Value],
    data_type: &DataType,
) -> ArrayRef {
    fixed::<T>(values, data_type, |value| {
        let number = match value {
            Value::Int64(value) | Value::Timestamp(value) => *value,
            Value::Date(days) => (*days).into(),
            _ => 77,
        };
        T::Native::try_from(number).ok().expect("a number of the type")
    })
}

/// An array of unsigned integers that fit the type.
fn unsigned<T: ArrowPrimitiveType<Native: TryFrom<u64>>>(
    values: &[Value],
    data_type: &DataType,
) -> ArrayRef {
    fixed::<T>(values, data_type, |value| {
        let number = if let Value::UInt64(value) = value { *value } else { 77 };
        T::Native::try_from(number).ok().expect("a number of the type")
    })
}

/// The values as an array, with arbitrary data behind the nulls, as in real files.
pub(super) fn array(values: &[Value], data_type: &DataType) -> ArrayRef {
    let valid: Vec<bool> = values.iter().map(|value| !value.is_null()).collect();
    let nulls = Some(NullBuffer::from(valid));
    match data_type {
        DataType::Bool => {
            let value = |v: &Value| matches!(v, Value::Bool(true) | Value::Null);
            Arc::new(BooleanArray::new(values.iter().map(value).collect(), nulls))
        }
        DataType::Int8 => signed::<Int8Type>(values, data_type),
        DataType::Int16 => signed::<Int16Type>(values, data_type),
        DataType::Int32 => signed::<Int32Type>(values, data_type),
        DataType::Int64 => signed::<Int64Type>(values, data_type),
        DataType::UInt8 => unsigned::<UInt8Type>(values, data_type),
        DataType::UInt16 => unsigned::<UInt16Type>(values, data_type),
        DataType::UInt32 => unsigned::<UInt32Type>(values, data_type),
        DataType::UInt64 => unsigned::<UInt64Type>(values, data_type),
        DataType::Date => signed::<Date32Type>(values, data_type),
        DataType::Timestamp => signed::<TimestampMicrosecondType>(values, data_type),
        DataType::Decimal { .. } => fixed::<Decimal128Type>(values, data_type, |value| {
            if let Value::Decimal(value) = value { value.unscaled } else { 77 }
        }),
        DataType::Float32 => fixed::<Float32Type>(values, data_type, |value| {
            if let Value::Float32(value) = value { *value } else { 0.5 }
        }),
        DataType::Float64 => fixed::<Float64Type>(values, data_type, |value| {
            if let Value::Float64(value) = value { *value } else { 0.5 }
        }),
        DataType::String => {
            let value =
                |v: &Value| if let Value::String(v) = v { v.to_string() } else { "?".into() };
            let texts: StringArray = values.iter().map(|v| Some(value(v))).collect();
            let (offsets, bytes, _) = texts.into_parts();
            Arc::new(StringArray::new(offsets, bytes, nulls))
        }
        DataType::Bytes => {
            let value = |v: &Value| if let Value::Bytes(v) = v { v.to_vec() } else { vec![255] };
            let bytes: BinaryArray = values.iter().map(|v| Some(value(v))).collect();
            let (offsets, bytes, _) = bytes.into_parts();
            Arc::new(BinaryArray::new(offsets, bytes, nulls))
        }
        DataType::List(element) => {
            let items = |v: &Value| if let Value::List(items) = v { items.clone() } else { vec![] };
            let items: Vec<Vec<Value>> = values.iter().map(items).collect();
            let offsets = OffsetBuffer::from_lengths(items.iter().map(Vec::len));
            let field = Arc::new(Field::new("item", arrow_type(element), true));
            let child = array(&items.concat(), element);
            Arc::new(ListArray::new(field, offsets, child, nulls))
        }
        DataType::Map(_) => panic!("no column is a map"),
    }
}

/// The value at `row`, after a check that the array is normalised: no other NaN, zero behind nulls.
pub(super) fn value(array: &dyn Array, data_type: &DataType, row: usize) -> Value {
    assert_eq!(*array.data_type(), arrow_type(data_type));
    let (null, zero) = (array.is_null(row), zero(data_type));
    let found = match data_type {
        DataType::Bool => Value::Bool(array.as_boolean().value(row)),
        DataType::Int8 => Value::Int64(array.as_primitive::<Int8Type>().value(row).into()),
        DataType::Int16 => Value::Int64(array.as_primitive::<Int16Type>().value(row).into()),
        DataType::Int32 => Value::Int64(array.as_primitive::<Int32Type>().value(row).into()),
        DataType::Int64 => Value::Int64(array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt8 => Value::UInt64(array.as_primitive::<UInt8Type>().value(row).into()),
        DataType::UInt16 => Value::UInt64(array.as_primitive::<UInt16Type>().value(row).into()),
        DataType::UInt32 => Value::UInt64(array.as_primitive::<UInt32Type>().value(row).into()),
        DataType::UInt64 => Value::UInt64(array.as_primitive::<UInt64Type>().value(row)),
        DataType::Decimal { scale, .. } => {
            let unscaled = array.as_primitive::<Decimal128Type>().value(row);
            Value::Decimal(Box::new(Decimal { unscaled, scale: *scale }))
        }
        DataType::Date => Value::Date(array.as_primitive::<Date32Type>().value(row)),
        DataType::Timestamp => {
            Value::Timestamp(array.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        DataType::Float32 => {
            let value = array.as_primitive::<Float32Type>().value(row);
            assert!(!value.is_nan() || value.to_bits() == NAN_32.to_bits());
            Value::Float32(value)
        }
        DataType::Float64 => {
            let value = array.as_primitive::<Float64Type>().value(row);
            assert!(!value.is_nan() || value.to_bits() == NAN_64.to_bits());
            Value::Float64(value)
        }
        DataType::String => {
            assert_eq!(array.as_string::<i32>().offsets()[0], 0);
            Value::String(array.as_string::<i32>().value(row).into())
        }
        DataType::Bytes => {
            assert_eq!(array.as_binary::<i32>().offsets()[0], 0);
            Value::Bytes(array.as_binary::<i32>().value(row).into())
        }
        DataType::List(element) => {
            assert_eq!(array.as_list::<i32>().offsets()[0], 0);
            let items = array.as_list::<i32>().value(row);
            // A slice of the child does not start at 0, so its values are read one by one.
            let items = arrow::compute::concat(&[&items, &items.slice(0, 0)]).expect("one type");
            Value::List((0..items.len()).map(|i| value(&items, element, i)).collect())
        }
        DataType::Map(_) => panic!("no column is a map"),
    };
    if !null {
        return found;
    }
    assert_eq!(found, zero, "behind a null");
    Value::Null
}

/// What lies behind a null.
fn zero(data_type: &DataType) -> Value {
    match data_type {
        DataType::Bool => Value::Bool(false),
        kind if kind.is_signed() => Value::Int64(0),
        kind if kind.is_unsigned() => Value::UInt64(0),
        DataType::Decimal { scale, .. } => {
            Value::Decimal(Box::new(Decimal { unscaled: 0, scale: *scale }))
        }
        DataType::Date => Value::Date(0),
        DataType::Timestamp => Value::Timestamp(0),
        DataType::Float32 => Value::Float32(0.0),
        DataType::Float64 => Value::Float64(0.0),
        DataType::String => Value::String("".into()),
        DataType::Bytes => Value::Bytes([].into()),
        _ => Value::List(vec![]),
    }
}
