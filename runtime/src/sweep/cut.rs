//! A sweep that is cut by time: it has an entity's rows from some time on, and one state of those
//! before.
//!
//! Invariant: no window with a start reaches back behind [`Sweep::reach`], and those without one
//! begin with [`Entity::before`]; so an answer has the bits that the whole would give (S1).
//! Deliberately absent: where to cut, for which a host needs what memory a sweep takes.

use super::{Entity, Sweep, stacks};
use crate::aggregate::int_sum::IntSum;
use crate::aggregate::{Slot, SlotKind, State};
use crate::fold::{FoldPlan, ViewState};
use crate::time::{Interval, Time};
use crate::value::{DataType, Value};
use std::ops::Range;

impl<'a> Sweep<'a> {
    /// As [`Sweep::new`], for rows that are cut by time: of those before, each entity has one state
    /// for the windows without a start. None if such a state is one that only a guest merges.
    pub fn cut(plan: &'a FoldPlan, features: &'a [usize]) -> Option<Sweep<'a>> {
        let mut sweep = Sweep::new(plan, features);
        let has_start = |span: usize| plan.spans[span].length_us().is_some();
        for slots in sweep.spans.iter().filter(|slots| !has_start(slots.span)) {
            if !slots.guest.is_empty() {
                return None;
            }
            sweep.before.extend(&slots.sliding);
        }
        sweep.before.sort_unstable();
        sweep.before.dedup();
        // A column at a time nothing is merged.
        sweep.columnwise.retain(|feature| has_start(feature.span()));
        sweep.ask_others();
        Some(sweep)
    }

    /// The slots of the states in [`Entity::before`].
    pub fn before_slots(&self) -> impl Iterator<Item = &'a Slot> {
        let plan = self.plan;
        self.before.iter().map(move |slot| &plan.slots[*slot])
    }

    /// The event times of the rows that questions from `first` to `last` read in a sweep that is
    /// cut: the others before them are in [`Entity::before`].
    pub fn reach(&self, first: Time, last: Time) -> Interval {
        let (first, last) = (self.plan.intervals(first), self.plan.intervals(last));
        let spans = || self.spans.iter().map(|slots| slots.span);
        let start = |span: usize| match self.plan.spans[span].length_us() {
            Some(_) => first[span].start,
            None => first[span].end,
        };
        let start = spans().map(start).min().unwrap_or(Time::MIN);
        let end = spans().map(|span| last[span].end).max().unwrap_or(start);
        Interval { start, end: end.max(start) }
    }

    /// Bytes of memory that a sweep keeps for each row beside the rows, more or less: totals,
    /// marks, and what waits for a guest.
    pub fn row_bytes(&self) -> usize {
        let state = size_of::<State>();
        let bytes = |slot: usize| match &self.plan.slots[slot] {
            Slot { kind: SlotKind::Count { column: None }, filter: None } => 0,
            Slot { kind: SlotKind::Count { .. }, .. } => size_of::<u64>(),
            Slot { kind: SlotKind::IntSum { .. }, .. } => size_of::<IntSum>(),
            Slot { kind: SlotKind::Extreme { .. }, .. } => size_of::<(usize, u64)>(),
            slot if slot.retracts() => 0,
            _ => state.div_ceil(stacks::STRIDE),
        };
        let kept: usize = self.slots().into_iter().map(bytes).sum();
        let guest = self.spans.iter().any(|slots| !slots.guest.is_empty());
        // A merge tree has two nodes a row, and each the states of all slots.
        kept + if guest { 2 * state * self.plan.slots.len() } else { 0 }
    }

    /// Bytes of memory that a sweep takes for each question, more or less: bounds and answers.
    pub fn question_bytes(&self) -> usize {
        let answer = |feature: &usize| match self.plan.features[*feature].column.data_type {
            DataType::Int64 | DataType::Float64 => size_of::<u64>() + 1,
            // The value, and what it becomes in a column.
            _ => 3 * size_of::<Value>(),
        };
        let answers: usize = self.features.iter().map(answer).sum();
        answers + self.plan.spans.len() * size_of::<Range<usize>>()
    }
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
