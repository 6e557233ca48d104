//! The registers of a cardinality sketch over a sliding range of rows.
//!
//! A code is a register and a rank, and the codes of a register are neighbours with ascending ranks.
//! Invariant: `best` is each register's greatest code that occurs, and `ranks` counts the registers
//! of each rank. Deliberately absent: the estimator (`aggregate::cardinality`).

use super::coding::Coded;
use super::dictionary::NONE;
use crate::aggregate::hll;

/// The registers that occur.
pub(super) struct Registers {
    precision: u32,
    /// For each code its group, which is one register.
    groups: Vec<u32>,
    /// For each code its rank.
    ranks: Vec<u8>,
    /// For each group its greatest code that occurs, or [`NONE`].
    best: Vec<u32>,
    counts: hll::RankCounts,
    estimate: Option<i64>,
}

impl Registers {
    pub(super) fn new(precision: u32) -> Registers {
        let counts = hll::RankCounts::new(precision);
        let (groups, ranks, best) = (vec![], vec![], vec![]);
        Registers { precision, groups, ranks, best, counts, estimate: None }
    }

    pub(super) fn restart(&mut self, coded: &Coded) {
        self.groups.clear();
        self.ranks.clear();
        let (mut groups, mut last) = (0, None);
        for (register, rank) in &coded.ranks {
            if last != Some(*register) {
                (groups, last) = (groups + 1, Some(*register));
            }
            self.groups.push(groups - 1);
            self.ranks.push(*rank);
        }
        self.best.clear();
        self.best.resize(groups as usize, NONE);
        self.counts = hll::RankCounts::new(self.precision);
        self.estimate = None;
    }

    fn rank(&self, code: u32) -> u8 {
        if code == NONE { 0 } else { self.ranks[code as usize] }
    }

    /// Notes that a code occurs now.
    #[inline]
    pub(super) fn raise(&mut self, code: u32) {
        let group = self.groups[code as usize] as usize;
        let best = self.best[group];
        if best == NONE || best < code {
            self.set(group, best, code);
        }
    }

    /// Notes that a code occurs no longer; `counts` are those of all codes.
    #[inline]
    pub(super) fn lower(&mut self, code: u32, counts: &[u32]) {
        let group = self.groups[code as usize];
        if self.best[group as usize] != code {
            return;
        }
        let lesser = (0..code).rev().take_while(|other| self.groups[*other as usize] == group);
        let next = lesser.into_iter().find(|other| counts[*other as usize] > 0);
        self.set(group as usize, code, next.unwrap_or(NONE));
    }

    fn set(&mut self, group: usize, before: u32, best: u32) {
        self.counts.replace(self.rank(before), self.rank(best));
        self.best[group] = best;
        self.estimate = None;
    }

    /// The estimated number of distinct values.
    pub(super) fn estimate(&mut self) -> i64 {
        *self.estimate.get_or_insert_with(|| self.counts.estimate())
    }
}
