//! Stores: the laws that every backend must keep, and how the durable one behaves after damage and
//! kills.
//!
//! Invariant: the expected content of a store is computed here from a plain map, batch by batch.
//! Batch `n` of [`Author`] is a function of `n` alone, so a store that says it holds commit `n` can
//! be compared with `state(n)` whoever wrote it, and whenever. Deliberately absent: feature views.
#![expect(clippy::unwrap_used, reason = "functions of tests fail as tests do")]

mod crash;
mod damage;
mod guard;
mod laws;

use lockstep_core::Result;
use lockstep_store::{KEY_BYTES_MAX, KEY_END, Store, WriteBatch};
use std::collections::BTreeMap;
use std::path::Path;

/// What a store holds.
type Contents = BTreeMap<Vec<u8>, Vec<u8>>;

/// Everything in a store, with the sequence, read in one snapshot.
fn contents(store: &dyn Store) -> Result<(u64, Contents)> {
    let snapshot = store.read()?;
    let mut found = Contents::new();
    snapshot.scan(b"", KEY_END, &mut |key, value| {
        found.insert(key.to_vec(), value.to_vec());
        Ok(true)
    })?;
    Ok((snapshot.sequence(), found))
}

/// The longest key number `n`. Neighbours differ only in their last bytes, so a key that separates
/// them is just as long; and the first bytes soon differ, so that a page's keys have no long prefix
/// to omit.
fn long_key(n: u32) -> Vec<u8> {
    let (cluster, within) = ((n / 30) as u16, (n % 30) as u8);
    let mut key = vec![b'k'; KEY_BYTES_MAX];
    key[..2].copy_from_slice(&cluster.to_be_bytes());
    key[KEY_BYTES_MAX - 1] = within;
    key
}

/// Splitmix64: a stream of numbers that its seed reproduces.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// Writes a sequence of batches, each a function of its number.
#[derive(Clone, Copy)]
struct Author {
    /// How many writes a batch has.
    writes: u64,
    /// How many keys there are.
    keys: u64,
}

impl Author {
    /// Batch `n`: mostly small values, some large ones, and some removals.
    fn batch(self, n: u64) -> WriteBatch {
        let mut numbers = Numbers(n);
        let mut batch = WriteBatch::new();
        for _ in 0..self.writes {
            let key = format!("key {:06}", numbers.below(self.keys));
            let length = match numbers.below(40) {
                0..4 => {
                    batch.delete(key).unwrap();
                    continue;
                }
                4..6 => 5_490 + numbers.below(20),
                6 => numbers.below(30_000),
                _ => numbers.below(400),
            };
            let seed = numbers.next() as u8;
            let value: Vec<u8> = (0..length).map(|at| seed.wrapping_add(at as u8)).collect();
            batch.put(key, value).unwrap();
        }
        batch
    }

    /// Applies batch `n` to the contents after batch `n - 1`.
    fn apply(self, n: u64, state: &mut Contents) {
        for (key, value) in self.batch(n).writes() {
            match value {
                Some(value) => state.insert(key.to_vec(), value.to_vec()),
                None => state.remove(key),
            };
        }
    }

    /// The contents after batch `n`.
    fn state(self, n: u64) -> Contents {
        let mut state = Contents::new();
        (1..=n).for_each(|n| self.apply(n, &mut state));
        state
    }

    /// Checks that a store holds exactly the state that its sequence names, and returns that.
    fn check(self, store: &dyn Store) -> Result<u64> {
        let (sequence, found) = contents(store)?;
        // Not `assert_eq`: a difference would print megabytes.
        assert!(found == self.state(sequence), "the store does not hold state({sequence})");
        Ok(sequence)
    }
}

/// Copies a store's directory. The copy of an open store is what a kill at this moment would leave:
/// the system keeps everything that was written.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in from.read_dir().unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            // A file may go between listing and copying: sled rewrites its pages in the
            // background.
            false => drop(std::fs::copy(entry.path(), target)),
        }
    }
}
