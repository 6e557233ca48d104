//! Columnwise computation: the features whose values over many windows of one entity can be computed
//! together, each kind by a way of its own.
//!
//! The questions about an entity are taken a thousand at a time. First the bounds of each window
//! are found, once for all windows that share a bound; each feature is then one loop over the
//! bounds.
//!
//! ```text
//! counts, integer sums, means       differences of running totals             totals
//! extremes of numbers               one queue for all windows of one end      shared_extremes
//! distinct values, percentiles, ... counts of codes, which rows enter         tallied
//!                                   and leave
//! first and last values             the rows that count, in row order         placed
//! maps by a column                  a state for each code                     maps
//! user-defined aggregates           a tree of the guest's states              lifted
//! ```
//!
//! Invariant: the values are those of the states' finalizers, computed by the same functions.
//! Deliberately absent: questions whose windows leave rows out, and all other features, which are
//! computed question by question.

mod bounds;
mod coding;
mod dictionary;
mod lifted;
mod maps;
mod placed;
mod registers;
mod shared_extremes;
mod tallied;
mod tally;
mod terms;
mod totals;
mod way;

use self::bounds::{Bounds, Ends};
use self::coding::Codings;
use self::lifted::Lifted;
use self::maps::Maps;
use self::placed::Placed;
use self::shared_extremes::SharedExtremes;
use self::tallied::Tallied;
use self::totals::{Total, Totalled};
use self::way::Way;
use super::column::AnswerColumn;
use super::cursor::Cursor;
use super::entity::Entity;
use super::prefix::Prefix;
use crate::error::Result;
use crate::fold::{FoldPlan, UserCalls};
use crate::row::Rows;
use crate::time::Time;
use std::ops::Range;
use std::rc::Rc;

pub(super) use self::way::Columnwise;

/// Questions that are answered together, few enough that the indices of their bounds stay in the
/// fastest cache.
const QUESTIONS_MAX: usize = 1024;

/// What the loops over the questions of one entity share.
pub(super) struct Columns<'a> {
    plan: &'a FoldPlan,
    rows: &'a Rows,
    prefixes: &'a [Option<Rc<Prefix>>],
    /// The distinct bounds of the windows.
    starts: Vec<Cursor>,
    ends: Vec<Cursor>,
    totals: Vec<Totalled>,
    extremes: Vec<SharedExtremes<'a>>,
    codings: Codings,
    tallied: Vec<Tallied>,
    placed: Vec<Placed>,
    maps: Vec<Maps>,
    lifted: Vec<Lifted>,
    effective: Vec<Time>,
}

