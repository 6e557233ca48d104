//! Bulk tiles: all tiles of a key at once, for a store that has none of the key yet.
//!
//! The rows of a key come together and in order of event time, so each tile of a level is complete
//! before the next one begins: nothing is read back, and nothing is encoded twice. Invariant: the
//! tiles are those that [`Deltas`](super::tiles::Deltas) would have produced under the same
//! retention, in the order of their store keys. Deliberately absent: commits.

use super::layout::TilePrefix;
use super::tiles::encode;
use crate::generations::SetNumber;
use crate::state_store::Entry;
use lockstep_core::error::Result;
use lockstep_core::fold::{UserCalls, ViewState};
use lockstep_core::key::EntityKey;
use lockstep_core::row::Rows;
use lockstep_core::tile::{Level, Retention};
use lockstep_core::time::Time;
use lockstep_core::view_plan::ViewPlan;
use std::ops::Range;

/// States that a guest settles (merges) in one call.
const SETTLE_STATES: usize = 1024;
/// Rows of one tile after which a guest settles it, so that few states wait.
const SETTLE_ROWS: usize = 4095;

/// Tiles of one view that are being built for a store.
pub struct Bulk<'a> {
    set: SetNumber,
    view: &'a ViewPlan,
    retention: &'a Retention,
    guest: &'a mut dyn UserCalls,
    open: Vec<(Vec<u8>, Option<Level>, ViewState)>,
    done: Vec<Entry>,
}

impl<'a> Bulk<'a> {
    /// Starts without tiles, for `view` in a state set; the store will keep what `retention` says.
    pub fn new(
        set: SetNumber,
        view: &'a ViewPlan,
        retention: &'a Retention,
        guest: &'a mut dyn UserCalls,
    ) -> Bulk<'a> {
        Bulk { set, view, retention, guest, open: vec![], done: vec![] }
    }

    /// Adds the tiles of `key`, whose rows are those in `range`, in order of event time.
    pub fn key(&mut self, key: &EntityKey, rows: &Rows, range: Range<usize>) -> Result<()> {
        let prefix = TilePrefix::new(self.set, key);
        let time = |row: usize| Time::saturating(rows.event_time(row));
        // The first row of the range whose time is at or after a given one.
        let first = |from: &dyn Fn(Time) -> bool| {
            let times = &rows.event_times()[range.clone()];
            range.start + times.partition_point(|micros| !from(Time::saturating(*micros)))
        };
        let (view, retention) = (self.view, self.retention);
        for (&level, &from) in view.ladder.levels().iter().zip(&retention.from) {
            let floor = |time: Time| time.floor(level.size_us());
            let mut row = first(&|time| floor(time) >= from);
            while row < range.end {
                let start = floor(time(row));
                let end = (row..range.end).find(|row| floor(time(*row)) > start);
                let end = end.unwrap_or(range.end);
                self.tile(prefix.tile(level, start), Some(level), rows, row..end)?;
                row = end;
            }
        }
        if view.ladder.has_base() {
            let end = first(&|time| time >= retention.base_until);
            if end > range.start {
                self.tile(prefix.base(), None, rows, range.start..end)?;
            }
        }
        Ok(())
    }

    /// The tiles, in the order in which their keys came.
    pub fn finish(mut self) -> Result<Vec<Entry>> {
        self.settle()?;
        Ok(self.done)
    }

    fn tile(
        &mut self,
        name: Vec<u8>,
        level: Option<Level>,
        rows: &Rows,
        range: Range<usize>,
    ) -> Result<()> {
        let plan = &self.view.fold;
        let slots = self.view.slots_at(level);
        let mut state = plan.zero();
        let first = range.start;
        for row in range {
            plan.update(&mut state, rows, row, slots);
            if (row - first + 1).is_multiple_of(SETTLE_ROWS) {
                plan.settle([&mut state], self.guest)?;
            }
        }
        self.open.push((name, level, state));
        if self.open.len() < SETTLE_STATES { Ok(()) } else { self.settle() }
    }

    /// Has the guest settle the open states, and encodes them.
    fn settle(&mut self) -> Result<()> {
        self.view.fold.settle(self.open.iter_mut().map(|(_, _, state)| state), self.guest)?;
        for (name, level, state) in self.open.drain(..) {
            let payload = encode(self.view, level, &state);
            self.done.push(Entry::new(name, payload));
        }
        Ok(())
    }
}
