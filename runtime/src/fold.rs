//! The fold of a view: which slots its state has, and how a feature reads them.
//!
//! Invariant: a [`FoldPlan`] depends on the view's declaration alone, so all hosts that hold one
//! artifact have one state layout. `finalize` is a function of the merged state only.

use crate::aggregate::extreme::End;
use crate::aggregate::ordered::Side;
use crate::aggregate::{Slot, SlotKind, State};
use crate::error::{Error, Result};
use crate::row::Rows;
use crate::time::{Interval, Time};
use crate::value::{Column, DataType, Value};
use crate::feature::Aggregate;
use crate::view::FeatureView;
use crate::window::Window;
use std::sync::Arc;

/// The state of a view over some rows: one [`State`] a slot of its plan.
pub type ViewState = Box<[State]>;

/// How a feature reads the merged state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finalizer {
    Count,
    IntSum { count: usize },
    FloatSum { count: usize },
    IntMean { count: usize },
    FloatMean { count: usize },
    Value,
}

/// One feature, resolved to slots and a window.
#[derive(Clone, Debug)]
pub struct FeaturePlan {
    /// Its name in the view, type and nullability.
    pub column: Column,
    /// The index of its window in [`FoldPlan::windows`].
    pub window: usize,
    slot: usize,
    finalizer: Finalizer,
}

/// A view's slots, windows and features.
#[derive(Clone, Debug)]
pub struct FoldPlan {
    /// The declaration.
    pub view: Arc<FeatureView>,
    /// The parts of the view's state.
    pub slots: Vec<Slot>,
    /// The distinct windows.
    pub windows: Vec<Window>,
    /// The features, in the order of the declaration.
    pub features: Vec<FeaturePlan>,
}

/// What a feature's value says beside its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// A value, or a null that the data has.
    Present,
    /// Null because the exact result does not fit its type (S16).
    Overflow,
}

impl FoldPlan {
    /// The plan of a valid view.
    pub fn new(view: Arc<FeatureView>) -> Result<FoldPlan> {
        let mut plan =
            FoldPlan { view: view.clone(), slots: vec![], windows: vec![], features: vec![] };
        for feature in &view.features {
            let (data_type, nullable) = feature.data_type(&view)?;
            let column = match &feature.column {
                Some(name) => Some(view.column_index(name).ok_or_else(|| {
                    Error::bug(format!("feature {} reads a column that is not there", feature.name))
                })?),
                None => None,
            };
            let float = column.is_some_and(|at| view.columns[at].data_type.is_float());
            let kind = match feature.aggregate {
                Aggregate::Count => SlotKind::Count,
                Aggregate::Sum | Aggregate::Mean if float => SlotKind::FloatSum,
                Aggregate::Sum | Aggregate::Mean => SlotKind::IntSum,
                Aggregate::Min => SlotKind::Extreme(End::Min),
                Aggregate::Max => SlotKind::Extreme(End::Max),
                Aggregate::First => SlotKind::Ordered(Side::First),
                Aggregate::Last => SlotKind::Ordered(Side::Last),
            };
            let slot = plan.slot(Slot { kind, column });
            let finalizer = match feature.aggregate {
                Aggregate::Count => Finalizer::Count,
                Aggregate::Sum | Aggregate::Mean => {
                    let count = plan.slot(Slot { kind: SlotKind::Count, column });
                    match (feature.aggregate, float) {
                        (Aggregate::Sum, false) => Finalizer::IntSum { count },
                        (Aggregate::Sum, true) => Finalizer::FloatSum { count },
                        (_, false) => Finalizer::IntMean { count },
                        (_, true) => Finalizer::FloatMean { count },
                    }
                }
                _ => Finalizer::Value,
            };
            let window = index_or_push(&mut plan.windows, feature.window);
            let column = Column {
                name: feature.name.clone(),
                data_type,
                nullable,
                description: String::new(),
            };
            plan.features.push(FeaturePlan { column, window, slot, finalizer });
        }
        Ok(plan)
    }

