//! Values: the contents of columns, each with one canonical encoding and one total order (S14).
//!
//! Invariant: the encoding preserves order, so that for two values `a` and `b` of one type `a < b`
//! exactly when `encode(a) < encode(b)` as bytes, and `a == b` exactly when the bytes are equal.
//! -0.0 and +0.0 differ, NaN is one quiet NaN and the greatest float, and null sorts first.
//! Deliberately absent: any comparison of floats by the platform's `==` or `<`.

mod data_type;

pub use data_type::{DataType, LIST_DEPTH_MAX};

use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;

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

/// One value. Equality and order are those of the canonical encoding.
#[derive(Clone, Debug)]
pub enum Value {
    /// No value.
    Null,
    /// True or false.
    Bool(bool),
    /// A signed 64-bit integer.
    Int64(i64),
    /// A 32-bit float; any NaN in it counts as the canonical one.
    Float32(f32),
    /// A 64-bit float; any NaN in it counts as the canonical one.
    Float64(f64),
    /// Text.
    String(Box<str>),
    /// Microseconds since 1970-01-01 UTC.
    Timestamp(i64),
    /// A list.
    List(Vec<Value>),
    /// A map: keys ascending, each once.
    Map(Vec<(Value, Value)>),
}

/// First byte of an encoded value. `END` closes a list, so nothing else may be 0.
pub(crate) mod tag {
    pub(crate) const END: u8 = 0;
    pub(crate) const NULL: u8 = 1;
    pub(crate) const BOOL: u8 = 2;
    pub(crate) const INT64: u8 = 3;
    pub(crate) const FLOAT32: u8 = 4;
    pub(crate) const FLOAT64: u8 = 5;
    pub(crate) const STRING: u8 = 6;
    pub(crate) const TIMESTAMP: u8 = 7;
    pub(crate) const LIST: u8 = 8;
    pub(crate) const MAP: u8 = 9;
}

/// The one quiet NaN of 32-bit floats.
pub const NAN_32: f32 = f32::from_bits(0x7fc0_0000);
/// The one quiet NaN of 64-bit floats.
pub const NAN_64: f64 = f64::from_bits(0x7ff8_0000_0000_0000);

/// `value` with every NaN replaced by the one quiet NaN.
pub fn canonical_f32(value: f32) -> f32 {
    if value.is_nan() { NAN_32 } else { value }
}

/// `value` with every NaN replaced by the one quiet NaN.
pub fn canonical_f64(value: f64) -> f64 {
    if value.is_nan() { NAN_64 } else { value }
}

