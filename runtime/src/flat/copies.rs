//! Copies of a column's buffers in one allocation.
//!
//! Invariant: each copy begins at a multiple of eight bytes, so that arrow may read it as numbers;
//! the flat batch itself has no padding. One row is the usual online answer, and there an
//! allocation costs more than the copy. Deliberately absent: validity, which most columns lack.

use arrow::buffer::{Buffer, MutableBuffer};

/// Bytes that each copy begins at a multiple of.
const ALIGNMENT: usize = size_of::<u64>();

/// `bytes` in memory of their own, with the alignment of numbers.
pub fn copied(bytes: &[u8]) -> MutableBuffer {
    let mut copy = aligned(bytes.len());
    copy.extend_from_slice(bytes);
    copy
}

/// Two buffers, one behind the other.
pub fn copied_pair(first: &[u8], second: &[u8]) -> (Buffer, Buffer) {
    let start = first.len().next_multiple_of(ALIGNMENT);
    let mut copy = aligned(start + second.len());
    copy.extend_from_slice(first);
    // The type is said: a bare 0 would be four bytes wide.
    copy.extend_from_slice(&[0_u8; ALIGNMENT][..start - first.len()]);
    copy.extend_from_slice(second);
    let copy = Buffer::from(copy);
    (copy.slice_with_length(0, first.len()), copy.slice_with_length(start, second.len()))
}

/// Room for so many bytes. From words: arrow's own alignment, of a cache line, is a slower call
/// of the allocator.
fn aligned(bytes: usize) -> MutableBuffer {
    MutableBuffer::from(Vec::<u64>::with_capacity(bytes.div_ceil(ALIGNMENT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: both copies hold their bytes, whatever padding lies between. Method: every remainder
    /// of the first one's length.
    #[test]
    fn a_pair_keeps_both_its_parts() {
        for length in 0..=2 * ALIGNMENT as u8 {
            let first: Vec<u8> = (0..length).collect();
            let (offsets, text) = copied_pair(&first, b"text");
            assert_eq!((offsets.as_slice(), text.as_slice()), (&first[..], &b"text"[..]));
        }
    }
}
