//! Variable-length integers inside state encodings.
//!
//! Invariant: each number has one encoding: seven bits per byte, least significant first, no
//! trailing zero group; signed numbers in zigzag. The readers refuse any other form, so equal
//! states have equal bytes even after a damaged file was read. Deliberately absent: fixed-width
//! numbers.

/// Appends an unsigned integer.
pub fn put_unsigned(mut value: u128, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a signed integer.
pub fn put_signed(value: i128, out: &mut Vec<u8>) {
    put_unsigned((value << 1 ^ value >> 127) as u128, out);
}

/// Reads an unsigned integer.
pub fn unsigned(bytes: &mut &[u8]) -> Option<u128> {
    let mut value = 0u128;
    for shift in (0..128).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let group = u128::from(byte & 0x7f);
        if group << shift >> shift != group || (byte == 0 && shift > 0) {
            return None;
        }
        value |= group << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// Reads a signed integer.
pub fn signed(bytes: &mut &[u8]) -> Option<i128> {
    let value = unsigned(bytes)?;
    Some((value >> 1) as i128 ^ -((value & 1) as i128))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Goal: every integer has one encoding. Method: round trip, and any bytes that decode
        /// encode to themselves.
        #[test]
        fn integers_have_one_encoding(
            value in any::<i128>(),
            noise in prop::collection::vec(any::<u8>(), 0..20),
        ) {
            let mut out = Vec::new();
            put_signed(value, &mut out);
            prop_assert_eq!(signed(&mut out.as_slice()), Some(value));
            let mut rest = noise.as_slice();
            if let Some(value) = unsigned(&mut rest) {
                let mut out = Vec::new();
                put_unsigned(value, &mut out);
                prop_assert_eq!(&out, &noise[..noise.len() - rest.len()]);
            }
        }
    }
}
