//! The headers of Parquet pages, which say how large a page is and how many values it holds.
//!
//! The reader of pages trusts them: it makes room for as much as a header claims. So they are read
//! here first, in Thrift's compact protocol, without making room for anything.
//!
//! Invariant: reading ends with the bytes given; a header that is cut off is told from one that is
//! malformed. Deliberately absent: statistics, which are skipped.

/// Most levels of structs within a header.
const DEPTH_MAX: usize = 8;

/// What is in a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Dictionary,
    Data,
    /// An index, or a kind that readers skip.
    Other,
}

/// How the values of a page are encoded, as far as it decides how large they become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// The values are in the page.
    Sized,
    /// Each value is the number of one in the dictionary.
    Dictionary,
    /// The lengths of the values are in the page, before the values.
    DeltaLength,
    /// A value may repeat the beginning of the one before.
    DeltaBytes,
}

impl Encoding {
    fn of(number: i64) -> Encoding {
        match number {
            2 | 8 => Encoding::Dictionary,
            6 => Encoding::DeltaLength,
            7 => Encoding::DeltaBytes,
            _ => Encoding::Sized,
        }
    }
}

/// A page, according to its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) kind: Kind,
    pub(super) encoding: Encoding,
    /// Values, nulls included.
    pub(super) values: u64,
    /// Bytes as they lie in the file, without the header.
    pub(super) stored_bytes: u64,
    /// Bytes when decompressed.
    pub(super) bytes: u64,
    /// Bytes of levels at its front that are not compressed.
    pub(super) levels_bytes: u64,
}

/// Why a header cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// It goes on beyond the given bytes.
    CutOff,
    Malformed,
}

/// Reads the header at the front of `bytes`; returns its length, too.
pub(super) fn read(bytes: &[u8]) -> Result<(Page, usize), Broken> {
    let mut thrift = Thrift { bytes, at: 0 };
    let (mut kind, mut stored, mut whole) = (None, None, None);
    let (mut values, mut encoding, mut levels) = (0, Encoding::Sized, 0);
    let mut last = 0;
    while let Some((field, of)) = thrift.field(&mut last)? {
        match (field, of) {
            (1, I32) => kind = Some(thrift.signed()?),
            (2, I32) => whole = Some(thrift.signed()?),
            (3, I32) => stored = Some(thrift.signed()?),
            (5 | 7 | 8, STRUCT) => {
                let encoding_field = if field == 8 { 4 } else { 2 };
                let mut last = 0;
                while let Some((inner, of)) = thrift.field(&mut last)? {
                    match of {
                        I32 if inner == 1 => values = thrift.signed()?,
                        I32 if inner == encoding_field => encoding = Encoding::of(thrift.signed()?),
                        I32 if field == 8 && matches!(inner, 5 | 6) => levels += thrift.signed()?,
                        _ => thrift.skip(of, DEPTH_MAX)?,
                    }
                }
            }
            _ => thrift.skip(of, DEPTH_MAX)?,
        }
    }
    let size = |number: Option<i64>| {
        number.and_then(|number| u64::try_from(number).ok()).ok_or(Broken::Malformed)
    };
    let kind = match kind.ok_or(Broken::Malformed)? {
        0 | 3 => Kind::Data,
        2 => Kind::Dictionary,
        _ => Kind::Other,
    };
    let (values, stored_bytes, bytes) = (size(Some(values))?, size(stored)?, size(whole)?);
    let levels_bytes = size(Some(levels))?;
    Ok((Page { kind, encoding, values, stored_bytes, bytes, levels_bytes }, thrift.at))
}

const TRUE: u8 = 1;
const FALSE: u8 = 2;
const I8: u8 = 3;
const I16: u8 = 4;
const I32: u8 = 5;
const I64: u8 = 6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
const STRUCT: u8 = 12;

