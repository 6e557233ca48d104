//! The state of one slot, and the verbs on it: zero, update, merge; its bytes are in `codec`.
//!
//! Invariant: a state is only ever used with the slot that made it. Each kind's laws are in its own
//! file; this one dispatches.

mod codec;

use super::co_moments::CoMoments;
use super::decay::Decayed;
use super::distinct::Distinct;
use super::extreme;
use super::float_sum::FloatSum;
use super::histogram::Histogram;
use super::hll::HyperLogLog;
use super::int_sum::IntSum;
use super::keyed::Keyed;
use super::last_rows::LastRows;
use super::moments::Moments;
use super::number::Number;
use super::ordered::{self, Placed, Side};
use super::percentile::Percentile;
use super::places::Places;
use super::sessions::Sessions;
use super::slot::{Slot, SlotKind};
use super::top::Top;
use super::user::UserState;
use super::vector::{VectorSum, read_lanes};
use crate::row::{Rows, TypedColumn};
use crate::value::Value;

/// The state of one slot.
#[derive(Clone, Debug)]
pub enum State {
    /// A count.
    Count(u64),
    /// A sum of integers.
    IntSum(IntSum),
    /// A sum of floats.
    FloatSum(FloatSum),
    /// The least or greatest value; null for none.
    Extreme(Value),
    /// The first or last value.
    Ordered(Option<Box<Placed>>),
    /// The event time of the first or last input, in microseconds.
    EventTime(Option<i64>),
    /// Power sums of numbers.
    Moments(Box<Moments>),
    /// Power sums of pairs.
    CoMoments(Box<CoMoments>),
    /// The first or last values.
    Places(Places),
    /// The least or greatest values.
    Top(Top),
    /// The distinct values.
    Distinct(Distinct),
    /// How often each value occurs.
    Histogram(Histogram),
    /// Registers of a cardinality sketch.
    HyperLogLog(HyperLogLog),
    /// Bins of a percentile sketch.
    Percentile(Percentile),
    /// A decayed sum.
    Decayed(Box<Decayed>),
    /// A sum of vectors.
    Vector(VectorSum),
    /// States of a user-defined aggregate.
    User(UserState),
    /// States by the value of a column.
    Keyed(Keyed),
    /// States of the greatest rows.
    LastRows(LastRows),
    /// States of sessions.
    Sessions(Sessions),
}

impl Slot {
    /// The state of no rows.
    pub fn zero(&self) -> State {
        match &self.kind {
            SlotKind::Count { .. } => State::Count(0),
            SlotKind::IntSum { .. } => State::IntSum(IntSum::default()),
            SlotKind::FloatSum { .. } => State::FloatSum(FloatSum::zero()),
            SlotKind::Extreme { .. } => State::Extreme(Value::Null),
            SlotKind::Ordered { .. } => State::Ordered(None),
            SlotKind::EventTime { .. } => State::EventTime(None),
            SlotKind::Moments { order, .. } => State::Moments(Box::new(Moments::zero(*order))),
            SlotKind::CoMoments { .. } => State::CoMoments(Box::new(CoMoments::zero())),
            SlotKind::Places { .. } => State::Places(Places::zero()),
            SlotKind::Top { .. } => State::Top(Top::zero()),
            SlotKind::Distinct { .. } => State::Distinct(Distinct::zero()),
            SlotKind::Histogram { .. } => State::Histogram(Histogram::zero()),
            SlotKind::HyperLogLog { .. } => State::HyperLogLog(HyperLogLog::zero()),
            SlotKind::Percentile { .. } => State::Percentile(Percentile::zero()),
            SlotKind::Decayed { half_life_us, .. } => {
                State::Decayed(Box::new(Decayed::zero(*half_life_us)))
            }
            SlotKind::Vector { .. } => State::Vector(VectorSum::zero()),
            SlotKind::User { .. } => State::User(UserState::zero()),
            SlotKind::Keyed { .. } => State::Keyed(Keyed::zero()),
            SlotKind::LastRows { .. } => State::LastRows(LastRows::zero()),
            SlotKind::Sessions { .. } => State::Sessions(Sessions::zero()),
        }
    }

