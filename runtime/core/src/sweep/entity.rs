//! One entity of a sweep: which rows are its own, and which questions are about it.
//!
//! Invariant: ranges are places in the sweep's rows and questions. Deliberately absent: the
//! entity's key, which a sweep never reads.

use crate::aggregate::States;
use crate::fold::{FoldPlan, ViewState};
use std::ops::Range;
use std::sync::Arc;

/// One entity: its rows and the questions about it.
#[derive(Clone, Debug)]
pub struct Entity {
    /// Its rows, ascending in event time.
    pub rows: Range<usize>,
    /// More of its rows, ascending too, which are looked at one by one: those that arrived late.
    pub late: Range<usize>,
    /// Its questions, ascending in `as_of`.
    pub questions: Range<usize>,
    /// Where the sweep is cut: the states of its rows before those, of the slots of
    /// [`Sweep::before_slots`](super::Sweep::before_slots), if it has any.
    pub before: Option<Arc<States>>,
}

/// Adds what lies before the rows of a sweep that is cut.
#[inline]
pub(super) fn add_before(
    plan: &FoldPlan,
    slots: &[usize],
    entity: &Entity,
    slot: usize,
    states: &mut ViewState,
) {
    if let (Some(before), Ok(at)) = (&entity.before, slots.binary_search(&slot)) {
        plan.slots[slot].merge(&mut states[slot], &before[at]);
    }
}
