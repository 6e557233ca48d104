//! A view's plan: its slots, spans and features, and the state that they make.
//!
//! Invariant: numbers of slots, spans and features are places in the plan's own lists. Deliberately
//! absent: making a plan (`build`) and reading an answer (`answer`).

use super::finalize::Finalizer;
use super::plain::Plain;
use crate::aggregate::{Slot, States, zeros};
use crate::row::Rows;
use crate::time::{Interval, Time};
use crate::value::{Column, DataType};
use crate::view::FeatureView;
use crate::window::Span;
use std::sync::Arc;
/// The state of a view over some rows: one [`crate::aggregate::State`] a slot of its plan.
pub type ViewState = States;

/// One feature, resolved to slots and spans.
#[derive(Clone, Debug)]
pub struct FeaturePlan {
    /// Its name in the view, type and nullability.
    pub column: Column,
    /// The indices of its spans in [`FoldPlan::spans`]: one, or several newest first.
    pub spans: Vec<usize>,
    /// Whether it is a list over its spans.
    pub(super) series: bool,
    /// How it reads the states of one.
    pub(super) finalizer: Finalizer,
}

/// A column that a user-defined aggregate reads: each of its values becomes a state by the guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lift {
    /// The index of the aggregate in the artifact's manifest.
    pub aggregate: usize,
    /// The index of the column in the view.
    pub column: usize,
    /// The aggregate's name, for messages.
    pub name: String,
}

/// A view's slots, spans and features.
#[derive(Clone, Debug)]
pub struct FoldPlan {
    /// The declaration.
    pub view: Arc<FeatureView>,
    /// The parts of the view's state.
    pub slots: Vec<Slot>,
    /// The distinct spans.
    pub spans: Vec<Span>,
    /// The features, in the order of the declaration.
    pub features: Vec<FeaturePlan>,
    /// What the guest makes of each row for user-defined aggregates.
    pub lifts: Vec<Lift>,
}

impl FeaturePlan {
    /// How it reads the states of its only span, and that span; none for lists, maps and what picks
    /// rows.
    #[inline]
    pub fn plain(&self) -> Option<(&Plain, usize)> {
        match (&self.finalizer, &self.spans[..]) {
            (Finalizer::Plain(plain), &[span]) if !self.series => Some((plain, span)),
            _ => None,
        }
    }
}

impl FoldPlan {
    /// The state of no rows.
    pub fn zero(&self) -> ViewState {
        zeros(&self.slots)
    }

    /// The indices of all slots.
    pub fn all_slots(&self) -> Vec<usize> {
        (0..self.slots.len()).collect()
    }

    /// Whether any slot looks at the order of rows.
    pub fn looks_at_order(&self) -> bool {
        self.slots.iter().any(Slot::looks_at_order)
    }

    /// The slots that some of `features` read over span number `span`, ascending.
    pub fn slots_over(&self, span: usize, features: impl IntoIterator<Item = usize>) -> Vec<usize> {
        let features = features.into_iter().map(|feature| &self.features[feature]);
        let reading = features.filter(|feature| feature.spans.contains(&span));
        let mut slots: Vec<usize> = reading.flat_map(|feature| feature.finalizer.slots()).collect();
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    /// Adds one row to the slots named.
    #[inline]
    pub fn update(&self, state: &mut ViewState, rows: &Rows, row: usize, slots: &[usize]) {
        for &at in slots {
            self.slots[at].update(&mut state[at], rows, row);
        }
    }

    /// Adds another state to the slots named.
    #[inline]
    pub fn merge(&self, state: &mut ViewState, other: &ViewState, slots: &[usize]) {
        for &at in slots {
            self.slots[at].merge(&mut state[at], &other[at]);
        }
    }

    /// Appends the canonical encoding of the slots named.
    pub fn encode(&self, state: &ViewState, slots: &[usize], out: &mut Vec<u8>) {
        for &at in slots {
            self.slots[at].encode(&state[at], out);
        }
    }

    /// Reads a canonical encoding of the slots named to its end; the others are zero.
    pub fn decode(&self, mut bytes: &[u8], slots: &[usize]) -> Option<ViewState> {
        let mut state = self.zero();
        for &at in slots {
            state[at] = self.slots[at].decode(&mut bytes)?;
        }
        if bytes.is_empty() { Some(state) } else { None }
    }

    /// The interval of each span at `as_of`, boundary and delay included.
    pub fn intervals(&self, as_of: Time) -> Vec<Interval> {
        let effective = self.view.effective(as_of);
        self.spans.iter().map(|span| span.interval(effective, self.view.origin_us)).collect()
    }

    /// The event times that some window may read as of times from `first` to `last`: no bound of a
    /// window goes back as the time asked goes on.
    pub fn reach(&self, first: Time, last: Time) -> Interval {
        let start = self.intervals(first).iter().map(|interval| interval.start).min();
        let end = self.intervals(last).iter().map(|interval| interval.end).max();
        Interval { start: start.unwrap_or(Time::MIN), end: end.unwrap_or(Time::MAX) }
    }

    /// The types of the entity key's parts, in order.
    pub fn key_types(&self) -> Vec<DataType> {
        let types = self.view.key.iter().filter_map(|part| self.view.column_index(part));
        types.map(|column| self.view.columns[column].data_type.clone()).collect()
    }
}