    /// Adds row `row` of `rows`.
    #[inline]
    pub fn update(&self, state: &mut State, rows: &Rows, row: usize) {
        if let Some(filter) = self.filter
            && !rows.columns()[filter].is_true(row)
        {
            return;
        }
        let input = |column: usize| input(rows, row, column);
        let present = |column: Option<usize>| column.is_none_or(|at| input(at).is_some());
        match (&self.kind, state) {
            (SlotKind::Count { column }, State::Count(count)) => {
                *count += u64::from(present(*column));
            }
            (SlotKind::IntSum { column }, State::IntSum(sum)) => {
                if let Some(column) = input(*column) {
                    sum.add(column.int64(row));
                }
            }
            (SlotKind::FloatSum { column }, State::FloatSum(sum)) => {
                if let Some(column) = input(*column) {
                    sum.add(column.float64(row));
                }
            }
            (SlotKind::Extreme { end, column }, State::Extreme(best)) => {
                if let Some(column) = input(*column) {
                    extreme::keep(*end, best, column.value(row));
                }
            }
            (SlotKind::Ordered { side, column }, State::Ordered(best)) => {
                if let Some(column) = input(*column) {
                    let (time, tie) = (rows.event_time(row), rows.tie(row));
                    ordered::keep(*side, best, time, tie, &column.value(row));
                }
            }
            (SlotKind::EventTime { side, column }, State::EventTime(best)) => {
                if present(*column) {
                    keep_time(*side, best, rows.event_time(row));
                }
            }
            (SlotKind::Moments { column, .. }, State::Moments(moments)) => {
                if let Some(column) = input(*column) {
                    match column.number(row) {
                        Number::Int(value) => moments.add_int(value),
                        Number::Float(value) => moments.add_float(value),
                    }
                }
            }
            (SlotKind::Distinct { limit, column }, State::Distinct(distinct)) => {
                if let Some(column) = input(*column) {
                    column.with_encoded(row, |value| distinct.add_encoded(*limit, value));
                }
            }
            (SlotKind::Histogram { limit, column }, State::Histogram(histogram)) => {
                if let Some(column) = input(*column) {
                    column.with_encoded(row, |value| histogram.add_encoded(*limit, value));
                }
            }
            (SlotKind::HyperLogLog { precision, column }, State::HyperLogLog(sketch)) => {
                if let Some(column) = input(*column) {
                    sketch.add_hash(*precision, column.content_hash(row));
                }
            }
            (SlotKind::Percentile { column }, State::Percentile(sketch)) => {
                if let Some(column) = input(*column) {
                    match column.number(row) {
                        Number::Int(value) => sketch.add_int(value),
                        Number::Float(value) => sketch.add(value),
                    }
                }
            }
            (_, state) => self.update_rarer(state, rows, row),
        }
    }

    /// Adds a row that passed the filter to a state of one of the other kinds.
    fn update_rarer(&self, state: &mut State, rows: &Rows, row: usize) {
        let input = |column: usize| input(rows, row, column);
        match (&self.kind, state) {
            (SlotKind::Places { placing, column }, State::Places(places)) => {
                if let Some(column) = input(*column) {
                    let (time, tie) = (rows.event_time(row), rows.tie(row));
                    places.add(*placing, time, tie, &column.value(row));
                }
            }
            (SlotKind::Top { end, k, column }, State::Top(top)) => {
                if let Some(column) = input(*column) {
                    top.add(*end, *k, column.value(row));
                }
            }
            (SlotKind::CoMoments { column, other }, State::CoMoments(moments)) => {
                if let (Some(column), Some(other)) = (input(*column), input(*other)) {
                    moments.add(column.number(row), other.number(row));
                }
            }
            (SlotKind::Decayed { ones, column, .. }, State::Decayed(decayed)) => {
                let time = rows.event_time(row);
                match column.map(input) {
                    Some(None) => {}
                    Some(Some(column)) if !ones => match column.number(row) {
                        Number::Int(value) => decayed.add_int(value, time),
                        Number::Float(value) => decayed.add_float(value, time),
                    },
                    _ => decayed.add_one(time),
                }
            }
            (SlotKind::Vector { length, grid, column }, State::Vector(sum)) => {
                if let Some(column) = input(*column) {
                    let elements = column.elements(row).into_iter();
                    let mut lanes = Vec::new();
                    read_lanes(elements, *length as usize, *grid, &mut lanes)
                        .expect("a row with a bad vector is refused before it is folded");
                    sum.add(&lanes);
                }
            }
            (SlotKind::User { lift }, State::User(state)) => {
                if let Some(part) = rows.lifted(*lift, row) {
                    state.add(part);
                }
            }
            (SlotKind::Keyed { by, limit, inner }, State::Keyed(keyed)) => {
                if let Some(column) = input(*by) {
                    keyed.update(*limit, inner, column.value(row), rows, row);
                }
            }
            (SlotKind::LastRows { rows: most, inner }, State::LastRows(last)) => {
                last.update(*most, inner, rows, row);
            }
            (SlotKind::Sessions { gap_us, inner }, State::Sessions(sessions)) => {
                sessions.update(*gap_us, inner, rows, row);
            }
            (kind, state) => unreachable!("a plan made {state:?} for {kind:?}"),
        }
    }

