//! Bits of validity and of booleans, eight to a byte, least significant first.
//!
//! Invariant: bits behind the last row are 0 in what is written and in what was read. Deliberately
//! absent: bounds of a buffer, which its reader checks before it looks at bits.

// Numbers are copied as they lie in memory.
const _: () = assert!(cfg!(target_endian = "little"), "the flat batch is little-endian");

/// Bytes that hold `bits` bits.
pub(super) fn bytes_of_bits(bits: usize) -> usize {
    bits.div_ceil(8)
}

/// Clears the bits of the last byte behind `bits` bits.
pub(super) fn clear_behind(bytes: &mut [u8], bits: usize) {
    if let Some(last) = bytes.last_mut()
        && !bits.is_multiple_of(8)
    {
        *last &= (1 << (bits % 8)) - 1;
    }
}
