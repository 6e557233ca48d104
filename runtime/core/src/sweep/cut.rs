//! A cut sweep: it holds an entity's rows from some time on, and one merged state in place of the
//! earlier rows.
//!
//! Invariant: no window with a start begins before [`Sweep::reach`], and a window without one
//! begins with the entity's [`before`](super::Entity::before); so an answer has the same bits as if
//! the sweep were not cut (S1). Deliberately absent: where to cut, which a host decides by the
//! memory that a sweep takes.

use super::plan::Sweep;
use super::stacks;
use crate::aggregate::int_sum::IntSum;
use crate::aggregate::percentile::BINS_MAX;
use crate::aggregate::{Slot, SlotKind, State};
use crate::fold::FoldPlan;
use crate::time::{Interval, Time};
use crate::value::{DataType, Value};
use std::collections::BTreeSet;
use std::ops::Range;

impl<'a> Sweep<'a> {
    /// As [`Sweep::new`], for entities whose earlier rows are replaced by one state each, which
    /// serves the windows without a start. `None` if only a guest can merge such a state.
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
        // The columnwise computation cannot add a state to its rows.
        sweep.columnwise.retain(|feature| has_start(feature.span()));
        sweep.ask_others();
        Some(sweep)
    }

    /// The slots of the states in [`Entity::before`](super::Entity::before).
    pub fn before_slots(&self) -> impl Iterator<Item = &'a Slot> {
        let plan = self.plan;
        self.before.iter().map(move |slot| &plan.slots[*slot])
    }

    /// The event times that the windows of the sweep's features may read for questions from `first`
    /// to `last`; without a start if one of them has none. The bounds of a window never decrease as
    /// the time of the question increases.
    pub fn windows(&self, first: Time, last: Time) -> Interval {
        let (first, last) = (self.plan.intervals(first), self.plan.intervals(last));
        let spans = || self.spans.iter().map(|slots| slots.span);
        let start = spans().map(|span| first[span].start).min().unwrap_or(Time::MIN);
        let end = spans().map(|span| last[span].end).max().unwrap_or(start);
        Interval { start, end: end.max(start) }
    }

    /// The event times of the rows that a cut sweep needs for questions from `first` to `last`.
    /// Earlier rows must be in [`Entity::before`](super::Entity::before).
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

    /// Approximate bytes of memory that a sweep needs for each row, besides the row itself: totals,
    /// codes, marks of each window, and states that wait for a guest.
    pub fn row_bytes(&self) -> usize {
        let slots = &self.plan.slots;
        let total = |slot: usize| match &slots[slot].kind {
            SlotKind::Count { column: None } if slots[slot].filter.is_none() => 0,
            SlotKind::Count { .. } => size_of::<u64>(),
            SlotKind::IntSum { .. } => size_of::<IntSum>(),
            _ => 0,
        };
        let mark = |slot: &usize| match &slots[*slot].kind {
            SlotKind::Count { .. } | SlotKind::IntSum { .. } => 0,
            SlotKind::Extreme { .. } => size_of::<(usize, u64)>(),
            _ if slots[*slot].retracts() => 0,
            _ => (size_of::<State>() + heap_bytes(&slots[*slot])).div_ceil(stacks::STRIDE),
        };
        let marks: usize = self.spans.iter().flat_map(|it| &it.sliding).map(mark).sum();
        let totals: usize = self.slots().into_iter().map(total).sum();
        let guest = self.spans.iter().any(|slots| !slots.guest.is_empty());
        // A merge tree has two nodes per row, and each holds the states of all slots.
        let sources: BTreeSet<usize> =
            self.columnwise.iter().filter_map(|feature| feature.source(self.plan)).collect();
        let codes = sources.len() * VALUE_BYTES + self.columnwise.len() * CODE_BYTES;
        totals + marks + codes + if guest { 2 * size_of::<State>() * slots.len() } else { 0 }
    }

    /// Approximate bytes of memory that a sweep needs for each question: bounds and answers.
    pub fn question_bytes(&self) -> usize {
        let answer = |feature: &usize| match &self.plan.features[*feature].column.data_type {
            DataType::Int64 | DataType::Float64 => size_of::<u64>() + 1,
            // The elements, and their copies where columns are put together.
            DataType::List(_) => 3 * size_of::<u64>() * USUAL_VALUES,
            DataType::Map(_) => 6 * size_of::<u64>() * USUAL_VALUES,
            _ => 3 * size_of::<Value>(),
        };
        let answers: usize = self.features.iter().map(answer).sum();
        answers + self.plan.spans.len() * size_of::<Range<usize>>()
    }
}

/// Bytes of a row in the dictionary of a column's values.
const VALUE_BYTES: usize = 40;
/// Bytes of a row's code, or of its place in row order, which several features may share.
const CODE_BYTES: usize = 8;

/// The assumed number of values in a state or list without a small bound.
const USUAL_VALUES: usize = 32;

/// Approximate bytes of a state on the heap after many rows.
fn heap_bytes(slot: &Slot) -> usize {
    let values = |most: usize| most.min(USUAL_VALUES) * size_of::<Value>();
    let inner = |slots: &[Slot], most: usize| -> usize {
        let states = slots.iter().map(|slot| size_of::<State>() + heap_bytes(slot));
        most.min(USUAL_VALUES) * states.sum::<usize>()
    };
    match &slot.kind {
        SlotKind::Top { k, .. } => values(*k as usize),
        SlotKind::Distinct { limit, .. } | SlotKind::Histogram { limit, .. } => {
            2 * values(*limit as usize)
        }
        SlotKind::Places { placing, .. } => values(placing.n as usize),
        SlotKind::HyperLogLog { precision, .. } => 1 << precision,
        SlotKind::ArgExtreme { .. } => values(2),
        SlotKind::Percentile { .. } => BINS_MAX * size_of::<u32>(),
        SlotKind::Vector { length, .. } => *length as usize * size_of::<i128>(),
        SlotKind::Keyed { limit, inner: slots, .. } => inner(slots, *limit as usize),
        SlotKind::LastRows { rows, inner: slots } => inner(slots, *rows as usize),
        SlotKind::LatestEvent { inner: slots } => inner(slots, 1),
        SlotKind::Sessions { inner: slots, .. } => inner(slots, USUAL_VALUES),
        _ => 0,
    }
}
