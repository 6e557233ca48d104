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
    copy.extend_from_slice(&[0u8; ALIGNMENT][..start - first.len()]);
    copy.extend_from_slice(second);
    let copy = Buffer::from(copy);
    (copy.slice_with_length(0, first.len()), copy.slice_with_length(start, second.len()))
}

/// Room for so many bytes. From words: arrow's own alignment, of a cache line, is a slower call
/// of the allocator.
fn aligned(bytes: usize) -> MutableBuffer {
    MutableBuffer::from(Vec::<u64>::with_capacity(bytes.div_ceil(ALIGNMENT)))
}
