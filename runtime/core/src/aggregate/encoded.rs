//! Canonical encodings of values, checked and copied without decoding the value (S14).
//!
//! Invariant: what [`take_value`] returns is the encoding of exactly one value that is not null, so
//! encodings sort as the values do, and are equal exactly when the values are. Each encoding is
//! preceded by its length: a text ends with a zero byte, which a following 0xff would turn into an
//! escape, so within a state, where any byte may follow, an encoding does not mark its own end.

use super::bytes::{put_unsigned, unsigned};
use crate::value::{
    LIST_DEPTH_MAX, Value, f32_from_order, f32_order, f64_from_order, f64_order, tag,
};

/// Appends the length of an encoding, then the encoding.
pub fn put_value(encoded: &[u8], out: &mut Vec<u8>) {
    put_unsigned(encoded.len() as u128, out);
    out.extend(encoded);
}

/// Reads what [`put_value`] wrote; `None` if it is not the encoding of one value, or of null.
pub fn take_value<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(unsigned(bytes)?).ok()?;
    let (encoded, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    if encoded.first() == Some(&tag::NULL) {
        return None;
    }
    (value_length(encoded, LIST_DEPTH_MAX)? == length).then_some(encoded)
}

/// Appends the length and the encoding of a value; a null has length 0.
pub fn put_optional(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => put_unsigned(0, out),
        value => put_value(&value.encoded(), out),
    }
}

/// Reads what [`put_optional`] wrote.
pub fn take_optional(bytes: &mut &[u8]) -> Option<Value> {
    if let Some((0, rest)) = bytes.split_first() {
        *bytes = rest;
        return Some(Value::Null);
    }
    take_value(bytes).map(value)
}

/// The value of an encoding that [`take_value`] or [`Value::encode`] returned.
pub fn value(mut encoded: &[u8]) -> Value {
    Value::decode(&mut encoded).expect("a state holds only encodings of values")
}

/// The number of bytes of the value at the front, with at most `lists_max` levels of nested lists.
fn value_length(bytes: &[u8], lists_max: usize) -> Option<usize> {
    let (&first, rest) = bytes.split_first()?;
    let length = match first {
        tag::NULL => 0,
        tag::BOOL if *rest.first()? <= 1 => 1,
        tag::INT64 | tag::UINT64 | tag::TIMESTAMP => 8,
        tag::DATE => 4,
        tag::DECIMAL => {
            // The digits may be too many, and the scale too great.
            Value::decode(&mut bytes.get(..2 + size_of::<i128>())?)
                .map(|_| 1 + size_of::<i128>())?
        }
        tag::BYTES => escaped_length(rest, |_| true)?,
        tag::FLOAT32 => {
            let order = u32::from_be_bytes(*rest.first_chunk()?);
            (f32_order(f32_from_order(order)) == order).then_some(4)?
        }
        tag::FLOAT64 => {
            let order = u64::from_be_bytes(*rest.first_chunk()?);
            (f64_order(f64_from_order(order)) == order).then_some(8)?
        }
        // The parts between zeros are valid UTF-8 on their own, because a zero is never part of a
        // longer character.
        tag::STRING => escaped_length(rest, |part| std::str::from_utf8(part).is_ok())?,
        tag::LIST => {
            let lists_max = lists_max.checked_sub(1)?;
            let mut length = 0;
            while *rest.get(length)? != tag::END {
                length += value_length(&rest[length..], lists_max)?;
            }
            length + 1
        }
        tag::MAP => {
            let lists_max = lists_max.checked_sub(1)?;
            let (mut length, mut last) = (0, None);
            while *rest.get(length)? != tag::END {
                let key = length;
                length += value_length(&rest[length..], lists_max)?;
                let key = Some(rest.get(key..length)?);
                if last >= key {
                    return None;
                }
                last = key;
                length += value_length(&rest[length..], lists_max)?;
            }
            length + 1
        }
        _ => return None,
    };
    (length <= rest.len()).then_some(1 + length)
}

/// The number of bytes of encoded bytes or text, of which each part between zeros must be valid. A
/// zero within is followed by 0xff.
fn escaped_length(bytes: &[u8], is_valid: fn(&[u8]) -> bool) -> Option<usize> {
    let mut start = 0;
    loop {
        let zero = start + bytes[start..].iter().position(|&byte| byte == 0)?;
        if !is_valid(&bytes[start..zero]) {
            return None;
        }
        if bytes.get(zero + 1) != Some(&0xff) {
            return Some(zero + 1);
        }
        start = zero + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Decimal;
    use proptest::prelude::*;

    proptest! {
        /// Goal: this reader and that of values accept the same encodings. Method: bytes that look
        /// like encodings, read by both.
        #[test]
        fn s14_both_readers_agree(
            noise in prop::collection::vec(prop_oneof![0u8..14, Just(0x61), any::<u8>()], 0..24),
        ) {
            let mut rest = noise.as_slice();
            let read = Value::decode(&mut rest).map(|_| noise.len() - rest.len());
            prop_assert_eq!(value_length(&noise, LIST_DEPTH_MAX), read);
            let mut framed = Vec::new();
            put_value(&noise, &mut framed);
            let whole = read == Some(noise.len()) && noise[0] != tag::NULL;
            prop_assert_eq!(take_value(&mut framed.as_slice()), whole.then_some(noise.as_slice()));
        }
    }

    /// Goal: a value reads back whatever byte follows it.
    #[test]
    fn s14_a_text_ends_where_it_ended() {
        for text in ["", "a", "a\0", "\0\0é"] {
            let encoded = Value::from(text).encoded();
            let mut framed = Vec::new();
            put_value(&encoded, &mut framed);
            framed.push(0xff);
            let mut rest = framed.as_slice();
            assert_eq!(value(take_value(&mut rest).unwrap()), Value::from(text));
            assert_eq!(rest, [0xff]);
        }
    }

    /// Goal: a state can hold a value of every type. Method: one of each, also within a list and a
    /// map.
    #[test]
    fn s14_every_type_is_read_back() {
        let decimal = Decimal { unscaled: -12_345, scale: 3 };
        let plain = vec![
            Value::Bool(true),
            Value::Int64(-1),
            Value::UInt64(u64::MAX),
            Value::Float32(-0.0),
            Value::Float64(f64::NAN),
            Value::Decimal(Box::new(decimal)),
            Value::from("é\0"),
            Value::Bytes([0, 0xff, 0].into()),
            Value::Date(-1),
            Value::Timestamp(i64::MIN),
        ];
        let list = Value::List(plain.clone());
        let map = Value::Map(vec![(Value::Int64(1), list.clone())]);
        for whole in plain.iter().chain([&list, &map]) {
            let encoded = whole.encoded();
            let mut framed = Vec::new();
            put_value(&encoded, &mut framed);
            assert_eq!(take_value(&mut framed.as_slice()).map(value).as_ref(), Some(whole));
        }
    }

    /// Goal: hostile bytes cannot overflow the stack or make the reader allocate.
    #[test]
    fn deep_lists_and_long_lengths_are_refused() {
        let mut framed = Vec::new();
        put_value(&vec![tag::LIST; 1 << 20], &mut framed);
        assert_eq!(take_value(&mut framed.as_slice()), None);
        let mut long = Vec::new();
        put_unsigned(u128::MAX, &mut long);
        assert_eq!(take_value(&mut long.as_slice()), None);
    }
}
