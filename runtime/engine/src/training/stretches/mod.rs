//! Stretches: a partition that is larger than its share of memory is cut by time into stretches,
//! which are swept one after the other; a smaller one is swept whole.
//!
//! ```text
//! rows       folded | loaded: what the windows of the stretch's questions reach |
//! questions         .        answered           |   stretch    |   still to come
//! ```
//!
//! Questions are taken in the order of their times, as many at once as fit in memory together with
//! the rows that their windows reach. Those rows are kept for the next stretch as far as its
//! windows reach them, so each row is loaded once. Earlier rows are folded into one state per key,
//! with which windows without a start begin. A stretch is at least a quarter as long as the windows
//! that it reads. So, whatever the share of memory, a row is sorted and swept approximately five
//! times at most, or four times per question where there are more questions than rows. The number
//! of rows in a time range is estimated from the spread of each part; parts without rows in the
//! range are not read.
//!
//! Invariant: each question is in one stretch, and each row that it reads is either loaded with it
//! or folded before it, never both. Deliberately absent: cutting where rows count by their arrival,
//! and where only a guest can merge the state of the earlier rows.

use super::partition::Partition;
use super::questions::{Next, Questions, Turn};
use crate::shuffle::blocks::Part;
use crate::shuffle::gather::{Ids, Pieces, id_of, keys_of, name, times_of, without_keys};
use crate::shuffle::layout::{Layout, TIME};
use crate::shuffle::spread::Spread;
use arrow::array::RecordBatch;
use lockstep_core::aggregate::{Slot, States};
use lockstep_core::error::Result;
use lockstep_core::sweep::{Entity, Sweep};
use lockstep_core::time::{Interval, Time};
use std::ops::Range;
use std::sync::Arc;

/// A stretch has at least this share of the rows that its first question reads.
const OF_WINDOW: f64 = 0.25;
/// A stretch has at least this share of the partition, which limits how often a partition is read.
const OF_ALL: f64 = 1.0 / 64.0;
/// Bytes that a row takes besides its columns, twice: its place in the order, and its key's id.
const ROW_BYTES: usize = 24;
/// Bytes that a question takes besides what the sweep needs for it.
const QUESTION_BYTES: usize = 32;

/// A partition that is about to be swept.
pub(super) enum Stretches<'a> {
    /// The whole partition at once.
    Whole(Whole<'a>),
    /// One stretch after another.
    Cut(Box<Cut<'a>>),
}

/// A partition that fits in memory.
pub(super) struct Whole<'a> {
    layout: &'a Layout,
    /// Questions and rows; `None` after they were taken.
    parts: Option<(Vec<Part<'a>>, Vec<Part<'a>>)>,
    ids: Ids,
}

