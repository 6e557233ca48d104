//! The record of a store's newest commit: its number, a hash chain over all batches, and the sum of
//! all entries.
//!
//! ```text
//! chain(0) = 0          chain(n) = SHA-256(chain(n - 1), n, writes of batch n)
//! content  = sum over all entries of hash(key, value), modulo 2^128
//! ```
//!
//! The record is on disk twice: in the store, in the same atomic batch as the writes it describes,
//! and in the COMMIT file, which is written after them. The two copies for one commit are equal, so
//! the store detects lost commits and a COMMIT of another store (`directory`). The sum is updated
//! with each write, so the store also detects a page lost from its middle.
//!
//! Invariant: `decode(encode(r)) = r`, and any change to the bytes is an error. Deliberately
//! absent: the wall-clock time of a commit.

use super::batch::WriteBatch;
use lockstep_core::error::{Error, Result};
use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::{xxh3_128, xxh3_128_with_seed};

/// The first bytes of a record; the last of them is the version.
const MAGIC: &[u8; 8] = b"LSCOMMI\x02";
/// The length of a record in bytes: magic, three numbers, two digests and a checksum.
const BYTES: usize = 8 + 8 + 8 + 16 + 32 + 32 + 4;

/// The state of a store after one commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    /// The number of the commit; 0 for a new store.
    pub(super) sequence: u64,
    /// How many keys there are.
    pub(super) keys: u64,
    /// The sum of the hashes of all entries.
    pub(super) content: u128,
    /// The chain before this commit.
    pub(super) previous: [u8; 32],
    /// The chain of all batches up to this commit.
    pub(super) chain: [u8; 32],
}

impl Record {
    /// The record that follows this one, with the same entries; the caller then adds and removes
    /// entries.
    pub(super) fn next(&self, batch: &WriteBatch) -> Record {
        let sequence = self.sequence + 1;
        let mut hash = Sha256::new();
        hash.update(self.chain);
        hash.update(sequence.to_le_bytes());
        for (key, value) in batch.writes() {
            hash.update((key.len() as u64).to_le_bytes());
            hash.update(key);
            // A removed key is encoded as a length that no value has, so it differs from an empty
            // value.
            hash.update(value.map_or(u64::MAX, |value| value.len() as u64).to_le_bytes());
            hash.update(value.unwrap_or_default());
        }
        Record {
            sequence,
            keys: self.keys,
            content: self.content,
            previous: self.chain,
            chain: hash.finalize().into(),
        }
    }

    /// Adds an entry to the count and the sum.
    pub(super) fn add(&mut self, entry: u128) {
        self.keys += 1;
        self.content = self.content.wrapping_add(entry);
    }

    /// Removes an entry from the count and the sum.
    pub(super) fn remove(&mut self, entry: u128) {
        self.keys = self.keys.wrapping_sub(1);
        self.content = self.content.wrapping_sub(entry);
    }

    /// Encodes the record for the disk.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.extend(MAGIC);
        bytes.extend(self.sequence.to_le_bytes());
        bytes.extend(self.keys.to_le_bytes());
        bytes.extend(self.content.to_le_bytes());
        bytes.extend(self.previous);
        bytes.extend(self.chain);
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    /// Decodes bytes from disk. The error does not name a place; the caller adds it.
    pub(super) fn decode(bytes: &[u8]) -> Result<Record> {
        let damaged = || Error::restore("the record of the newest commit is damaged");
        let (body, crc) = bytes.split_last_chunk::<4>().ok_or_else(damaged)?;
        if u32::from_le_bytes(*crc) != crc32fast::hash(body) {
            return Err(damaged());
        }
        let rest = body.strip_prefix(MAGIC).ok_or_else(damaged)?;
        let (sequence, rest) = rest.split_first_chunk::<8>().ok_or_else(damaged)?;
        let (keys, rest) = rest.split_first_chunk::<8>().ok_or_else(damaged)?;
        let (content, rest) = rest.split_first_chunk::<16>().ok_or_else(damaged)?;
        let (previous, rest) = rest.split_first_chunk::<32>().ok_or_else(damaged)?;
        let chain: [u8; 32] = rest.try_into().map_err(|_| damaged())?;
        Ok(Record {
            sequence: u64::from_le_bytes(*sequence),
            keys: u64::from_le_bytes(*keys),
            content: u128::from_le_bytes(*content),
            previous: *previous,
            chain,
        })
    }
}

