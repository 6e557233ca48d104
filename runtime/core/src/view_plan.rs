//! The plan of a view: how its rows are folded into states, which levels of tiles a store keeps for
//! it (its ladder), and which slots the tiles of each level hold.
//!
//! Invariant: the plan depends on the view's declaration alone. Deliberately absent: the artifact
//! that the view comes from.

use crate::error::Result;
use crate::fold::FoldPlan;
use crate::manifest::UserAggregate;
use crate::tile::{Ladder, Level};
use crate::view::FeatureView;
use crate::window::Span;
use std::sync::Arc;

/// How a view is folded and stored.
#[derive(Clone, Debug)]
pub struct ViewPlan {
    /// Its fold.
    pub fold: Arc<FoldPlan>,
    /// Its tile ladder.
    pub ladder: Arc<Ladder>,
    /// For each level's number, the slots that its tiles hold; then those of the base tile.
    level_slots: Arc<[Vec<usize>]>,
}

impl ViewPlan {
    /// The plan of `view`, whose artifact declares these `aggregates`.
    pub fn new(view: &FeatureView, aggregates: &[UserAggregate]) -> Result<ViewPlan> {
        let fold = FoldPlan::new(Arc::new(view.clone()), aggregates)?;
        let head_us = view.event.skew_us.saturating_add(view.history_us);
        let ladder = Ladder::new(&fold.spans, view.origin_us, head_us, view.exact_max_us);
        let mut level_slots: Vec<Vec<usize>> = Vec::new();
        let readers = |reads: &dyn Fn(Span) -> bool| {
            let spans = (0..fold.spans.len()).filter(|at| reads(fold.spans[*at]));
            let mut slots: Vec<usize> =
                spans.flat_map(|span| fold.slots_over(span, 0..fold.features.len())).collect();
            slots.sort_unstable();
            slots.dedup();
            slots
        };
        for level in Level::ALL {
            level_slots.push(readers(&|span| ladder.serves(span) && ladder.may_read(span, level)));
        }
        level_slots
            .push(readers(&|span| ladder.serves(span) && matches!(span, Span::Lifetime { .. })));
        Ok(ViewPlan {
            fold: Arc::new(fold),
            ladder: Arc::new(ladder),
            level_slots: level_slots.into(),
        })
    }

    /// The slots in the tiles of `level`, or in base tiles for `None`: those that some span reading
    /// such a tile needs. A state that is small over its window thus stays small in every tile.
    pub fn slots_at(&self, level: Option<Level>) -> &[usize] {
        &self.level_slots[level.map_or(Level::ALL.len(), |level| level as usize)]
    }

    /// The declaration.
    pub fn declaration(&self) -> &FeatureView {
        &self.fold.view
    }
}
