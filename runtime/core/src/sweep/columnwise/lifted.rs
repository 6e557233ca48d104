//! The features of user-defined aggregates: states that only a guest can merge (S21).
//!
//! The windows of all questions about an entity are known before the first merge. Their bounds cut
//! the rows into runs, each of which is within a window or outside it as a whole. The guest merges
//! each run, then the pairs, fours and so on of runs that some window needs as a whole, and last the
//! few parts of each window. Windows that follow each other and hold the same rows are one.
//! Invariant: each call carries as much as there is to merge at that step, or a thousand windows. Deliberately absent:
//! aggregates within maps, sessions and last rows.

use super::bounds::{Bounds, Ends};
use crate::aggregate::user::Part;
use crate::error::Result;
use crate::fold::{FoldPlan, UserCalls};
use crate::row::Rows;
use crate::sweep::column::AnswerColumn;
use crate::value::Value;
use std::ops::Range;

/// Windows whose merged states are in memory at once.
const WINDOWS_MAX: usize = 1024;

/// The merged state of some rows; `None` of no rows, or why the guest failed.
type Merged = std::result::Result<Option<Part>, String>;

/// The features of one slot.
pub(super) struct Lifted {
    slot: usize,
    lift: usize,
    readers: Vec<Reader>,
}

/// One feature.
struct Reader {
    at: usize,
    name: String,
    ends: Ends,
    /// The windows of the questions so far, without those that repeat the one before.
    windows: Vec<Range<usize>>,
    /// For each question its window.
    asked: Vec<u32>,
}

impl Lifted {
    /// Adds a feature to those of its slot, which may be there already.
    pub(super) fn add(
        all: &mut Vec<Lifted>,
        (slot, lift): (usize, usize),
        ends: Ends,
        (at, name): (usize, &str),
    ) {
        let place = all.iter().position(|lifted| lifted.slot == slot).unwrap_or_else(|| {
            all.push(Lifted { slot, lift, readers: vec![] });
            all.len() - 1
        });
        let name = name.to_string();
        all[place].readers.push(Reader { at, name, ends, windows: vec![], asked: vec![] });
    }

    /// Notes the windows of some questions.
    pub(super) fn ask<'b>(&mut self, of: impl Fn(Ends) -> Bounds<'b>) {
        for reader in &mut self.readers {
            for range in of(reader.ends).ranges() {
                if reader.windows.last() != Some(&range) {
                    reader.windows.push(range);
                }
                reader.asked.push(reader.windows.len() as u32 - 1);
            }
        }
    }

    /// Appends the answers to all questions that were noted.
    pub(super) fn answer(
        &mut self,
        plan: &FoldPlan,
        rows: &Rows,
        guest: &mut dyn UserCalls,
        columns: &mut [AnswerColumn],
    ) -> Result<()> {
        let windows = self.readers.iter().flat_map(|reader| &reader.windows);
        let runs = Runs::of(windows.cloned());
        let filter = plan.slots[self.slot].filter.map(|filter| &rows.columns()[filter]);
        let counts = |row: &usize| filter.is_none_or(|filter| filter.is_true(*row));
        let parts = |run: Range<usize>| -> Vec<Part> {
            run.filter(counts).filter_map(|row| rows.lifted(self.lift, row)).cloned().collect()
        };
        let merged = plan.merged(self.lift, runs.rows().map(parts).collect(), guest)?;
        let tree = Tree::new(plan, self.lift, merged, &runs.needed(), guest)?;
        for reader in &mut self.readers {
            let named = |error: crate::error::Error| {
                error.at(format!("feature {}.{}", plan.view.name, reader.name))
            };
            let windows = std::mem::take(&mut reader.windows);
            let values = tree.values(plan, self.lift, &runs, &windows, guest).map_err(named)?;
            for window in reader.asked.drain(..) {
                columns[reader.at].push(values[window as usize].clone())?;
            }
        }
        Ok(())
    }
}

/// Runs of rows between the bounds of windows.
struct Runs {
    bounds: Vec<usize>,
    windows: Vec<Range<usize>>,
}

impl Runs {
    fn of(windows: impl Iterator<Item = Range<usize>>) -> Runs {
        let windows: Vec<Range<usize>> = windows.filter(|window| !window.is_empty()).collect();
        let mut bounds: Vec<usize> =
            windows.iter().flat_map(|window| [window.start, window.end]).collect();
        bounds.sort_unstable();
        bounds.dedup();
        Runs { bounds, windows }
    }

    /// How many runs there are.
    fn len(&self) -> usize {
        self.bounds.len().saturating_sub(1)
    }

