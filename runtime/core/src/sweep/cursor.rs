//! Where one bound of a window lies among an entity's rows, for many questions.
//!
//! Invariant: the place of a question is the first row at or after the bound, and places never go
//! back. Deliberately absent: which windows share a bound; the caller looks for an equal one.

use super::search::before;
use crate::time::Time;
use crate::window::{Bound, Walk};

/// Rows that are looked at one by one before the steps double: the next rows are the likeliest.
const NEAR: usize = 4;

/// One bound, and its places for some questions.
pub(super) struct Cursor {
    /// None for a lifetime's start.
    bound: Option<Bound>,
    walk: Option<Walk>,
    place: usize,
    places: Vec<usize>,
}

impl Cursor {
    /// The index of the cursor of `bound` in `cursors`, where it is added if it is new.
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

    /// Goes to the first row of an entity.
    pub(super) fn restart(&mut self, first: usize) {
        self.place = first;
    }

    /// The places of the questions followed last.
    pub(super) fn places(&self) -> &[usize] {
        &self.places
    }

    /// Finds the places of questions whose effective times ascend, after those followed before.
    /// `times` are those of the rows up to the entity's last.
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