    fn slot(&mut self, slot: Slot) -> usize {
        index_or_push(&mut self.slots, slot)
    }

    /// The state of no rows.
    pub fn zero(&self) -> ViewState {
        self.slots.iter().map(|slot| slot.kind.zero()).collect()
    }

    /// Adds one row.
    #[inline]
    pub fn update(&self, state: &mut ViewState, rows: &Rows, row: usize) {
        for (slot, state) in self.slots.iter().zip(state.iter_mut()) {
            state.update(rows, slot.column.map(|column| &rows.columns()[column]), row);
        }
    }

    /// Adds another state.
    #[inline]
    pub fn merge(&self, state: &mut ViewState, other: &ViewState) {
        state.iter_mut().zip(other).for_each(|(state, other)| state.merge(other));
    }

    /// Appends the canonical encoding.
    pub fn encode(&self, state: &ViewState, out: &mut Vec<u8>) {
        state.iter().for_each(|state| state.encode(out));
    }

    /// Reads a canonical encoding to its end.
    pub fn decode(&self, mut bytes: &[u8]) -> Option<ViewState> {
        let states = self.slots.iter().map(|slot| State::decode(slot.kind, &mut bytes));
        let state = states.collect::<Option<ViewState>>()?;
        if bytes.is_empty() { Some(state) } else { None }
    }

    /// The interval of window number `window` at `as_of`, boundary and delay included.
    pub fn interval(&self, window: usize, as_of: Time) -> Interval {
        self.windows[window].interval(self.view.effective(as_of))
    }

    /// The value of feature number `feature` from the state merged over its window.
    pub fn finalize(&self, feature: usize, state: &ViewState) -> (Value, Status) {
        let plan = &self.features[feature];
        let count = |slot: usize| match &state[slot] {
            State::Count(count) => *count,
            other => unreachable!("the plan put a count here, not {other:?}"),
        };
        let value = match (&state[plan.slot], plan.finalizer) {
            (State::Count(count), _) => match i64::try_from(*count) {
                Ok(count) => Value::Int64(count),
                Err(_) => return (Value::Null, Status::Overflow),
            },
            (State::IntSum(_), Finalizer::IntSum { count: at }) if count(at) == 0 => Value::Null,
            (State::IntSum(sum), Finalizer::IntSum { .. }) => match sum.sum() {
                Some(sum) => Value::Int64(sum),
                None => return (Value::Null, Status::Overflow),
            },
            (State::IntSum(sum), Finalizer::IntMean { count: at }) => match count(at) {
                0 => Value::Null,
                count => Value::Float64(sum.mean(count)),
            },
            (State::FloatSum(sum), Finalizer::FloatSum { count: at }) => match count(at) {
                0 => Value::Null,
                _ => Value::Float64(sum.sum()),
            },
            (State::FloatSum(sum), Finalizer::FloatMean { count: at }) => match count(at) {
                0 => Value::Null,
                count => Value::Float64(sum.mean(count)),
            },
            (State::Extreme(_, value), _) => value.clone(),
            (State::Ordered(_, placed), _) => {
                placed.as_ref().map_or(Value::Null, |placed| placed.value.clone())
            }
            (state, finalizer) => unreachable!("{finalizer:?} does not read {state:?}"),
        };
        (value, Status::Present)
    }

    /// The types of the entity key's parts, in order.
    pub fn key_types(&self) -> Vec<DataType> {
        let types = self.view.key.iter().filter_map(|part| self.view.column_index(part));
        types.map(|column| self.view.columns[column].data_type.clone()).collect()
    }
}

fn index_or_push<T: PartialEq>(items: &mut Vec<T>, item: T) -> usize {
    items.iter().position(|known| *known == item).unwrap_or_else(|| {
        items.push(item);
        items.len() - 1
    })
}
