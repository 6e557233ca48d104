//! One entity of a sweep: the range of its rows and the range of the questions about it.
//!
//! Invariant: ranges are indices into the sweep's rows and questions. Deliberately absent: the
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
    /// Its rows that arrived late, also ascending; they are examined one by one.
    pub late: Range<usize>,
    /// Its questions, ascending in `as_of`.
    pub questions: Range<usize>,
    /// In a cut sweep, the merged states of its rows before `rows`, for the slots of
    /// [`Sweep::before_slots`](super::Sweep::before_slots); `None` if it has no such rows.
    pub before: Option<Arc<States>>,
}

/// Adds the state of the rows before those of a cut sweep.
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
