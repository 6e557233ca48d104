//! The canonical encoding of values (S14): one form for each value, which sorts as the values do.
//!
//! Invariant: no encoding is the beginning of another, and bytes that no value encodes to are
//! refused. Deliberately absent: checks of encodings without decoding, which are in
//! `aggregate::encoded`.

use super::data_type::LIST_DEPTH_MAX;
use super::datum::Value;
use super::decimal::{Decimal, PRECISION_MAX, has_precision};
use super::order::{
    f32_from_order, f32_order, f64_from_order, f64_order, i32_order, i64_from_order, i64_order,
};
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

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
    pub(crate) const UINT64: u8 = 10;
    pub(crate) const DECIMAL: u8 = 11;
    pub(crate) const BYTES: u8 = 12;
    pub(crate) const DATE: u8 = 13;
}

/// An unsigned integer that sorts as the signed ones of 128 bits do.
fn i128_order(value: i128) -> u128 {
    (value as u128) ^ (1 << 127)
}

/// The inverse of [`i128_order`].
fn i128_from_order(order: u128) -> i128 {
    (order ^ (1 << 127)) as i128
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
    /// Appends the canonical, order-preserving, self-delimiting encoding.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Value::Null => out.push(tag::NULL),
            Value::Bool(value) => out.extend([tag::BOOL, u8::from(*value)]),
            Value::Int64(value) => {
                out.push(tag::INT64);
                out.extend(i64_order(*value).to_be_bytes());
            }
            Value::UInt64(value) => {
                out.push(tag::UINT64);
                out.extend(value.to_be_bytes());
            }
            Value::Decimal(value) => {
                out.extend([tag::DECIMAL, value.scale]);
                out.extend(i128_order(value.unscaled).to_be_bytes());
            }
            Value::Bytes(value) => {
                out.push(tag::BYTES);
                encode_text(value, out);
            }
            Value::Date(days) => {
                out.push(tag::DATE);
                out.extend(i32_order(*days).to_be_bytes());
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
            tag::UINT64 => Value::UInt64(u64::from_be_bytes(take(bytes)?)),
            tag::DECIMAL => {
                let [scale] = take::<1>(bytes)?;
                let unscaled = i128_from_order(u128::from_be_bytes(take(bytes)?));
                if scale > PRECISION_MAX || !has_precision(unscaled, PRECISION_MAX) {
                    return None;
                }
                Value::Decimal(Box::new(Decimal { unscaled, scale }))
            }
            tag::BYTES => Value::Bytes(decode_text(bytes)?.into_boxed_slice()),
            tag::DATE => Value::Date((u32::from_be_bytes(take(bytes)?) ^ (1 << 31)) as i32),
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
            (Value::UInt64(a), Value::UInt64(b)) => a.cmp(b),
            (Value::Date(a), Value::Date(b)) => a.cmp(b),
            (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            _ => self.encoded().cmp(&other.encoded()),
        }
    }
}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.encoded().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            [&[tag::DECIMAL, 0][..], &[0xff; 16]].concat(),
            [&[tag::DECIMAL, 39][..], &i128_order(1).to_be_bytes()].concat(),
            [vec![tag::LIST; LIST_DEPTH_MAX + 1], vec![tag::END; LIST_DEPTH_MAX + 1]].concat(),
            vec![tag::LIST; 1 << 20],
        ] {
            assert_eq!(Value::decode(&mut bytes.as_slice()).map(|v| v.encoded()), None);
        }
    }
}
