//! One column of a view's rows, read by type.
//!
//! Invariant: values are returned in canonical form (S14): one NaN, maps in key order. Deliberately
//! absent: checks; the caller has checked the declaration, and that the row is not null.

use crate::aggregate::content_hash::{hash, hash_nine};
use crate::aggregate::number::Number;
use crate::error::{Error, Result};
use crate::event::arrow_type;
use crate::value::{
    DataType, Decimal, Value, canonical_f32, canonical_f64, f32_order, f64_order, i32_order,
    i64_order, tag,
};
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Decimal128Array,
    Float32Array, Float64Array, Int64Array, ListArray, MapArray, NullArray, StringArray,
    TimestampMicrosecondArray, UInt64Array,
};
use arrow::datatypes::{
    DataType as ArrowType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};

/// Encodings up to this length are made on the stack.
const SHORT_TEXT: usize = 64;

/// An Arrow array whose type is known.
#[derive(Clone, Debug)]
pub enum TypedColumn {
    /// Of [`crate::value::DataType::Bool`].
    Bool(BooleanArray),
    /// Of any signed integer type, widened.
    Int64(Int64Array),
    /// Of any unsigned integer type, widened.
    UInt64(UInt64Array),
    /// Of [`crate::value::DataType::Decimal`].
    Decimal(Decimal128Array),
    /// Of [`crate::value::DataType::Bytes`].
    Bytes(BinaryArray),
    /// Of [`crate::value::DataType::Date`].
    Date(Date32Array),
    /// Of [`crate::value::DataType::Float32`].
    Float32(Float32Array),
    /// Of [`crate::value::DataType::Float64`].
    Float64(Float64Array),
    /// Of [`crate::value::DataType::String`].
    String(StringArray),
    /// Of [`crate::value::DataType::Timestamp`].
    Timestamp(TimestampMicrosecondArray),
    /// Of [`crate::value::DataType::List`].
    List(ListArray),
    /// Of [`crate::value::DataType::Map`].
    Map(MapArray),
    /// Of any type, with its data left out because nobody reads it.
    Absent(NullArray),
}

