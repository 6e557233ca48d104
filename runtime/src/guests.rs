//! The guests that compute user-defined aggregates, one an artifact whose views have any (S21).
//!
//! Invariant: an answer depends on the states sent alone; warm guests only save time. Deliberately
//! absent: sharing between threads; each worker has its own.

use crate::catalog::{Catalog, CatalogView};
use crate::component::Aggregator;
use crate::error::Result;
use crate::fold::{NoGuest, UserCalls};

/// Guests by artifact.
#[derive(Debug)]
pub struct Guests {
    none: NoGuest,
    /// By the artifact's index in the catalogue.
    aggregators: Vec<Option<Aggregator>>,
}

impl Guests {
    /// The guests that the views of `catalog` need.
    pub fn new(catalog: &Catalog) -> Result<Guests> {
        let mut aggregators: Vec<Option<Aggregator>> = Vec::new();
        for (at, (_, artifact)) in catalog.artifacts().iter().enumerate() {
            let mut views = catalog.views().iter().filter(|view| view.artifact == at);
            aggregators.push(match views.any(|view| !view.plan.lifts.is_empty()) {
                true => Some(Aggregator::new(artifact)?),
                false => None,
            });
        }
        Ok(Guests { none: NoGuest, aggregators })
    }

    /// The guest of a view's artifact.
    pub fn of(&mut self, view: &CatalogView) -> Result<&mut dyn UserCalls> {
        Ok(match &mut self.aggregators[view.artifact] {
            Some(aggregator) => aggregator,
            None => &mut self.none,
        })
    }
}
