//! A dictionary: the distinct values of a column in some rows, numbered in value order.
//!
//! Invariant: two rows have one code exactly if their values have one canonical encoding (S14), and
//! a lesser value has a lesser code. Values are found by hashing; where so many collide that a log
//! must have been made for it, they are sorted instead, so that a row costs a few steps at most.
//! Memory is kept from one range of rows to the next. Deliberately absent: nulls, which have no
//! code.

use crate::row::TypedColumn;
use std::ops::Range;
use xxhash_rust::xxh3::xxh3_64;

/// Stands for a row that has no code.
pub(super) const NONE: u32 = u32::MAX;

/// Steps beside each other in the table, for each of its entries, after which values are sorted.
const STEPS_MAX: usize = 4;

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
    /// Steps past entries of other values.
    steps: usize,
}

impl Dictionary {
    /// Numbers the values of the rows of `range`.
    pub(super) fn number(&mut self, column: &TypedColumn, range: Range<usize>) {
        match self.hash(column, range.clone()) {
            true => self.order_codes(column.is_ranked()),
            false => self.sort(column, range),
        }
    }

    /// Numbers the values by first occurrence; returns false if too many collide.
    fn hash(&mut self, column: &TypedColumn, range: Range<usize>) -> bool {
        self.codes.clear();
        self.keys.clear();
        self.ends.clear();
        self.texts.clear();
        self.firsts.clear();
        self.steps = 0;
        self.begin_run(range.len());
        let ranked = column.is_ranked();
        for row in range {
            let code = match (column.is_null(row), ranked) {
                (true, _) => NONE,
                (false, true) => self.ranked(column.rank(row), row),
                (false, false) => column.with_encoded(row, |text| self.encoded(text, row)),
            };
            self.codes.push(code);
            if self.steps > STEPS_MAX * self.table.len() {
                return false;
            }
        }
        true
    }

    /// Numbers the values by sorting all rows.
    #[cold]
    fn sort(&mut self, column: &TypedColumn, range: Range<usize>) {
        let first = range.start;
        let present = range.clone().filter(|row| !column.is_null(*row));
        let encoded = |row: usize| (column.with_encoded(row, <[u8]>::to_vec), row);
        let mut sorted: Vec<(Vec<u8>, usize)> = present.map(encoded).collect();
        sorted.sort_unstable();
        self.codes.clear();
        self.codes.resize(range.len(), NONE);
        self.rows.clear();
        for (at, (text, row)) in sorted.iter().enumerate() {
            if at == 0 || sorted[at - 1].0 != *text {
                self.rows.push(*row as u32);
            }
            self.codes[row - first] = self.rows.len() as u32 - 1;
        }
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
            self.steps += 1;
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
            self.steps += 1;
        }
    }

    fn text(&self, index: u32) -> &[u8] {
        let index = index as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.texts[start..self.ends[index]]
    }

    /// Numbers the values in value order instead of by first occurrence.
    fn order_codes(&mut self, ranked: bool) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;
    use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn column(array: impl arrow::array::Array + 'static) -> TypedColumn {
        TypedColumn::new(&(Arc::new(array) as ArrayRef)).unwrap()
    }

    /// Codes and values as an ordered map of the rows gives them.
    fn defined(column: &TypedColumn, range: Range<usize>) -> (Vec<u32>, Vec<Value>) {
        let mut values: Vec<Value> = range.clone().map(|row| column.value(row)).collect();
        values.retain(|value| !value.is_null());
        values.sort();
        values.dedup();
        let code = |row| match column.value(row) {
            Value::Null => NONE,
            value => values.binary_search(&value).unwrap() as u32,
        };
        (range.map(code).collect(), values)
    }

    fn check(column: &TypedColumn, range: Range<usize>) -> Result<(), TestCaseError> {
        let mut dictionary = Dictionary::default();
        let (codes, values) = defined(column, range.clone());
        let earlier = range.start..range.start + range.len() / 3;
        // What an earlier range left must not matter.
        dictionary.number(column, earlier);
        for way in [Dictionary::number, Dictionary::sort] {
            way(&mut dictionary, column, range.clone());
            let found: Vec<Value> =
                dictionary.rows.iter().map(|row| column.value(*row as usize)).collect();
            prop_assert_eq!(&dictionary.codes, &codes);
            prop_assert_eq!(&found, &values);
        }
        Ok(())
    }

    proptest! {
        /// Goal: codes ascend as values do, by either way. Method: integers, doubles with both
        /// zeros and NaN, and texts, compared with an ordered list.
        #[test]
        fn s14_codes_ascend_as_values_do(
            integers in prop::collection::vec(prop::option::of(-9i64..9), 0..60),
            doubles in prop::collection::vec(
                prop::option::of(prop::sample::select(vec![0.0, -0.0, 1.5, -2.0, f64::NAN, 1e300])),
                0..60,
            ),
            texts in prop::collection::vec(prop::option::of("[ab\\x00]{0,3}"), 0..60),
            start in 0usize..20,
        ) {
            let from = |rows: usize| start.min(rows)..rows;
            check(&column(Int64Array::from(integers.clone())), from(integers.len()))?;
            check(&column(Float64Array::from(doubles.clone())), from(doubles.len()))?;
            check(&column(StringArray::from(texts.clone())), from(texts.len()))?;
        }
    }

    /// Goal: a log that was made for it cannot make a row cost many steps. Method: integers that all
    /// belong to one entry of the table.
    #[test]
    fn integers_that_collide_are_sorted() {
        // The inverse of the multiplier modulo 2^64, by Newton's method.
        let inverse =
            (0..6).fold(1u64, |x, _| x.wrapping_mul(2u64.wrapping_sub(SPREAD.wrapping_mul(x))));
        let colliding = |at: u64| (at.wrapping_mul(inverse) ^ 1 << 63) as i64;
        let integers = column(Int64Array::from_iter_values((0..20_000).map(colliding)));
        let mut dictionary = Dictionary::default();
        dictionary.number(&integers, 0..20_000);
        assert!(dictionary.steps <= 8 * dictionary.table.len());
        assert_eq!((dictionary.codes, dictionary.rows.len()), defined_sizes(&integers));
    }

    fn defined_sizes(column: &TypedColumn) -> (Vec<u32>, usize) {
        let (codes, values) = defined(column, 0..20_000);
        (codes, values.len())
    }
}
