//! The contract of stores as traits: what every backend must do, and what some can do in addition.
//!
//! Invariant: a backend keeps the laws that the crate's documentation states, and its callers use
//! these traits alone. Deliberately absent: how a backend is created or opened, which differs
//! between backends.

use super::batch::WriteBatch;
use super::key::prefix_end;
use bytes::Bytes;
use lockstep_core::error::Result;
use std::fmt::Debug;

/// Receives the keys and values of a scan in byte order; `false` ends the scan.
pub type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> Result<bool> + 'a;

/// An ordered map with atomic, durable commits.
pub trait Store: Send + Sync + Debug {
    /// The state after the newest commit. Commits wait while a snapshot exists, so drop it soon. A
    /// thread that holds one must not ask for a second one or commit: that may deadlock.
    fn read(&self) -> Result<Box<dyn Snapshot + '_>>;

    /// Applies `batch` as one commit and returns its number, from 1, once it is durable. Readers
    /// may see it a moment earlier. After an error of kind `Retry`, open the store again.
    fn commit(&self, batch: WriteBatch) -> Result<u64>;
}

/// One state of a store, fixed while the snapshot exists.
pub trait Snapshot {
    /// The number of the newest commit in this state; 0 for an empty new store.
    fn sequence(&self) -> u64;

    /// The value of `key`.
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>>;

    /// Visits the keys in `[start, end)` in byte order.
    fn scan(&self, start: &[u8], end: &[u8], visit: &mut Visit<'_>) -> Result<()>;

    /// Visits the keys that begin with `prefix` in byte order.
    fn scan_prefix(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<()> {
        self.scan(prefix, &prefix_end(prefix), visit)
    }
}

/// A store that can check its whole content.
pub trait Verify {
    /// Reads everything and checks it: checksums, large values, and the count and the sum of all
    /// entries. It takes time in proportion to the store, and commits wait for it.
    fn verify(&self) -> Result<Verified>;
}

/// What a full check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The number of the commit that was checked.
    pub sequence: u64,
    /// How many keys the store holds.
    pub keys: u64,
    /// Their keys and values, in bytes, without the backend's overhead.
    pub bytes: u64,
    /// The sum of a 128-bit hash of each entry: equal for equal contents. It detects accidents, not
    /// deliberate changes; compare stores by [`export`](crate::export::export).
    pub content: u128,
}
