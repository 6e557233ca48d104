//! The layout of the durable backend's tree: which key holds what, and how large values are split.
//!
//! ```text
//! 00            the record of the newest commit
//! 01 <key>      a value, or the head of a large one
//! 02 <u64 commit> <u32 number> <u32 index>    a chunk of a large value (big-endian)
//!
//! head: u64 length   u64 commit   u32 number   u128 hash of the value (little-endian)
//! ```
//!
//! A large value is named by the commit that wrote it and its number among that batch's writes, so
//! a new version never shares a chunk with the old one, which the same batch removes.
//!
//! Invariant: a decoded head names at least two chunks and a length within the limit of a value.
//! Deliberately absent: checksums; the envelope protects heads and chunks alike.

use super::batch::VALUE_BYTES_MAX;
use super::key::shown;
use lockstep_core::error::Error;

/// A value up to this size is stored in its page; a longer one is split into chunks of this size.
/// The backend splits a page beyond 16 entries and merges it below 4, so it has 21 at most, which
/// must stay below 128 KB: a larger page becomes a file of its own.
pub(super) const INLINE_BYTES_MAX: usize = 5_500;
/// The key of the store's own record.
pub(super) const RECORD_KEY: &[u8] = &[0];
/// The first byte of a value's stored key.
pub(super) const VALUE_PREFIX: u8 = 1;
/// The first byte of a chunk's stored key.
pub(super) const CHUNK_PREFIX: u8 = 2;

const HEAD_BYTES: usize = 8 + 8 + 4 + 16;

/// The stored key of `key`.
pub(super) fn value_key(key: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + key.len());
    bytes.push(VALUE_PREFIX);
    bytes.extend_from_slice(key);
    bytes
}

/// A value as it was written.
pub(super) enum Value<'a> {
    /// It was stored in its page.
    Inline(&'a [u8]),
    /// It was assembled from chunks.
    Large(Vec<u8>),
}

impl std::ops::Deref for Value<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Value::Inline(value) => value,
            Value::Large(value) => value,
        }
    }
}

/// The head of a large value: where its chunks are, and their length and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// The value's length in bytes.
    pub(super) length: u64,
    /// The commit that wrote it.
    pub(super) commit: u64,
    /// Its number among the writes of that commit.
    pub(super) number: u32,
    /// Its `record::payload_hash`.
    pub(super) hash: u128,
}

impl Head {
    /// The bytes on disk.
    pub(super) fn encode(&self) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        bytes[..8].copy_from_slice(&self.length.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.commit.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.number.to_le_bytes());
        bytes[20..].copy_from_slice(&self.hash.to_le_bytes());
        bytes
    }

    /// Decodes bytes from disk; `None` if they are not a valid head.
    pub(super) fn decode(bytes: &[u8]) -> Option<Head> {
        let (length, rest) = bytes.split_first_chunk::<8>()?;
        let (commit, rest) = rest.split_first_chunk::<8>()?;
        let (number, rest) = rest.split_first_chunk::<4>()?;
        let length = u64::from_le_bytes(*length);
        let large = INLINE_BYTES_MAX as u64 + 1..=VALUE_BYTES_MAX as u64;
        Some(Head {
            length: Some(length).filter(|length| large.contains(length))?,
            commit: u64::from_le_bytes(*commit),
            number: u32::from_le_bytes(*number),
            hash: u128::from_le_bytes(rest.try_into().ok()?),
        })
    }

    /// The keys of the chunks, in order.
    pub(super) fn chunk_keys(&self) -> impl Iterator<Item = Vec<u8>> + use<> {
        let (commit, number) = (self.commit.to_be_bytes(), self.number.to_be_bytes());
        let chunks = self.length.div_ceil(INLINE_BYTES_MAX as u64) as u32;
        (0..chunks).map(move |index| {
            [&[CHUNK_PREFIX][..], &commit, &number, &index.to_be_bytes()].concat()
        })
    }
}

/// The error for a stored value that does not match its key or its head.
pub(super) fn misplaced(key: &[u8]) -> Error {
    Error::restore(format!(
        "the stored value of key {} does not belong there or is incomplete; restore a backup, or \
         build the store anew from the source",
        shown(key)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: the bytes on disk do not change without a new version. Method: golden bytes of a head
    /// and its chunk keys, and lengths that no large value has.
    #[test]
    fn the_layout_is_the_golden_one() {
        let head = Head { length: 11_001, commit: 5, number: 258, hash: 1 << 120 };
        let mut golden = vec![0xf9, 0x2a, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0];
        golden.extend([0; 15]);
        golden.push(1);
        assert_eq!(head.encode().as_slice(), golden);
        assert_eq!(Head::decode(&golden), Some(head));
        assert_eq!(Head::decode(&golden[1..]), None);
        let keys: Vec<_> = head.chunk_keys().collect();
        assert_eq!(keys.len(), 3);
        assert_eq!(keys[2], [2, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 1, 2, 0, 0, 0, 2]);
        for length in [0, INLINE_BYTES_MAX as u64, VALUE_BYTES_MAX as u64 + 1, u64::MAX] {
            assert_eq!(Head::decode(&Head { length, ..head }.encode()), None, "{length}");
        }
    }
}
