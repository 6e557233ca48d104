//! A tally: how often each code occurs in a range of rows that only moves forward.
//!
//! Invariant: after [`Tally::follow`] the counts are those of the rows of the range, whatever ranges
//! came before. Each row is added once and taken away once. Deliberately absent: what the codes
//! stand for.

use super::coding::Coded;
use super::dictionary::NONE;
use super::registers::Registers;
use std::ops::Range;

/// Codes of a block, which is passed over in one step if none of them occurs.
const BLOCK: usize = 64;

/// Counts by code.
#[derive(Default)]
pub(super) struct Tally {
    counts: Vec<u32>,
    /// The rows of each block of codes.
    blocks: Vec<u32>,
    /// The number of codes that occur.
    used: u32,
    /// The number of rows that have a code.
    total: u32,
    held: Range<usize>,
    /// The counts that are not 0, ascending, if they are needed.
    sorted: Option<Vec<u32>>,
    /// The ranks of registers, if the codes stand for those.
    registers: Option<Registers>,
}

impl Tally {
    /// Has the counts sorted from now on.
    pub(super) fn sort_counts(&mut self) {
        self.sorted.get_or_insert_default();
    }

    /// Takes the codes as registers and ranks from now on.
    pub(super) fn read_registers(&mut self, precision: u32) {
        self.registers.get_or_insert_with(|| Registers::new(precision));
    }

    /// Starts with an empty range before row `first`.
    pub(super) fn restart(&mut self, coded: &Coded, first: usize) {
        let codes = coded.rows.len();
        self.counts.clear();
        self.counts.resize(codes, 0);
        self.blocks.clear();
        self.blocks.resize(codes.div_ceil(BLOCK), 0);
        (self.used, self.total, self.held) = (0, 0, first..first);
        self.sorted.iter_mut().for_each(Vec::clear);
        self.registers.iter_mut().for_each(|registers| registers.restart(coded));
    }

    /// The rows to take away and those to add for the range `to`.
    #[inline]
    pub(super) fn moves(&mut self, to: &Range<usize>) -> [Range<usize>; 2] {
        let held = std::mem::replace(&mut self.held, to.clone());
        let added = held.end.max(to.start)..to.end;
        [held.start..to.start.min(held.end), added.start.min(added.end)..added.end]
    }

    /// Moves the range to `to`; neither of its ends goes back.
    #[inline]
    pub(super) fn follow(&mut self, coded: &Coded, to: &Range<usize>) {
        let [removed, added] = self.moves(to);
        for &code in coded.codes(removed) {
            self.remove(code);
        }
        for &code in coded.codes(added) {
            self.add(code);
        }
    }

    #[inline]
    pub(super) fn add(&mut self, code: u32) {
        if code == NONE {
            return;
        }
        let count = &mut self.counts[code as usize];
        *count += 1;
        self.blocks[code as usize / BLOCK] += 1;
        self.total += 1;
        let count = *count;
        if count == 1 {
            self.used += 1;
            if let Some(registers) = &mut self.registers {
                registers.raise(code);
            }
        }
        if let Some(sorted) = &mut self.sorted {
            match count {
                1 => sorted.insert(0, 1),
                // The last of the equal counts can grow without moving.
                _ => {
                    let at = sorted.partition_point(|other| *other < count) - 1;
                    sorted[at] = count;
                }
            }
        }
    }

    #[inline]
    pub(super) fn remove(&mut self, code: u32) {
        if code == NONE {
            return;
        }
        let count = &mut self.counts[code as usize];
        *count -= 1;
        self.blocks[code as usize / BLOCK] -= 1;
        self.total -= 1;
        let count = *count;
        if count == 0 {
            self.used -= 1;
            if let Some(registers) = &mut self.registers {
                registers.lower(code, &self.counts);
            }
        }
        if let Some(sorted) = &mut self.sorted {
            // The first of the equal counts can shrink without moving.
            let at = sorted.partition_point(|other| *other <= count);
            match count {
                0 => {
                    sorted.remove(at);
                }
                _ => sorted[at] = count,
            }
        }
    }

    /// The number of codes that occur.
    pub(super) fn used(&self) -> u32 {
        self.used
    }

    /// The number of rows that have a code.
    pub(super) fn total(&self) -> u32 {
        self.total
    }

    /// How often a code occurs.
    #[inline]
    pub(super) fn count(&self, code: usize) -> u32 {
        self.counts[code]
    }

    /// The counts that are not 0, ascending.
    pub(super) fn sorted(&self) -> &[u32] {
        self.sorted.as_deref().unwrap_or_default()
    }

    /// The number of distinct values, estimated from registers.
    pub(super) fn estimate(&mut self) -> i64 {
        self.registers.as_mut().map_or(0, Registers::estimate)
    }

    /// The codes that occur, ascending, with their counts.
    #[inline]
    pub(super) fn used_codes(&self) -> impl Iterator<Item = (usize, u32)> {
        let blocks = self.blocks.iter().enumerate().filter(|(_, rows)| **rows > 0);
        blocks.flat_map(|(block, _)| self.in_block(block))
    }

    /// The codes that occur, descending, with their counts.
    pub(super) fn used_codes_descending(&self) -> impl Iterator<Item = (usize, u32)> {
        let blocks = self.blocks.iter().enumerate().rev().filter(|(_, rows)| **rows > 0);
        blocks.flat_map(|(block, _)| self.in_block(block).rev())
    }

    #[inline]
    fn in_block(&self, block: usize) -> impl DoubleEndedIterator<Item = (usize, u32)> {
        let first = block * BLOCK;
        let counts = &self.counts[first..self.counts.len().min(first + BLOCK)];
        let used = counts.iter().enumerate().filter(|(_, count)| **count > 0);
        used.map(move |(at, count)| (first + at, *count))
    }

    /// The least of the codes that occur most often, with its count.
    pub(super) fn most_frequent(&self) -> Option<(usize, u32)> {
        let mut best: Option<(usize, u32)> = None;
        for (block, rows) in self.blocks.iter().enumerate() {
            let most = best.map_or(0, |(_, most)| most);
            // No code of a block occurs more often than all of them together.
            if *rows <= most {
                continue;
            }
            let first = block * BLOCK;
            let counts = &self.counts[first..self.counts.len().min(first + BLOCK)];
            let greatest = counts.iter().copied().max().unwrap_or(0);
            if greatest > most {
                let at = counts.iter().position(|count| *count == greatest).unwrap_or(0);
                best = Some((first + at, greatest));
            }
        }
        best
    }

    /// The code of the row with this rank, counted from 0 in the order of codes.
    #[inline]
    pub(super) fn at(&self, mut rank: u32) -> usize {
        let mut block = 0;
        while rank >= self.blocks[block] {
            rank -= self.blocks[block];
            block += 1;
        }
        let mut code = block * BLOCK;
        while rank >= self.counts[code] {
            rank -= self.counts[code];
            code += 1;
        }
        code
    }
}
