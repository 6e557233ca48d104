//! The in-memory store: a reference model, as simple as the contract allows.
//!
//! Invariant: durable backends are compared with it, so it holds exactly what was written and
//! nothing else. Deliberately absent: files. "Durable" here means until dropped.

use super::batch::WriteBatch;
use super::contract::{Snapshot, Store, Verified, Verify, Visit};
use super::record::{Record, entry_hash, payload_hash};
use bytes::Bytes;
use lockstep_core::error::Result;
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// A store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    sequence: u64,
    entries: BTreeMap<Vec<u8>, Bytes>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// A panic elsewhere cannot leave half of a commit here: applying a batch does not panic.
    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn read(&self) -> Result<Box<dyn Snapshot + '_>> {
        Ok(Box::new(MemorySnapshot { state: self.state() }))
    }

    fn commit(&self, batch: WriteBatch) -> Result<u64> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        for (key, value) in batch.into_writes() {
            match value {
                Some(value) => state.entries.insert(key, value),
                None => state.entries.remove(&key),
            };
        }
        state.sequence += 1;
        Ok(state.sequence)
    }
}

impl Verify for MemoryStore {
    fn verify(&self) -> Result<Verified> {
        let state = self.state();
        let mut sum = Record::default();
        let mut bytes = 0;
        for (key, value) in &state.entries {
            sum.add(entry_hash(key, payload_hash(value)));
            bytes += (key.len() + value.len()) as u64;
        }
        Ok(Verified { sequence: state.sequence, keys: sum.keys, bytes, content: sum.content })
    }
}

struct MemorySnapshot<'a> {
    state: RwLockReadGuard<'a, State>,
}

impl Snapshot for MemorySnapshot<'_> {
    fn sequence(&self) -> u64 {
        self.state.sequence
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        Ok(self.state.entries.get(key).cloned())
    }

    fn scan(&self, start: &[u8], end: &[u8], visit: &mut Visit<'_>) -> Result<()> {
        // `BTreeMap::range` panics if a range ends before it starts; here such a range is empty.
        if start >= end {
            return Ok(());
        }
        for (key, value) in self
            .state
            .entries
            .range::<[u8], _>((std::ops::Bound::Included(start), std::ops::Bound::Excluded(end)))
        {
            if !visit(key, value)? {
                break;
            }
        }
        Ok(())
    }
}
