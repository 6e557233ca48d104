//! The text that a `join` puts between values.
//!
//! Invariant: at most 64 bytes of UTF-8, held in place, so that a feature stays a plain value that
//! is copied. The bytes behind the length are 0, so equal texts are equal. Deliberately absent: any
//! other rule for a separator; it may be empty.

use std::fmt;

/// The most bytes (docs/FEATURES.md).
const BYTES_MAX: usize = 64;

/// What stands between two values of a `join`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Separator {
    bytes: [u8; BYTES_MAX],
    length: usize,
}

impl Separator {
    /// A separator of this text, unless it is too long.
    pub fn new(text: &str) -> Result<Separator, String> {
        let length = text.len();
        if length > BYTES_MAX {
            return Err(format!("a separator of {length} bytes is longer than {BYTES_MAX}"));
        }
        let mut bytes = [0; BYTES_MAX];
        bytes[..length].copy_from_slice(text.as_bytes());
        Ok(Separator { bytes, length })
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).expect("it was made of a text")
    }
}

impl fmt::Debug for Separator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a separator is its text, up to its limit in bytes. Method: texts at and beyond it, one
    /// of two bytes a letter.
    #[test]
    fn separators_hold_their_text() {
        for text in ["", ", ", "\0", "é", &"a".repeat(64), &"é".repeat(32)] {
            let separator = Separator::new(text).expect("at most 64 bytes");
            assert_eq!(separator.as_str(), text);
            assert_eq!(format!("{separator:?}"), format!("{text:?}"));
        }
        assert_ne!(Separator::new(""), Separator::new("\0"));
        for text in ["a".repeat(65), "é".repeat(33)] {
            assert!(Separator::new(&text).is_err(), "{text}");
        }
    }
}
