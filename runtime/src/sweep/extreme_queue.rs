//! The least or greatest value of a sliding range, in constant time a row.
//!
//! Invariant: the queue holds, in row order, each row that no later row of the range matches or
//! beats; the front is the extreme. Of equal values, which have equal bits (S14), the latest stays.

use crate::aggregate::State;
use crate::aggregate::extreme::End;
use crate::row::{Rows, TypedColumn};
use crate::value::Value;
use std::ops::Range;

/// The rows that may still become the extreme.
pub(super) struct ExtremeQueue {
    end: End,
    column: TypedColumn,
    entries: Entries,
}

enum Entries {
    /// Of a type whose order is that of an integer.
    Ranked(Queue<u64>),
    Valued(Queue<Value>),
}

/// Rows with what orders them. What leaves at the front stays until the queue is cleared.
pub(super) struct Queue<K> {
    entries: Vec<(usize, K)>,
    front: usize,
}

impl<K> Queue<K> {
    pub(super) const fn new() -> Queue<K> {
        Queue { entries: Vec::new(), front: 0 }
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.front = 0;
    }

    /// Adds a row behind those that `stays` says stay.
    #[inline]
    pub(super) fn push(&mut self, row: usize, key: K, stays: impl Fn(&K, &K) -> bool) {
        while self.entries.len() > self.front
            && self.entries.last().is_some_and(|(_, last)| !stays(last, &key))
        {
            self.entries.pop();
        }
        self.entries.push((row, key));
    }

    /// The first row from `start` on; those before it leave.
    #[inline]
    pub(super) fn first_from(&mut self, start: usize) -> Option<usize> {
        while self.entries.get(self.front).is_some_and(|(row, _)| *row < start) {
            self.front += 1;
        }
        self.entries.get(self.front).map(|(row, _)| *row)
    }
}

impl ExtremeQueue {
    pub(super) fn new(end: End, column: &TypedColumn) -> ExtremeQueue {
        let entries = match column.is_ranked() {
            true => Entries::Ranked(Queue::new()),
            false => Entries::Valued(Queue::new()),
        };
        ExtremeQueue { end, column: column.clone(), entries }
    }

    pub(super) fn clear(&mut self) {
        match &mut self.entries {
            Entries::Ranked(queue) => queue.clear(),
            Entries::Valued(queue) => queue.clear(),
        }
    }

    /// Adds the rows of `added`, drops those before `start`, and puts the extreme in `state`.
    pub(super) fn advance(
        &mut self,
        filter: Option<usize>,
        rows: &Rows,
        added: Range<usize>,
        start: usize,
        state: &mut State,
    ) {
        let column = &self.column;
        let passes = |row: &usize| {
            filter.is_none_or(|filter| rows.columns()[filter].is_true(*row))
                && !column.is_null(*row)
        };
        let front = match (&mut self.entries, self.end) {
            (Entries::Ranked(queue), End::Min) => {
                added.filter(passes).for_each(|row| queue.push(row, column.rank(row), u64::lt));
                queue.first_from(start)
            }
            (Entries::Ranked(queue), End::Max) => {
                added.filter(passes).for_each(|row| queue.push(row, column.rank(row), u64::gt));
                queue.first_from(start)
            }
            (Entries::Valued(queue), End::Min) => {
                added.filter(passes).for_each(|row| queue.push(row, column.value(row), Value::lt));
                queue.first_from(start)
            }
            (Entries::Valued(queue), End::Max) => {
                added.filter(passes).for_each(|row| queue.push(row, column.value(row), Value::gt));
                queue.first_from(start)
            }
        };
        *state = State::Extreme(front.map_or(Value::Null, |row| column.value(row)));
    }
}
