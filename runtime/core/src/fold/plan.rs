//! A view's plan: its slots, spans and features, and the state that the slots make up. A span is
//! one interval relative to `as_of`: a window, or one element of a series of windows.
//!
//! Invariant: slots, spans and features are identified by their indices in the plan's own lists.
//! Deliberately absent: building a plan (`build`) and computing an answer (`answer`).

use super::finalize::{Context, Finalizer};
use super::plain::Plain;
use crate::aggregate::{Slot, States, zeros};
use crate::row::Rows;
use crate::time::{Interval, Time};
use crate::value::{Column, DataType};
use crate::view::FeatureView;
use crate::window::Span;
use std::sync::Arc;
/// The state of a view over some rows: one [`crate::aggregate::State`] for each slot of its plan.
pub type ViewState = States;

/// One feature, resolved to slots and spans.
#[derive(Clone, Debug)]
pub struct FeaturePlan {
    /// Its name in the view, its type, and whether it may be null.
    pub column: Column,
    /// The indices of its spans in [`FoldPlan::spans`]: one, or several newest first.
    pub spans: Vec<usize>,
    /// Whether the value is a list with one element for each span.
    pub(super) series: bool,
    /// How the value of one span is computed from its states.
    pub(super) finalizer: Finalizer,
}

/// An input column of a user-defined aggregate. The guest turns each of its values into a state.
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
    /// The columns that the guest turns into states, for user-defined aggregates.
    pub lifts: Vec<Lift>,
}

impl FeaturePlan {
    /// How the value is computed, and its only span; `None` if the value is a list or a map, or if
    /// the feature selects rows (last n, session).
    #[inline]
    pub fn plain(&self) -> Option<(&Plain, usize)> {
        match (&self.finalizer, &self.spans[..]) {
            (Finalizer::Plain(plain), &[span]) if !self.series => Some((plain, span)),
            _ => None,
        }
    }
}

impl FeaturePlan {
    /// For a feature that is a map: its slot, the value of each key, and its only span. `None` for
    /// other features, and for lists of maps.
    pub fn keyed(&self) -> Option<(usize, &Plain, usize)> {
        match (&self.finalizer, &self.spans[..]) {
            (Finalizer::Keyed { slot, inner }, &[span]) if !self.series => {
                Some((*slot, inner, span))
            }
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

    /// Whether any slot depends on the order of rows.
    pub fn looks_at_order(&self) -> bool {
        self.slots.iter().any(Slot::looks_at_order)
    }

    /// The slots that any of `features` reads over span number `span`, ascending.
    pub fn slots_over(&self, span: usize, features: impl IntoIterator<Item = usize>) -> Vec<usize> {
        let features = features.into_iter().map(|feature| &self.features[feature]);
        let reading = features.filter(|feature| feature.spans.contains(&span));
        let mut slots: Vec<usize> = reading.flat_map(|feature| feature.finalizer.slots()).collect();
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    /// Adds one row to the given slots.
    #[inline]
    pub fn update(&self, state: &mut ViewState, rows: &Rows, row: usize, slots: &[usize]) {
        for &at in slots {
            self.slots[at].update(&mut state[at], rows, row);
        }
    }

    /// Merges another state into the given slots.
    #[inline]
    pub fn merge(&self, state: &mut ViewState, other: &ViewState, slots: &[usize]) {
        for &at in slots {
            self.slots[at].merge(&mut state[at], &other[at]);
        }
    }

    /// Appends the canonical encoding of the given slots.
    pub fn encode(&self, state: &ViewState, slots: &[usize], out: &mut Vec<u8>) {
        for &at in slots {
            self.slots[at].encode(&state[at], out);
        }
    }

    /// Decodes the given slots from `bytes`, which must have nothing left over; the other slots are
    /// zero.
    pub fn decode(&self, mut bytes: &[u8], slots: &[usize]) -> Option<ViewState> {
        let mut state = self.zero();
        for &at in slots {
            state[at] = self.slots[at].decode(&mut bytes)?;
        }
        if bytes.is_empty() { Some(state) } else { None }
    }

    /// The interval of each span at `as_of`, with the view's boundary and delay applied.
    pub fn intervals(&self, as_of: Time) -> Vec<Interval> {
        let effective = self.view.effective(as_of);
        self.spans.iter().map(|span| span.interval(effective, self.view.origin_us)).collect()
    }

    /// What a value over span number `span` depends on besides the states. `effective` is the
    /// requested `as_of` with the view's boundary and delay applied.
    pub fn context(&self, span: usize, effective: Time) -> Context {
        let Interval { start, end } = self.spans[span].interval(effective, self.view.origin_us);
        Context { as_of: effective.micros(), lo: start.micros(), hi: end.micros() }
    }

    /// The event times that some window may read for `as_of` from `first` to `last`. The bounds of
    /// a window never decrease as `as_of` increases.
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
