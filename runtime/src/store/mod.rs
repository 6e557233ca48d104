//! Stores: an ordered map of byte keys to byte values, changed by atomic, durable, numbered
//! commits.
//!
//! The contract, which one suite of laws (`tests/it/store.rs`) checks on every backend through the
//! two traits here:
//!
//! ```text
//! state(0) = {}        state(n) = state(n - 1) with batch n applied        commit(batch n) = n
//! ```
//!
//! Invariant: a snapshot is `state(n)` for one `n`, never a half of a commit. When `commit`
//! returns `n`, `state(n)` survives a crash; if it fails, the store holds `state(n)` or `state(n -
//! 1)`, and opening it again tells which. What is read is what was written, or an error.
//!
//! Deliberately absent: what keys and values mean (`layout`), transactions that read, concurrent
//! writers (commits are serial), and a reverse scan, which the backend's cursor guesses its way
//! to.

pub mod bulk;
pub mod canonical;
mod cell;
mod deadline;
mod directory;
mod envelope;
pub mod export;
pub mod layout;
pub mod memory;
pub mod progress;
mod record;
pub mod sled;
pub mod tiles;
pub mod unfinished;

pub use bytes::Bytes;

use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::fmt::Debug;

/// The longest key, in bytes. With longer ones inner pages of sled outgrow 128 KB, and it writes
/// each version of such a page to a file of its own, hundreds of them.
pub const KEY_BYTES_MAX: usize = 480;
/// The longest value, in bytes.
pub const VALUE_BYTES_MAX: usize = 16 << 20;
/// The keys and values of one batch, in bytes. Small batches are faster: a batch is held in
/// memory.
pub const BATCH_BYTES_MAX: usize = 64 << 20;
/// The keys of one batch.
pub const BATCH_KEYS_MAX: usize = 1 << 20;
/// The longest source offsets of a batch, in bytes.
pub const SOURCE_OFFSETS_BYTES_MAX: usize = 4096;

/// Behind every key: the `end` of a scan that has none.
pub const KEY_END: &[u8] = &[0xff; KEY_BYTES_MAX + 1];

/// Of a key in an error message, so many bytes are shown.
const KEY_SHOWN_BYTES_MAX: usize = 96;

/// Receives the keys and values of a scan in byte order; `false` ends the scan.
pub type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> Result<bool> + 'a;

/// An ordered map with atomic, durable commits.
pub trait Store: Send + Sync + Debug {
    /// The state after the newest commit. Commits wait while a snapshot lives, so drop it soon,
    /// and never ask for a second one, or commit, in the thread that holds one: that may deadlock.
    fn read(&self) -> Result<Box<dyn Snapshot + '_>>;

    /// Applies `batch` as one commit and returns its number, from 1, once it is durable. Readers
    /// may see it a moment earlier. After an error of kind `Retry` open the store again.
    fn commit(&self, batch: WriteBatch) -> Result<u64>;

    /// Reads everything and checks it: checksums, large values, the count and the sum of all
    /// entries. It takes time in proportion to the store, and commits wait for it.
    fn verify(&self) -> Result<Verified>;
}

/// One state of a store.
pub trait Snapshot {
    /// The number of the commit that this state follows; 0 for an empty new store.
    fn sequence(&self) -> u64;

    /// The source offsets of the newest batch that had any.
    fn source_offsets(&self) -> Option<&[u8]>;

    /// The value of `key`.
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>>;

    /// Visits the keys in `[start, end)` in byte order.
    fn scan(&self, start: &[u8], end: &[u8], visit: &mut Visit<'_>) -> Result<()>;

    /// Visits the keys that begin with `prefix` in byte order.
    fn scan_prefix(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<()> {
        self.scan(prefix, &prefix_end(prefix), visit)
    }
}

/// What a full check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The number of the commit that was checked.
    pub sequence: u64,
    /// How many keys the store holds.
    pub keys: u64,
    /// Their keys and values, in bytes, without what the backend adds.
    pub bytes: u64,
    /// The sum of a 128-bit hash of each entry: equal for equal contents. It catches accidents,
    /// not malice; compare stores by [`export::export`].
    pub content: u128,
}

/// Writes that become visible and durable together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteBatch {
    writes: BTreeMap<Vec<u8>, Option<Bytes>>,
    source_offsets: Option<Vec<u8>>,
    bytes: usize,
}

