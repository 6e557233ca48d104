//! Owned bytes, for a column of bytes that a transform makes.
//!
//! Invariant: to `&[u8]` it is what `String` is to `&str`: a transform reads `&[u8]` and writes
//! either. Deliberately absent: reading a column as owned bytes, and methods of its own: it is a
//! `Vec<u8>` under another name, because `Vec<u8>` is a list of integers.

use std::ops::{Deref, DerefMut};

/// Owned bytes: the value of a column of type `bytes`, where `Vec<u8>` is a list of `u8`.
///
/// ```
/// use lockstep_sdk::prelude::*;
///
/// let mut digest = Bytes::from(&[0xde, 0xad][..]);
/// digest.push(0xff);
/// assert_eq!(*digest, [0xde, 0xad, 0xff]);
/// assert_eq!(Vec::from(digest), [0xde, 0xad, 0xff]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(Vec<u8>);

impl Deref for Bytes {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Bytes {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Bytes {
        Bytes(bytes)
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Bytes {
        Bytes(bytes.to_vec())
    }
}

impl<const N: usize> From<[u8; N]> for Bytes {
    fn from(bytes: [u8; N]) -> Bytes {
        Bytes(bytes.to_vec())
    }
}

impl From<Bytes> for Vec<u8> {
    fn from(bytes: Bytes) -> Vec<u8> {
        bytes.0
    }
}

impl FromIterator<u8> for Bytes {
    fn from_iter<I: IntoIterator<Item = u8>>(bytes: I) -> Bytes {
        Bytes(bytes.into_iter().collect())
    }
}
