//! Columnwise computation: the most common features (counts, integer sums, means, extremes of
//! numbers) for many questions at once.
//!
//! The questions about an entity are taken a thousand at a time. First the bounds of each window
//! are found, once for all windows that share a bound; each feature is then one loop over the
//! bounds. The extremes of windows that end together come from one queue. Invariant: the values are
//! those of [`FoldPlan::quick`], computed by the same functions. Deliberately absent: questions
//! whose windows leave rows out, which are computed one by one.

use super::column::AnswerColumn;
use super::cursor::Cursor;
use super::entity::Entity;
use super::prefix::{Prefix, Sums, small, wide};
use super::shared_extremes::SharedExtremes;
use crate::aggregate::SlotKind;
use crate::aggregate::int_sum::IntSum;
use crate::error::Result;
use crate::fold::{FoldPlan, Plain, Quick, Sum, SumKind};
use crate::row::Rows;
use crate::time::Time;
use crate::value::DataType;
use std::ops::Range;
use std::rc::Rc;

/// Questions that are answered together, few enough that the indices of their bounds stay in the
/// fastest cache.
const QUESTIONS_MAX: usize = 1024;

/// How a feature is computed from the bounds of its span.
#[derive(Clone, Copy, Debug)]
enum Way {
    Count(usize),
    Sum { sum: usize, count: usize },
    Mean { sum: usize, count: usize },
    Extreme(usize),
}

/// A feature that is computed columnwise.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columnwise {
    /// The index of its output column.
    pub(super) at: usize,
    span: usize,
    way: Way,
}

impl Columnwise {
    /// How to compute feature `feature`, whose output column has index `at`; `None` if it cannot be
    /// computed columnwise.
    pub(super) fn of(plan: &FoldPlan, feature: usize, at: usize) -> Option<Columnwise> {
        let (plain, span) = plan.features[feature].plain()?;
        let counted = |slot: usize| matches!(plan.slots[slot].kind, SlotKind::Count { .. });
        let signed = |it: Sum| it.kind == SumKind::Signed;
        let way = match *plain {
            Plain::Count(slot) => Way::Count(slot),
            Plain::Sum(it) if signed(it) => Way::Sum { sum: it.sum, count: it.count },
            Plain::Mean(it) if signed(it) => Way::Mean { sum: it.sum, count: it.count },
            Plain::Extreme(slot) => Way::Extreme(slot),
            _ => return None,
        };
        let fits = match way {
            Way::Count(slot) => counted(slot),
            Way::Sum { count, .. } | Way::Mean { count, .. } => counted(count),
            Way::Extreme(slot) => match plan.slots[slot].kind {
                SlotKind::Extreme { column, .. } => matches!(
                    plan.view.columns[column].data_type,
                    DataType::Int64 | DataType::Float64
                ),
                _ => false,
            },
        };
        fits.then_some(Columnwise { at, span, way })
    }

    /// The span that it reads.
    pub(super) fn span(&self) -> usize {
        self.span
    }
}

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
    effective: Vec<Time>,
}

/// A feature of running totals, and where its windows are.
struct Totalled {
    at: usize,
    way: Way,
    start: usize,
    end: usize,
}

