//! Counts, integer sums and their means over many windows, as differences of running totals.
//!
//! Invariant: the values are those of [`FoldPlan::quick`](crate::fold::FoldPlan::quick), computed
//! by the same functions. Deliberately absent: the totals, which are in `prefix`.

use super::bounds::{Bounds, Ends};
use crate::aggregate::int_sum::IntSum;
use crate::error::Result;
use crate::fold::Quick;
use crate::sweep::column::AnswerColumn;
use crate::sweep::prefix::{Prefix, Sums, small, wide};
use std::ops::Range;
use std::rc::Rc;

/// What is read from totals. Numbers are indices of slots.
#[derive(Clone, Copy, Debug)]
pub(super) enum Total {
    Count(usize),
    Sum { sum: usize, count: usize },
    Mean { sum: usize, count: usize },
}

/// A feature that is read from totals.
pub(super) struct Totalled {
    /// The index of its output column.
    pub(super) at: usize,
    pub(super) total: Total,
    pub(super) ends: Ends,
}

impl Totalled {
    /// Appends the answers to the questions with these bounds.
    pub(super) fn answer(
        &self,
        prefixes: &[Option<Rc<Prefix>>],
        bounds: Bounds<'_>,
        column: &mut AnswerColumn,
    ) -> Result<()> {
        let prefix = |slot: usize| match &prefixes[slot] {
            Some(prefix) => &**prefix,
            None => unreachable!("counts and integer sums have totals"),
        };
        match self.total {
            Total::Count(slot) => match prefix(slot) {
                Prefix::Rows => counts(bounds, column, |it| it.len() as u64),
                count => counts(bounds, column, |it| count.count(it)),
            },
            Total::Sum { sum, count } | Total::Mean { sum, count } => {
                let mean = matches!(self.total, Total::Mean { .. });
                match (prefix(count), prefix(sum).sums()) {
                    (Prefix::Rows, Sums::Small(sum)) => {
                        sums(bounds, column, mean, |it| it.len() as u64, |it| small(sum, it))
                    }
                    (count, Sums::Small(sum)) => {
                        sums(bounds, column, mean, |it| count.count(it), |it| small(sum, it))
                    }
                    (count, Sums::Wide(sum)) => {
                        sums(bounds, column, mean, |it| count.count(it), |it| wide(sum, it))
                    }
                }
            }
        }
    }
}

#[inline]
fn counts(
    bounds: Bounds<'_>,
    column: &mut AnswerColumn,
    count: impl Fn(&Range<usize>) -> u64,
) -> Result<()> {
    let answer = |question| Quick::count(count(&bounds.range(question))).integer();
    column.integers()?.extend(bounds.len(), answer);
    Ok(())
}

/// The sums, or the means.
#[inline]
fn sums(
    bounds: Bounds<'_>,
    column: &mut AnswerColumn,
    mean: bool,
    count: impl Fn(&Range<usize>) -> u64,
    sum: impl Fn(&Range<usize>) -> IntSum,
) -> Result<()> {
    let both = |question| {
        let range = bounds.range(question);
        (count(&range), sum(&range))
    };
    if mean {
        let answer = |question| {
            let (count, sum) = both(question);
            Quick::mean(count, sum).double()
        };
        column.doubles()?.extend(bounds.len(), answer);
    } else {
        let answer = |question| {
            let (count, sum) = both(question);
            Quick::sum(count, sum).integer()
        };
        column.integers()?.extend(bounds.len(), answer);
    }
    Ok(())
}
