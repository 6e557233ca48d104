//! Lines: reads text line by line with bounded memory.
//!
//! Invariant: memory stays under [`LINE_BYTES_MAX`] whatever the input holds, no byte is lost
//! without being reported, and the 1-based number of a line is always known. Deliberately absent:
//! any knowledge of what a line means.

use super::limits::{INPUT_BUFFER_BYTES, LINE_BYTES_MAX};
use lockstep_core::error::{Error, Result};
use std::io::{BufRead, BufReader, Read};

/// The first bytes of an input written by a Windows program; they are not part of the first line.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineEnd {
    /// With a line feed, or with the input, after at least one byte.
    Whole,
    /// It is too long: its beginning was kept and the rest skipped.
    TooLong,
    /// There was no further line.
    Absent,
}

/// Reads an input line by line.
pub(super) struct LineReader {
    input: BufReader<Box<dyn Read + Send>>,
    /// The file's name, or the caller's name for the input.
    place: String,
    /// The number of lines read so far, which is the 1-based number of the last one.
    number: u64,
}

impl LineReader {
    pub(super) fn new(input: Box<dyn Read + Send>, place: String) -> LineReader {
        LineReader { input: BufReader::with_capacity(INPUT_BUFFER_BYTES, input), place, number: 0 }
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Appends the next line, with its line feed, to `line`, which holds at most
    /// [`LINE_BYTES_MAX`] bytes afterwards.
    pub(super) fn append_to(&mut self, line: &mut Vec<u8>) -> Result<LineEnd> {
        let place = &self.place;
        let failed =
            |error: std::io::Error| Error::retry(format!("{place}: reading failed")).because(error);
        let start = line.len();
        // One byte more than allowed shows that the line is longer.
        let room = (LINE_BYTES_MAX + 1).saturating_sub(start) as u64;
        (&mut self.input).take(room).read_until(b'\n', line).map_err(failed)?;
        if line.len() > LINE_BYTES_MAX {
            if line.last() != Some(&b'\n') {
                self.input.skip_until(b'\n').map_err(failed)?;
            }
            line.truncate(LINE_BYTES_MAX);
            self.number += 1;
            return Ok(LineEnd::TooLong);
        }
        if line.len() == start {
            return Ok(LineEnd::Absent);
        }
        self.number += 1;
        if self.number == 1 && line.starts_with(BYTE_ORDER_MARK) {
            line.drain(..BYTE_ORDER_MARK.len());
        }
        Ok(LineEnd::Whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a line beyond the limit is cut and the next one is complete. Method: lines of exactly
    /// the limit and of one byte more.
    #[test]
    fn long_lines_reach_their_limit() {
        let fits = vec![b'x'; LINE_BYTES_MAX - 1];
        let long = vec![b'y'; LINE_BYTES_MAX];
        let input = [&fits[..], b"\n", &long, b"\n", b"\xef\xbb\xbfend"].concat();
        let mut lines = LineReader::new(Box::new(std::io::Cursor::new(input)), "x".into());
        let mut line = Vec::new();
        assert_eq!(lines.append_to(&mut line).unwrap(), LineEnd::Whole);
        assert_eq!(line.len(), LINE_BYTES_MAX);
        line.clear();
        assert_eq!(lines.append_to(&mut line).unwrap(), LineEnd::TooLong);
        assert_eq!(line, long);
        line.clear();
        assert_eq!(lines.append_to(&mut line).unwrap(), LineEnd::Whole);
        assert_eq!(line, b"\xef\xbb\xbfend");
        assert_eq!(lines.number(), 3);
        assert_eq!(lines.append_to(&mut line).unwrap(), LineEnd::Absent);
    }
}