impl<'a> Columns<'a> {
    pub(super) fn new(
        plan: &'a FoldPlan,
        rows: &'a Rows,
        features: &[Columnwise],
        prefixes: &'a [Option<Rc<Prefix>>],
    ) -> Columns<'a> {
        let (mut starts, mut ends) = (Vec::new(), Vec::new());
        let (mut totals, mut extremes) = (Vec::new(), Vec::<SharedExtremes>::new());
        let origin_us = plan.view.origin_us;
        for feature in features {
            let span = plan.spans[feature.span];
            let start = Cursor::index(&mut starts, span.start(), origin_us);
            let end = Cursor::index(&mut ends, Some(span.end()), origin_us);
            let Way::Extreme(slot) = feature.way else {
                totals.push(Totalled { at: feature.at, way: feature.way, start, end });
                continue;
            };
            match extremes.iter_mut().find(|shared| shared.is_of(slot, end)) {
                Some(shared) => shared.add(feature.at, start),
                None => {
                    let mut shared = SharedExtremes::new(plan, rows, slot, end);
                    shared.add(feature.at, start);
                    extremes.push(shared);
                }
            }
        }
        Columns { plan, rows, prefixes, starts, ends, totals, extremes, effective: Vec::new() }
    }

    /// Appends the answers to the questions about `entity`.
    pub(super) fn answer(
        &mut self,
        entity: &Entity,
        as_of: &[i64],
        columns: &mut [AnswerColumn],
    ) -> Result<()> {
        let times = &self.rows.event_times()[..entity.rows.end];
        let cursors = self.starts.iter_mut().chain(&mut self.ends);
        cursors.for_each(|cursor| cursor.restart(entity.rows.start));
        self.extremes.iter_mut().for_each(|shared| shared.restart(entity.rows.start));
        for as_of in as_of[entity.questions.clone()].chunks(QUESTIONS_MAX) {
            let view = &self.plan.view;
            self.effective.clear();
            self.effective
                .extend(as_of.iter().map(|micros| view.effective(Time::saturating(*micros))));
            for cursor in self.starts.iter_mut().chain(&mut self.ends) {
                cursor.follow(times, &self.effective);
            }
            for feature in &self.totals {
                self.total(feature, &mut columns[feature.at])?;
            }
            for shared in &mut self.extremes {
                shared.answer(&self.starts, &self.ends, columns)?;
            }
        }
        Ok(())
    }

    fn total(&self, feature: &Totalled, column: &mut AnswerColumn) -> Result<()> {
        let (starts, ends) = (self.starts[feature.start].places(), self.ends[feature.end].places());
        let bounds = Bounds { starts, ends };
        match feature.way {
            Way::Count(slot) => match self.prefix(slot) {
                Prefix::Rows => bounds.counts(column, |it| it.len() as u64),
                count => bounds.counts(column, |it| count.count(it)),
            },
            Way::Sum { sum, count } | Way::Mean { sum, count } => {
                let mean = matches!(feature.way, Way::Mean { .. });
                match (self.prefix(count), self.prefix(sum).sums()) {
                    (Prefix::Rows, Sums::Small(sum)) => {
                        bounds.sums(column, mean, |it| it.len() as u64, |it| small(sum, it))
                    }
                    (count, Sums::Small(sum)) => {
                        bounds.sums(column, mean, |it| count.count(it), |it| small(sum, it))
                    }
                    (count, Sums::Wide(sum)) => {
                        bounds.sums(column, mean, |it| count.count(it), |it| wide(sum, it))
                    }
                }
            }
            Way::Extreme(_) => unreachable!("extremes come from a queue"),
        }
    }

    fn prefix(&self, slot: usize) -> &'a Prefix {
        match &self.prefixes[slot] {
            Some(prefix) => prefix,
            None => unreachable!("counts and integer sums have totals"),
        }
    }
}

/// The row ranges of one window, one for each question.
#[derive(Clone, Copy)]
struct Bounds<'a> {
    starts: &'a [usize],
    ends: &'a [usize],
}

impl Bounds<'_> {
    #[inline]
    fn range(self, question: usize) -> Range<usize> {
        self.starts[question]..self.ends[question]
    }

    #[inline]
    fn counts(self, column: &mut AnswerColumn, count: impl Fn(&Range<usize>) -> u64) -> Result<()> {
        let answer = |question| Quick::count(count(&self.range(question))).integer();
        column.integers()?.extend(self.ends.len(), answer);
        Ok(())
    }

    /// The sums, or the means.
    #[inline]
    fn sums(
        self,
        column: &mut AnswerColumn,
        mean: bool,
        count: impl Fn(&Range<usize>) -> u64,
        sum: impl Fn(&Range<usize>) -> IntSum,
    ) -> Result<()> {
        let both = |question| {
            let range = self.range(question);
            (count(&range), sum(&range))
        };
        if mean {
            let answer = |question| {
                let (count, sum) = both(question);
                Quick::mean(count, sum).double()
            };
            column.doubles()?.extend(self.ends.len(), answer);
        } else {
            let answer = |question| {
                let (count, sum) = both(question);
                Quick::sum(count, sum).integer()
            };
            column.integers()?.extend(self.ends.len(), answer);
        }
        Ok(())
    }
}