/// An unsigned integer that sorts as 64-bit floats do in S14: -0.0 before +0.0, NaN greatest.
pub fn f64_order(value: f64) -> u64 {
    let bits = canonical_f64(value).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// The inverse of [`f64_order`].
pub fn f64_from_order(order: u64) -> f64 {
    f64::from_bits(if order >> 63 == 1 { order & !(1 << 63) } else { !order })
}

/// An unsigned integer that sorts as 32-bit floats do in S14.
pub fn f32_order(value: f32) -> u32 {
    let bits = canonical_f32(value).to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

/// The inverse of [`f32_order`].
pub fn f32_from_order(order: u32) -> f32 {
    f32::from_bits(if order >> 31 == 1 { order & !(1 << 31) } else { !order })
}

/// An unsigned integer that sorts as the signed ones do.
pub fn i64_order(value: i64) -> u64 {
    (value as u64) ^ (1 << 63)
}

/// The inverse of [`i64_order`].
pub fn i64_from_order(order: u64) -> i64 {
    (order ^ (1 << 63)) as i64
}

/// Appends `text` so that texts sort by their bytes and no encoded text is a prefix of another.
fn encode_text(text: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        out.push(byte);
        if byte == 0 {
            out.push(0xff);
        }
    }
    out.push(0);
}

/// Reads what [`encode_text`] wrote.
fn decode_text(bytes: &mut &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    loop {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        if byte == 0 {
            match bytes.split_first() {
                Some((0xff, rest)) => *bytes = rest,
                _ => return Some(text),
            }
        }
        text.push(byte);
    }
}

impl Value {
    /// Whether there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// Appends the canonical, order-preserving, self-delimiting encoding.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Value::Null => out.push(tag::NULL),
            Value::Bool(value) => out.extend([tag::BOOL, u8::from(*value)]),
            Value::Int64(value) => {
                out.push(tag::INT64);
                out.extend(i64_order(*value).to_be_bytes());
            }
            Value::Float32(value) => {
                out.push(tag::FLOAT32);
                out.extend(f32_order(*value).to_be_bytes());
            }
            Value::Float64(value) => {
                out.push(tag::FLOAT64);
                out.extend(f64_order(*value).to_be_bytes());
            }
            Value::String(value) => {
                out.push(tag::STRING);
                encode_text(value.as_bytes(), out);
            }
            Value::Timestamp(value) => {
                out.push(tag::TIMESTAMP);
                out.extend(i64_order(*value).to_be_bytes());
            }
            Value::List(values) => {
                out.push(tag::LIST);
                values.iter().for_each(|value| value.encode(out));
                out.push(tag::END);
            }
            Value::Map(pairs) => {
                out.push(tag::MAP);
                for (key, value) in pairs {
                    key.encode(out);
                    value.encode(out);
                }
                out.push(tag::END);
            }
        }
    }

    /// The canonical encoding.
    pub fn encoded(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }

    /// Decodes one value from the front of `bytes` and removes it; `None` if it is not a canonical
    /// encoding.
    pub fn decode(bytes: &mut &[u8]) -> Option<Value> {
        Value::decode_within(bytes, LIST_DEPTH_MAX)
    }

    /// Decodes one value with at most `lists_max` levels of nested lists.
    fn decode_within(bytes: &mut &[u8], lists_max: usize) -> Option<Value> {
        let (&first, rest) = bytes.split_first()?;
        *bytes = rest;
        Some(match first {
            tag::NULL => Value::Null,
            tag::BOOL => match take::<1>(bytes)? {
                [0] => Value::Bool(false),
                [1] => Value::Bool(true),
                _ => return None,
            },
            tag::INT64 => Value::Int64(i64_from_order(u64::from_be_bytes(take(bytes)?))),
            tag::FLOAT32 => {
                let order = u32::from_be_bytes(take(bytes)?);
                let value = f32_from_order(order);
                if f32_order(value) != order {
                    return None;
                }
                Value::Float32(value)
            }
            tag::FLOAT64 => {
                let order = u64::from_be_bytes(take(bytes)?);
                let value = f64_from_order(order);
                if f64_order(value) != order {
                    return None;
                }
                Value::Float64(value)
            }
            tag::STRING => {
                Value::String(String::from_utf8(decode_text(bytes)?).ok()?.into_boxed_str())
            }
            tag::TIMESTAMP => Value::Timestamp(i64_from_order(u64::from_be_bytes(take(bytes)?))),
            tag::LIST => {
                let lists_max = lists_max.checked_sub(1)?;
                let mut values = Vec::new();
                while *bytes.first()? != tag::END {
                    values.push(Value::decode_within(bytes, lists_max)?);
                }
                *bytes = &bytes[1..];
                Value::List(values)
            }
            tag::MAP => {
                let lists_max = lists_max.checked_sub(1)?;
                let mut pairs: Vec<(Value, Value)> = Vec::new();
                while *bytes.first()? != tag::END {
                    let key = Value::decode_within(bytes, lists_max)?;
                    if pairs.last().is_some_and(|(last, _)| *last >= key) {
                        return None;
                    }
                    pairs.push((key, Value::decode_within(bytes, lists_max)?));
                }
                *bytes = &bytes[1..];
                Value::Map(pairs)
            }
            _ => return None,
        })
    }
}

