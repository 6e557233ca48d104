//! Copies of a column's buffers in one allocation.
//!
//! Invariant: each copy begins at a multiple of eight bytes, so that arrow may read it as numbers;
//! the flat batch itself has no padding. One row is the usual online answer, and there an
//! allocation costs more than the copy. Deliberately absent: validity, which most columns lack.

use arrow::buffer::{Buffer, MutableBuffer};

/// Bytes that each copy begins at a multiple of.
const ALIGNMENT: usize = size_of::<u64>();

/// `bytes` in memory of their own, with the alignment of numbers.
#[inline]
pub(super) fn copied(bytes: &[u8]) -> MutableBuffer {
    let mut copy = aligned(bytes.len());
    copy.extend_from_slice(bytes);
    copy
}

/// Copies of a column's numbers and of its bytes, the numbers behind the bytes: so the one buffer
/// is shared once, not cut twice, which would count its owners up and down with each cut.
#[inline]
pub(super) fn copied_pair(numbers: &[u8], bytes: &[u8]) -> (Buffer, Buffer) {
    let start = bytes.len().next_multiple_of(ALIGNMENT);
    let mut copy = aligned(start + numbers.len());
    copy.extend_from_slice(bytes);
    // The type is said: a bare 0 would be four bytes wide.
    copy.extend_from_slice(&[0_u8; ALIGNMENT][..start - bytes.len()]);
    copy.extend_from_slice(numbers);
    let mut copied_numbers = Buffer::from(copy);
    let copied_bytes = copied_numbers.slice_with_length(0, bytes.len());
    copied_numbers.advance(start);
    (copied_numbers, copied_bytes)
}

/// Room for so many bytes. From words: arrow's own alignment, of a cache line, is a slower call
/// of the allocator.
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
