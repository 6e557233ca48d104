//! Builds Arrow arrays from values.
//!
//! Invariant: each data type has exactly one Arrow form, and the array has it. Deliberately absent:
//! the opposite direction, which is [`TypedColumn`](crate::row::TypedColumn).

use crate::error::{Error, Result};
use crate::event::{arrow_type, map_array};
use crate::value::{DataType, Value, has_precision};
use arrow::array::{
    ArrayRef, ArrowPrimitiveType, BinaryArray, BooleanArray, Date32Array, Decimal128Array,
    Float32Array, Float64Array, Int64Array, ListArray, PrimitiveBuilder, StringArray,
    TimestampMicrosecondArray, UInt64Array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{
    DataType as ArrowType, Int8Type, Int16Type, Int32Type, UInt8Type, UInt16Type, UInt32Type,
};
use std::sync::Arc;

/// An Arrow array of `data_type` from values of that type.
pub fn array_of<'a>(
    data_type: &DataType,
    values: impl Iterator<Item = &'a Value>,
) -> Result<ArrayRef> {
    macro_rules! collect {
        ($array:ty, $variant:ident, $by:expr) => {
            Arc::new(
                values
                    .map(|value| match value {
                        Value::Null => Ok(None),
                        Value::$variant(value) => Ok(Some($by(value))),
                        other => Err(mistyped(data_type, other)),
                    })
                    .collect::<Result<$array>>()?,
            ) as ArrayRef
        };
    }
    Ok(match data_type {
        DataType::Bool => collect!(BooleanArray, Bool, |v: &bool| *v),
        DataType::Int8 => narrowed::<Int8Type>(data_type, values)?,
        DataType::Int16 => narrowed::<Int16Type>(data_type, values)?,
        DataType::Int32 => narrowed::<Int32Type>(data_type, values)?,
        DataType::Int64 => collect!(Int64Array, Int64, |v: &i64| *v),
        DataType::UInt8 => narrowed::<UInt8Type>(data_type, values)?,
        DataType::UInt16 => narrowed::<UInt16Type>(data_type, values)?,
        DataType::UInt32 => narrowed::<UInt32Type>(data_type, values)?,
        DataType::UInt64 => collect!(UInt64Array, UInt64, |v: &u64| *v),
        DataType::Date => collect!(Date32Array, Date, |v: &i32| *v),
        DataType::Bytes => collect!(BinaryArray, Bytes, |v: &'a [u8]| v),
        DataType::Decimal { precision, scale } => {
            let digits = values.map(|value| match value {
                Value::Null => Ok(None),
                Value::Decimal(value)
                    if value.scale == *scale && has_precision(value.unscaled, *precision) =>
                {
                    Ok(Some(value.unscaled))
                }
                other => Err(mistyped(data_type, other)),
            });
            let digits = digits.collect::<Result<Decimal128Array>>()?;
            Arc::new(digits.with_data_type(arrow_type(data_type)))
        }
        DataType::Float32 => collect!(Float32Array, Float32, |v: &f32| *v),
        DataType::Float64 => collect!(Float64Array, Float64, |v: &f64| *v),
        DataType::String => collect!(StringArray, String, |v: &'a str| v),
        DataType::Timestamp => {
            let times = values.map(|value| match value {
                Value::Null => Ok(None),
                Value::Timestamp(micros) => Ok(Some(*micros)),
                other => Err(mistyped(data_type, other)),
            });
            let times = times.collect::<Result<TimestampMicrosecondArray>>()?;
            Arc::new(times.with_timezone("UTC"))
        }
        DataType::List(element) => {
            let (mut items, mut lengths, mut valid) = (vec![], vec![], vec![]);
            for value in values {
                let here: &[Value] = match value {
                    Value::Null => &[],
                    Value::List(items) => items,
                    other => return Err(mistyped(data_type, other)),
                };
                items.extend(here);
                lengths.push(here.len());
                valid.push(!value.is_null());
            }
            let items = array_of(element, items.into_iter())?;
            let ArrowType::List(field) = arrow_type(data_type) else {
                return Err(Error::bug("a list's Arrow type is a list"));
            };
            let offsets = OffsetBuffer::from_lengths(lengths);
            Arc::new(ListArray::new(field, offsets, items, nulls(valid)))
        }
        DataType::Map(types) => {
            let (mut keys, mut items, mut lengths, mut valid) = (vec![], vec![], vec![], vec![]);
            for value in values {
                let here: &[(Value, Value)] = match value {
                    Value::Null => &[],
                    Value::Map(pairs) => pairs,
                    other => return Err(mistyped(data_type, other)),
                };
                keys.extend(here.iter().map(|(key, _)| key));
                items.extend(here.iter().map(|(_, value)| value));
                lengths.push(here.len());
                valid.push(!value.is_null());
            }
            let keys = array_of(&types.0, keys.into_iter())?;
            let items = array_of(&types.1, items.into_iter())?;
            let offsets = OffsetBuffer::from_lengths(lengths);
            Arc::new(map_array(data_type, offsets, [keys, items], nulls(valid)))
        }
    })
}

/// An array of integers, each of which must fit the type.
fn narrowed<'a, T>(
    data_type: &DataType,
    values: impl Iterator<Item = &'a Value>,
) -> Result<ArrayRef>
where
    T: ArrowPrimitiveType<Native: TryFrom<i64> + TryFrom<u64>>,
{
    let mut integers = PrimitiveBuilder::<T>::with_capacity(values.size_hint().0);
    for value in values {
        let integer = match value {
            Value::Null => {
                integers.append_null();
                continue;
            }
            Value::Int64(value) => T::Native::try_from(*value).ok(),
            Value::UInt64(value) => T::Native::try_from(*value).ok(),
            _ => None,
        };
        integers.append_value(integer.ok_or_else(|| mistyped(data_type, value))?);
    }
    Ok(Arc::new(integers.finish()))
}

/// A null buffer, or `None` if nothing is null.
fn nulls(valid: Vec<bool>) -> Option<NullBuffer> {
    valid.contains(&false).then(|| NullBuffer::from(valid))
}

fn mistyped(data_type: &DataType, value: &Value) -> Error {
    Error::bug(format!("{value} stands in a column of type {data_type}"))
}
