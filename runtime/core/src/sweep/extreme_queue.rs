//! The least or greatest value of sliding ranges that end together, in constant time per row.
//!
//! ```text
//! rows     ..........s....s'.......end        ranges [s, end) and [s', end)
//! queue         4     7   9     12            keys of a least value, which only rise
//! places              ^         ^             the first row of the queue in each range
//! ```
//!
//! Invariant: the queue holds, in row order, each row that no later row equals or beats, so the
//! first row of the queue within a range is the range's extreme. Of equal values, which have equal
//! bits (S14), the latest stays. Rows before every range may be missing, because they are never
//! needed again.

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
    place: Place,
}

enum Entries {
    /// Of a type whose values sort by an integer rank.
    Ranked(Queue<u64>),
    Valued(Queue<Value>),
}

/// Rows with their sort keys. Rows that every range has passed stay until a later row beats them.
pub(super) struct Queue<K> {
    entries: Vec<(usize, K)>,
}

/// The position in a queue at which a range begins.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place(usize);

impl<K> Queue<K> {
    pub(super) const fn new() -> Queue<K> {
        Queue { entries: Vec::new() }
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }

    /// Removes the rows at the end of the queue for which `stays` returns false, then appends a
    /// row.
    #[inline]
    pub(super) fn push(&mut self, row: usize, key: K, stays: impl Fn(&K, &K) -> bool) {
        while self.entries.last().is_some_and(|(_, last)| !stays(last, &key)) {
            self.entries.pop();
        }
        self.entries.push((row, key));
    }

    /// The first row of the queue that is at or after `start`. `place` remembers where it was found
    /// last and is updated: it moves forward as rows are added and back as later rows remove
    /// others.
    #[inline]
    pub(super) fn first_from(&self, start: usize, place: &mut Place) -> Option<usize> {
        let entries = &self.entries[..];
        let mut at = place.0.min(entries.len());
        while at > 0 && entries[at - 1].0 >= start {
            at -= 1;
        }
        while at < entries.len() && entries[at].0 < start {
            at += 1;
        }
        *place = Place(at);
        entries.get(at).map(|(row, _)| *row)
    }
}

impl ExtremeQueue {
    pub(super) fn new(end: End, column: &TypedColumn) -> ExtremeQueue {
        let entries = match column.is_ranked() {
            true => Entries::Ranked(Queue::new()),
            false => Entries::Valued(Queue::new()),
        };
        ExtremeQueue { end, column: column.clone(), entries, place: Place::default() }
    }

    pub(super) fn clear(&mut self) {
        match &mut self.entries {
            Entries::Ranked(queue) => queue.clear(),
            Entries::Valued(queue) => queue.clear(),
        }
    }

    /// Adds the rows of `added`, drops those before `start`, and stores the extreme in `state`.
    pub(super) fn advance(
        &mut self,
        filter: Option<usize>,
        rows: &Rows,
        added: Range<usize>,
        start: usize,
        state: &mut State,
    ) {
        let (column, place) = (&self.column, &mut self.place);
        let passes = |row: &usize| {
            filter.is_none_or(|filter| rows.columns()[filter].is_true(*row))
                && !column.is_null(*row)
        };
        let front = match (&mut self.entries, self.end) {
            (Entries::Ranked(queue), End::Min) => {
                added.filter(passes).for_each(|row| queue.push(row, column.rank(row), u64::lt));
                queue.first_from(start, place)
            }
            (Entries::Ranked(queue), End::Max) => {
                added.filter(passes).for_each(|row| queue.push(row, column.rank(row), u64::gt));
                queue.first_from(start, place)
            }
            (Entries::Valued(queue), End::Min) => {
                added.filter(passes).for_each(|row| queue.push(row, column.value(row), Value::lt));
                queue.first_from(start, place)
            }
            (Entries::Valued(queue), End::Max) => {
                added.filter(passes).for_each(|row| queue.push(row, column.value(row), Value::gt));
                queue.first_from(start, place)
            }
        };
        *state = State::Extreme(front.map_or(Value::Null, |row| column.value(row)));
    }
}
