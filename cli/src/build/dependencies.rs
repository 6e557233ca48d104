//! Which package of an author's crate needs which, as cargo says.
//!
//! Invariant: only what is compiled into the artifact counts, not what its tests or its build
//! scripts need. Deliberately absent: versions that were not chosen, and features.

use serde_json::Value as Json;
use std::collections::{BTreeMap, VecDeque};

/// The packages that a crate is made of.
#[derive(Debug, Default)]
pub(super) struct Dependencies {
    own: String,
    names: BTreeMap<String, String>,
    needs: BTreeMap<String, Vec<String>>,
}

impl Dependencies {
    /// Those of the package `own`, from what `cargo metadata` writes.
    pub(super) fn read(metadata: &Json, own: &str) -> Dependencies {
        let text = |value: &Json| value.as_str().unwrap_or_default().to_string();
        let packages = metadata["packages"].as_array().into_iter().flatten();
        let names = packages.map(|package| (text(&package["id"]), text(&package["name"])));
        let compiled = |dependency: &&Json| {
            let kinds = dependency["dep_kinds"].as_array().into_iter().flatten();
            kinds.into_iter().any(|kind| kind["kind"].is_null())
        };
        let nodes = metadata["resolve"]["nodes"].as_array().into_iter().flatten();
        let needs = nodes.map(|node| {
            let dependencies = node["deps"].as_array().into_iter().flatten();
            let needed = dependencies.filter(compiled).map(|dependency| text(&dependency["pkg"]));
            (text(&node["id"]), needed.collect())
        });
        Dependencies { own: own.to_string(), names: names.collect(), needs: needs.collect() }
    }

    /// The shortest way from the crate to a package called `name`, as names, the crate left out;
    /// `None` if it needs no such package.
    pub(super) fn way_to(&self, name: &str) -> Option<Vec<&str>> {
        let mut before: BTreeMap<&str, &str> = BTreeMap::new();
        let mut next = VecDeque::from([self.own.as_str()]);
        while let Some(package) = next.pop_front() {
            if self.names.get(package).is_some_and(|found| found == name) {
                let ways = std::iter::successors(Some(package), |at| before.get(at).copied());
                let mut way: Vec<&str> = ways.map(|id| self.names[id].as_str()).collect();
                way.pop();
                way.reverse();
                return Some(way);
            }
            for needed in self.needs.get(package).into_iter().flatten() {
                if needed != &self.own && !before.contains_key(needed.as_str()) {
                    before.insert(needed, package);
                    next.push_back(needed);
                }
            }
        }
        None
    }
}