/// The hash of a value, from which its entry's hash is made. For a large value it is stored in the
/// head, so that replacing the value does not read it.
pub(super) fn payload_hash(payload: &[u8]) -> u128 {
    xxh3_128(payload)
}

/// The hash of an entry. The value's hash enters twice, so that exchanging the values of two keys
/// changes the sum.
pub(super) fn entry_hash(key: &[u8], payload_hash: u128) -> u128 {
    xxh3_128_with_seed(key, payload_hash as u64).wrapping_add(payload_hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some_record() -> Record {
        Record { sequence: 7, keys: 3, content: 1 << 100, previous: [1; 32], chain: [2; 32] }
    }

    /// Goal: a record reads back from its bytes, and damaged bytes are an error. Method: every bit
    /// and every length of one record.
    #[test]
    fn a_record_is_read_back_or_refused() {
        for record in [Record::default(), some_record()] {
            let bytes = record.encode();
            assert_eq!(Record::decode(&bytes).unwrap(), record);
            for bit in 0..bytes.len() * 8 {
                let mut damaged = bytes.clone();
                damaged[bit / 8] ^= 1 << (bit % 8);
                assert!(Record::decode(&damaged).is_err(), "bit {bit}");
            }
            for length in 0..bytes.len() {
                assert!(Record::decode(&bytes[..length]).is_err(), "length {length}");
            }
        }
    }

    /// Goal: the bytes on disk do not change without a new version. Method: the golden form of one
    /// record, without its checksum.
    #[test]
    fn the_layout_is_the_golden_one() {
        let mut golden = b"LSCOMMI\x02".to_vec();
        golden.extend([7, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]);
        golden.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0]);
        golden.extend([[1; 32], [2; 32]].concat());
        let bytes = some_record().encode();
        assert_eq!(bytes[..bytes.len() - 4], golden);
    }

    /// Goal: batches that differ in anything have different chains. Method: pairwise different
    /// batches that a careless encoding would confuse.
    #[test]
    fn the_chain_tells_batches_apart() {
        let batch = |writes: &[(&str, Option<&str>)]| {
            let mut batch = WriteBatch::new();
            for (key, value) in writes {
                match value {
                    Some(value) => batch.put(*key, *value).unwrap(),
                    None => batch.delete(*key).unwrap(),
                }
            }
            batch
        };
        let batches = [
            batch(&[]),
            batch(&[("", Some(""))]),
            batch(&[("", None)]),
            batch(&[("a", Some("bc"))]),
            batch(&[("ab", Some("c"))]),
            batch(&[("a", Some("b")), ("c", None)]),
        ];
        let mut chains: Vec<[u8; 32]> =
            batches.iter().map(|batch| Record::default().next(batch).chain).collect();
        chains.push(Record::default().next(&batches[0]).next(&batches[0]).chain);
        let distinct: std::collections::BTreeSet<_> = chains.iter().collect();
        assert_eq!(distinct.len(), chains.len());
    }

    /// Goal: the sum changes if two keys exchange their values. Method: two keys, two values.
    #[test]
    fn the_sum_sees_values_that_trade_keys() {
        let entry =
            |key: &str, value: &str| entry_hash(key.as_bytes(), payload_hash(value.as_bytes()));
        let straight = entry("a", "1").wrapping_add(entry("b", "2"));
        assert_ne!(straight, entry("a", "2").wrapping_add(entry("b", "1")));
    }
}
