//! A cursor: where one bound of a window lies among an entity's rows, for many questions.
//!
//! Invariant: for each question the cursor gives the first row at or after the bound, and it never
//! moves back. Deliberately absent: which windows share a bound; the caller looks for an equal one.

use super::search::before;
use crate::time::Time;
use crate::window::{Bound, Walk};

/// Rows that are examined one by one before the step size doubles, because the bound is usually
/// near.
const NEAR: usize = 4;

/// One bound, and for each question the first row at or after it.
pub(super) struct Cursor {
    /// `None` for the start of a lifetime window.
    bound: Option<Bound>,
    walk: Option<Walk>,
    place: usize,
    places: Vec<usize>,
}

impl Cursor {
    /// The index of the cursor of `bound` in `cursors`; it is added if there is none yet.
    pub(super) fn index(cursors: &mut Vec<Cursor>, bound: Option<Bound>, origin_us: i64) -> usize {
        match cursors.iter().position(|cursor| cursor.bound == bound) {
            Some(index) => index,
            None => {
                let walk = bound.map(|bound| Walk::new(bound, origin_us));
                cursors.push(Cursor { bound, walk, place: 0, places: Vec::new() });
                cursors.len() - 1
            }
        }
    }

    /// Moves to the first row of an entity.
    pub(super) fn restart(&mut self, first: usize) {
        self.place = first;
    }

    /// For each question passed to the last [`Cursor::follow`], the first row at or after the
    /// bound.
    pub(super) fn places(&self) -> &[usize] {
        &self.places
    }

    /// Moves on to questions whose effective times ascend and are not before earlier ones. `times`
    /// are those of the rows up to the entity's last.
    pub(super) fn follow(&mut self, times: &[i64], effective: &[Time]) {
        self.places.clear();
        let Some(walk) = &mut self.walk else {
            self.places.resize(effective.len(), self.place);
            return;
        };
        let mut place = self.place;
        self.places.extend(effective.iter().map(|time| {
            let bound = walk.at(*time).micros();
            let near = times.len().min(place + NEAR);
            while place < near && times[place] < bound {
                place += 1;
            }
            if place == near && place < times.len() {
                place = before(times, place, bound);
            }
            place
        }));
        self.place = place;
    }
}
