//! The types of columns.
//!
//! Invariant: a type has exactly one text, and parsing that text gives the type back. Deliberately
//! absent: nullability, which belongs to the column.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Most levels of nested lists in one type: types are parsed and dropped recursively.
pub const LIST_DEPTH_MAX: usize = 8;

/// The type of a column.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum DataType {
    /// True or false.
    Bool,
    /// A signed 64-bit integer.
    Int64,
    /// An IEEE 754 32-bit float.
    Float32,
    /// An IEEE 754 64-bit float.
    Float64,
    /// UTF-8 text.
    String,
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
        matches!(self, DataType::Int64 | DataType::Float32 | DataType::Float64)
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
            DataType::Int64 => f.write_str("int64"),
            DataType::Float32 => f.write_str("float32"),
            DataType::Float64 => f.write_str("float64"),
            DataType::String => f.write_str("string"),
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
            "int64" => DataType::Int64,
            "float32" => DataType::Float32,
            "float64" => DataType::Float64,
            "string" => DataType::String,
            "timestamp" => DataType::Timestamp,
            other => nested(other).ok_or_else(|| format!("unknown type {other:?}"))?,
        })
    }
}

/// The list or map type of this text. A map's key is never nested, so its first comma divides it.
fn nested(text: &str) -> Option<DataType> {
    let inside = |prefix: &str| text.strip_prefix(prefix)?.strip_suffix('>');
    let read = |text: &str| DataType::try_from(text.to_string()).ok();
    if let Some(element) = inside("list<") {
        return Some(DataType::List(Box::new(read(element)?)));
    }
    let (key, value) = inside("map<")?.split_once(',')?;
    let key = read(key)?;
    if key.is_nested() || key.is_float() {
        return None;
    }
    Some(DataType::Map(Box::new((key, read(value)?))))
}
