//! Codes: the rows of an entity as small integers, one for each value, register or bin.
//!
//! Invariant: codes ascend as values do; for registers, as register and then rank do. A row that the
//! filter rejects, or whose value is null, has no code. Deliberately absent: how often a code
//! occurs.

use super::dictionary::{Dictionary, NONE};
use crate::aggregate::hll;
use crate::aggregate::percentile_bin::Bin;
use crate::row::Rows;
use std::ops::Range;

/// What codes stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Domain {
    /// Values.
    Values,
    /// A register of a sketch and a rank.
    Registers { precision: u32 },
    /// Bins of a sketch of percentiles.
    Bins,
}

/// What is coded, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Coding {
    pub(super) domain: Domain,
    pub(super) column: usize,
    pub(super) filter: Option<usize>,
}

/// The codes of an entity's rows.
pub(super) struct Coded {
    coding: Coding,
    dictionary: usize,
    /// The first row that has a place in `codes`.
    pub(super) first: usize,
    pub(super) codes: Vec<u32>,
    /// For each code a row.
    pub(super) rows: Vec<u32>,
    /// For each code of a bin, the bin.
    pub(super) bins: Vec<Bin>,
    /// For each code of a register, the register and the rank.
    pub(super) ranks: Vec<(u32, u8)>,
}

/// All codes that the features of a sweep need.
#[derive(Default)]
pub(super) struct Codings {
    dictionaries: Vec<(usize, Dictionary)>,
    coded: Vec<Coded>,
}

impl Codings {
    /// The index of these codes; they are added if nobody needed them before.
    pub(super) fn index(&mut self, coding: Coding) -> usize {
        if let Some(at) = self.coded.iter().position(|coded| coded.coding == coding) {
            return at;
        }
        let same = |(column, _): &(usize, Dictionary)| *column == coding.column;
        let dictionary = self.dictionaries.iter().position(same).unwrap_or_else(|| {
            self.dictionaries.push((coding.column, Dictionary::default()));
            self.dictionaries.len() - 1
        });
        self.coded.push(Coded {
            coding,
            dictionary,
            first: 0,
            codes: vec![],
            rows: vec![],
            bins: vec![],
            ranks: vec![],
        });
        self.coded.len() - 1
    }

    /// The codes with this index.
    pub(super) fn get(&self, index: usize) -> &Coded {
        &self.coded[index]
    }

    /// Codes the rows of `range`.
    pub(super) fn restart(&mut self, rows: &Rows, range: Range<usize>) {
        for (column, dictionary) in &mut self.dictionaries {
            dictionary.number(&rows.columns()[*column], range.clone());
        }
        for coded in &mut self.coded {
            coded.restart(&self.dictionaries[coded.dictionary].1, rows, range.clone());
        }
    }
}

impl Coded {
    fn restart(&mut self, values: &Dictionary, rows: &Rows, range: Range<usize>) {
        let column = &rows.columns()[self.coding.column];
        self.first = range.start;
        self.rows.clear();
        self.bins.clear();
        self.ranks.clear();
        let of_values: Option<Vec<u32>> = match self.coding.domain {
            Domain::Values => {
                self.rows.extend_from_slice(&values.rows);
                None
            }
            Domain::Bins => {
                // Bins ascend with values.
                let of_value = values.rows.iter().map(|row| {
                    let bin = Bin::of(column.number(*row as usize));
                    if self.bins.last() != Some(&bin) {
                        self.bins.push(bin);
                        self.rows.push(*row);
                    }
                    self.bins.len() as u32 - 1
                });
                Some(of_value.collect())
            }
            Domain::Registers { precision } => {
                let ranked = |row: &u32| hll::ranked(precision, column.content_hash(*row as usize));
                let ranked: Vec<(u32, u8)> = values.rows.iter().map(ranked).collect();
                let mut order: Vec<u32> = (0..ranked.len() as u32).collect();
                order.sort_unstable_by_key(|value| ranked[*value as usize]);
                let mut of_values = vec![0; ranked.len()];
                for value in order {
                    let rank = ranked[value as usize];
                    if self.ranks.last() != Some(&rank) {
                        self.ranks.push(rank);
                        self.rows.push(values.rows[value as usize]);
                    }
                    of_values[value as usize] = self.ranks.len() as u32 - 1;
                }
                Some(of_values)
            }
        };
        self.codes.clear();
        self.codes.extend_from_slice(&values.codes);
        if let Some(of_values) = of_values {
            self.codes.iter_mut().filter(|code| **code != NONE).for_each(|code| {
                *code = of_values[*code as usize];
            });
        }
        if let Some(filter) = self.coding.filter {
            let filter = &rows.columns()[filter];
            for (code, row) in self.codes.iter_mut().zip(range) {
                if !filter.is_true(row) {
                    *code = NONE;
                }
            }
        }
    }

    /// The code of a row, or [`NONE`].
    #[inline]
    pub(super) fn code(&self, row: usize) -> u32 {
        self.codes[row - self.first]
    }

    /// The codes of some rows.
    #[inline]
    pub(super) fn codes(&self, rows: Range<usize>) -> &[u32] {
        &self.codes[rows.start - self.first..rows.end - self.first]
    }
}
