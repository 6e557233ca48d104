//! Two stacks: the state of a sliding range for any state that merges, without subtracting rows.
//!
//! ```text
//! rows     start ........ middle ........ end
//! front    states of [i, middle) at every STRIDE-th i
//! back                    one state of [middle, end)
//! ```
//!
//! The state of a range is the merge of three parts: the front's state at the first mark in the
//! range, the few rows before that mark one by one, and the back. When the range has passed all of
//! the front, the rows of the back become the front. So a row is added about twice, and a question
//! costs two merges, whatever the window's length. If the start never moves, as in a lifetime
//! window, the back is all there is. Invariant: front and back together hold each row of the range
//! once. Deliberately absent: windows.

use crate::aggregate::{Slot, State};
use crate::row::Rows;
use std::ops::Range;

/// Rows between two marks of the front: updating with a row is cheaper than keeping its state.
pub(super) const STRIDE: usize = 8;

/// The states of a range from both ends.
pub(super) struct Stacks {
    /// Marks and their states, the last mark first.
    front: Vec<(usize, State)>,
    middle: usize,
    back: State,
}

impl Stacks {
    pub(super) fn new(slot: &Slot) -> Stacks {
        Stacks { front: Vec::new(), middle: 0, back: slot.zero() }
    }

    pub(super) fn restart(&mut self, slot: &Slot, first: usize) {
        self.front.clear();
        self.middle = first;
        self.back = slot.zero();
    }

    /// Moves the range, which ended at `end`, to `to`, and stores its state in `state`.
    pub(super) fn advance(
        &mut self,
        slot: &Slot,
        rows: &Rows,
        mut end: usize,
        to: Range<usize>,
        state: &mut State,
    ) {
        if to.start >= end || (to.start > self.middle && to.len() <= STRIDE) {
            self.restart(slot, to.start);
            end = to.start;
        } else if to.start > self.middle {
            self.turn(slot, rows, to.start..end);
        }
        slot.update_rows(&mut self.back, rows, end..to.end);
        while self.front.last().is_some_and(|(mark, _)| *mark < to.start) {
            self.front.pop();
        }
        let mark = match self.front.last() {
            Some((mark, suffix)) => {
                state.clone_from(suffix);
                *mark
            }
            None => {
                slot.reset(state);
                self.middle
            }
        };
        slot.update_rows(state, rows, to.start..mark);
        slot.merge(state, &self.back);
    }

    /// Makes the rows of `range`, which are all in the back, the front.
    fn turn(&mut self, slot: &Slot, rows: &Rows, range: Range<usize>) {
        self.restart(slot, range.end);
        let mut suffix = slot.zero();
        let mut mark = range.end;
        while mark - range.start >= STRIDE {
            slot.update_rows(&mut suffix, rows, mark - STRIDE..mark);
            mark -= STRIDE;
            self.front.push((mark, suffix.clone()));
        }
    }
}
