//! The row ranges of one window, one for each question.

use crate::sweep::cursor::Cursor;
use std::ops::Range;

/// The cursors of a window's bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ends {
    /// The index of the cursor of the start.
    pub(super) start: usize,
    /// The index of the cursor of the end.
    pub(super) end: usize,
}

/// Where each question's window lies.
#[derive(Clone, Copy)]
pub(super) struct Bounds<'a> {
    starts: &'a [usize],
    ends: &'a [usize],
}

impl<'a> Bounds<'a> {
    /// Of the questions that the cursors followed last.
    pub(super) fn of(ends: Ends, starts: &'a [Cursor], all_ends: &'a [Cursor]) -> Bounds<'a> {
        Bounds { starts: starts[ends.start].places(), ends: all_ends[ends.end].places() }
    }

    /// How many questions there are.
    pub(super) fn len(self) -> usize {
        self.ends.len()
    }

    /// The rows of a question's window.
    #[inline]
    pub(super) fn range(self, question: usize) -> Range<usize> {
        self.starts[question]..self.ends[question].max(self.starts[question])
    }

    /// The rows of each question's window.
    pub(super) fn ranges(self) -> impl Iterator<Item = Range<usize>> {
        (0..self.len()).map(move |question| self.range(question))
    }
}
