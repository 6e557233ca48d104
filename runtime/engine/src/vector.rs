//! Feature vectors: the answer to one request.
//!
//! Invariant: a vector carries all that its values depend on: `as_of`, the time asked for; `known`,
//! the number of the commit at which the store was read (S1); and the identity of what computed it
//! (S23). Deliberately absent: computing the values, which is the online host's.

use crate::catalog::Catalog;
use crate::generations::generation;
use lockstep_core::fold::Status;
use lockstep_core::generation::Sha;
use lockstep_core::time::Time;
use lockstep_core::value::{Column, Value};
use std::sync::Arc;

/// The features of one request.
#[derive(Clone, Debug)]
pub struct FeatureVector {
    /// The features' names, types and meanings.
    pub features: Arc<[Column]>,
    /// Their values.
    pub values: Vec<Value>,
    /// The status of each value, such as an overflow.
    pub statuses: Vec<Status>,
    /// The time for which the values were asked.
    pub as_of: Time,
    /// The number of the commit at which the store was read.
    pub known: u64,
    /// What the values depend on apart from the events.
    pub identity: Arc<Identity>,
}

impl FeatureVector {
    /// The value of the feature called `name` (`view.feature`).
    pub fn value(&self, name: &str) -> Option<&Value> {
        let at = self.features.iter().position(|feature| feature.name == name)?;
        Some(&self.values[at])
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.features.iter().map(|feature| feature.name.as_str()).zip(&self.values)
    }
}

/// What values depend on apart from the events (S23).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Each artifact's name and digest.
    pub artifacts: Vec<(String, String)>,
    /// Each view's name and generation.
    pub generations: Vec<(String, Sha)>,
    /// The CPU architecture, or `any` if every artifact is built `strict`.
    pub architecture: &'static str,
}

impl Identity {
    /// The identity of the values that `catalog` computes.
    pub fn of(catalog: &Catalog) -> Identity {
        let artifacts = catalog.artifacts().iter();
        let strict = artifacts.clone().all(|(_, artifact)| artifact.manifest().strict);
        let views = catalog.views().iter().enumerate();
        let generations = views.map(|(at, view)| {
            (view.declaration().name.clone(), generation(catalog, at).generation)
        });
        Identity {
            artifacts: artifacts.map(|(n, a)| (n.clone(), a.digest().to_string())).collect(),
            generations: generations.collect(),
            architecture: if strict { "any" } else { std::env::consts::ARCH },
        }
    }

    /// The identity as pairs of name and text, for file metadata and answers.
    pub fn entries(&self) -> Vec<(String, String)> {
        let artifacts = self.artifacts.iter().map(|(n, d)| (format!("artifact.{n}"), d.clone()));
        let generations =
            self.generations.iter().map(|(n, sha)| (format!("generation.{n}"), sha.to_string()));
        let rest = [("architecture".to_string(), self.architecture.to_string())];
        artifacts.chain(generations).chain(rest).collect()
    }
}
