//! The state of one slot, and the four verbs on it: zero, update, merge, and its bytes.
//!
//! Invariant: a state is only ever used with the slot that made it. Each kind's laws are in its own
//! file; this one dispatches.

use super::bytes::{put_unsigned, unsigned};
use super::extreme;
use super::float_sum::FloatSum;
use super::int_sum::IntSum;
use super::keyed::Keyed;
use super::last_rows::LastRows;
use super::ordered::{self, Placed, Side};
use super::sessions::Sessions;
use super::slot::{Slot, SlotKind};
use super::user::UserState;
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
        // The non-null input, or none.
        let input = |column: usize| -> Option<&TypedColumn> {
            let column = &rows.columns()[column];
            if column.is_null(row) { None } else { Some(column) }
        };
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

    /// Appends the canonical encoding.
    pub fn encode(&self, state: &State, out: &mut Vec<u8>) {
        match state {
            State::Count(count) => put_unsigned(u128::from(*count), out),
            State::IntSum(sum) => sum.encode(out),
            State::FloatSum(sum) => sum.encode(out),
            State::Extreme(value) => value.encode(out),
            State::Ordered(placed) => ordered::encode(placed.as_deref(), out),
            State::EventTime(time) => Value::from(time.map(Value::Timestamp)).encode(out),
            State::User(state) => state.encode(out),
            State::Keyed(keyed) => keyed.encode(self.inner(), out),
            State::LastRows(last) => last.encode(self.inner(), out),
            State::Sessions(sessions) => sessions.encode(self.inner(), out),
        }
    }

    /// Reads the encoding of a state of this slot; `None` if the bytes are not canonical.
    pub fn decode(&self, bytes: &mut &[u8]) -> Option<State> {
        Some(match &self.kind {
            SlotKind::Count { .. } => State::Count(u64::try_from(unsigned(bytes)?).ok()?),
            SlotKind::IntSum { .. } => State::IntSum(IntSum::decode(bytes)?),
            SlotKind::FloatSum { .. } => State::FloatSum(FloatSum::decode(bytes)?),
            SlotKind::Extreme { .. } => State::Extreme(Value::decode(bytes)?),
            SlotKind::Ordered { .. } => State::Ordered(ordered::decode(bytes)?.map(Box::new)),
            SlotKind::EventTime { .. } => State::EventTime(match Value::decode(bytes)? {
                Value::Null => None,
                Value::Timestamp(time) => Some(time),
                _ => return None,
            }),
            SlotKind::User { .. } => State::User(UserState::decode(bytes)?),
            SlotKind::Keyed { limit, inner, .. } => {
                State::Keyed(Keyed::decode(*limit, inner, bytes)?)
            }
            SlotKind::LastRows { rows, inner } => {
                State::LastRows(LastRows::decode(*rows, inner, bytes)?)
            }
            SlotKind::Sessions { gap_us, inner } => {
                State::Sessions(Sessions::decode(*gap_us, inner, bytes)?)
            }
        })
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

/// Keeps the earlier (later) time.
fn keep_time(side: Side, best: &mut Option<i64>, time: i64) {
    *best = Some(match (side, *best) {
        (_, None) => time,
        (Side::First, Some(best)) => best.min(time),
        (Side::Last, Some(best)) => best.max(time),
    });
}
