//! Types of columns and features, and their names in a declaration.
//!
//! Invariant: a type prints as the name that reads back as it. Deliberately absent: whether values
//! may be null, which no rule of a value's meaning asks.

use std::fmt;

/// The type of a column or feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// True or false.
    Bool,
    /// A signed 64-bit integer.
    Int64,
    /// An IEEE 754 single.
    Float32,
    /// An IEEE 754 double.
    Float64,
    /// UTF-8 text.
    Text,
    /// Microseconds since 1970-01-01 UTC.
    Timestamp,
    /// A list of values of one type, nulls among them.
    List(Box<Kind>),
    /// A map from values of the first type to values of the second, nulls among these.
    Map(Box<Kind>, Box<Kind>),
}

impl Kind {
    /// The type of lists of this one.
    pub fn list(self) -> Kind {
        Kind::List(Box::new(self))
    }

    /// Whether values of it can be summed.
    pub fn is_number(&self) -> bool {
        matches!(self, Kind::Int64 | Kind::Float32 | Kind::Float64)
    }

    /// Whether values of it may be keys of a map: neither floats (S14) nor lists and maps are.
    pub fn is_key(&self) -> bool {
        matches!(self, Kind::Bool | Kind::Int64 | Kind::Text | Kind::Timestamp)
    }

    /// The type called `name`, such as `list<float64>` or `map<string,int64>`.
    pub fn parse(name: &str) -> Result<Kind, String> {
        let inside = |prefix: &str| name.strip_prefix(prefix)?.strip_suffix('>');
        Ok(match name {
            "bool" => Kind::Bool,
            "int64" => Kind::Int64,
            "float32" => Kind::Float32,
            "float64" => Kind::Float64,
            "string" => Kind::Text,
            "timestamp" => Kind::Timestamp,
            _ => {
                if let Some(element) = inside("list<") {
                    return Ok(Kind::parse(element)?.list());
                }
                // A key is never a list or map, so the first comma ends it.
                let Some((key, value)) = inside("map<").and_then(|both| both.split_once(','))
                else {
                    return Err(format!("{name:?} is no type"));
                };
                let (key, value) = (Kind::parse(key)?, Kind::parse(value)?);
                if !key.is_key() {
                    return Err(format!("{name:?}: {key} is no type of a key"));
                }
                Kind::Map(Box::new(key), Box::new(value))
            }
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Bool => f.write_str("bool"),
            Kind::Int64 => f.write_str("int64"),
            Kind::Float32 => f.write_str("float32"),
            Kind::Float64 => f.write_str("float64"),
            Kind::Text => f.write_str("string"),
            Kind::Timestamp => f.write_str("timestamp"),
            Kind::List(element) => write!(f, "list<{element}>"),
            Kind::Map(key, value) => write!(f, "map<{key},{value}>"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: names of types read and print. Method: names there and back, and wrong ones.
    #[test]
    fn names_of_types_read_back() {
        for name in ["bool", "float32", "string", "list<list<timestamp>>", "map<string,int64>"] {
            assert_eq!(Kind::parse(name).unwrap().to_string(), name);
        }
        let nested = "map<int64,map<bool,list<float64>>>";
        assert_eq!(Kind::parse(nested).unwrap().to_string(), nested);
        for wrong in ["", "text", "list<>", "list<int64", "map<int64>", "map<float64,int64>"] {
            assert!(Kind::parse(wrong).is_err(), "{wrong}");
        }
        assert!(Kind::parse("map<list<int64>,int64>").is_err());
    }
}
