//! A failed merge: a user-defined aggregate could not merge the states of some rows, so every question
//! that reads them is an error (S18, S21).
//!
//! A store keeps that a merge failed, and not why. Invariant: a job that writes to a store tells why
//! while it runs, once for each aggregate of a project that is open. Deliberately absent: whose rows
//! they were; a training set about them names its row and its feature.

use lockstep_engine::catalog::Catalog;
use std::collections::HashMap;
use std::fmt;

/// An aggregate that has failed to merge states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedMerge {
    /// The artifact's name.
    pub artifact: String,
    /// The aggregate.
    pub aggregate: String,
    /// Why, for people: what the guest said at one of its failures.
    pub reason: String,
}

impl fmt::Display for FailedMerge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FailedMerge { artifact, aggregate, reason } = self;
        write!(
            f,
            "aggregate {aggregate} of artifact {artifact} failed to merge states, so the features \
             that read them are errors until it is mended (S21): {reason}"
        )
    }
}

/// The aggregates that have failed to merge states in this process, and are not in `told` yet; then
/// they are.
pub(crate) fn untold(
    catalog: &Catalog,
    told: &mut HashMap<String, Vec<usize>>,
) -> Vec<FailedMerge> {
    let mut found = Vec::new();
    for (name, artifact) in catalog.artifacts() {
        for (aggregate, reason) in artifact.failed_merges().all() {
            let told = told.entry(name.clone()).or_default();
            if !told.contains(&aggregate) {
                told.push(aggregate);
                let aggregate = artifact.manifest().aggregates[aggregate].name.clone();
                found.push(FailedMerge { artifact: name.clone(), aggregate, reason });
            }
        }
    }
    found
}
