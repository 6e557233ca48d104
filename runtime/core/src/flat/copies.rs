//! Copies a column's buffers into one aligned allocation.
//!
//! Invariant: each copy begins at a multiple of eight bytes, so that Arrow may read it as numbers;
//! the flat batch itself has no padding. Both buffers share one allocation because online batches
//! usually have one row, and there an allocation costs more than the copy. Deliberately absent:
//! validity bits, which most columns lack.

use arrow::buffer::{Buffer, MutableBuffer};

/// Each copy begins at a multiple of this many bytes.
pub(super) const ALIGNMENT: usize = size_of::<u64>();

/// Copies `bytes` into memory aligned for numbers.
#[inline]
pub(super) fn copied(bytes: &[u8]) -> MutableBuffer {
    let mut copy = aligned(bytes.len());
    copy.extend_from_slice(bytes);
    copy
}

/// Copies a column's bytes and then its numbers into one allocation. Each returned buffer holds one
/// reference to it; slicing a shared buffer twice would cost extra reference counting.
#[inline]
pub(super) fn copied_pair(numbers: &[u8], bytes: &[u8]) -> (Buffer, Buffer) {
    let start = bytes.len().next_multiple_of(ALIGNMENT);
    let mut copy = aligned(start + numbers.len());
    copy.extend_from_slice(bytes);
    // The type is spelled out: a bare 0 would be four bytes wide.
    copy.extend_from_slice(&[0_u8; ALIGNMENT][..start - bytes.len()]);
    copy.extend_from_slice(numbers);
    let mut copied_numbers = Buffer::from(copy);
    let copied_bytes = copied_numbers.slice_with_length(0, bytes.len());
    copied_numbers.advance(start);
    (copied_numbers, copied_bytes)
}

/// Allocates room for this many bytes, as words: Arrow's own alignment, a cache line, takes a
/// slower call of the allocator.
#[inline]
fn aligned(bytes: usize) -> MutableBuffer {
    MutableBuffer::from(Vec::<u64>::with_capacity(bytes.div_ceil(ALIGNMENT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: both copies hold their bytes, whatever padding lies between, and the numbers are
    /// aligned. Method: every remainder of the length of the bytes.
    #[test]
    fn a_pair_keeps_both_its_parts() {
        for length in 0..=2 * ALIGNMENT as u8 {
            let text: Vec<u8> = (0..length).collect();
            let (offsets, copy) = copied_pair(b"offsets", &text);
            assert_eq!((offsets.as_slice(), copy.as_slice()), (&b"offsets"[..], &text[..]));
            assert!(offsets.as_ptr().addr().is_multiple_of(ALIGNMENT));
        }
    }
}
