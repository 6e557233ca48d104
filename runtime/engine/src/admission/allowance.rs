//! How many events a run may set aside before it ends.
//!
//! Invariant: the count is shared by all threads of a run, so it ends soon after one of them has
//! found one event too many. Deliberately absent: which events these are.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the events that are set aside, up to a maximum.
#[derive(Debug, Default)]
pub(crate) struct Allowance {
    most: Option<u64>,
    found: AtomicU64,
}

impl Allowance {
    /// An allowance of so many events, or of any number.
    pub(crate) fn new(most: Option<u64>) -> Allowance {
        Allowance { most, found: AtomicU64::new(0) }
    }

    /// Counts events that were set aside. Returns whether the run may go on.
    pub(crate) fn takes(&self, events: usize) -> bool {
        let before = self.found.fetch_add(events as u64, Ordering::Relaxed);
        self.most.is_none_or(|most| before + events as u64 <= most)
    }

    /// How many more events may be set aside; none if any number may.
    pub(crate) fn left(&self) -> Option<u64> {
        self.most.map(|most| most.saturating_sub(self.found.load(Ordering::Relaxed)))
    }

    /// Whether more were set aside than may be.
    pub(crate) fn is_exceeded(&self) -> bool {
        !self.takes(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a run may set aside exactly as many events as it is told (S8).
    #[test]
    fn s08_an_allowance_is_exact() {
        let two = Allowance::new(Some(2));
        assert!(two.takes(0) && two.takes(2) && !two.is_exceeded());
        assert_eq!(two.left(), Some(0));
        assert!(!two.takes(1) && two.is_exceeded());
        let any = Allowance::new(None);
        assert!(any.takes(1 << 40) && any.left().is_none());
    }
}
