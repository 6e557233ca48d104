//! The guests that compute user-defined aggregates (S21). A guest is a running instance of an
//! artifact, the compiled component of one crate of transforms. There is one for each artifact with
//! such an aggregate.
//!
//! Invariant: a result depends only on the states that are passed in; a guest that runs already
//! only saves time. Deliberately absent: sharing guests between threads; each worker has its own.

use crate::catalog::Catalog;
use lockstep_core::error::Result;
use lockstep_core::fold::{NoGuest, UserCalls, ViewGuests};
use lockstep_guest::Aggregator;

/// The guests of a catalogue, and which view uses which.
#[derive(Debug)]
pub struct Guests {
    none: NoGuest,
    /// The guest of each artifact, by the artifact's index in the catalogue; none if it has no
    /// user-defined aggregate.
    aggregators: Vec<Option<Aggregator>>,
    /// The index of each view's artifact.
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
