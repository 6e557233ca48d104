//! Batches: the writes of one commit, within limits that every store accepts.
//!
//! Invariant: a batch contains nothing that a store refuses, so no commit fails because of what it
//! writes. Deliberately absent: reads, and what keys and values mean (`layout`).

use super::key::{check_key, shown};
use bytes::Bytes;
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use std::collections::BTreeMap;

/// The longest value, in bytes.
pub const VALUE_BYTES_MAX: usize = 16 << 20;
/// Most bytes of keys and values in one batch. A batch is held in memory, and small ones are
/// faster.
pub const BATCH_BYTES_MAX: usize = 64 << 20;
/// Most keys in one batch.
pub const BATCH_KEYS_MAX: usize = 1 << 20;

/// Writes that become visible and durable together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteBatch {
    writes: BTreeMap<Vec<u8>, Option<Bytes>>,
    bytes: usize,
}

impl WriteBatch {
    /// A batch without writes. It still makes a commit.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `key` to `value`. If a batch writes a key more than once, the last write counts.
    pub fn put(&mut self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Result<()> {
        let (key, value) = (key.into(), value.into());
        if value.len() > VALUE_BYTES_MAX {
            return Err(Error::input(format!(
                "the value of key {} is {} bytes long; a store takes at most {VALUE_BYTES_MAX}, \
                 so split it",
                shown(&key),
                value.len()
            ))
            .with_code(Code::limit("VALUE_BYTES_MAX", VALUE_BYTES_MAX)));
        }
        self.write(key, Some(value.into()))
    }

    /// Removes `key`, if it is there.
    pub fn delete(&mut self, key: impl Into<Vec<u8>>) -> Result<()> {
        self.write(key.into(), None)
    }

    /// Consumes the batch and returns its writes in key order; `None` removes a key.
    pub(super) fn into_writes(self) -> impl Iterator<Item = (Vec<u8>, Option<Bytes>)> {
        self.writes.into_iter()
    }

    /// The writes in key order; `None` removes a key.
    pub fn writes(&self) -> impl ExactSizeIterator<Item = (&[u8], Option<&[u8]>)> {
        self.writes.iter().map(|(key, value)| (key.as_slice(), value.as_deref()))
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
            let code = match bytes > BATCH_BYTES_MAX {
                true => Code::limit("BATCH_BYTES_MAX", BATCH_BYTES_MAX),
                false => Code::limit("BATCH_KEYS_MAX", BATCH_KEYS_MAX),
            };
            return Err(Error::input(format!(
                "key {} does not fit: a batch takes at most {BATCH_BYTES_MAX} bytes and \
                 {BATCH_KEYS_MAX} keys, so commit and begin another",
                shown(&key)
            ))
            .with_code(code));
        }
        self.bytes = bytes;
        self.writes.insert(key, value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KEY_BYTES_MAX;

    /// Goal: every limit of a batch is enforced, and the error names it. Method: one byte or key
    /// beyond each.
    #[test]
    fn a_batch_refuses_what_no_store_takes() {
        let mut batch = WriteBatch::new();
        batch.put([7; KEY_BYTES_MAX], []).unwrap();
        let error = batch.put([7; KEY_BYTES_MAX + 1], []).unwrap_err().to_string();
        assert!(error.contains("481 bytes long"), "{error}");
        let error = batch.put("big", vec![0; VALUE_BYTES_MAX + 1]).unwrap_err().to_string();
        assert!(error.contains("\"big\"") && error.contains("split it"), "{error}");

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
}