impl WriteBatch {
    /// A batch without writes. It still makes a commit.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `key` to `value`; the last write of a key in a batch counts.
    pub fn put(&mut self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Result<()> {
        let (key, value) = (key.into(), value.into());
        if value.len() > VALUE_BYTES_MAX {
            return Err(Error::input(format!(
                "the value of key {} is {} bytes long; a store takes at most {VALUE_BYTES_MAX}, \
                 so split it",
                shown(&key),
                value.len()
            )));
        }
        self.write(key, Some(value.into()))
    }

    /// Removes `key`, if it is there.
    pub fn delete(&mut self, key: impl Into<Vec<u8>>) -> Result<()> {
        self.write(key.into(), None)
    }

    /// Keeps the position in the source that this batch brings the store to, so that a store that
    /// lost its newest commits says where to replay from. Later batches without one keep it.
    pub fn set_source_offsets(&mut self, offsets: impl Into<Vec<u8>>) -> Result<()> {
        let offsets = offsets.into();
        if offsets.len() > SOURCE_OFFSETS_BYTES_MAX {
            return Err(Error::input(format!(
                "source offsets of {} bytes; a store takes at most {SOURCE_OFFSETS_BYTES_MAX}, so \
                 keep the rest under a key",
                offsets.len()
            )));
        }
        self.source_offsets = Some(offsets);
        Ok(())
    }

    /// The writes in key order; `None` removes a key.
    pub fn writes(&self) -> impl ExactSizeIterator<Item = (&[u8], Option<&[u8]>)> {
        self.writes.iter().map(|(key, value)| (key.as_slice(), value.as_deref()))
    }

    /// The source offsets, if the batch has any.
    pub fn source_offsets(&self) -> Option<&[u8]> {
        self.source_offsets.as_deref()
    }

    /// The number of keys written or removed.
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    /// Whether no key is written or removed.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// The keys and values, in bytes: what [`BATCH_BYTES_MAX`] limits.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn write(&mut self, key: Vec<u8>, value: Option<Bytes>) -> Result<()> {
        check_key(&key)?;
        let old = self.writes.get(&key);
        let freed = old.map_or(0, |old| key.len() + old.as_ref().map_or(0, Bytes::len));
        let bytes = self.bytes - freed + key.len() + value.as_ref().map_or(0, Bytes::len);
        let keys = self.writes.len() + usize::from(old.is_none());
        if bytes > BATCH_BYTES_MAX || keys > BATCH_KEYS_MAX {
            return Err(Error::input(format!(
                "key {} does not fit: a batch takes at most {BATCH_BYTES_MAX} bytes and \
                 {BATCH_KEYS_MAX} keys, so commit and begin another",
                shown(&key)
            )));
        }
        self.bytes = bytes;
        self.writes.insert(key, value);
        Ok(())
    }
}

/// The least key that is greater than every key with this prefix.
pub fn prefix_end(prefix: &[u8]) -> Vec<u8> {
    match prefix.iter().rposition(|&byte| byte != 0xff) {
        Some(last) => {
            let mut end = prefix[..=last].to_vec();
            end[last] += 1;
            end
        }
        None => KEY_END.to_vec(),
    }
}

/// Refuses a key that no store can hold.
fn check_key(key: &[u8]) -> Result<()> {
    if key.len() > KEY_BYTES_MAX {
        return Err(Error::input(format!(
            "key {} is {} bytes long; a store takes at most {KEY_BYTES_MAX}",
            shown(key),
            key.len()
        )));
    }
    Ok(())
}

/// A key for a message: printable, and shortened.
fn shown(key: &[u8]) -> String {
    match key.get(..KEY_SHOWN_BYTES_MAX) {
        Some(head) if key.len() > KEY_SHOWN_BYTES_MAX => {
            format!("\"{}\"… ({} bytes)", head.escape_ascii(), key.len())
        }
        _ => format!("\"{}\"", key.escape_ascii()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: every limit of a batch is reached and named. Method: one byte or key beyond each.
    #[test]
    fn a_batch_refuses_what_no_store_takes() {
        let mut batch = WriteBatch::new();
        batch.put([7; KEY_BYTES_MAX], []).unwrap();
        let error = batch.put([7; KEY_BYTES_MAX + 1], []).unwrap_err().to_string();
        assert!(error.contains("481 bytes long"), "{error}");
        let error = batch.put("big", vec![0; VALUE_BYTES_MAX + 1]).unwrap_err().to_string();
        assert!(error.contains("\"big\"") && error.contains("split it"), "{error}");
        assert!(batch.set_source_offsets(vec![0; SOURCE_OFFSETS_BYTES_MAX]).is_ok());
        assert!(batch.set_source_offsets(vec![0; SOURCE_OFFSETS_BYTES_MAX + 1]).is_err());

        let mut batch = WriteBatch::new();
        for key in 0..4 {
            batch.put([key], vec![0; VALUE_BYTES_MAX - 1]).unwrap();
        }
        assert_eq!(batch.bytes(), BATCH_BYTES_MAX);
        let error = batch.delete([9]).unwrap_err().to_string();
        assert!(error.contains("commit and begin another"), "{error}");
        batch.put([0], []).unwrap();
        batch.delete([9]).unwrap();
        assert_eq!(batch.bytes(), BATCH_BYTES_MAX - VALUE_BYTES_MAX + 2);

        let mut batch = WriteBatch::new();
        for key in 0..BATCH_KEYS_MAX as u32 {
            batch.delete(key.to_be_bytes()).unwrap();
        }
        batch.delete(7_u32.to_be_bytes()).unwrap();
        assert!(batch.delete("one more").is_err());
    }

    /// Goal: a prefix's end bounds exactly its keys. Method: prefixes with and without a carry.
    #[test]
    fn a_prefix_ends_before_its_successor() {
        assert_eq!(prefix_end(b"ab"), b"ac");
        assert_eq!(prefix_end(&[1, 0xff, 0xff]), [2]);
        assert_eq!(prefix_end(&[0xff]), KEY_END);
        assert_eq!(prefix_end(b""), KEY_END);
        assert!([0xff; KEY_BYTES_MAX].as_slice() < KEY_END);
    }

    /// Goal: keys in messages are printable and short.
    #[test]
    fn keys_are_shown_escaped_and_short() {
        assert_eq!(shown(b"a\x00\xff"), "\"a\\x00\\xff\"");
        assert!(shown(&[b'k'; 1000]).ends_with("\"… (1000 bytes)"));
    }
}
