//! The merges of user-defined aggregates that have failed in this process.
//!
//! A state whose merge failed holds nothing (S18), so a store does not keep why. Whoever makes such a
//! state can tell, and whoever meets one that was stored before can say what is known here.
//! Invariant: each aggregate that failed has the reason of its last failure. Deliberately absent:
//! which states failed.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The reason of the last failed merge of each aggregate of an artifact.
#[derive(Debug, Default)]
pub struct FailedMerges(Mutex<BTreeMap<usize, String>>);

impl FailedMerges {
    /// Adds a failure of an aggregate.
    pub(super) fn add(&self, aggregate: usize, reason: &str) {
        self.reasons().insert(aggregate, reason.to_string());
    }

    /// Why the last merge of an aggregate that failed did so.
    pub(super) fn last(&self, aggregate: usize) -> Option<String> {
        self.reasons().get(&aggregate).cloned()
    }

    /// Each aggregate that failed, by its index in the manifest, and why it last did.
    pub fn all(&self) -> BTreeMap<usize, String> {
        self.reasons().clone()
    }

    fn reasons(&self) -> MutexGuard<'_, BTreeMap<usize, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