    /// The runs of a window.
    fn within(&self, window: &Range<usize>) -> Range<usize> {
        let at = |bound: usize| self.bounds.partition_point(|other| *other < bound);
        if window.is_empty() { 0..0 } else { at(window.start)..at(window.end) }
    }

    /// The rows of each run; none of a run that is in no window.
    fn rows(&self) -> impl Iterator<Item = Range<usize>> {
        // How many more windows begin than end at each bound.
        let mut opened = vec![0i64; self.bounds.len()];
        for window in &self.windows {
            let runs = self.within(window);
            opened[runs.start] += 1;
            opened[runs.end] -= 1;
        }
        let mut open = 0;
        self.bounds.windows(2).zip(opened).map(move |(bounds, opened)| {
            open += opened;
            if open > 0 { bounds[0]..bounds[1] } else { bounds[0]..bounds[0] }
        })
    }

    /// Which nodes of the tree over the runs some window needs.
    fn needed(&self) -> Vec<bool> {
        let mut needed = vec![false; 2 * self.len()];
        for window in &self.windows {
            nodes(self.len(), self.within(window), |node| needed[node] = true);
        }
        // A node is made of its two children.
        for node in 1..self.len() {
            if needed[node] {
                needed[2 * node] = true;
                needed[2 * node + 1] = true;
            }
        }
        needed
    }
}

/// Calls `visit` with the nodes that together are the leaves of `range`.
fn nodes(leaves: usize, range: Range<usize>, mut visit: impl FnMut(usize)) {
    let (mut low, mut high) = (range.start + leaves, range.end + leaves);
    while low < high {
        if low % 2 == 1 {
            visit(low);
            low += 1;
        }
        if high % 2 == 1 {
            high -= 1;
            visit(high);
        }
        (low, high) = (low / 2, high / 2);
    }
}

/// The merged states of runs, pairs of runs and so on: node `i` is made of `2 i` and `2 i + 1`, and
/// run `i` is node `leaves + i`.
struct Tree {
    nodes: Vec<Merged>,
    leaves: usize,
}

impl Tree {
    fn new(
        plan: &FoldPlan,
        lift: usize,
        runs: Vec<Merged>,
        needed: &[bool],
        guest: &mut dyn UserCalls,
    ) -> Result<Tree> {
        let leaves = runs.len();
        let mut nodes: Vec<Merged> = vec![Ok(None); leaves];
        nodes.extend(runs);
        let mut tree = Tree { nodes, leaves };
        let mut upto = leaves;
        while upto > 1 {
            // The nodes from here on have both children among those that are made.
            let from = upto.div_ceil(2);
            let level: Vec<usize> = (from..upto).filter(|node| needed[*node]).collect();
            let children = level.iter().map(|node| [2 * node, 2 * node + 1]);
            let merged = tree.merge(plan, lift, children, guest)?;
            level.into_iter().zip(merged).for_each(|(node, merged)| tree.nodes[node] = merged);
            upto = from;
        }
        Ok(tree)
    }

    /// The merged state of each group of nodes.
    fn merge(
        &self,
        plan: &FoldPlan,
        lift: usize,
        groups: impl Iterator<Item: IntoIterator<Item = usize>>,
        guest: &mut dyn UserCalls,
    ) -> Result<Vec<Merged>> {
        let mut failures = Vec::new();
        let groups: Vec<Vec<Part>> = groups
            .enumerate()
            .map(|(at, group)| {
                let mut parts = Vec::new();
                for node in group {
                    match &self.nodes[node] {
                        Ok(part) => parts.extend(part.clone()),
                        Err(reason) => failures.push((at, reason.clone())),
                    }
                }
                parts
            })
            .collect();
        let mut merged = plan.merged(lift, groups, guest)?;
        failures.into_iter().for_each(|(at, reason)| merged[at] = Err(reason));
        Ok(merged)
    }

    /// The value of each window.
    fn values(
        &self,
        plan: &FoldPlan,
        lift: usize,
        runs: &Runs,
        windows: &[Range<usize>],
        guest: &mut dyn UserCalls,
    ) -> Result<Vec<Value>> {
        let of = |window: &Range<usize>| {
            let mut found = Vec::new();
            nodes(self.leaves, runs.within(window), |node| found.push(node));
            found
        };
        let mut values = Vec::with_capacity(windows.len());
        for windows in windows.chunks(WINDOWS_MAX) {
            let merged = self.merge(plan, lift, windows.iter().map(of), guest)?;
            values.extend(plan.finalized(lift, merged, guest)?);
        }
        Ok(values)
    }
}