/// A partition that does not fit in memory.
pub(super) struct Cut<'a> {
    layout: &'a Layout,
    sweep: &'a Sweep<'a>,
    /// The questions; parts with the least times come first.
    spine: Vec<(Part<'a>, Spread)>,
    rows: Vec<(Part<'a>, Spread)>,
    cost: Cost,
    share: f64,
    ids: Ids,
    /// The last question that was taken.
    after: Option<Turn>,
    /// Rows before this time were loaded or folded.
    upto: i64,
    /// The rows that were loaded for the last stretch.
    carried: Pieces,
    before: Before<'a>,
}

impl<'a> Stretches<'a> {
    /// For the questions in `spine` and a view's rows, when a worker may sweep `share` bytes at
    /// once; `whole` is the sweep of everything, and `cut` that of a stretch.
    pub(super) fn of(
        layout: &'a Layout,
        (whole, cut): (&Sweep<'_>, Option<&'a Sweep<'a>>),
        spine: Vec<Part<'a>>,
        rows: Vec<Part<'a>>,
        share: Option<usize>,
    ) -> Stretches<'a> {
        let ids = Ids::default();
        if spine.is_empty() {
            return Stretches::Whole(Whole { layout, parts: None, ids });
        }
        let cost = Cost::of(whole, &rows);
        let all = |parts: &[Part<'_>]| parts.iter().map(Part::rows).sum::<usize>() as f64;
        let fits = |share| cost.bytes(all(&rows), all(&spine)) <= share;
        match (cut, share.map(|share| share as f64)) {
            (Some(sweep), Some(share)) if !fits(share) => Stretches::Cut(Box::new(Cut {
                layout,
                sweep,
                spine: by_time(spine),
                rows: by_time(rows),
                cost,
                share,
                ids,
                after: None,
                upto: i64::MIN,
                carried: Pieces::default(),
                before: Before::new(sweep),
            })),
            _ => Stretches::Whole(Whole { layout, parts: Some((spine, rows)), ids }),
        }
    }

    /// Whether the partition is cut, so that the sweep must be a cut one.
    pub(super) fn is_cut(&self) -> bool {
        matches!(self, Stretches::Cut(_))
    }

    /// What to sweep next; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Partition>> {
        match self {
            Stretches::Whole(Whole { layout, parts, ids }) => {
                let parts = parts.take();
                parts.map(|(spine, rows)| Partition::whole(layout, &spine, &rows, ids)).transpose()
            }
            Stretches::Cut(cut) => cut.next(),
        }
    }

    /// The name of the key with an id, for messages.
    pub(super) fn name(&self, id: u32) -> String {
        match self {
            Stretches::Whole(whole) => name(&whole.ids, id),
            Stretches::Cut(cut) => name(&cut.ids, id),
        }
    }
}

fn by_time(parts: Vec<Part<'_>>) -> Vec<(Part<'_>, Spread)> {
    let spreads: Vec<Spread> = parts.iter().map(Part::spread).collect();
    let mut parts: Vec<_> = parts.into_iter().zip(spreads).collect();
    parts.sort_by_key(|(_, spread)| spread.least());
    parts
}

/// The approximate memory that a sweep takes.
struct Cost {
    row: f64,
    question: f64,
}

impl Cost {
    fn of(sweep: &Sweep<'_>, rows: &[Part<'_>]) -> Cost {
        let bytes: usize = rows.iter().map(Part::bytes).sum();
        let count: usize = rows.iter().map(Part::rows).sum();
        let columns = bytes as f64 / count.max(1) as f64;
        Cost {
            row: 2.0 * columns + (ROW_BYTES + sweep.row_bytes()) as f64,
            question: (QUESTION_BYTES + sweep.question_bytes()) as f64,
        }
    }

    fn bytes(&self, rows: f64, questions: f64) -> f64 {
        rows * self.row + questions * self.question
    }
}

