//! Keyed states: one state for each value of a column, for a feature that is a map (`by`).
//!
//! Laws: those of the inner states, value by value. The state is bounded by a condition that can
//! only become true as rows are added: more than `limit` distinct values. Beyond it the state is
//! overflow, which absorbs everything and holds nothing else (S18). Bytes: 0 for overflow,
//! otherwise the number of values + 1, then each value in ascending order with its states.

use super::bytes::{put_unsigned, unsigned};
use super::encoded::{put_value, take_value, value};
use super::slot::{Slot, States, zeros};
use super::state::State;
use crate::row::Rows;
use crate::value::Value;
use std::collections::BTreeMap;

/// States by value; `None` is overflow.
#[derive(Clone, Debug)]
pub struct Keyed(Option<BTreeMap<Value, States>>);

impl Keyed {
    /// The state of no rows.
    pub fn zero() -> Keyed {
        Keyed(Some(BTreeMap::new()))
    }

    /// Adds a row with this value.
    pub fn update(&mut self, limit: u32, inner: &[Slot], key: Value, rows: &Rows, row: usize) {
        let Some(map) = &mut self.0 else { return };
        if map.len() >= limit as usize && !map.contains_key(&key) {
            self.0 = None;
            return;
        }
        let states = map.entry(key).or_insert_with(|| zeros(inner));
        for (slot, state) in inner.iter().zip(states) {
            slot.update(state, rows, row);
        }
    }

    /// Adds another state.
    pub fn merge(&mut self, limit: u32, inner: &[Slot], other: &Keyed) {
        let (Some(map), Some(more)) = (&mut self.0, &other.0) else {
            self.0 = None;
            return;
        };
        for (key, states) in more.iter() {
            if let Some(own) = map.get_mut(key) {
                for ((slot, own), state) in inner.iter().zip(own).zip(states) {
                    slot.merge(own, state);
                }
                continue;
            }
            if map.len() >= limit as usize {
                self.0 = None;
                return;
            }
            map.insert(key.clone(), states.clone());
        }
    }

    /// The values with their states, ascending; `None` is overflow.
    pub fn entries(&self) -> Option<impl Iterator<Item = (&Value, &States)>> {
        self.0.as_ref().map(BTreeMap::iter)
    }

    /// The states of all values, in order.
    pub fn states_mut(&mut self) -> impl Iterator<Item = &mut [State]> {
        self.0.iter_mut().flat_map(|map| map.values_mut().map(|states| &mut states[..]))
    }

    /// Appends the canonical encoding.
    pub fn encode(&self, inner: &[Slot], out: &mut Vec<u8>) {
        let Some(map) = &self.0 else { return put_unsigned(0, out) };
        put_unsigned(map.len() as u128 + 1, out);
        for (key, states) in map.iter() {
            put_value(&key.encoded(), out);
            inner.iter().zip(states).for_each(|(slot, state)| slot.encode(state, out));
        }
    }

    /// Reads what [`Keyed::encode`] wrote.
    pub fn decode(limit: u32, inner: &[Slot], bytes: &mut &[u8]) -> Option<Keyed> {
        let count = match u32::try_from(unsigned(bytes)?).ok()? {
            0 => return Some(Keyed(None)),
            count => count - 1,
        };
        if count > limit {
            return None;
        }
        let mut map = BTreeMap::new();
        for _ in 0..count {
            let key = value(take_value(bytes)?);
            if map.last_key_value().is_some_and(|(last, _)| *last >= key) {
                return None;
            }
            let states = inner.iter().map(|slot| slot.decode(bytes)).collect::<Option<States>>()?;
            map.insert(key, states);
        }
        Some(Keyed(Some(map)))
    }
}
