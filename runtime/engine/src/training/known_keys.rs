//! The keys that a spine names, as a Bloom filter with one hash: "absent" is certain, "present" is
//! not.
//!
//! Invariant: a key that was inserted is never reported as absent. Deliberately absent: the keys
//! themselves.

use std::fmt;
use xxhash_rust::xxh3::xxh3_64;

/// The keys that a spine names.
pub(super) struct KnownKeys {
    bits: Box<[u64]>,
}

/// Bits of [`KnownKeys`]: even millions of keys set few of them, and the operating system provides
/// no memory for pages that are never touched.
const KNOWN_BITS: usize = 1 << 27;

impl Default for KnownKeys {
    fn default() -> KnownKeys {
        KnownKeys { bits: vec![0; KNOWN_BITS / 64].into() }
    }
}

impl fmt::Debug for KnownKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KnownKeys")
    }
}

impl KnownKeys {
    pub(super) fn insert(&mut self, key: &[u8]) {
        let bit = xxh3_64(key) as usize % KNOWN_BITS;
        self.bits[bit / 64] |= 1 << (bit % 64);
    }

    pub(super) fn contains(&self, key: &[u8]) -> bool {
        let bit = xxh3_64(key) as usize % KNOWN_BITS;
        self.bits[bit / 64] >> (bit % 64) & 1 == 1
    }
}