impl TypedColumn {
    /// The typed form of an array of one of the Arrow types of [`crate::event::arrow_type`].
    pub fn new(array: &ArrayRef) -> Result<TypedColumn> {
        Ok(match array.data_type() {
            ArrowType::Boolean => TypedColumn::Bool(array.as_boolean().clone()),
            ArrowType::Int8 => {
                TypedColumn::Int64(array.as_primitive::<Int8Type>().unary(i64::from))
            }
            ArrowType::Int16 => {
                TypedColumn::Int64(array.as_primitive::<Int16Type>().unary(i64::from))
            }
            ArrowType::Int32 => {
                TypedColumn::Int64(array.as_primitive::<Int32Type>().unary(i64::from))
            }
            ArrowType::Int64 => TypedColumn::Int64(array.as_primitive::<Int64Type>().clone()),
            ArrowType::UInt8 => {
                TypedColumn::UInt64(array.as_primitive::<UInt8Type>().unary(u64::from))
            }
            ArrowType::UInt16 => {
                TypedColumn::UInt64(array.as_primitive::<UInt16Type>().unary(u64::from))
            }
            ArrowType::UInt32 => {
                TypedColumn::UInt64(array.as_primitive::<UInt32Type>().unary(u64::from))
            }
            ArrowType::UInt64 => TypedColumn::UInt64(array.as_primitive::<UInt64Type>().clone()),
            ArrowType::Decimal128(..) => {
                TypedColumn::Decimal(array.as_primitive::<Decimal128Type>().clone())
            }
            ArrowType::Binary => TypedColumn::Bytes(array.as_binary::<i32>().clone()),
            ArrowType::Date32 => TypedColumn::Date(array.as_primitive::<Date32Type>().clone()),
            ArrowType::Float32 => TypedColumn::Float32(array.as_primitive::<Float32Type>().clone()),
            ArrowType::Float64 => TypedColumn::Float64(array.as_primitive::<Float64Type>().clone()),
            ArrowType::Utf8 => TypedColumn::String(array.as_string::<i32>().clone()),
            ArrowType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, _) => {
                TypedColumn::Timestamp(array.as_primitive::<TimestampMicrosecondType>().clone())
            }
            ArrowType::List(_) => TypedColumn::List(array.as_list::<i32>().clone()),
            ArrowType::Map(..) => TypedColumn::Map(array.as_map().clone()),
            other => return Err(Error::bug(format!("a column of Arrow type {other} got inside"))),
        })
    }

    /// The Arrow type in which columns of `data_type` are held here: integers are widened.
    pub fn held_type(data_type: &DataType) -> ArrowType {
        match data_type {
            integer if integer.is_signed() => ArrowType::Int64,
            integer if integer.is_unsigned() => ArrowType::UInt64,
            other => arrow_type(other),
        }
    }

    /// Whether row `row` is null.
    #[inline]
    pub fn is_null(&self, row: usize) -> bool {
        match self {
            TypedColumn::Bool(a) => a.is_null(row),
            TypedColumn::Int64(a) => a.is_null(row),
            TypedColumn::UInt64(a) => a.is_null(row),
            TypedColumn::Decimal(a) => a.is_null(row),
            TypedColumn::Bytes(a) => a.is_null(row),
            TypedColumn::Date(a) => a.is_null(row),
            TypedColumn::Float32(a) => a.is_null(row),
            TypedColumn::Float64(a) => a.is_null(row),
            TypedColumn::String(a) => a.is_null(row),
            TypedColumn::Timestamp(a) => a.is_null(row),
            TypedColumn::List(a) => a.is_null(row),
            TypedColumn::Map(a) => a.is_null(row),
            TypedColumn::Absent(_) => unreachable!("a column that was left out is read"),
        }
    }

    /// Whether any row is null.
    pub(crate) fn has_nulls(&self) -> bool {
        self.array().null_count() > 0
    }

    /// The Arrow array.
    pub fn array(&self) -> &dyn Array {
        match self {
            TypedColumn::Bool(a) => a,
            TypedColumn::Int64(a) => a,
            TypedColumn::UInt64(a) => a,
            TypedColumn::Decimal(a) => a,
            TypedColumn::Bytes(a) => a,
            TypedColumn::Date(a) => a,
            TypedColumn::Float32(a) => a,
            TypedColumn::Float64(a) => a,
            TypedColumn::String(a) => a,
            TypedColumn::Timestamp(a) => a,
            TypedColumn::List(a) => a,
            TypedColumn::Map(a) => a,
            TypedColumn::Absent(a) => a,
        }
    }

    /// Whether [`TypedColumn::rank`] orders the column's values.
    pub(crate) fn is_ranked(&self) -> bool {
        matches!(
            self,
            TypedColumn::Int64(_)
                | TypedColumn::UInt64(_)
                | TypedColumn::Date(_)
                | TypedColumn::Float32(_)
                | TypedColumn::Float64(_)
                | TypedColumn::Timestamp(_)
        )
    }

    /// A number that sorts the non-null rows of the column as their values sort (S14); equal
    /// numbers mean equal values.
    #[inline]
    pub(crate) fn rank(&self, row: usize) -> u64 {
        match self {
            TypedColumn::Int64(a) => i64_order(a.value(row)),
            TypedColumn::UInt64(a) => a.value(row),
            TypedColumn::Date(a) => u64::from(i32_order(a.value(row))),
            TypedColumn::Float32(a) => u64::from(f32_order(a.value(row))),
            TypedColumn::Float64(a) => f64_order(a.value(row)),
            TypedColumn::Timestamp(a) => i64_order(a.value(row)),
            other => unreachable!("whoever asks has checked that {other:?} is ranked"),
        }
    }

    /// The integer of a non-null row of a column of integers of at most 64 bits with their sign.
    #[inline]
    pub(crate) fn int64(&self, row: usize) -> i64 {
        match self {
            TypedColumn::Int64(a) => a.value(row),
            // The declaration checked that it is narrower than 64 bits.
            TypedColumn::UInt64(a) => a.value(row) as i64,
            other => unreachable!("the declaration checked that {other:?} holds integers"),
        }
    }

    /// The digits of a non-null row of a decimal column.
    #[inline]
    pub(crate) fn unscaled(&self, row: usize) -> i128 {
        match self {
            TypedColumn::Decimal(a) => a.value(row),
            other => unreachable!("the declaration checked that {other:?} holds decimals"),
        }
    }

    /// The number of a non-null row of a float column; 32-bit floats widen exactly (S14).
    #[inline]
    pub(crate) fn float64(&self, row: usize) -> f64 {
        match self {
            TypedColumn::Float64(a) => a.value(row),
            TypedColumn::Float32(a) => f64::from(a.value(row)),
            other => unreachable!("the declaration checked that {other:?} holds floats"),
        }
    }

    /// Whether a row of a bool column is true; false for a null.
    #[inline]
    pub(crate) fn is_true(&self, row: usize) -> bool {
        match self {
            TypedColumn::Bool(a) => a.is_valid(row) && a.value(row),
            other => unreachable!("the declaration checked that {other:?} holds flags"),
        }
    }

    /// The number of a non-null row of a numeric column, exactly.
    #[inline]
    pub(crate) fn number(&self, row: usize) -> Number {
        match self {
            TypedColumn::Int64(_) | TypedColumn::UInt64(_) => Number::Int(self.int64(row)),
            _ => Number::Float(self.float64(row)),
        }
    }

    /// The elements of a non-null row of a list of floats; 32-bit floats widen exactly.
    pub fn elements(&self, row: usize) -> Vec<Option<f64>> {
        let TypedColumn::List(a) = self else {
            unreachable!("the declaration checked that {self:?} holds lists")
        };
        let (offsets, row) = (a.value_offsets(), row);
        let range = offsets[row] as usize..offsets[row + 1] as usize;
        match a.values().data_type() {
            ArrowType::Float32 => {
                let items = a.values().as_primitive::<Float32Type>();
                range.map(|i| items.is_valid(i).then(|| f64::from(items.value(i)))).collect()
            }
            _ => {
                let items = a.values().as_primitive::<Float64Type>();
                range.map(|i| items.is_valid(i).then(|| items.value(i))).collect()
            }
        }
    }

    /// Calls `read` with the canonical encoding of a non-null row's value (S14) and returns its
    /// result.
    #[inline]
    pub(crate) fn with_encoded<R>(&self, row: usize, read: impl FnOnce(&[u8]) -> R) -> R {
        let eight = |tag: u8, order: u64| {
            let mut bytes = [tag; 9];
            bytes[1..].copy_from_slice(&order.to_be_bytes());
            bytes
        };
        match self {
            TypedColumn::Int64(a) => read(&eight(tag::INT64, i64_order(a.value(row)))),
            TypedColumn::Timestamp(a) => read(&eight(tag::TIMESTAMP, i64_order(a.value(row)))),
            TypedColumn::Float64(a) => read(&eight(tag::FLOAT64, f64_order(a.value(row)))),
            TypedColumn::String(a) => {
                let text = a.value(row).as_bytes();
                let mut short = [0; SHORT_TEXT];
                if text.len() + 2 > SHORT_TEXT || text.contains(&0) {
                    return read(&self.value(row).encoded());
                }
                short[0] = tag::STRING;
                short[1..=text.len()].copy_from_slice(text);
                read(&short[..text.len() + 2])
            }
            _ => read(&self.value(row).encoded()),
        }
    }

    /// Appends the canonical encoding of a row's value, null or not.
    #[inline]
    pub(crate) fn encode(&self, row: usize, out: &mut Vec<u8>) {
        if self.is_null(row) {
            Value::Null.encode(out);
        } else {
            self.with_encoded(row, |bytes| out.extend_from_slice(bytes));
        }
    }

    /// The hash of a non-null row's value, by its canonical encoding (S19).
    #[inline]
    pub(crate) fn content_hash(&self, row: usize) -> u64 {
        match self {
            TypedColumn::Int64(a) => hash_nine(tag::INT64, i64_order(a.value(row))),
            TypedColumn::Timestamp(a) => hash_nine(tag::TIMESTAMP, i64_order(a.value(row))),
            TypedColumn::Float64(a) => hash_nine(tag::FLOAT64, f64_order(a.value(row))),
            _ => self.with_encoded(row, hash),
        }
    }

    /// The value of a row.
    pub fn value(&self, row: usize) -> Value {
        if self.is_null(row) {
            return Value::Null;
        }
        match self {
            TypedColumn::Bool(a) => Value::Bool(a.value(row)),
            TypedColumn::Int64(a) => Value::Int64(a.value(row)),
            TypedColumn::UInt64(a) => Value::UInt64(a.value(row)),
            TypedColumn::Decimal(a) => Value::Decimal(Box::new(Decimal {
                unscaled: a.value(row),
                // A scale is at most 38 and never below zero.
                scale: a.scale() as u8,
            })),
            TypedColumn::Bytes(a) => Value::Bytes(a.value(row).into()),
            TypedColumn::Date(a) => Value::Date(a.value(row)),
            TypedColumn::Float32(a) => Value::Float32(canonical_f32(a.value(row))),
            TypedColumn::Float64(a) => Value::Float64(canonical_f64(a.value(row))),
            TypedColumn::String(a) => Value::String(a.value(row).into()),
            TypedColumn::Timestamp(a) => Value::Timestamp(a.value(row)),
            TypedColumn::List(a) => {
                let items = a.value(row);
                let items = TypedColumn::new(&items).expect("the list's elements were validated");
                Value::List((0..a.value_length(row) as usize).map(|i| items.value(i)).collect())
            }
            TypedColumn::Map(a) => {
                let entries = a.value(row);
                let [keys, values] = [0, 1].map(|at| {
                    TypedColumn::new(entries.column(at)).expect("the map's types are columns'")
                });
                let mut pairs: Vec<(Value, Value)> =
                    (0..entries.len()).map(|i| (keys.value(i), values.value(i))).collect();
                pairs.sort_by(|a, b| a.0.cmp(&b.0));
                Value::Map(pairs)
            }
            TypedColumn::Absent(_) => unreachable!("a null was answered before"),
        }
    }
}
