//! Thirty tiles of ten features, merged: what an online answer does with what it has read.
//!
//! Invariant: each tile holds 100 rows; the features are the usual ones, over one integer and one
//! float column. Deliberately absent: reading and decoding tiles, which `cover` measures.

use crate::aggregates::{plan_of, rows};
use lockstep_core::Result;
use lockstep_core::fold::{FoldPlan, ViewState};

/// The tiles of a 30-day window.
pub const TILES: usize = 30;
/// Rows in a tile.
const ROWS: usize = 100;
/// The ten features.
const FEATURES: [&str; 10] =
    ["count", "sum_int", "sum", "mean", "min", "max", "rate", "ratio", "any", "time_since_last"];

/// The tiles.
#[derive(Debug)]
pub struct TileMerge {
    plan: FoldPlan,
    slots: Vec<usize>,
    tiles: Vec<ViewState>,
}

impl TileMerge {
    /// Fills the tiles.
    ///
    /// # Errors
    /// If the view is not valid, which is a bug here.
    pub fn new() -> Result<TileMerge> {
        let plan = plan_of(&FEATURES)?;
        let rows = rows(&plan.view, TILES * ROWS)?;
        let slots = plan.all_slots();
        let tile = |tile: usize| {
            let mut state = plan.zero();
            let all = tile * ROWS..(tile + 1) * ROWS;
            all.for_each(|row| plan.update(&mut state, &rows, row, &slots));
            state
        };
        let tiles = (0..TILES).map(tile).collect();
        Ok(TileMerge { plan, slots, tiles })
    }

    /// The merge of all.
    pub fn merge(&self) -> ViewState {
        let mut state = self.plan.zero();
        self.tiles.iter().for_each(|tile| self.plan.merge(&mut state, tile, &self.slots));
        state
    }
}
