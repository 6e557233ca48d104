//! The least or greatest values of a number column over all windows that end together, from one
//! shared queue.
//!
//! Invariant: the extreme of each window is that of its own rows, as if it had its own queue.
//! Deliberately absent: columns of other types, which are computed question by question.

use crate::aggregate::SlotKind;
use crate::aggregate::extreme::End;
use crate::error::Result;
use crate::fold::FoldPlan;
use crate::row::{Rows, TypedColumn};
use crate::sweep::column::AnswerColumn;
use crate::sweep::cursor::Cursor;
use crate::sweep::extreme_queue::{Place, Queue};
use crate::value::{canonical_f64, i64_order};

/// Stands for no row.
const NONE: usize = usize::MAX;

/// Up to this many rows are added without checking whether a window holds them.
const FEW: usize = 8;

/// The features of one slot whose windows end together.
pub(super) struct SharedExtremes<'a> {
    slot: usize,
    end_cursor: usize,
    end: End,
    input: &'a TypedColumn,
    filter: Option<&'a TypedColumn>,
    windows: Vec<Window>,
    queue: Queue<u64>,
    /// The first row that has not been added.
    next: usize,
}

/// One feature's window.
struct Window {
    /// The index of the feature's output column.
    at: usize,
    start_cursor: usize,
    place: Place,
    /// The row of each question's extreme, or [`NONE`].
    found: Vec<usize>,
}

impl<'a> SharedExtremes<'a> {
    pub(super) fn new(
        plan: &FoldPlan,
        rows: &'a Rows,
        slot: usize,
        end_cursor: usize,
    ) -> SharedExtremes<'a> {
        let SlotKind::Extreme { end, column } = plan.slots[slot].kind else {
            unreachable!("the feature was chosen for its slot")
        };
        SharedExtremes {
            slot,
            end_cursor,
            end,
            input: &rows.columns()[column],
            filter: plan.slots[slot].filter.map(|filter| &rows.columns()[filter]),
            windows: Vec::new(),
            queue: Queue::new(),
            next: 0,
        }
    }

    /// Whether it serves this slot and this end.
    pub(super) fn is_of(&self, slot: usize, end_cursor: usize) -> bool {
        (self.slot, self.end_cursor) == (slot, end_cursor)
    }

    /// Adds a feature whose output column has index `at`.
    pub(super) fn add(&mut self, at: usize, start_cursor: usize) {
        self.windows.push(Window { at, start_cursor, place: Place::default(), found: Vec::new() });
    }

    /// Empties every window, before the first row of an entity.
    pub(super) fn restart(&mut self, first: usize) {
        self.queue.clear();
        self.next = first;
    }

    /// Appends the answers to the questions that the cursors followed last.
    pub(super) fn answer(
        &mut self,
        starts: &[Cursor],
        ends: &[Cursor],
        columns: &mut [AnswerColumn],
    ) -> Result<()> {
        self.find(starts, ends);
        for window in &self.windows {
            let row = |question: usize| Some(window.found[question]).filter(|row| *row != NONE);
            let (column, count) = (&mut columns[window.at], window.found.len());
            match self.input {
                TypedColumn::Int64(input) => {
                    column.integers()?.extend(count, |at| row(at).map(|row| input.value(row)));
                }
                input => {
                    let double = |row| canonical_f64(input.float64(row));
                    column.doubles()?.extend(count, |at| row(at).map(double));
                }
            }
        }
        Ok(())
    }

    fn find(&mut self, starts: &[Cursor], ends: &[Cursor]) {
        let (input, filter) = (self.input, self.filter);
        // The greatest of the complements is the least.
        let flip = if self.end == End::Min { u64::MAX } else { 0 };
        let rank = |row: usize| input.rank(row) ^ flip;
        if filter.is_none() && !input.has_nulls() {
            if let TypedColumn::Int64(input) = input {
                let values = input.values();
                return self.queue_up(starts, ends, |_| true, |row| i64_order(values[row]) ^ flip);
            }
            return self.queue_up(starts, ends, |_| true, rank);
        }
        let passes =
            |row: usize| filter.is_none_or(|filter| filter.is_true(row)) && !input.is_null(row);
        self.queue_up(starts, ends, passes, rank);
    }

    /// Finds the row of each window's extreme. `rank` orders the rows for which `passes` is true.
    #[inline]
    fn queue_up(
        &mut self,
        starts: &[Cursor],
        ends: &[Cursor],
        passes: impl Fn(usize) -> bool,
        rank: impl Fn(usize) -> u64,
    ) {
        let ends = ends[self.end_cursor].places();
        let starts = self.windows.iter().map(|window| starts[window.start_cursor].places());
        let starts: Vec<&[usize]> = starts.collect();
        self.windows.iter_mut().for_each(|window| window.found.resize(ends.len(), NONE));
        let queue = &mut self.queue;
        for (question, &end) in ends.iter().enumerate() {
            if self.next + FEW < end {
                // Rows before every window are not needed for later questions either.
                let first = starts.iter().map(|starts| starts[question]).min();
                self.next = self.next.max(first.unwrap_or(end));
            }
            while self.next < end {
                if passes(self.next) {
                    queue.push(self.next, rank(self.next), u64::gt);
                }
                self.next += 1;
            }
            for (window, starts) in self.windows.iter_mut().zip(&starts) {
                let row = queue.first_from(starts[question], &mut window.place);
                window.found[question] = row.unwrap_or(NONE);
            }
        }
    }
}
