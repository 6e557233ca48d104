//! The export of a store: its contents in one order, and their digest. Two stores are equal when
//! their exports are.
//!
//! ```text
//! digest = SHA-256 of, for each entry in key order: u64 length, key, u64 length, value
//!          (lengths little-endian)
//! ```
//!
//! Invariant: an export depends on the keys and values alone, not on the backend, on how the
//! entries were grouped into commits, or on the commit numbers. Deliberately absent: the order in
//! which entries were written.

use super::contract::{Snapshot, Store};
use super::key::KEY_END;
use lockstep_core::error::Result;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// A digest of a store's contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    /// Lowercase hexadecimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The totals of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The commit that was exported. It is not part of the digest.
    pub sequence: u64,
    /// The number of entries.
    pub entries: u64,
    /// Their keys and values, in bytes.
    pub bytes: u64,
    /// The digest of all of them.
    pub digest: Digest,
}

/// How an export treats one stored entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Canonical {
    /// It is exported as it is.
    Keep,
    /// It is exported with this value.
    Replace(Vec<u8>),
    /// It is left out.
    Skip,
}

/// Decides about each entry of an export, in key order. The decision must not depend on history, or
/// equal stores would have different exports.
pub type Filter<'a> = dyn FnMut(&[u8], &[u8]) -> Result<Canonical> + 'a;

/// Receives the keys and values of an export in key order.
pub type Receive<'a> = dyn FnMut(&[u8], &[u8]) -> Result<()> + 'a;

/// Exports the newest state of `store` through `filter` to `visit`, in key order.
pub fn export(
    store: &dyn Store,
    filter: Option<&mut Filter<'_>>,
    visit: &mut Receive<'_>,
) -> Result<Exported> {
    export_snapshot(&*store.read()?, filter, visit)
}

/// The digest of the newest state of `store`, seen through `filter`.
pub fn digest(store: &dyn Store, filter: Option<&mut Filter<'_>>) -> Result<Digest> {
    Ok(export(store, filter, &mut |_, _| Ok(()))?.digest)
}

/// Like [`export`], for a snapshot that the caller holds.
pub fn export_snapshot(
    snapshot: &dyn Snapshot,
    mut filter: Option<&mut Filter<'_>>,
    visit: &mut Receive<'_>,
) -> Result<Exported> {
    let mut builder = Builder::default();
    snapshot.scan(b"", KEY_END, &mut |key, value| {
        let canonical = match &mut filter {
            Some(filter) => filter(key, value)?,
            None => Canonical::Keep,
        };
        let value = match &canonical {
            Canonical::Keep => value,
            Canonical::Replace(value) => value,
            Canonical::Skip => return Ok(true),
        };
        builder.add(key, value);
        visit(key, value)?;
        Ok(true)
    })?;
    Ok(builder.finish(snapshot.sequence()))
}

/// Builds an export's digest from entries in key order, for a caller that merges entries itself.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    hash: Sha256,
    entries: u64,
    bytes: u64,
}

impl Builder {
    /// Adds the next entry.
    pub fn add(&mut self, key: &[u8], value: &[u8]) {
        for part in [key, value] {
            self.hash.update((part.len() as u64).to_le_bytes());
            self.hash.update(part);
        }
        self.entries += 1;
        self.bytes += (key.len() + value.len()) as u64;
    }

    /// Ends the export of the state after commit `sequence`.
    pub fn finish(self, sequence: u64) -> Exported {
        Exported {
            sequence,
            entries: self.entries,
            bytes: self.bytes,
            digest: Digest(self.hash.finalize().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::WriteBatch;
    use super::super::memory::MemoryStore;
    use super::*;

    fn store(batches: &[&[(&str, &str)]]) -> MemoryStore {
        let store = MemoryStore::new();
        for writes in batches {
            let mut batch = WriteBatch::new();
            writes.iter().for_each(|(key, value)| batch.put(*key, *value).unwrap());
            store.commit(batch).unwrap();
        }
        store
    }

    /// Goal: an export depends on the contents alone. Method: the same content in one commit and in
    /// three, and other contents that a careless encoding would confuse with it.
    #[test]
    fn exports_are_equal_when_contents_are() {
        let once = store(&[&[("a", "1"), ("b", "2")]]);
        let slowly = store(&[&[("b", "0")], &[("a", "1")], &[("b", "2")]]);
        assert_eq!(digest(&once, None).unwrap(), digest(&slowly, None).unwrap());
        for other in [
            store(&[&[("a", "1b"), ("", "2")]]),
            store(&[&[("a", "2"), ("b", "1")]]),
            store(&[&[("a", "1"), ("b", "2"), ("c", "")]]),
            store(&[]),
        ] {
            assert_ne!(digest(&once, None).unwrap(), digest(&other, None).unwrap());
        }
    }

    /// Goal: what the filter returns is exported and digested. Method: one entry kept, one
    /// replaced, one skipped, compared with a store that holds just that.
    #[test]
    fn a_filter_replaces_and_skips() {
        let raw = store(&[&[("a", "1"), ("b", "2"), ("c", "3")]]);
        let mut seen = Vec::new();
        let mut filter = |key: &[u8], _: &[u8]| {
            Ok(match key {
                b"a" => Canonical::Keep,
                b"b" => Canonical::Replace(b"two".to_vec()),
                _ => Canonical::Skip,
            })
        };
        let exported = export(&raw, Some(&mut filter), &mut |key, value| {
            seen.push((key.to_vec(), value.to_vec()));
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, [(b"a".to_vec(), b"1".to_vec()), (b"b".to_vec(), b"two".to_vec())]);
        assert_eq!((exported.sequence, exported.entries, exported.bytes), (1, 2, 6));
        let plain = store(&[&[("a", "1"), ("b", "two")]]);
        assert_eq!(exported.digest, digest(&plain, None).unwrap());
    }

    /// Goal: the digest is the one that this module's documentation defines. Method: SHA-256 of the
    /// framed bytes, computed by another program.
    #[test]
    fn the_digest_is_the_golden_one() {
        let digest = digest(&store(&[&[("k", "v")]]), None).unwrap();
        assert_eq!(digest.to_string(), GOLDEN);
    }

    /// SHA-256 of: u64 1, "k", u64 1, "v".
    const GOLDEN: &str = "460dda3acaaa5c2e68fdb432acf33834aee528fe1f2b985d93cc52ed7d180cae";
}
