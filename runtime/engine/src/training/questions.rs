//! The questions about the keys of one partition: spine rows, sorted by key and time.
//!
//! Invariant: questions are ordered by time, and those of the same time by spine row. This order
//! has no ties, so that any number of questions can be taken from the front. Deliberately absent:
//! rows of the view.

use crate::shuffle::blocks::Part;
use crate::shuffle::gather::{Ids, id_of, keys_of};
use crate::shuffle::layout::{SPINE_ROW, TIME};
use crate::shuffle::spread::Spread;
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, UInt32Type};
use lockstep_core::error::Result;
use std::ops::Range;

/// A question's position in the order: its time and its spine row.
pub(super) type Turn = (i64, u32);

/// Some questions about a partition's keys, each with the id of its key.
#[derive(Debug, Default)]
pub(super) struct Questions {
    asked: Vec<(Turn, u32)>,
}

/// The next questions of a partition.
#[derive(Debug)]
pub(super) enum Next {
    /// There are these.
    Asked(Questions),
    /// There are none up to the requested time; the next one has this time.
    Later(i64),
    /// There are none left.
    Nothing,
}

/// Questions by key and time.
#[derive(Debug)]
pub(super) struct Sorted {
    pub(super) as_of: Vec<i64>,
    pub(super) spine_rows: Vec<u32>,
    /// The end of each key's questions.
    ends: Vec<u32>,
}

impl Sorted {
    /// The range of each key's questions, by id.
    pub(super) fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        let starts = [0].iter().chain(&self.ends);
        starts.zip(&self.ends).map(|(start, end)| *start as usize..*end as usize)
    }
}

impl Questions {
    /// Reads all questions of `parts`.
    pub(super) fn all(parts: &[Part<'_>], ids: &mut Ids) -> Result<Questions> {
        let mut questions = Questions::default();
        for part in parts {
            questions.add(&part.load()?, ids, |_| true);
        }
        Ok(questions)
    }

    /// The questions after `after` and up to the time `until`, at most `max` of them. `parts` are
    /// sorted by their least time.
    pub(super) fn next(
        parts: &[(Part<'_>, Spread)],
        after: Option<Turn>,
        until: i64,
        max: usize,
        ids: &mut Ids,
    ) -> Result<Next> {
        let mut questions = Questions::default();
        // The last question that may still be taken, and the time of the first that may not.
        let (mut last, mut later) = ((until, u32::MAX), None);
        for (part, spread) in parts {
            if after.is_some_and(|(time, _)| spread.greatest() < time) {
                continue;
            }
            let enough = !questions.asked.is_empty() && spread.least() > last.0;
            if enough || later.is_some_and(|later| spread.least() > later) {
                break;
            }
            questions.add(&part.load()?, ids, |turn| {
                let left = after.is_none_or(|after| turn > after);
                if left && turn > last {
                    later = Some(later.map_or(turn.0, |later: i64| later.min(turn.0)));
                }
                left && turn <= last
            });
            if questions.asked.len() > max.saturating_mul(2) {
                last = questions.keep(max);
            }
        }
        if questions.asked.len() > max {
            questions.keep(max);
        }
        Ok(match (questions.asked.is_empty(), later) {
            (false, _) => Next::Asked(questions),
            (true, Some(later)) => Next::Later(later),
            (true, None) => Next::Nothing,
        })
    }

    /// Adds the questions of a batch that `wanted` accepts.
    fn add(&mut self, batch: &RecordBatch, ids: &mut Ids, mut wanted: impl FnMut(Turn) -> bool) {
        let keys = keys_of(batch);
        let times = batch.column(TIME).as_primitive::<Int64Type>().values();
        let rows = batch.column(SPINE_ROW).as_primitive::<UInt32Type>().values();
        for (at, turn) in times.iter().copied().zip(rows.iter().copied()).enumerate() {
            if wanted(turn) {
                self.asked.push((turn, id_of(ids, keys.value(at))));
            }
        }
    }

    /// Keeps the first `max` questions; returns the last of them.
    fn keep(&mut self, max: usize) -> Turn {
        let max = max.clamp(1, self.asked.len());
        let (_, last, _) = self.asked.select_nth_unstable(max - 1);
        let last = last.0;
        self.asked.truncate(max);
        last
    }

    /// The first and the last question; `None` if there are none.
    pub(super) fn ends(&self) -> Option<(Turn, Turn)> {
        let turns = || self.asked.iter().map(|(turn, _)| *turn);
        turns().min().zip(turns().max())
    }

    /// Sorts the questions by key, of which there are `ids`.
    pub(super) fn sorted(self, ids: usize) -> Sorted {
        let mut ends = vec![0u32; ids];
        self.asked.iter().for_each(|(_, id)| ends[*id as usize] += 1);
        let mut next = 0;
        for end in &mut ends {
            next += std::mem::replace(end, next);
        }
        let mut turns: Vec<Turn> = vec![(0, 0); self.asked.len()];
        for (turn, id) in self.asked {
            let place = &mut ends[id as usize];
            turns[*place as usize] = turn;
            *place += 1;
        }
        let mut start = 0;
        for end in &ends {
            let own = &mut turns[start..*end as usize];
            if !own.is_sorted() {
                own.sort_unstable();
            }
            start = *end as usize;
        }
        let (as_of, spine_rows) = turns.into_iter().unzip();
        Sorted { as_of, spine_rows, ends }
    }
}
