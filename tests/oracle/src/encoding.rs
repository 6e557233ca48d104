//! The canonical encoding of single values (S14), which hashes read (S19).
//!
//! A byte for the type, then big-endian bytes that order as the values do: an integer or time with
//! its sign bit flipped; a float with its sign bit flipped, or all bits if it is negative; a text's
//! bytes, each 0 followed by 255, and a 0 at the end. Invariant: equal bytes mean equal values.
//! Deliberately absent: nulls, lists and maps, which nothing hashes, and decoding.

use crate::value::Value;

/// The encoding of a value.
///
/// # Panics
/// If it is null, a list or a map.
pub fn canonical_bytes(value: &Value) -> Vec<u8> {
    let (tag, bytes) = match value.clone().canonical() {
        Value::Bool(flag) => (2, vec![u8::from(flag)]),
        Value::Int64(x) => (3, ordered(x).to_vec()),
        Value::Float32(x) => {
            let bits = x.to_bits();
            let flipped = if x.is_sign_negative() { !bits } else { bits ^ (1 << 31) };
            (4, flipped.to_be_bytes().to_vec())
        }
        Value::Float64(x) => {
            let bits = x.to_bits();
            let flipped = if x.is_sign_negative() { !bits } else { bits ^ (1 << 63) };
            (5, flipped.to_be_bytes().to_vec())
        }
        Value::Text(text) => {
            let mut bytes = Vec::new();
            for byte in text.bytes() {
                bytes.push(byte);
                bytes.extend((byte == 0).then_some(0xff));
            }
            bytes.push(0);
            (6, bytes)
        }
        Value::Timestamp(x) => (7, ordered(x).to_vec()),
        other => panic!("{other} is not hashed"),
    };
    [vec![tag], bytes].concat()
}

fn ordered(x: i64) -> [u8; 8] {
    (x.cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: the encoding of each type. Method: bytes written out by hand.
    #[test]
    fn s14_encodings_written_by_hand() {
        let text = |text: &str| Value::Text(text.to_string());
        for (value, bytes) in [
            (Value::Bool(true), &[2, 1][..]),
            (Value::Int64(1), &[3, 0x80, 0, 0, 0, 0, 0, 0, 1]),
            (Value::Int64(-1), &[3, 0x7f, 255, 255, 255, 255, 255, 255, 255]),
            (Value::Float32(1.0), &[4, 0xbf, 0x80, 0, 0]),
            (Value::Float32(-0.0), &[4, 0x7f, 255, 255, 255]),
            (Value::Float64(0.0), &[5, 0x80, 0, 0, 0, 0, 0, 0, 0]),
            (Value::Float64(-f64::NAN), &[5, 0xff, 0xf8, 0, 0, 0, 0, 0, 0]),
            (Value::Float64(-2.0), &[5, 0x3f, 255, 255, 255, 255, 255, 255, 255]),
            (text(""), &[6, 0]),
            (text("a\0é"), &[6, b'a', 0, 255, 0xc3, 0xa9, 0]),
            (Value::Timestamp(0), &[7, 0x80, 0, 0, 0, 0, 0, 0, 0]),
        ] {
            assert_eq!(canonical_bytes(&value), bytes, "{value}");
        }
    }

    /// Goal: bytes order as values do. Method: lists in the order of S14.
    #[test]
    fn s14_encodings_keep_the_order() {
        let doubles = [f64::NEG_INFINITY, -1.0, -0.0, 0.0, 1.0, f64::INFINITY, f64::NAN];
        let singles = doubles.map(|x| Value::Float32(x as f32));
        let texts = ["", "\0", "\0\0", "\0a", "a", "a\0", "aa", "é"];
        let integers = [i64::MIN, -1, 0, 1, i64::MAX];
        for list in [
            doubles.map(Value::Float64).to_vec(),
            singles.to_vec(),
            texts.map(|text| Value::Text(text.to_string())).to_vec(),
            integers.map(Value::Int64).to_vec(),
        ] {
            let encodings: Vec<Vec<u8>> = list.iter().map(canonical_bytes).collect();
            assert!(encodings.is_sorted_by(|a, b| a < b), "{list:?}");
        }
    }
}
