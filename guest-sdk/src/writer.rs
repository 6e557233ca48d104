//! Writes one flat batch into memory of the right size.
//!
//! Invariant: nodes, ends of buffers and bytes each fill a region of their own, so that one pass
//! over the columns writes all three. Deliberately absent: growing the memory.

use crate::column::Build;

/// Bytes of a batch before its nodes: the numbers of rows and of nodes.
const HEAD_BYTES: usize = 8;

/// The regions of a batch that are still to be written.
#[derive(Debug)]
pub struct Writer<'o> {
    nodes: &'o mut [u8],
    ends: &'o mut [u8],
    body: &'o mut [u8],
    end: u32,
}

/// The number of bytes of a batch with these `columns`.
#[inline]
pub(crate) fn batch_bytes<B: Build>(columns: &B) -> usize {
    HEAD_BYTES + B::NODES * 8 + 4 + B::BUFFERS * 4 + columns.body_bytes()
}

/// Writes the batch of `columns`, which have `rows` rows; `out` has [`batch_bytes`] bytes.
#[inline]
pub(crate) fn write_batch<B: Build>(columns: &B, rows: usize, mut out: &mut [u8]) {
    put(&mut out, &(rows as u32).to_le_bytes());
    put(&mut out, &(B::NODES as u32).to_le_bytes());
    let (nodes, mut out) = out.split_at_mut(B::NODES * 8);
    put(&mut out, &(B::BUFFERS as u32).to_le_bytes());
    let (ends, body) = out.split_at_mut(B::BUFFERS * 4);
    let mut writer = Writer { nodes, ends, body, end: 0 };
    columns.write(&mut writer);
    debug_assert!(
        writer.nodes.is_empty() && writer.ends.is_empty() && writer.body.is_empty(),
        "a batch has the size that was measured"
    );
}

/// Writes bytes to the front of `out`, which becomes the rest.
#[inline]
pub(crate) fn put(out: &mut &mut [u8], bytes: &[u8]) {
    let (front, rest) = std::mem::take(out).split_at_mut(bytes.len());
    front.copy_from_slice(bytes);
    *out = rest;
}

/// Writes numbers to the front of `out`, which becomes the rest.
#[inline]
pub(crate) fn put_items<const N: usize>(out: &mut &mut [u8], items: &[[u8; N]]) {
    // An online call usually has one row, and copying a known length needs no function call.
    match items {
        [item] => put(out, item),
        items => put(out, items.as_flattened()),
    }
}

impl Writer<'_> {
    /// Writes a node.
    #[inline]
    pub fn node(&mut self, rows: usize, nulls: usize) {
        put(&mut self.nodes, &(rows as u32).to_le_bytes());
        put(&mut self.nodes, &(nulls as u32).to_le_bytes());
    }

    /// Ends a buffer that is `length` bytes long.
    #[inline]
    fn close(&mut self, length: usize) {
        self.end += length as u32;
        put(&mut self.ends, &self.end.to_le_bytes());
    }

    /// Writes a buffer of bytes.
    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) {
        put(&mut self.body, bytes);
        self.close(bytes.len());
    }

    /// Writes a buffer of numbers.
    #[inline]
    pub fn items<const N: usize>(&mut self, items: &[[u8; N]]) {
        put_items(&mut self.body, items);
        self.close(items.len() * N);
    }

    /// Writes a buffer of offsets: 0 and the end of each row.
    #[inline]
    pub fn offsets(&mut self, ends: &[[u8; 4]]) {
        put(&mut self.body, &[0; 4]);
        put_items(&mut self.body, ends);
        self.close(4 + ends.len() * 4);
    }

    /// Writes a buffer of bits from flags of 0 or 1.
    #[inline]
    pub fn bits(&mut self, flags: &[u8]) {
        let (whole, rest) = flags.as_chunks::<8>();
        let (bytes, behind) = std::mem::take(&mut self.body).split_at_mut(flags.len().div_ceil(8));
        for (byte, flags) in bytes.iter_mut().zip(whole) {
            *byte = pack(*flags);
        }
        if !rest.is_empty() {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            bytes[whole.len()] = pack(last);
        }
        self.body = behind;
        self.close(flags.len().div_ceil(8));
    }
}

/// Packs eight flags of 0 or 1 into a byte, the first flag as the least significant bit.
///
/// The product moves the flag of byte i, at bit 8i, to bit 56 + i (factor bit 56 - 7i); no two
/// terms of the product share a bit, so nothing carries into the top byte.
#[inline]
fn pack(flags: [u8; 8]) -> u8 {
    (u64::from_le_bytes(flags).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: flags become the right bits. Method: all 256 bytes compared with a plain loop.
    #[test]
    fn packs_flags() {
        for byte in 0..=255u8 {
            let flags = std::array::from_fn(|at| byte >> at & 1);
            assert_eq!(pack(flags), byte);
        }
    }
}
