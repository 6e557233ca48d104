//! One value of any type.
//!
//! Deliberately absent: its equality and order, which are those of its encoding (`encoding.rs`).

use super::data_type::DataType;
use super::decimal::{Decimal, has_precision};
use super::order::canonical_f64;
use std::fmt;

/// One value. Equality and order are those of the canonical encoding.
#[derive(Clone, Debug)]
pub enum Value {
    /// No value.
    Null,
    /// True or false.
    Bool(bool),
    /// An integer of any signed type.
    Int64(i64),
    /// An integer of any unsigned type.
    UInt64(u64),
    /// A 32-bit float; any NaN in it counts as the canonical one.
    Float32(f32),
    /// A 64-bit float; any NaN in it counts as the canonical one.
    Float64(f64),
    /// A decimal number.
    Decimal(Box<Decimal>),
    /// Text.
    String(Box<str>),
    /// Bytes.
    Bytes(Box<[u8]>),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since 1970-01-01 UTC.
    Timestamp(i64),
    /// A list.
    List(Vec<Value>),
    /// A map: keys ascending, each once.
    Map(Vec<(Value, Value)>),
}

impl Value {
    /// Whether there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// Whether it is a value of this type: null, or one that a column of the type can hold.
    pub fn is_of(&self, data_type: &DataType) -> bool {
        let within = |value: i128| {
            data_type.integer_range().is_some_and(|(least, most)| (least..=most).contains(&value))
        };
        match (self, data_type) {
            (Value::Null, _) => true,
            (Value::Bool(_), DataType::Bool)
            | (Value::Float32(_), DataType::Float32)
            | (Value::Float64(_), DataType::Float64)
            | (Value::String(_), DataType::String)
            | (Value::Bytes(_), DataType::Bytes)
            | (Value::Date(_), DataType::Date)
            | (Value::Timestamp(_), DataType::Timestamp) => true,
            (Value::Int64(value), kind) if kind.is_signed() => within(i128::from(*value)),
            (Value::UInt64(value), kind) if kind.is_unsigned() => within(i128::from(*value)),
            (Value::Decimal(value), DataType::Decimal { precision, scale }) => {
                value.scale == *scale && has_precision(value.unscaled, *precision)
            }
            (Value::List(values), DataType::List(element)) => {
                values.iter().all(|value| value.is_of(element))
            }
            (Value::Map(pairs), DataType::Map(types)) => pairs
                .iter()
                .all(|(key, value)| !key.is_null() && key.is_of(&types.0) && value.is_of(&types.1)),
            _ => false,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::String(text.into())
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Value {
        Value::Int64(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Value {
        Value::Float64(canonical_f64(value))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::Bool(value)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, Into::into)
    }
}

impl fmt::Display for Value {
    /// Writes it for people: numbers are plain, times are RFC 3339, null is `null`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Int64(value) => write!(f, "{value}"),
            Value::UInt64(value) => write!(f, "{value}"),
            Value::Decimal(value) => write!(f, "{value}"),
            Value::Bytes(value) => f.write_str(&crate::cell::hexadecimal(value)),
            Value::Date(days) => f.write_str(&crate::time::date_text(i64::from(*days))),
            Value::Float32(value) if value.is_finite() => write!(f, "{value:?}"),
            Value::Float64(value) if value.is_finite() => write!(f, "{value:?}"),
            Value::Float32(value) => f.write_str(crate::json::float_name(f64::from(*value))),
            Value::Float64(value) => f.write_str(crate::json::float_name(*value)),
            Value::String(value) => f.write_str(value),
            Value::Timestamp(value) => write!(f, "{}", crate::time::Time::saturating(*value)),
            Value::List(values) => {
                f.write_str("[")?;
                for (i, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
            Value::Map(pairs) => {
                f.write_str("{")?;
                for (i, (key, value)) in pairs.iter().enumerate() {
                    write!(f, "{}{key}: {value}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str("}")
            }
        }
    }
}
