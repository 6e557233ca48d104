//! Canonical value encodings, checked and passed on without building the value (S14).
//!
//! Invariant: what [`take_value`] returns is the encoding of exactly one value that is not null,
//! so its order as bytes is the value's order and its equality the value's equality. Each stands
//! behind its length: a text ends with a zero byte that a following 0xff would escape, so inside a
//! state, whose neighbour may begin with any byte, an encoding does not delimit itself.

use super::bytes::{put_unsigned, unsigned};
use crate::value::{
    LIST_DEPTH_MAX, Value, f32_from_order, f32_order, f64_from_order, f64_order, tag,
};

/// Appends an encoding behind its length.
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

/// Appends a value behind its length; a null is length 0.
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

/// How many bytes the value at the front takes, with at most `lists_max` levels of lists.
fn value_length(bytes: &[u8], lists_max: usize) -> Option<usize> {
    let (&first, rest) = bytes.split_first()?;
    let length = match first {
        tag::NULL => 0,
        tag::BOOL if *rest.first()? <= 1 => 1,
        tag::INT64 | tag::TIMESTAMP => 8,
        tag::FLOAT32 => {
            let order = u32::from_be_bytes(*rest.first_chunk()?);
            (f32_order(f32_from_order(order)) == order).then_some(4)?
        }
        tag::FLOAT64 => {
            let order = u64::from_be_bytes(*rest.first_chunk()?);
            (f64_order(f64_from_order(order)) == order).then_some(8)?
        }
        tag::STRING => text_length(rest)?,
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

/// How many bytes an encoded text takes. A zero of the text is followed by 0xff; what stands
/// between zeros is UTF-8 of its own, since a zero is never part of a longer character.
fn text_length(bytes: &[u8]) -> Option<usize> {
    let mut start = 0;
    loop {
        let zero = start + bytes[start..].iter().position(|&byte| byte == 0)?;
        std::str::from_utf8(&bytes[start..zero]).ok()?;
        if bytes.get(zero + 1) != Some(&0xff) {
            return Some(zero + 1);
        }
        start = zero + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Goal: the reader here and that of values agree on what an encoding is. Method: bytes
        /// that look like encodings, read by both.
        #[test]
        fn s14_both_readers_agree(
            noise in prop::collection::vec(prop_oneof![0u8..10, Just(0x61), any::<u8>()], 0..14),
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

    /// Goal: hostile bytes cost no stack and no memory.
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
