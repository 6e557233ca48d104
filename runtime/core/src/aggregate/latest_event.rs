//! The rows of the latest event in row order (S15): the states of all its rows together.
//!
//! An event is known by its time and its id. Laws: of two events the later one is kept, and the
//! states of one event are merged, so merging is as associative and commutative as it is for the
//! inner states. Rows are selected before nulls are skipped. The state is as large as those of one
//! event. Bytes: 0 for no rows, otherwise 1, the event time, the encoded id, and its states.

use super::encoded::{put_value, take_value};
use super::slot::{Slot, States, zeros};
use super::state::State;
use crate::row::Rows;
use crate::value::{Value, i64_from_order, i64_order, take};
use std::cmp::Ordering;

/// The states of the latest event; `None` if there are no rows.
#[derive(Clone, Debug)]
pub struct LatestEvent(Option<Box<Event>>);

#[derive(Clone, Debug)]
struct Event {
    event_time: i64,
    /// The encoded id.
    id: Box<[u8]>,
    states: States,
}

impl LatestEvent {
    /// The state of no rows.
    pub const fn zero() -> LatestEvent {
        LatestEvent(None)
    }

    /// How the event with this time and id is placed beside the one that is kept.
    fn order(&self, event_time: i64, id: &[u8]) -> Ordering {
        match &self.0 {
            None => Ordering::Greater,
            Some(own) => (event_time, id).cmp(&(own.event_time, &own.id)),
        }
    }

    /// Adds a row.
    pub fn update(&mut self, inner: &[Slot], rows: &Rows, row: usize) {
        let (event_time, id) = (rows.event_time(row), id_of(rows.tie(row)));
        let order = self.order(event_time, id);
        if order == Ordering::Less {
            return;
        }
        if order == Ordering::Greater {
            self.0 = Some(Box::new(Event { event_time, id: id.into(), states: zeros(inner) }));
        }
        let states = self.0.iter_mut().flat_map(|event| &mut event.states);
        inner.iter().zip(states).for_each(|(slot, state)| slot.update(state, rows, row));
    }

    /// Adds another state.
    pub fn merge(&mut self, inner: &[Slot], other: &LatestEvent) {
        let Some(event) = &other.0 else { return };
        match self.order(event.event_time, &event.id) {
            Ordering::Less => {}
            Ordering::Greater => self.0 = Some(event.clone()),
            Ordering::Equal => {
                let own = self.0.iter_mut().flat_map(|own| &mut own.states);
                for ((slot, own), state) in inner.iter().zip(own).zip(&event.states) {
                    slot.merge(own, state);
                }
            }
        }
    }

    /// The states of the latest event.
    pub fn states(&self) -> Option<&States> {
        self.0.as_ref().map(|event| &event.states)
    }

    /// The states of the latest event.
    pub fn states_mut(&mut self) -> impl Iterator<Item = &mut [State]> {
        self.0.iter_mut().map(|event| &mut event.states[..])
    }

    /// Appends the canonical encoding.
    pub fn encode(&self, inner: &[Slot], out: &mut Vec<u8>) {
        let Some(event) = &self.0 else { return out.push(0) };
        out.push(1);
        out.extend(i64_order(event.event_time).to_be_bytes());
        put_value(&event.id, out);
        inner.iter().zip(&event.states).for_each(|(slot, state)| slot.encode(state, out));
    }

    /// Reads what [`LatestEvent::encode`] wrote.
    pub fn decode(inner: &[Slot], bytes: &mut &[u8]) -> Option<LatestEvent> {
        match take(bytes)? {
            [0] => return Some(LatestEvent(None)),
            [1] => {}
            _ => return None,
        }
        let event_time = i64_from_order(u64::from_be_bytes(take(bytes)?));
        let id = take_value(bytes)?.into();
        let states = inner.iter().map(|slot| slot.decode(bytes)).collect::<Option<States>>()?;
        Some(LatestEvent(Some(Box::new(Event { event_time, id, states }))))
    }
}

/// The encoded id of the event at the beginning of a row's tie. A view with such a window has
/// events with ids.
fn id_of(tie: &[u8]) -> &[u8] {
    let mut rest = tie;
    match Value::decode(&mut rest) {
        Some(_) => &tie[..tie.len() - rest.len()],
        None => tie,
    }
}
