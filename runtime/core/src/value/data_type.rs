//! The types of columns.
//!
//! Invariant: a type has exactly one text, and parsing that text gives the type back. Deliberately
//! absent: nullability, which belongs to the column.

use super::decimal::PRECISION_MAX;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Most levels of nested lists in one type: types are parsed and dropped recursively.
pub const LIST_DEPTH_MAX: usize = 8;

/// A named, typed column.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub data_type: DataType,
    /// Whether a row may lack a value.
    pub nullable: bool,
    /// What it means, from the author's doc comment.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// The type of a column.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum DataType {
    /// True or false.
    Bool,
    /// A signed 8-bit integer.
    Int8,
    /// A signed 16-bit integer.
    Int16,
    /// A signed 32-bit integer.
    Int32,
    /// A signed 64-bit integer.
    Int64,
    /// An unsigned 8-bit integer.
    UInt8,
    /// An unsigned 16-bit integer.
    UInt16,
    /// An unsigned 32-bit integer.
    UInt32,
    /// An unsigned 64-bit integer.
    UInt64,
    /// An IEEE 754 32-bit float.
    Float32,
    /// An IEEE 754 64-bit float.
    Float64,
    /// A decimal number: an integer of at most `precision` digits, divided by `10^scale`.
    Decimal {
        /// Most digits: 1 to [`PRECISION_MAX`].
        precision: u8,
        /// Digits behind the point: at most the precision.
        scale: u8,
    },
    /// UTF-8 text.
    String,
    /// Any bytes.
    Bytes,
    /// A day, as days since 1970-01-01.
    Date,
    /// Microseconds since 1970-01-01 UTC.
    Timestamp,
    /// A list of nullable elements.
    List(Box<DataType>),
    /// A map from keys of the first type to nullable values of the second, ordered by key.
    Map(Box<(DataType, DataType)>),
}

impl DataType {
    /// Whether it is a number type, which can be summed.
    pub fn is_number(&self) -> bool {
        self.is_integer() || self.is_float() || matches!(self, DataType::Decimal { .. })
    }

    /// Whether each of its values is a 64-bit integer or float, so that powers of it can be summed.
    pub fn is_small_number(&self) -> bool {
        self.is_float() || (self.is_integer() && *self != DataType::UInt64)
    }

    /// Whether it is an integer type.
    pub fn is_integer(&self) -> bool {
        self.is_signed() || self.is_unsigned()
    }

    /// Whether it is a signed integer type.
    pub fn is_signed(&self) -> bool {
        matches!(self, DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64)
    }

    /// Whether it is an unsigned integer type.
    pub fn is_unsigned(&self) -> bool {
        matches!(self, DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64)
    }

    /// The least and the greatest value, if it is an integer type.
    pub fn integer_range(&self) -> Option<(i128, i128)> {
        Some(match self {
            DataType::Int8 => (i8::MIN.into(), i8::MAX.into()),
            DataType::Int16 => (i16::MIN.into(), i16::MAX.into()),
            DataType::Int32 => (i32::MIN.into(), i32::MAX.into()),
            DataType::Int64 => (i64::MIN.into(), i64::MAX.into()),
            DataType::UInt8 => (0, u8::MAX.into()),
            DataType::UInt16 => (0, u16::MAX.into()),
            DataType::UInt32 => (0, u32::MAX.into()),
            DataType::UInt64 => (0, u64::MAX.into()),
            _ => return None,
        })
    }

    /// Whether it is a list or a map.
    pub fn is_nested(&self) -> bool {
        matches!(self, DataType::List(_) | DataType::Map(_))
    }

    /// Whether it is a map or a list of maps, which no batch that crosses to a guest can hold.
    pub fn holds_map(&self) -> bool {
        match self {
            DataType::List(element) => element.holds_map(),
            DataType::Map(_) => true,
            _ => false,
        }
    }

    /// Whether the type is a float; floats cannot be keys.
    pub fn is_float(&self) -> bool {
        matches!(self, DataType::Float32 | DataType::Float64)
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DataType::Bool => f.write_str("bool"),
            DataType::Int8 => f.write_str("int8"),
            DataType::Int16 => f.write_str("int16"),
            DataType::Int32 => f.write_str("int32"),
            DataType::Int64 => f.write_str("int64"),
            DataType::UInt8 => f.write_str("uint8"),
            DataType::UInt16 => f.write_str("uint16"),
            DataType::UInt32 => f.write_str("uint32"),
            DataType::UInt64 => f.write_str("uint64"),
            DataType::Float32 => f.write_str("float32"),
            DataType::Float64 => f.write_str("float64"),
            DataType::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            DataType::String => f.write_str("string"),
            DataType::Bytes => f.write_str("bytes"),
            DataType::Date => f.write_str("date"),
            DataType::Timestamp => f.write_str("timestamp"),
            DataType::List(element) => write!(f, "list<{element}>"),
            DataType::Map(types) => write!(f, "map<{},{}>", types.0, types.1),
        }
    }
}

impl From<DataType> for String {
    fn from(data_type: DataType) -> String {
        data_type.to_string()
    }
}

impl TryFrom<String> for DataType {
    type Error = String;

    fn try_from(text: String) -> Result<DataType, String> {
        if text.matches('<').count() > LIST_DEPTH_MAX {
            return Err(format!("a type has at most {LIST_DEPTH_MAX} levels of lists and maps"));
        }
        Ok(match text.as_str() {
            "bool" => DataType::Bool,
            "int8" => DataType::Int8,
            "int16" => DataType::Int16,
            "int32" => DataType::Int32,
            "int64" => DataType::Int64,
            "uint8" => DataType::UInt8,
            "uint16" => DataType::UInt16,
            "uint32" => DataType::UInt32,
            "uint64" => DataType::UInt64,
            "float32" => DataType::Float32,
            "float64" => DataType::Float64,
            "string" => DataType::String,
            "bytes" => DataType::Bytes,
            "date" => DataType::Date,
            "timestamp" => DataType::Timestamp,
            other => decimal(other)
                .or_else(|| nested(other))
                .ok_or_else(|| format!("unknown type {other:?}"))?,
        })
    }
}

/// The decimal type of this text.
fn decimal(text: &str) -> Option<DataType> {
    let (precision, scale) = text.strip_prefix("decimal(")?.strip_suffix(')')?.split_once(',')?;
    let (precision, scale) = (precision.parse().ok()?, scale.parse().ok()?);
    let decimal = DataType::Decimal { precision, scale };
    let valid = (1..=PRECISION_MAX).contains(&precision) && scale <= precision;
    // `+1` and `01` are numbers to `parse`, and a type has one text.
    (valid && decimal.to_string() == text).then_some(decimal)
}

/// The list or map type of this text. A map's key is never nested, so the first comma outside
/// parentheses divides it.
fn nested(text: &str) -> Option<DataType> {
    let inside = |prefix: &str| text.strip_prefix(prefix)?.strip_suffix('>');
    let read = |text: &str| DataType::try_from(text.to_string()).ok();
    if let Some(element) = inside("list<") {
        return Some(DataType::List(Box::new(read(element)?)));
    }
    let types = inside("map<")?;
    let key_end = match types.starts_with("decimal(") {
        true => types.find(')')? + 1,
        false => types.find(',')?,
    };
    let (key, value) = (&types[..key_end], types[key_end..].strip_prefix(',')?);
    let key = read(key)?;
    if key.is_nested() || key.is_float() {
        return None;
    }
    Some(DataType::Map(Box::new((key, read(value)?))))
}