/// Bytes in Thrift's compact protocol.
struct Thrift<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Thrift<'_> {
    fn byte(&mut self) -> Result<u8, Broken> {
        let byte = *self.bytes.get(self.at).ok_or(Broken::CutOff)?;
        self.at += 1;
        Ok(byte)
    }

    fn unsigned(&mut self) -> Result<u64, Broken> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Broken::Malformed)
    }

    fn signed(&mut self) -> Result<i64, Broken> {
        let number = self.unsigned()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// The number and the type of the next field of a struct; `None` at its end.
    fn field(&mut self, last: &mut i64) -> Result<Option<(i64, u8)>, Broken> {
        let head = self.byte()?;
        if head == 0 {
            return Ok(None);
        }
        let delta = i64::from(head >> 4);
        *last = if delta == 0 { self.signed()? } else { last.wrapping_add(delta) };
        Ok(Some((*last, head & 0x0f)))
    }

    fn pass(&mut self, count: u64) -> Result<(), Broken> {
        let left = (self.bytes.len() - self.at) as u64;
        if count > left {
            return Err(Broken::CutOff);
        }
        self.at += count as usize;
        Ok(())
    }

    fn skip(&mut self, of: u8, depth: usize) -> Result<(), Broken> {
        let depth = depth.checked_sub(1).ok_or(Broken::Malformed)?;
        match of {
            TRUE | FALSE => Ok(()),
            I8 => self.pass(1),
            I16 | I32 | I64 => self.unsigned().map(|_| ()),
            DOUBLE => self.pass(8),
            BINARY => {
                let length = self.unsigned()?;
                self.pass(length)
            }
            LIST | SET => {
                let head = self.byte()?;
                let count = if head >> 4 == 15 { self.unsigned()? } else { u64::from(head >> 4) };
                (0..count).try_for_each(|_| self.skip_element(head & 0x0f, depth))
            }
            MAP => {
                let count = self.unsigned()?;
                let types = if count == 0 { 0 } else { self.byte()? };
                (0..count).try_for_each(|_| {
                    self.skip_element(types >> 4, depth)?;
                    self.skip_element(types & 0x0f, depth)
                })
            }
            STRUCT => {
                let mut last = 0;
                while let Some((_, of)) = self.field(&mut last)? {
                    self.skip(of, depth)?;
                }
                Ok(())
            }
            _ => Err(Broken::Malformed),
        }
    }

    /// An element of a collection; unlike a field, a boolean takes a byte there.
    fn skip_element(&mut self, of: u8, depth: usize) -> Result<(), Broken> {
        match of {
            TRUE | FALSE => self.pass(1),
            of => self.skip(of, depth),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The header of a data page of 3 dictionary-encoded values, with statistics.
    const HEADER: [u8; 22] = [
        0x15, 0, 0x15, 20, 0x15, 16, 0x2c, 0x15, 6, 0x15, 16, 0x15, 6, 0x15, 6, 0x1c, 0x18, 1,
        b'x', 0, 0, 0,
    ];

    /// Goal: a header is read, and one that is cut off anywhere is recognised as such.
    #[test]
    fn headers_are_read() {
        let page = Page {
            kind: Kind::Data,
            encoding: Encoding::Dictionary,
            values: 3,
            stored_bytes: 8,
            bytes: 10,
            levels_bytes: 0,
        };
        assert_eq!(read(&HEADER), Ok((page, HEADER.len())));
        for length in 0..HEADER.len() {
            assert_eq!(read(&HEADER[..length]), Err(Broken::CutOff), "{length}");
        }
        // A statistic of 2^62 bytes, a negative size, and structs without end.
        let long = [&HEADER[..17], &[0x80; 8], &[0x40]].concat();
        assert_eq!(read(&long), Err(Broken::CutOff));
        assert_eq!(read(&[0x15, 0, 0x15, 19, 0x15, 16, 0]), Err(Broken::Malformed));
        assert_eq!(read(&[0x9c; 100]), Err(Broken::Malformed));
    }
}
