//! Cells of Arrow arrays as values, and Arrow types as kinds.
//!
//! Invariant: a value holds what the cell holds, with nothing rounded, except that times finer than a
//! microsecond floor (S2). Deliberately absent: every conversion that could lose a bit.

use crate::kind::Kind;
use crate::value::Value;
use arrow::array::{
    Array, ArrayRef, BooleanArray, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array,
    Int64Array, LargeStringArray, ListArray, MapArray, PrimitiveArray, StringArray,
    StringViewArray,
};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};

/// The kind that a column has exactly: times are microseconds and UTC, texts are plain UTF-8. An
/// error is the type that has none.
pub(crate) fn kind(data_type: &DataType) -> Result<Kind, DataType> {
    Ok(match data_type {
        DataType::Boolean => Kind::Bool,
        DataType::Int64 => Kind::Int64,
        DataType::Float32 => Kind::Float32,
        DataType::Float64 => Kind::Float64,
        DataType::Utf8 => Kind::Text,
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if &**zone == "UTC" => {
            Kind::Timestamp
        }
        DataType::List(element) => kind(element.data_type())?.list(),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) if fields.len() == 2 => {
                let both = [kind(fields[0].data_type())?, kind(fields[1].data_type())?];
                let [key, value] = both.map(Box::new);
                Kind::Map(key, value)
            }
            _ => return Err(data_type.clone()),
        },
        other => return Err(other.clone()),
    })
}

/// A cell. Narrower integers widen, coarser times convert; `None` for a type beyond that.
pub(crate) fn value(array: &ArrayRef, row: usize) -> Option<Value> {
    if array.is_null(row) {
        return Some(Value::Null);
    }
    let any = array.as_any();
    if let Some(array) = any.downcast_ref::<Int64Array>() {
        return Some(Value::Int64(array.value(row)));
    } else if let Some(array) = any.downcast_ref::<Float64Array>() {
        return Some(Value::Float64(array.value(row)));
    } else if let Some(array) = any.downcast_ref::<Float32Array>() {
        return Some(Value::Float32(array.value(row)));
    } else if let Some(array) = any.downcast_ref::<BooleanArray>() {
        return Some(Value::Bool(array.value(row)));
    } else if let Some(array) = any.downcast_ref::<StringArray>() {
        return Some(Value::Text(array.value(row).to_string()));
    } else if let Some(array) = any.downcast_ref::<LargeStringArray>() {
        return Some(Value::Text(array.value(row).to_string()));
    } else if let Some(array) = any.downcast_ref::<StringViewArray>() {
        return Some(Value::Text(array.value(row).to_string()));
    } else if let Some(array) = any.downcast_ref::<Int32Array>() {
        return Some(Value::Int64(array.value(row).into()));
    } else if let Some(array) = any.downcast_ref::<Int16Array>() {
        return Some(Value::Int64(array.value(row).into()));
    } else if let Some(array) = any.downcast_ref::<Int8Array>() {
        return Some(Value::Int64(array.value(row).into()));
    } else if let Some(array) = any.downcast_ref::<ListArray>() {
        return all(&array.value(row)).map(Value::List);
    } else if let Some(array) = any.downcast_ref::<MapArray>() {
        let entries = array.value(row);
        let (keys, values) = (all(entries.column(0))?, all(entries.column(1))?);
        return Some(Value::Map(keys.into_iter().zip(values).collect()));
    }
    timestamp(array, row)
}

/// All cells of an array.
fn all(array: &ArrayRef) -> Option<Vec<Value>> {
    (0..array.len()).map(|row| value(array, row)).collect()
}

fn timestamp(array: &ArrayRef, row: usize) -> Option<Value> {
    let DataType::Timestamp(unit, _) = array.data_type() else { return None };
    let micros = match unit {
        TimeUnit::Second => native::<TimestampSecondType>(array, row)?.checked_mul(1_000_000)?,
        TimeUnit::Millisecond => {
            native::<TimestampMillisecondType>(array, row)?.checked_mul(1000)?
        }
        TimeUnit::Microsecond => native::<TimestampMicrosecondType>(array, row)?,
        TimeUnit::Nanosecond => native::<TimestampNanosecondType>(array, row)?.div_euclid(1000),
    };
    Some(Value::Timestamp(micros))
}

fn native<T: ArrowPrimitiveType>(array: &ArrayRef, row: usize) -> Option<T::Native> {
    Some(array.as_any().downcast_ref::<PrimitiveArray<T>>()?.value(row))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::same_bits;
    use arrow::array::{Int64Builder, ListBuilder, MapBuilder, StringBuilder};
    use std::sync::Arc;

    /// Goal: lists and maps are read with their nulls. Method: arrays written out by hand.
    #[test]
    fn s14_lists_and_maps_are_read() {
        let mut lists = ListBuilder::new(Int64Builder::new());
        lists.append_value([Some(1), None]);
        lists.append_null();
        lists.append_value([]);
        let lists: ArrayRef = Arc::new(lists.finish());
        assert_eq!(kind(lists.data_type()).unwrap(), Kind::Int64.list());
        let expected =
            [Value::List(vec![Value::Int64(1), Value::Null]), Value::Null, Value::List(vec![])];
        for (row, expected) in expected.iter().enumerate() {
            assert!(same_bits(&value(&lists, row).unwrap(), expected), "{row}");
        }
        let mut maps = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
        maps.keys().append_value("a");
        maps.values().append_value(7);
        maps.keys().append_value("b");
        maps.values().append_null();
        maps.append(true).unwrap();
        maps.append(true).unwrap();
        let maps: ArrayRef = Arc::new(maps.finish());
        assert_eq!(kind(maps.data_type()).unwrap(), Kind::parse("map<string,int64>").unwrap());
        let text = |text: &str| Value::Text(text.to_string());
        let expected = Value::Map(vec![(text("a"), Value::Int64(7)), (text("b"), Value::Null)]);
        assert!(same_bits(&value(&maps, 0).unwrap(), &expected));
        assert!(same_bits(&value(&maps, 1).unwrap(), &Value::Map(vec![])));
    }
}