impl<'a> Columns<'a> {
    pub(super) fn new(
        plan: &'a FoldPlan,
        rows: &'a Rows,
        features: &[Columnwise],
        prefixes: &'a [Option<Rc<Prefix>>],
    ) -> Columns<'a> {
        let mut columns = Columns {
            plan,
            rows,
            prefixes,
            starts: vec![],
            ends: vec![],
            totals: vec![],
            extremes: vec![],
            codings: Codings::default(),
            tallied: vec![],
            placed: vec![],
            maps: vec![],
            lifted: vec![],
            effective: vec![],
        };
        features.iter().for_each(|feature| columns.add(feature));
        columns
    }

    fn add(&mut self, feature: &Columnwise) {
        let (plan, at) = (self.plan, feature.at);
        let (span, origin_us) = (plan.spans[feature.span], plan.view.origin_us);
        let ends = Ends {
            start: Cursor::index(&mut self.starts, span.start(), origin_us),
            end: Cursor::index(&mut self.ends, Some(span.end()), origin_us),
        };
        let total = match feature.way.clone() {
            Way::Count(slot) => Total::Count(slot),
            Way::Sum { sum, count } => Total::Sum { sum, count },
            Way::Mean { sum, count } => Total::Mean { sum, count },
            Way::Extreme(slot) => {
                let same = |shared: &SharedExtremes<'_>| shared.is_of(slot, ends.end);
                let place = self.extremes.iter().position(same).unwrap_or_else(|| {
                    self.extremes.push(SharedExtremes::new(plan, self.rows, slot, ends.end));
                    self.extremes.len() - 1
                });
                return self.extremes[place].add(at, ends.start);
            }
            Way::Tally { coding, made } => {
                let feature = (at, made);
                return Tallied::add(&mut self.tallied, &mut self.codings, coding, ends, feature);
            }
            Way::Placed { sequence, taken } => {
                let feature = (at, taken);
                return Placed::add(&mut self.placed, &mut self.codings, sequence, ends, feature);
            }
            Way::Map { slot, inner } => {
                let window = (slot, feature.span, ends);
                return Maps::add(&mut self.maps, &mut self.codings, plan, window, (at, inner));
            }
            Way::User { slot, lift } => {
                let feature = (at, feature.name.as_str());
                return Lifted::add(&mut self.lifted, (slot, lift), ends, feature);
            }
        };
        self.totals.push(Totalled { at, total, ends });
    }

    /// Appends the answers to the questions about `entity`.
    pub(super) fn answer(
        &mut self,
        entity: &Entity,
        as_of: &[i64],
        guest: &mut dyn UserCalls,
        columns: &mut [AnswerColumn],
    ) -> Result<()> {
        let asked = &as_of[entity.questions.clone()];
        let (plan, rows) = (self.plan, self.rows);
        let times = &rows.event_times()[..entity.rows.end];
        self.restart(entity, asked);
        for as_of in asked.chunks(QUESTIONS_MAX) {
            let view = &plan.view;
            self.effective.clear();
            self.effective
                .extend(as_of.iter().map(|micros| view.effective(Time::saturating(*micros))));
            for cursor in self.starts.iter_mut().chain(&mut self.ends) {
                cursor.follow(times, &self.effective);
            }
            let (starts, ends) = (&self.starts[..], &self.ends[..]);
            let of = |of: Ends| Bounds::of(of, starts, ends);
            for feature in &self.totals {
                feature.answer(self.prefixes, of(feature.ends), &mut columns[feature.at])?;
            }
            for shared in &mut self.extremes {
                shared.answer(starts, ends, columns)?;
            }
            for tallied in &mut self.tallied {
                tallied.answer(rows, &self.codings, of(tallied.ends()), columns)?;
            }
            for placed in &mut self.placed {
                placed.answer(rows, &self.codings, of, columns)?;
            }
            for maps in &mut self.maps {
                let bounds = (of(maps.ends()), &self.effective[..]);
                maps.answer(plan, rows, &self.codings, bounds, columns)?;
            }
            self.lifted.iter_mut().for_each(|lifted| lifted.ask(of));
        }
        self.lifted.iter_mut().try_for_each(|lifted| lifted.answer(plan, rows, guest, columns))
    }

    /// Begins with the rows of an entity.
    fn restart(&mut self, entity: &Entity, asked: &[i64]) {
        let first = entity.rows.start;
        let cursors = self.starts.iter_mut().chain(&mut self.ends);
        cursors.for_each(|cursor| cursor.restart(first));
        self.extremes.iter_mut().for_each(|shared| shared.restart(first));
        if self.tallied.is_empty() && self.placed.is_empty() && self.maps.is_empty() {
            return;
        }
        let held = self.held(entity, asked);
        self.codings.restart(self.rows, held.clone());
        self.tallied.iter_mut().for_each(|it| it.restart(&self.codings, held.start));
        self.placed.iter_mut().for_each(|it| it.restart(self.rows, &self.codings, held.clone()));
        self.maps.iter_mut().for_each(|it| it.restart(&self.codings, held.start));
    }

    /// Rows of the entity, among which are all that the windows of its questions hold.
    fn held(&mut self, entity: &Entity, asked: &[i64]) -> Range<usize> {
        let (Some(first), Some(last)) = (asked.first(), asked.last()) else {
            return entity.rows.start..entity.rows.start;
        };
        let times = &self.rows.event_times()[..entity.rows.end];
        let effective = |micros: &i64| self.plan.view.effective(Time::saturating(*micros));
        let places = |cursors: &mut [Cursor], time: Time| -> Vec<usize> {
            let place = |cursor: &mut Cursor| {
                cursor.follow(times, &[time]);
                let place = cursor.places()[0];
                cursor.restart(entity.rows.start);
                place
            };
            cursors.iter_mut().map(place).collect()
        };
        let start = places(&mut self.starts, effective(first)).into_iter().min();
        let start = start.unwrap_or(entity.rows.start);
        let end = places(&mut self.ends, effective(last)).into_iter().max();
        // A window that begins after all others end is empty.
        let far = places(&mut self.starts, effective(last)).into_iter().max();
        start..end.max(far).unwrap_or(start).max(start)
    }
}
