//! A dictionary: the distinct values of a column in some rows, numbered in value order.
//!
//! Invariant: two rows have one code exactly if their values have one canonical encoding (S14), and
//! a lesser value has a lesser code. Memory is kept from one range of rows to the next. Deliberately
//! absent: nulls, which have no code.

use crate::row::TypedColumn;
use std::ops::Range;
use xxhash_rust::xxh3::xxh3_64;

/// Stands for a row that has no code.
pub(super) const NONE: u32 = u32::MAX;

/// 2^64 over the golden ratio: its products spread in the highest bits.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The values of some rows.
#[derive(Default)]
pub(super) struct Dictionary {
    /// For each row its code, or [`NONE`].
    pub(super) codes: Vec<u32>,
    /// For each code a row that has its value.
    pub(super) rows: Vec<u32>,
    /// An open hash table: a run's number and an index in `keys`. Entries of earlier runs are free.
    table: Vec<(u32, u32)>,
    run: u32,
    /// By first occurrence: the rank or the hash of a value.
    keys: Vec<u64>,
    /// By first occurrence: where its encoding lies in `texts`.
    ends: Vec<usize>,
    texts: Vec<u8>,
    /// By first occurrence, the row of it.
    firsts: Vec<u32>,
}

impl Dictionary {
    /// Numbers the values of the rows of `range`.
    pub(super) fn number(&mut self, column: &TypedColumn, range: Range<usize>) {
        self.codes.clear();
        self.keys.clear();
        self.ends.clear();
        self.texts.clear();
        self.firsts.clear();
        self.begin_run(range.len());
        if column.is_ranked() {
            for row in range {
                let code = match column.is_null(row) {
                    true => NONE,
                    false => self.ranked(column.rank(row), row),
                };
                self.codes.push(code);
            }
        } else {
            for row in range {
                let code = match column.is_null(row) {
                    true => NONE,
                    false => column.with_encoded(row, |encoded| self.encoded(encoded, row)),
                };
                self.codes.push(code);
            }
        }
        self.sort(column.is_ranked());
    }

    /// Makes room for some values, and frees the entries of the table.
    fn begin_run(&mut self, values: usize) {
        let wanted = (2 * values).next_power_of_two().max(16);
        self.run = self.run.wrapping_add(1);
        if self.table.len() < wanted || self.run == 0 {
            let size = self.table.len().max(wanted);
            self.table.clear();
            self.table.resize(size, (0, 0));
            self.run = 1;
        }
    }

    #[inline]
    fn ranked(&mut self, rank: u64, row: usize) -> u32 {
        let mask = self.table.len() - 1;
        let mut at = (rank.wrapping_mul(SPREAD) >> 32) as usize & mask;
        loop {
            let (run, index) = self.table[at];
            if run != self.run {
                self.table[at] = (self.run, self.keys.len() as u32);
                self.keys.push(rank);
                self.firsts.push(row as u32);
                return self.keys.len() as u32 - 1;
            }
            if self.keys[index as usize] == rank {
                return index;
            }
            at = (at + 1) & mask;
        }
    }

    #[inline]
    fn encoded(&mut self, encoded: &[u8], row: usize) -> u32 {
        let hash = xxh3_64(encoded);
        let mask = self.table.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let (run, index) = self.table[at];
            if run != self.run {
                self.table[at] = (self.run, self.keys.len() as u32);
                self.keys.push(hash);
                self.firsts.push(row as u32);
                self.texts.extend_from_slice(encoded);
                self.ends.push(self.texts.len());
                return self.keys.len() as u32 - 1;
            }
            if self.keys[index as usize] == hash && self.text(index) == encoded {
                return index;
            }
            at = (at + 1) & mask;
        }
    }

    fn text(&self, index: u32) -> &[u8] {
        let index = index as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.texts[start..self.ends[index]]
    }

    /// Numbers the values in value order instead of by first occurrence.
    fn sort(&mut self, ranked: bool) {
        let mut order: Vec<u32> = (0..self.keys.len() as u32).collect();
        match ranked {
            true => order.sort_unstable_by_key(|index| self.keys[*index as usize]),
            false => order.sort_unstable_by(|a, b| self.text(*a).cmp(self.text(*b))),
        }
        let mut codes = vec![0; order.len()];
        for (code, index) in order.iter().enumerate() {
            codes[*index as usize] = code as u32;
        }
        self.codes.iter_mut().filter(|code| **code != NONE).for_each(|code| {
            *code = codes[*code as usize];
        });
        self.rows.clear();
        self.rows.extend(order.iter().map(|index| self.firsts[*index as usize]));
    }
}
