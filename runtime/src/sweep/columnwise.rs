//! The most common features, a column at a time: counts, integer sums, means, extremes of numbers.
//!
//! The bounds of a window are found for all questions about an entity, and each feature is then one
//! loop over them. Invariant: the values are those of [`FoldPlan::quick`], by the same functions.
//! Deliberately absent: windows that leave rows out, which are asked question by question.

use super::column::AnswerColumn;
use super::extreme_queue::Queue;
use super::prefix::Prefix;
use super::{Entity, before};
use crate::aggregate::extreme::End;
use crate::aggregate::{Slot, SlotKind};
use crate::error::Result;
use crate::fold::{FoldPlan, Plain, Quick};
use crate::row::{Rows, TypedColumn};
use crate::time::Time;
use crate::value::DataType;
use std::ops::Range;
use std::rc::Rc;

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
    /// The place of its column.
    pub(super) at: usize,
    span: usize,
    way: Way,
}

impl Columnwise {
    /// The way of feature `feature`, whose column has place `at`; none if it has to be asked.
    pub(super) fn of(plan: &FoldPlan, feature: usize, at: usize) -> Option<Columnwise> {
        let (plain, span) = plan.features[feature].plain()?;
        let counted = |slot: usize| matches!(plan.slots[slot].kind, SlotKind::Count { .. });
        let integers = |slot: usize| matches!(plan.slots[slot].kind, SlotKind::IntSum { .. });
        let way = match *plain {
            Plain::Count(slot) => Way::Count(slot),
            Plain::Sum(it) if integers(it.sum) => Way::Sum { sum: it.sum, count: it.count },
            Plain::Mean(it) if integers(it.sum) => Way::Mean { sum: it.sum, count: it.count },
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
}

/// What the loops over the questions of one entity share.
pub(super) struct Columns<'a> {
    plan: &'a FoldPlan,
    rows: &'a Rows,
    features: &'a [Columnwise],
    prefixes: &'a [Option<Rc<Prefix>>],
    /// For each span that is needed, the rows of each question.
    bounds: Vec<Vec<Range<usize>>>,
    queue: Queue<u64>,
}

impl<'a> Columns<'a> {
    pub(super) fn new(
        plan: &'a FoldPlan,
        rows: &'a Rows,
        features: &'a [Columnwise],
        prefixes: &'a [Option<Rc<Prefix>>],
    ) -> Columns<'a> {
        let bounds = vec![Vec::new(); plan.spans.len()];
        Columns { plan, rows, features, prefixes, bounds, queue: Queue::new() }
    }

    /// Appends the answers to the questions about `entity`.
    pub(super) fn answer(
        &mut self,
        entity: &Entity,
        as_of: &[i64],
        columns: &mut [AnswerColumn],
    ) -> Result<()> {
        self.find_bounds(entity, &as_of[entity.questions.clone()]);
        for feature in self.features {
            let bounds = &self.bounds[feature.span];
            let column = &mut columns[feature.at];
            match feature.way {
                Way::Count(slot) => {
                    let count = self.prefix(slot);
                    column.extend(bounds.iter().map(|it| Quick::count(count.count(it))))?;
                }
                Way::Sum { sum, count } => {
                    let (sum, count) = (self.prefix(sum), self.prefix(count));
                    let sum = |it: &Range<usize>| Quick::sum(count.count(it), sum.sum(it));
                    column.extend(bounds.iter().map(sum))?;
                }
                Way::Mean { sum, count } => {
                    let (sum, count) = (self.prefix(sum), self.prefix(count));
                    let mean = |it: &Range<usize>| Quick::mean(count.count(it), sum.sum(it));
                    column.extend(bounds.iter().map(mean))?;
                }
                Way::Extreme(slot) => {
                    let slot = &self.plan.slots[slot];
                    extreme(slot, self.rows, entity, bounds, &mut self.queue, column)?;
                }
            }
        }
        Ok(())
    }

    fn prefix(&self, slot: usize) -> &'a Prefix {
        match &self.prefixes[slot] {
            Some(prefix) => prefix,
            None => unreachable!("counts and integer sums have totals"),
        }
    }

    fn find_bounds(&mut self, entity: &Entity, as_of: &[i64]) {
        let (view, times) = (&self.plan.view, &self.rows.event_times()[..entity.rows.end]);
        self.bounds.iter_mut().for_each(Vec::clear);
        for feature in self.features {
            let bounds = &mut self.bounds[feature.span];
            if !bounds.is_empty() {
                continue;
            }
            let span = self.plan.spans[feature.span];
            let (mut start, mut end) = (entity.rows.start, entity.rows.start);
            bounds.extend(as_of.iter().map(|micros| {
                let effective = view.effective(Time::saturating(*micros));
                let interval = span.interval(effective, view.origin_us);
                start = before(times, start, interval.start.micros());
                end = before(times, end.max(start), interval.end.micros());
                start..end
            }));
        }
    }
}

/// The extremes of a number column.
fn extreme(
    slot: &Slot,
    rows: &Rows,
    entity: &Entity,
    bounds: &[Range<usize>],
    queue: &mut Queue<u64>,
    column: &mut AnswerColumn,
) -> Result<()> {
    let SlotKind::Extreme { end, column: input } = slot.kind else {
        unreachable!("the feature was chosen for its slot")
    };
    let input = &rows.columns()[input];
    let filter = slot.filter.map(|filter| &rows.columns()[filter]);
    let skips = filter.is_some() || input.has_nulls();
    let passes = |row: usize| {
        !skips || (filter.is_none_or(|filter| filter.is_true(row)) && !input.is_null(row))
    };
    // The greatest of the complements is the least.
    let flip = if end == End::Min { u64::MAX } else { 0 };
    queue.clear();
    let mut added = entity.rows.start;
    column.extend(bounds.iter().map(|rows| {
        for row in added.max(rows.start)..rows.end {
            if passes(row) {
                queue.push(row, input.rank(row) ^ flip, u64::gt);
            }
        }
        added = added.max(rows.end);
        match (queue.first_from(rows.start), input) {
            (None, _) => Quick::Null,
            (Some(row), TypedColumn::Int64(a)) => Quick::Int64(a.value(row)),
            (Some(row), input) => Quick::float(input.float64(row)),
        }
    }))
}
