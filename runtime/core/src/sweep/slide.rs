//! The state of one slot over a range of sorted rows that only moves forward.
//!
//! Invariant: after [`Slide::advance`] the state has the value of the rows of the range, whatever
//! ranges came before. The state is stored with the question, so that it is finalised in place.
//! Deliberately absent: which rows the range holds.

use super::extreme_queue::ExtremeQueue;
use super::prefix::Prefix;
use super::stacks::Stacks;
use crate::aggregate::{Slot, SlotKind, State};
use crate::row::Rows;
use std::ops::Range;
use std::rc::Rc;

/// How the state of a slot follows the range.
pub(super) enum Slide {
    /// As the difference of two running totals.
    Prefix(Rc<Prefix>),
    /// Rows are added at the end and subtracted at the start.
    Retract,
    /// A queue of the rows that may still become the extreme.
    Extreme(ExtremeQueue),
    /// Merged states of rows from both ends of the range.
    Stacks(Stacks),
}

impl Slide {
    pub(super) fn new(slot: &Slot, rows: &Rows, prefix: Option<&Rc<Prefix>>) -> Slide {
        match (prefix, &slot.kind) {
            (Some(prefix), _) => Slide::Prefix(prefix.clone()),
            (None, SlotKind::Extreme { end, column }) => {
                Slide::Extreme(ExtremeQueue::new(*end, &rows.columns()[*column]))
            }
            _ if slot.retracts() => Slide::Retract,
            _ => Slide::Stacks(Stacks::new(slot)),
        }
    }

    /// Starts with an empty range before row `first`.
    pub(super) fn restart(&mut self, slot: &Slot, first: usize, state: &mut State) {
        slot.reset(state);
        match self {
            Slide::Prefix(_) | Slide::Retract => {}
            Slide::Extreme(queue) => queue.clear(),
            Slide::Stacks(stacks) => stacks.restart(slot, first),
        }
    }

    /// Moves the range from `held` to `to`; neither of its ends goes back. Returns whether it
    /// rebuilt the state, so that whatever else had been merged into it is gone.
    #[inline]
    pub(super) fn advance(
        &mut self,
        slot: &Slot,
        rows: &Rows,
        held: &Range<usize>,
        to: &Range<usize>,
        state: &mut State,
    ) -> bool {
        match self {
            Slide::Prefix(prefix) => prefix.read(to, state),
            Slide::Extreme(queue) => {
                let from = held.end.max(to.start);
                queue.advance(slot.filter, rows, from..to.end, to.start, state);
            }
            Slide::Retract => {
                // Subtracting more rows than remain costs more than rebuilding.
                if to.start >= held.end || to.start - held.start > to.len() {
                    slot.reset(state);
                    slot.update_rows(state, rows, to.clone());
                } else {
                    slot.retract_rows(state, rows, held.start..to.start);
                    slot.update_rows(state, rows, held.end..to.end);
                    return false;
                }
            }
            Slide::Stacks(stacks) => stacks.advance(slot, rows, held.end, to.clone(), state),
        }
        true
    }
}
