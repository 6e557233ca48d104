//! The spans (intervals of windows) that a sweep reads, and the slots (partial aggregates) that it
//! needs over each.
//!
//! Invariant: a slot is needed over a span if some feature reads it there; spans that no feature
//! reads are left out. Deliberately absent: where the bounds of a span lie (`window`).

use crate::fold::FoldPlan;

/// A span that some feature reads, and the slots needed over it.
#[derive(Debug)]
pub(super) struct SpanSlots {
    pub(super) span: usize,
    /// Slots whose states follow the moving range.
    pub(super) sliding: Vec<usize>,
    /// Slots whose states only a guest can merge.
    pub(super) guest: Vec<usize>,
}

/// The spans that some of `features` read.
pub(super) fn spans(plan: &FoldPlan, features: &[usize]) -> Vec<SpanSlots> {
    let slots = (0..plan.spans.len()).map(|span| {
        let slots = plan.slots_over(span, features.iter().copied());
        let (guest, sliding) = slots.into_iter().partition(|slot| has_lift(plan, *slot));
        SpanSlots { span, sliding, guest }
    });
    slots.filter(|slots| !slots.sliding.is_empty() || !slots.guest.is_empty()).collect()
}

fn has_lift(plan: &FoldPlan, slot: usize) -> bool {
    let mut has = false;
    plan.slots[slot].visit_lifts(&mut |_| has = true);
    has
}
