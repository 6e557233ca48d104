//! The last n rows in row order (S15), each with the states of that row alone.
//!
//! Laws: keeping the `most` greatest rows of a multiset in a total order is associative and
//! commutative, because a row that was dropped can never be among them again. Rows are selected
//! before nulls are skipped, so a row with a null input counts. Bytes: the number of rows, then for
//! each, ascending: the length of the tie + 1, the tie, the event time, its states.

use super::bytes::{put_unsigned, unsigned};
use super::slot::{Slot, States, zeros};
use super::state::State;
use crate::row::Rows;
use crate::value::{i64_from_order, i64_order, take};

/// One row.
#[derive(Clone, Debug)]
struct PlacedRow {
    event_time: i64,
    tie: Box<[u8]>,
    states: States,
}

impl PlacedRow {
    fn place(&self) -> (i64, &[u8]) {
        (self.event_time, &self.tie)
    }
}

/// The greatest rows, ascending.
#[derive(Clone, Debug)]
pub struct LastRows(Vec<PlacedRow>);

impl LastRows {
    /// The state of no rows.
    pub const fn zero() -> LastRows {
        LastRows(Vec::new())
    }

    /// Adds a row.
    pub fn update(&mut self, most: u32, inner: &[Slot], rows: &Rows, row: usize) {
        let place = (rows.event_time(row), rows.tie(row));
        let full = self.0.len() >= most as usize;
        if full && self.0.first().is_some_and(|least| place <= least.place()) {
            return;
        }
        let mut states = zeros(inner);
        for (slot, state) in inner.iter().zip(&mut states) {
            slot.update(state, rows, row);
        }
        let at = self.0.partition_point(|placed| placed.place() <= place);
        let placed = PlacedRow { event_time: place.0, tie: place.1.into(), states };
        self.0.insert(at, placed);
        if full {
            self.0.remove(0);
        }
    }

    /// Adds another state.
    pub fn merge(&mut self, most: u32, other: &LastRows) {
        if other.0.is_empty() {
            return;
        }
        self.0.extend_from_slice(&other.0);
        self.0.sort_by(|a, b| a.place().cmp(&b.place()));
        let surplus = self.0.len().saturating_sub(most as usize);
        self.0.drain(..surplus);
    }

    /// The states of each row, ascending.
    pub fn states(&self) -> impl DoubleEndedIterator<Item = &States> {
        self.0.iter().map(|row| &row.states)
    }

    /// The states of each row, ascending.
    pub fn states_mut(&mut self) -> impl Iterator<Item = &mut [State]> {
        self.0.iter_mut().map(|row| &mut row.states[..])
    }

    /// Appends the canonical encoding.
    pub fn encode(&self, inner: &[Slot], out: &mut Vec<u8>) {
        put_unsigned(self.0.len() as u128, out);
        for row in &self.0 {
            put_unsigned(row.tie.len() as u128, out);
            out.extend(&row.tie);
            out.extend(i64_order(row.event_time).to_be_bytes());
            inner.iter().zip(&row.states).for_each(|(slot, state)| slot.encode(state, out));
        }
    }

    /// Reads what [`LastRows::encode`] wrote.
    pub fn decode(most: u32, inner: &[Slot], bytes: &mut &[u8]) -> Option<LastRows> {
        let count = u32::try_from(unsigned(bytes)?).ok().filter(|count| *count <= most)?;
        let mut rows: Vec<PlacedRow> = Vec::new();
        for _ in 0..count {
            let length = usize::try_from(unsigned(bytes)?).ok()?;
            let (tie, rest) = bytes.split_at_checked(length)?;
            *bytes = rest;
            let event_time = i64_from_order(u64::from_be_bytes(take(bytes)?));
            let states = inner.iter().map(|slot| slot.decode(bytes)).collect::<Option<States>>()?;
            let row = PlacedRow { event_time, tie: tie.into(), states };
            if rows.last().is_some_and(|last| last.place() > row.place()) {
                return None;
            }
            rows.push(row);
        }
        Some(LastRows(rows))
    }
}
