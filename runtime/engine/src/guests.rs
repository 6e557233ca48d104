//! The guests that compute user-defined aggregates, one an artifact whose views have any (S21).
//!
//! Invariant: an answer depends on the states sent alone; warm guests only save time. Deliberately
//! absent: sharing between threads; each worker has its own.

use crate::catalog::Catalog;
use lockstep_core::error::Result;
use lockstep_core::fold::{NoGuest, UserCalls, ViewGuests};
use lockstep_guest::Aggregator;

/// Guests by artifact.
#[derive(Debug)]
pub struct Guests {
    none: NoGuest,
    /// By the artifact's index in the catalogue.
    aggregators: Vec<Option<Aggregator>>,
    /// The artifact of each view.
    artifacts: Vec<usize>,
}

impl Guests {
    /// The guests that the views of `catalog` need.
    pub fn new(catalog: &Catalog) -> Result<Guests> {
        let mut aggregators: Vec<Option<Aggregator>> = Vec::new();
        for (at, (_, artifact)) in catalog.artifacts().iter().enumerate() {
            let mut views = catalog.views().iter().filter(|view| view.artifact == at);
            aggregators.push(match views.any(|view| !view.plan.fold.lifts.is_empty()) {
                true => Some(Aggregator::new(artifact)?),
                false => None,
            });
        }
        let artifacts = catalog.views().iter().map(|view| view.artifact).collect();
        Ok(Guests { none: NoGuest, aggregators, artifacts })
    }
}

impl ViewGuests for Guests {
    /// The guest of the artifact of the view with this index in the catalogue.
    fn of(&mut self, view: usize) -> Result<&mut dyn UserCalls> {
        Ok(match &mut self.aggregators[self.artifacts[view]] {
            Some(aggregator) => aggregator,
            None => &mut self.none,
        })
    }
}