/// The approximate number of rows of `parts` in `range`.
fn within(parts: &[(Part<'_>, Spread)], range: Range<i64>) -> f64 {
    let share = |spread: &Spread| spread.before(range.end) - spread.before(range.start);
    parts.iter().map(|(part, spread)| part.rows() as f64 * share(spread).max(0.0)).sum()
}

impl Cut<'_> {
    fn next(&mut self) -> Result<Option<Partition>> {
        let Some(questions) = self.questions()? else { return Ok(None) };
        let Some((first, last)) = questions.ends() else { return Ok(None) };
        let reach = self.sweep.reach(Time::saturating(first.0), Time::saturating(last.0));
        let mut places = self.load(reach)?.sorted(self.ids.len());
        let rows = places.in_order(self.layout)?;
        let (before, range) = (&self.before, |id| places.range(id));
        let entity = |id: usize, questions| {
            let (rows, before) = (range(id), before.of(id));
            Entity { late: rows.end..rows.end, rows, questions, before }
        };
        let questions = questions.sorted(self.ids.len());
        let partition = Partition::new(self.layout, &rows, questions, entity)?;
        self.carried = Pieces::carried(rows, &places);
        self.after = Some(last);
        Ok(Some(partition))
    }

    /// Loads the rows within `reach`, and folds the earlier ones.
    fn load(&mut self, reach: Interval) -> Result<Pieces> {
        let Cut { layout, rows, ids, before, upto, .. } = self;
        let (start, end) = (reach.start.micros(), reach.end.micros());
        let mut pieces = std::mem::take(&mut self.carried);
        pieces.pass(start, &mut |batch, passed| before.fold(layout, batch, passed))?;
        let passed = *upto..start.min(end);
        let loaded = start.max(*upto)..end;
        for (part, spread) in rows {
            let folds = before.is_read() && spread.meets(&passed);
            if !folds && !spread.meets(&loaded) {
                continue;
            }
            let batch = part.load()?;
            if folds {
                let (keys, times) = (keys_of(&batch), times_of(&batch, TIME));
                let own = times.iter().enumerate().filter(|(_, time)| passed.contains(time));
                let own = own.map(|(row, _)| (row, id_of(ids, keys.value(row))));
                let own: Vec<(usize, u32)> = own.collect();
                before.fold(layout, &without_keys(&batch)?, &own)?;
            }
            let id = |time, key: &[u8]| loaded.contains(&time).then(|| id_of(ids, key));
            pieces.add(part, &batch, id)?;
        }
        *upto = end.max(*upto);
        Ok(pieces)
    }

    /// The questions of the next stretch.
    fn questions(&mut self) -> Result<Option<Questions>> {
        let after = self.after.map_or(i64::MIN, |(time, _)| time);
        let left = self.spine.iter().filter(|(_, spread)| spread.greatest() >= after);
        let Some(mut first) = left.map(|(_, spread)| spread.least().max(after)).min() else {
            return Ok(None);
        };
        loop {
            let (until, max) = self.limits(first);
            match Questions::next(&self.spine, self.after, until, max, &mut self.ids)? {
                Next::Asked(questions) => return Ok(Some(questions)),
                Next::Later(time) => first = time,
                Next::Nothing => return Ok(None),
            }
        }
    }

    /// For a stretch whose first question has the time `first`: the greatest time of its last
    /// question, and its greatest number of questions.
    fn limits(&self, first: i64) -> (i64, usize) {
        let window = self.sweep.reach(Time::saturating(first), Time::saturating(first));
        let held = within(&self.rows, window.start.micros()..window.end.micros());
        let all = |parts: &[(Part<'_>, Spread)]| parts.iter().map(|it| it.0.rows()).sum::<usize>();
        let least = held * OF_WINDOW + (all(&self.rows) + all(&self.spine)) as f64 * OF_ALL;
        let new = |until: i64| {
            let end = self.sweep.reach(Time::saturating(first), Time::saturating(until)).end;
            within(&self.rows, window.end.micros()..end.micros().max(window.end.micros()))
        };
        let fits = |until: i64| {
            let (new, asked) = (new(until), within(&self.spine, first..until.saturating_add(1)));
            self.cost.bytes(held + new, asked) <= self.share || new + asked <= least
        };
        // The greatest time that fits; the first question has to fit.
        let latest = self.spine.iter().map(|(_, spread)| spread.greatest()).max();
        let (mut until, mut beyond) = (first, latest.unwrap_or(first).max(first));
        if fits(beyond) {
            until = beyond;
        }
        while i128::from(beyond) - i128::from(until) > 1 {
            let middle = ((i128::from(until) + i128::from(beyond)) / 2) as i64;
            match fits(middle) {
                true => until = middle,
                false => beyond = middle,
            }
        }
        let room = (self.share - self.cost.bytes(held + new(until), 0.0)) / self.cost.question;
        (until, room.max(least).max(1.0) as usize)
    }
}

/// The states of the rows before a stretch, for windows without a start.
struct Before<'a> {
    /// The slots that have states.
    slots: Vec<&'a Slot>,
    /// The states by the id of the key; `None` for a key without rows.
    states: Vec<Option<Arc<States>>>,
}

impl<'a> Before<'a> {
    fn new(sweep: &Sweep<'a>) -> Before<'a> {
        Before { slots: sweep.before_slots().collect(), states: vec![] }
    }

    /// Whether some window begins with these states.
    fn is_read(&self) -> bool {
        !self.slots.is_empty()
    }

    fn of(&self, id: usize) -> Option<Arc<States>> {
        self.states.get(id).cloned().flatten()
    }

    /// Folds rows of a batch without keys, given their row numbers and the ids of their keys.
    fn fold(&mut self, layout: &Layout, batch: &RecordBatch, own: &[(usize, u32)]) -> Result<()> {
        if !self.is_read() {
            return Ok(());
        }
        let (rows, _) = layout.rows(batch)?;
        for (row, id) in own {
            if self.states.len() <= *id as usize {
                self.states.resize(*id as usize + 1, None);
            }
            let zeros = || Arc::new(self.slots.iter().map(|slot| slot.zero()).collect());
            let states = self.states[*id as usize].get_or_insert_with(zeros);
            // Nobody else holds the states: the previous stretch is finished.
            for (slot, state) in self.slots.iter().zip(Arc::make_mut(states).iter_mut()) {
                slot.update(state, &rows, *row);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;