    /// Adds another state of this slot.
    #[inline]
    pub fn merge(&self, state: &mut State, other: &State) {
        match (&self.kind, state, other) {
            (_, State::Count(a), State::Count(b)) => *a += b,
            (_, State::IntSum(a), State::IntSum(b)) => a.merge(b),
            (_, State::FloatSum(a), State::FloatSum(b)) => a.merge(b),
            (SlotKind::Extreme { end, .. }, State::Extreme(a), State::Extreme(b)) => {
                extreme::keep_ref(*end, a, b);
            }
            (SlotKind::Ordered { side, .. }, State::Ordered(a), State::Ordered(b)) => {
                if let Some(b) = b {
                    ordered::keep(*side, a, b.event_time, &b.tie, &b.value);
                }
            }
            (SlotKind::EventTime { side, .. }, State::EventTime(a), State::EventTime(b)) => {
                if let Some(b) = b {
                    keep_time(*side, a, *b);
                }
            }
            (_, State::Moments(a), State::Moments(b)) => a.merge(b),
            (_, State::CoMoments(a), State::CoMoments(b)) => a.merge(b),
            (SlotKind::Places { placing, .. }, State::Places(a), State::Places(b)) => {
                a.merge(*placing, b);
            }
            (SlotKind::Top { end, k, .. }, State::Top(a), State::Top(b)) => a.merge(*end, *k, b),
            (SlotKind::Distinct { limit, .. }, State::Distinct(a), State::Distinct(b)) => {
                a.merge(*limit, b);
            }
            (SlotKind::Histogram { limit, .. }, State::Histogram(a), State::Histogram(b)) => {
                a.merge(*limit, b);
            }
            (
                SlotKind::HyperLogLog { precision, .. },
                State::HyperLogLog(a),
                State::HyperLogLog(b),
            ) => a.merge(*precision, b),
            (_, State::Percentile(a), State::Percentile(b)) => a.merge(b),
            (_, State::Decayed(a), State::Decayed(b)) => a.merge(b),
            (_, State::Vector(a), State::Vector(b)) => a.merge(b),
            (_, State::User(a), State::User(b)) => a.merge(b),
            (SlotKind::Keyed { limit, inner, .. }, State::Keyed(a), State::Keyed(b)) => {
                a.merge(*limit, inner, b);
            }
            (SlotKind::LastRows { rows, .. }, State::LastRows(a), State::LastRows(b)) => {
                a.merge(*rows, b);
            }
            (SlotKind::Sessions { gap_us, inner }, State::Sessions(a), State::Sessions(b)) => {
                a.merge(*gap_us, inner, b);
            }
            (kind, a, b) => unreachable!("a plan made {a:?} and {b:?} for {kind:?}"),
        }
    }

    /// The slots of the states inside a state of this slot.
    pub fn inner(&self) -> &[Slot] {
        match &self.kind {
            SlotKind::Keyed { inner, .. }
            | SlotKind::LastRows { inner, .. }
            | SlotKind::Sessions { inner, .. } => inner,
            _ => &[],
        }
    }

    /// Shows each user-defined state in `state` to `visit`, with its lift, always in one order.
    pub fn visit_users<'s>(
        &self,
        state: &'s mut State,
        visit: &mut dyn FnMut(usize, &'s mut UserState),
    ) {
        match (&self.kind, state) {
            (SlotKind::User { lift }, State::User(state)) => visit(*lift, state),
            (_, State::Keyed(keyed)) => {
                keyed.states_mut().for_each(|states| visit_users(self.inner(), states, visit));
            }
            (_, State::LastRows(last)) => {
                last.states_mut().for_each(|states| visit_users(self.inner(), states, visit));
            }
            (_, State::Sessions(sessions)) => {
                sessions.states_mut().for_each(|states| visit_users(self.inner(), states, visit));
            }
            _ => {}
        }
    }
}

/// As [`Slot::visit_users`], for the states of several slots.
pub fn visit_users<'s>(
    slots: &[Slot],
    states: &'s mut [State],
    visit: &mut dyn FnMut(usize, &'s mut UserState),
) {
    for (slot, state) in slots.iter().zip(states) {
        slot.visit_users(state, visit);
    }
}

/// The column if its row is not null.
#[inline(always)]
fn input(rows: &Rows, row: usize, column: usize) -> Option<&TypedColumn> {
    let column = &rows.columns()[column];
    if column.is_null(row) { None } else { Some(column) }
}

/// Keeps the earlier (later) time.
fn keep_time(side: Side, best: &mut Option<i64>, time: i64) {
    *best = Some(match (side, *best) {
        (_, None) => time,
        (Side::First, Some(best)) => best.min(time),
        (Side::Last, Some(best)) => best.max(time),
    });
}
