//! The guests that compute user-defined aggregates (S21). A guest is a running instance of an
//! artifact, the compiled component of one crate of transforms. There is one for each artifact with
//! such an aggregate.
//!
//! Invariant: a result depends only on the states that are passed in; a guest that runs already
//! only saves time. Deliberately absent: sharing guests between threads; each worker has its own.

use crate::catalog::Catalog;
use lockstep_core::error::Result;
use lockstep_core::fold::{NoGuest, UserCalls, ViewGuests};
use lockstep_guest::{Aggregator, Artifact, Deadline};

/// The guests of a catalogue, and which view uses which.
#[derive(Debug)]
pub struct Guests {
    none: NoGuest,
    /// The guest of each artifact, by the artifact's index in the catalogue.
    aggregators: Vec<Aggregating>,
    /// The time by which calls must have ended, if there is one.
    until: Option<Deadline>,
    /// The index of each view's artifact.
    artifacts: Vec<usize>,
}

/// The guest of one artifact.
#[derive(Debug)]
enum Aggregating {
    /// It has no user-defined aggregate that a view uses.
    Nothing,
    /// It is started when it is first needed, so an artifact that is wrong stops only its users.
    Stopped(Artifact),
    Started(Box<Aggregator>),
}

impl Guests {
    /// The guests that the views of `catalog` need.
    pub fn new(catalog: &Catalog) -> Result<Guests> {
        let mut aggregators = Vec::new();
        for (at, (_, artifact)) in catalog.artifacts().iter().enumerate() {
            let mut views = catalog.views().iter().filter(|view| view.artifact == at);
            aggregators.push(match views.any(|view| !view.plan.fold.lifts.is_empty()) {
                true => Aggregating::Stopped(artifact.clone()),
                false => Aggregating::Nothing,
            });
        }
        let artifacts = catalog.views().iter().map(|view| view.artifact).collect();
        Ok(Guests { none: NoGuest, aggregators, artifacts, until: None })
    }

    /// Sets the time by which calls must have ended; by default there is none.
    pub fn until(&mut self, until: Option<&Deadline>) {
        self.until = until.cloned();
        for aggregating in &mut self.aggregators {
            if let Aggregating::Started(aggregator) = aggregating {
                aggregator.until(until);
            }
        }
    }

    /// The bytes of memory that they hold.
    pub fn memory_bytes(&self) -> usize {
        let held = |aggregating: &Aggregating| match aggregating {
            Aggregating::Started(aggregator) => aggregator.memory_bytes(),
            _ => 0,
        };
        self.aggregators.iter().map(held).sum()
    }
}

impl ViewGuests for Guests {
    /// The guest of the artifact of the view with this index in the catalogue.
    fn of(&mut self, view: usize) -> Result<&mut dyn UserCalls> {
        let aggregating = &mut self.aggregators[self.artifacts[view]];
        if let Aggregating::Stopped(artifact) = aggregating {
            let mut aggregator = Aggregator::new(artifact)?;
            aggregator.until(self.until.as_ref());
            *aggregating = Aggregating::Started(Box::new(aggregator));
        }
        Ok(match aggregating {
            Aggregating::Started(aggregator) => &mut **aggregator,
            _ => &mut self.none,
        })
    }
}
