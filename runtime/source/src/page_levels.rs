//! What the bodies of Parquet pages claim, before they are decoded: how many values one row has,
//! how many lengths a page lists, and how long the values of a dictionary are.
//!
//! Invariant: nothing is decoded and no room is made, so a hostile body costs no more than its own
//! bytes. Deliberately absent: the values.

/// The longest row of consecutive pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    /// Values of the row so far.
    current: u64,
    /// Values of the longest row.
    pub(super) longest: u64,
}

impl Rows {
    /// Adds the repetition levels of a page: runs and packed groups of levels of `width` bits, of
    /// which 0 begins a row. `None` if they are cut off.
    pub(super) fn add(&mut self, levels: &[u8], width: u32, values: u64) -> Option<()> {
        let mut bytes = Bytes { bytes: levels };
        let mut left = values;
        while left > 0 {
            let head = bytes.varint()?;
            if head & 1 == 0 {
                let run = (head >> 1).min(left);
                let mut level = [0; 8];
                let taken = bytes.take(width.div_ceil(8) as usize)?;
                level[..taken.len()].copy_from_slice(taken);
                self.level(u64::from_le_bytes(level), run);
                if run == 0 {
                    return None;
                }
                left -= run;
                continue;
            }
            let packed =
                bytes.take(usize::try_from((head >> 1).checked_mul(width.into())?).ok()?)?;
            let count = (head >> 1).checked_mul(8)?.min(left);
            if count == 0 {
                return None;
            }
            for at in 0..count {
                let bit = |bit: u64| u64::from(packed[(bit / 8) as usize] >> (bit % 8) & 1);
                let first = at * u64::from(width);
                let level = (0..u64::from(width)).fold(0, |level, i| level | bit(first + i) << i);
                self.level(level, 1);
            }
            left -= count;
        }
        Some(())
    }

    fn level(&mut self, level: u64, count: u64) {
        // Each 0 begins a row.
        self.current = if level == 0 { 1 } else { self.current.saturating_add(count) };
        self.longest = self.longest.max(self.current).max(u64::from(count > 0));
    }
}

/// The number of lengths that the list of lengths at the front of `bytes` claims to hold, and where
/// the list ends. The lengths are delta-encoded in blocks. `None` if the list is cut off.
pub(super) fn lengths(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut rest = Bytes { bytes };
    let (block, parts, total) = (rest.varint()?, rest.varint()?, rest.varint()?);
    rest.varint()?;
    let values_of_part = block.checked_div(parts)?;
    // The first value is in the head.
    let mut left = total.saturating_sub(1);
    while left > 0 && values_of_part > 0 {
        rest.varint()?;
        let widths = rest.take(usize::try_from(parts).ok()?)?;
        for width in widths {
            if left == 0 {
                break;
            }
            let bits = values_of_part.checked_mul(u64::from(*width))?;
            rest.take(usize::try_from(bits.div_ceil(8)).ok()?)?;
            left = left.saturating_sub(values_of_part);
        }
    }
    Some((total, bytes.len() - rest.bytes.len()))
}

/// The length of the longest of the `values` texts of a dictionary page, each behind its length.
/// `None` if the page is cut off.
pub(super) fn longest_text(page: &[u8], values: u64) -> Option<u64> {
    let mut bytes = Bytes { bytes: page };
    let mut longest = 0;
    for _ in 0..values {
        let length = u32::from_le_bytes(*bytes.take(4)?.first_chunk()?);
        bytes.take(length as usize)?;
        longest = longest.max(u64::from(length));
    }
    Some(longest)
}

struct Bytes<'a> {
    bytes: &'a [u8],
}

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: the longest row is found in runs and in packed levels, and over pages.
    #[test]
    fn the_longest_row_is_found() {
        let mut rows = Rows::default();
        // A run of three rows, then a row that goes on for five values.
        rows.add(&[6, 0, 10, 1], 1, 8).unwrap();
        assert_eq!(rows.longest, 6);
        // Packed, from the lowest bit: 1 1 0 1 1 1 1 1; the first two belong to the row before.
        rows.add(&[3, 0b1111_1011], 1, 8).unwrap();
        assert_eq!(rows.longest, 8);
        assert_eq!(rows.current, 6);
        assert_eq!(rows.add(&[3], 1, 8), None);
        assert_eq!(rows.add(&[0, 0], 1, 8), None);
    }

    /// Goal: a list of lengths is measured without decoding it, and a claim of more than it holds
    /// is seen. Method: a list of 3 lengths, whose two differences lie in a block of four parts.
    #[test]
    fn lists_of_lengths_are_measured() {
        let list = [&[0x80, 1, 4, 3, 2, 0, 1, 0, 0, 0][..], &[0; 4], &[9]].concat();
        assert_eq!(lengths(&list), Some((3, 14)));
        assert_eq!(lengths(&list[..12]), None);
        // 2^35 lengths without bits, in blocks of 2^31.
        let huge = [0x80, 0x80, 0x80, 0x80, 8, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 0];
        let huge = [&huge[..], &[0, 0].repeat(16)].concat();
        assert_eq!(lengths(&huge).map(|(total, _)| total), Some(1 << 35));
        assert_eq!(longest_text(b"\x01\0\0\0a\x03\0\0\0abc", 2), Some(3));
        assert_eq!(longest_text(b"\xff\xff\xff\x7fa", 1), None);
    }
}
