//! The features that are read from how often each code occurs in a window.
//!
//! Invariant: a value is that of the states' own formulas (`fold`), which the functions here call;
//! beyond its limit it is null by overflow (S18). Deliberately absent: counting, which is a
//! [`Tally`].

use super::bounds::{Bounds, Ends};
use super::coding::{Coded, Coding, Codings, Domain};
use super::tally::Tally;
use super::terms::Terms;
use super::way::Made;
use crate::aggregate::extreme::End;
use crate::aggregate::histogram::{entropy, share};
use crate::aggregate::percentile::{BINS_MAX, Percentile, rank};
use crate::aggregate::quantile::{self, Ranked};
use crate::error::Result;
use crate::fold::{OfCounts, Quick};
use crate::row::{Rows, TypedColumn};
use crate::sweep::column::AnswerColumn;
use crate::value::Value;

/// The features of one window that read the same codes.
pub(super) struct Tallied {
    coding: usize,
    column: usize,
    ends: Ends,
    tally: Tally,
    readers: Vec<(usize, Made)>,
    terms: Terms,
}

impl Tallied {
    /// Adds a feature to those of its window, which may be there already.
    pub(super) fn add(
        all: &mut Vec<Tallied>,
        codings: &mut Codings,
        coding: Coding,
        ends: Ends,
        (at, made): (usize, Made),
    ) {
        let index = codings.index(coding);
        let same = |tallied: &Tallied| (tallied.coding, tallied.ends) == (index, ends);
        let place = all.iter().position(same).unwrap_or_else(|| {
            all.push(Tallied {
                coding: index,
                column: coding.column,
                ends,
                tally: Tally::default(),
                readers: vec![],
                terms: Terms::default(),
            });
            all.len() - 1
        });
        let tallied = &mut all[place];
        if let Made::Entropy { .. } = made {
            tallied.tally.sort_counts();
        }
        if let Domain::Registers { precision } = coding.domain {
            tallied.tally.read_registers(precision);
        }
        tallied.readers.push((at, made));
    }

    /// The cursors of the window's bounds.
    pub(super) fn ends(&self) -> Ends {
        self.ends
    }

    pub(super) fn restart(&mut self, codings: &Codings, first: usize) {
        self.tally.restart(codings.get(self.coding), first);
    }

    /// Appends the answers to the questions with these bounds.
    pub(super) fn answer(
        &mut self,
        rows: &Rows,
        codings: &Codings,
        bounds: Bounds<'_>,
        columns: &mut [AnswerColumn],
    ) -> Result<()> {
        let coded = codings.get(self.coding);
        let column = &rows.columns()[self.column];
        for range in bounds.ranges() {
            self.tally.follow(coded, &range);
            for (at, made) in &self.readers {
                let window = Window { tally: &mut self.tally, coded, column };
                window.read(made, &mut self.terms, &mut columns[*at])?;
            }
        }
        Ok(())
    }
}

/// The rows of a window, as counts of codes.
struct Window<'a> {
    tally: &'a mut Tally,
    coded: &'a Coded,
    column: &'a TypedColumn,
}

impl Ranked for Window<'_> {
    fn count(&self) -> u64 {
        self.tally.total().into()
    }

    fn at(&self, rank: u64) -> Value {
        self.value(self.tally.at(rank as u32))
    }
}

impl Window<'_> {
    fn row(&self, code: usize) -> usize {
        self.coded.rows[code] as usize
    }

    fn value(&self, code: usize) -> Value {
        self.column.value(self.row(code))
    }

    fn read(self, made: &Made, terms: &mut Terms, answers: &mut AnswerColumn) -> Result<()> {
        let (used, total) = (self.tally.used(), self.tally.total());
        match made {
            Made::Unique { limit }
            | Made::Histogram { limit }
            | Made::Mode { limit }
            | Made::Entropy { limit }
            | Made::OfCounts { limit, .. }
                if used > *limit =>
            {
                answers.push_null()
            }
            Made::Unique { .. } => answers.add(Quick::Int64(used.into())),
            Made::Histogram { .. } => {
                let maps = answers.maps()?;
                for (code, count) in self.tally.used_codes() {
                    maps.keys.push_row(self.column, self.row(code))?;
                    maps.values.add(Quick::Int64(count.into()))?;
                }
                maps.close(true)
            }
            Made::Mode { .. } => match self.tally.most_frequent() {
                Some((code, _)) => answers.push_row(self.column, self.row(code)),
                None => answers.push_null(),
            },
            Made::Entropy { .. } => {
                let counts = self.tally.sorted().iter().map(|count| u64::from(*count));
                answers.push(entropy(counts, total.into(), |count| terms.of(count)))
            }
            Made::OfCounts { made, .. } => self.of_counts(*made, answers),
            Made::Registers => answers.add(Quick::Int64(self.tally.estimate())),
            Made::Percentile { millionths } => match self.percentile(*millionths) {
                Some(value) => answers.add(Quick::Float64(value)),
                None => answers.push_null(),
            },
            Made::Top { end, k } => {
                let lists = answers.lists()?;
                let most = *k as usize;
                let mut left = most;
                let mut take = |(code, count): (usize, u32)| {
                    let copies = left.min(count as usize);
                    left -= copies;
                    (0..copies).try_for_each(|_| lists.items.push_row(self.column, self.row(code)))
                };
                match end {
                    End::Min => self.tally.used_codes().take(most).try_for_each(&mut take)?,
                    End::Max => {
                        let codes = self.tally.used_codes_descending();
                        codes.take(most).try_for_each(&mut take)?;
                    }
                }
                lists.close(true)
            }
        }
    }

    fn of_counts(self, made: OfCounts, answers: &mut AnswerColumn) -> Result<()> {
        let total = u64::from(self.tally.total());
        match made {
            OfCounts::MostFrequent { n } => {
                let mut codes: Vec<(usize, u32)> = self.tally.used_codes().collect();
                codes.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
                let lists = answers.lists()?;
                for (code, _) in codes.into_iter().take(n as usize) {
                    lists.items.push_row(self.column, self.row(code))?;
                }
                lists.close(true)
            }
            OfCounts::ModeShare => {
                let most = self.tally.most_frequent().map_or(0, |(_, count)| count);
                answers.push(share(most.into(), total))
            }
            OfCounts::Discrete { millionths } => match quantile::discrete_rank(total, millionths) {
                Some(rank) => answers.push_row(self.column, self.row(self.tally.at(rank as u32))),
                None => answers.push_null(),
            },
            OfCounts::Continuous { millionths } => {
                answers.push(quantile::continuous(&self, millionths).into())
            }
            OfCounts::InterquartileRange => {
                answers.push(quantile::interquartile_range(&self).into())
            }
        }
    }

    /// The value of a sketch of percentiles.
    fn percentile(&self, millionths: u32) -> Option<f64> {
        let total = self.tally.total();
        if self.tally.used() as usize <= BINS_MAX {
            // No bit was dropped, so the codes are the sketch's own bins.
            let rank = rank(total.into(), millionths) - 1;
            return (total > 0).then(|| self.coded.bins[self.tally.at(rank as u32)].middle());
        }
        let mut sketch = Percentile::zero();
        for (code, count) in self.tally.used_codes() {
            sketch.add_bin(self.coded.bins[code], count.into());
        }
        sketch.percentile(millionths)
    }
}
