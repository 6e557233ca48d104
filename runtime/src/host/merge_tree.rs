//! A merge tree: the state of any range of a key's rows in O(log n) merges.
//!
//! Leaves are the states of single rows in row order of time; an inner node merges its two
//! children. Merging is associative and commutative, so the answer has the bits of a plain fold
//! (S1). It is the batch host's algorithm, and shares nothing with the tiles of the online one.
//! Deliberately absent: windows; the caller turns them into ranges.

use crate::fold::{FoldPlan, ViewState};
use std::ops::Range;

/// The states of all aligned power-of-two ranges over some rows.
#[derive(Debug)]
pub struct MergeTree<'a> {
    plan: &'a FoldPlan,
    /// `nodes[leaves + i]` is row `i`; `nodes[i]` merges `nodes[2 i]` and `nodes[2 i + 1]`.
    nodes: Vec<ViewState>,
    leaves: usize,
}

impl<'a> MergeTree<'a> {
    /// The tree over these states.
    pub fn new(plan: &'a FoldPlan, states: Vec<ViewState>) -> MergeTree<'a> {
        let leaves = states.len();
        let mut nodes: Vec<ViewState> = vec![plan.zero(); leaves];
        nodes.extend(states);
        for i in (1..leaves).rev() {
            let mut node = nodes[2 * i].clone();
            plan.merge(&mut node, &nodes[2 * i + 1]);
            nodes[i] = node;
        }
        MergeTree { plan, nodes, leaves }
    }

    /// The merged state of the rows in `range`.
    pub fn merged(&self, range: Range<usize>) -> ViewState {
        let mut state = self.plan.zero();
        let (mut low, mut high) = (range.start + self.leaves, range.end + self.leaves);
        while low < high {
            if low % 2 == 1 {
                self.plan.merge(&mut state, &self.nodes[low]);
                low += 1;
            }
            if high % 2 == 1 {
                high -= 1;
                self.plan.merge(&mut state, &self.nodes[high]);
            }
            low /= 2;
            high /= 2;
        }
        state
    }
}
