//! A merge tree: the state of any range of a key's rows in O(log n) merges.
//!
//! Leaves are the states of single rows in time order; an inner node merges its two children.
//! Merging is associative and commutative, so the answer has the same bits as a plain fold (S1).
//! The sweep uses it for states that only a guest can merge. Invariant: a node is the merge
//! of the rows below it. Deliberately absent: windows; the caller turns them into ranges.

use crate::error::Result;
use crate::fold::{FoldPlan, UserCalls, ViewState};
use std::ops::Range;

/// The states of all aligned power-of-two ranges over some rows.
#[derive(Debug)]
pub(super) struct MergeTree<'a> {
    plan: &'a FoldPlan,
    /// `nodes[leaves + i]` is row `i`; `nodes[i]` merges `nodes[2 i]` and `nodes[2 i + 1]`.
    nodes: Vec<ViewState>,
    leaves: usize,
}

impl<'a> MergeTree<'a> {
    /// Builds the tree over these states. The guest merges level by level, so that no node holds
    /// more than two unmerged states.
    pub(super) fn new(
        plan: &'a FoldPlan,
        states: Vec<ViewState>,
        guest: &mut dyn UserCalls,
    ) -> Result<MergeTree<'a>> {
        let leaves = states.len();
        let slots = plan.all_slots();
        let mut nodes: Vec<ViewState> = vec![plan.zero(); leaves];
        nodes.extend(states);
        let mut settled = leaves;
        for i in (1..leaves).rev() {
            if 2 * i < settled && !plan.lifts.is_empty() {
                plan.settle(&mut nodes[i + 1..settled], guest)?;
                settled = i + 1;
            }
            let mut node = nodes[2 * i].clone();
            plan.merge(&mut node, &nodes[2 * i + 1], &slots);
            nodes[i] = node;
        }
        plan.settle(&mut nodes[..settled], guest)?;
        Ok(MergeTree { plan, nodes, leaves })
    }

    /// The merged state of the rows in `range`, for the given slots.
    pub(super) fn merged(&self, range: Range<usize>, slots: &[usize]) -> ViewState {
        let mut state = self.plan.zero();
        let (mut low, mut high) = (range.start + self.leaves, range.end + self.leaves);
        while low < high {
            if low % 2 == 1 {
                self.plan.merge(&mut state, &self.nodes[low], slots);
                low += 1;
            }
            if high % 2 == 1 {
                high -= 1;
                self.plan.merge(&mut state, &self.nodes[high], slots);
            }
            low /= 2;
            high /= 2;
        }
        state
    }
}