/// Removes `N` bytes from the front and returns them.
pub(crate) fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*head)
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

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Value {}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Value::Int64(a), Value::Int64(b)) | (Value::Timestamp(a), Value::Timestamp(b)) => {
                a.cmp(b)
            }
            (Value::Float64(a), Value::Float64(b)) => f64_order(*a).cmp(&f64_order(*b)),
            (Value::Float32(a), Value::Float32(b)) => f32_order(*a).cmp(&f32_order(*b)),
            (Value::String(a), Value::String(b)) => a.cmp(b),
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            _ => self.encoded().cmp(&other.encoded()),
        }
    }
}

impl std::hash::Hash for Value {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.encoded().hash(state);
    }
}

impl fmt::Display for Value {
    /// Writes it for people: numbers are plain, times are RFC 3339, null is `null`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Int64(value) => write!(f, "{value}"),
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int64),
            any::<u32>().prop_map(|bits| Value::Float32(f32::from_bits(bits))),
            any::<u64>().prop_map(|bits| Value::Float64(f64::from_bits(bits))),
            "[\\x00a-cé]{0,4}".prop_map(|text| Value::String(text.into())),
            any::<i64>().prop_map(Value::Timestamp),
        ];
        leaf.prop_recursive(2, 8, 3, |inner| {
            prop::collection::vec(inner, 0..3).prop_map(Value::List)
        })
    }

    proptest! {
        /// Goal: the encoding is canonical, self-delimiting and preserves order.
        #[test]
        fn s14_encoding_is_canonical(a in any_value(), b in any_value()) {
            let (x, y) = (a.encoded(), b.encoded());
            prop_assert_eq!(a.cmp(&b), x.cmp(&y));
            let both = [x.clone(), y].concat();
            let mut rest = both.as_slice();
            prop_assert_eq!(Value::decode(&mut rest).unwrap().encoded(), x);
            prop_assert_eq!(Value::decode(&mut rest).unwrap(), b);
            prop_assert!(rest.is_empty());
        }
    }

    /// Goal: bytes that no value encodes to are refused. Method: a NaN with a payload, one with a
    /// sign, a second encoding of true, and lists deeper than any type.
    #[test]
    fn s14_other_bytes_are_no_values() {
        let float64 = |order: u64| [&[tag::FLOAT64][..], &order.to_be_bytes()].concat();
        assert!(Value::decode(&mut &*float64(f64_order(f64::NAN))).is_some());
        for bytes in [
            float64(f64_order(f64::NAN) + 1),
            float64(f64_order(f64::NEG_INFINITY) - 1),
            vec![tag::FLOAT32, 0xff, 0xff, 0xff, 0xff],
            vec![tag::BOOL, 2],
            [vec![tag::LIST; LIST_DEPTH_MAX + 1], vec![tag::END; LIST_DEPTH_MAX + 1]].concat(),
            vec![tag::LIST; 1 << 20],
        ] {
            assert_eq!(Value::decode(&mut bytes.as_slice()).map(|v| v.encoded()), None);
        }
    }

    /// Goal: types are parsed from the text they print, and a hostile text does not overflow the
    /// stack.
    #[test]
    fn types_have_names() {
        let read = |text: String| DataType::try_from(text);
        let deep = "list<".repeat(LIST_DEPTH_MAX) + "int64" + &">".repeat(LIST_DEPTH_MAX);
        assert_eq!(read(deep.clone()).unwrap().to_string(), deep);
        assert!(read(format!("list<{deep}>")).is_err());
        assert!(read("list<".repeat(1 << 20)).is_err());
        assert!(read("list<text>".to_string()).is_err());
    }

    /// Goal: 64-bit floats sort as in S14. Method: a list written in that order.
    #[test]
    fn s14_doubles_order() {
        let ordered =
            [f64::NEG_INFINITY, -1.5, -0.0, 0.0, f64::MIN_POSITIVE, 1.0, f64::INFINITY, f64::NAN];
        for (i, &a) in ordered.iter().enumerate() {
            for (j, &b) in ordered.iter().enumerate() {
                assert_eq!(Value::Float64(a).cmp(&Value::Float64(b)), i.cmp(&j), "{a} {b}");
            }
        }
        assert_eq!(Value::Float64(-f64::NAN), Value::Float64(NAN_64));
        assert_ne!(Value::Int64(1), Value::String("1".into()));
    }
}
