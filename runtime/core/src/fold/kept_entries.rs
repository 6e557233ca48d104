//! The greatest entries of a map, which are kept.
//!
//! Invariant: entries are compared by value, key or count in value order (S14); of equal ones the
//! lesser key is kept, so the choice depends on the entries alone. Deliberately absent: the map's
//! limit of keys, which counts before entries are left out.

use super::answer::{Answer, Status};
use std::cmp::Reverse;

/// Which entries of a map are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptEntries {
    /// How many.
    pub n: u32,
    /// By what they are compared.
    pub by: ComparedBy,
}

/// By what entries are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComparedBy {
    /// The value; a null is less than every value.
    Value,
    /// The key.
    Key,
    /// The rows of the key, whose count is in this slot of the key's states.
    Count(usize),
}

impl KeptEntries {
    /// The slot of a key's states that it reads, if it compares counts.
    pub fn count_slot(self) -> Option<usize> {
        if let ComparedBy::Count(slot) = self.by { Some(slot) } else { None }
    }

    /// The indices of the entries that are kept, ascending; `None` if a value that overflowed would
    /// have to be compared. `answers` are the values of the entries in the order of their keys;
    /// `count` returns the count in a slot of an entry's states.
    pub fn of(self, answers: &[Answer], count: impl Fn(usize, usize) -> u64) -> Option<Vec<usize>> {
        let overflows = |answer: &Answer| answer.status == Status::Overflow;
        if self.by == ComparedBy::Value && answers.iter().any(overflows) {
            return None;
        }
        let mut order: Vec<usize> = (0..answers.len()).collect();
        match self.by {
            // Both sorts are stable, so of equal entries the lesser key comes first.
            ComparedBy::Value => order.sort_by(|a, b| answers[*b].value.cmp(&answers[*a].value)),
            ComparedBy::Count(slot) => order.sort_by_key(|entry| Reverse(count(*entry, slot))),
            ComparedBy::Key => order.reverse(),
        }
        order.truncate(self.n as usize);
        order.sort_unstable();
        Some(order)
    }
}
