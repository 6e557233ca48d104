//! Bit arrays for validity and booleans: eight to a byte, least significant first.
//!
//! Invariant: the unused bits after the last row are 0, both in what is written and in what was
//! read. Deliberately absent: bounds checks, which the buffer's reader does before it looks at
//! bits.

// Numbers are copied as they lie in memory.
const _: () = assert!(cfg!(target_endian = "little"), "the flat batch is little-endian");

/// The number of bytes that hold `bits` bits.
pub(super) fn bytes_of_bits(bits: usize) -> usize {
    bits.div_ceil(8)
}

/// Clears the bits of the last byte after the first `bits` bits.
pub(super) fn clear_behind(bytes: &mut [u8], bits: usize) {
    if let Some(last) = bytes.last_mut()
        && !bits.is_multiple_of(8)
    {
        *last &= (1 << (bits % 8)) - 1;
    }
}
