//! The version of an artifact: its digest, and the generation of each of its views (S23). An
//! artifact is the compiled component of one crate of transforms.
//!
//! The *generation* of a view is a digest of everything that its values depend on, except the
//! events. This file also has the *judgement* of a source: the settings by which admission decides
//! which of its events count.
//!
//! Invariant: all three depend only on the catalogue and the CPU architecture. Deliberately absent:
//! assigning state sets, the numbered parts of a store that hold states; `lineup` does that.

use crate::catalog::Catalog;
use lockstep_core::error::{Error, Result};
use lockstep_core::generation::Generation;
use lockstep_store::generations::{Version, ViewVersion};
use serde_json::json;
use std::collections::BTreeMap;

/// The generation of the view with this index in the catalogue.
pub fn generation(catalog: &Catalog, view: usize) -> Generation {
    let loaded = &catalog.views()[view];
    let artifact = &catalog.artifacts()[loaded.artifact].1;
    let declaration = loaded.declaration();
    let settings = catalog.settings(&declaration.event.source);
    let architecture = std::env::consts::ARCH;
    Generation::of(declaration, artifact.manifest(), artifact.digest(), &settings, architecture)
}

/// The version of the artifact with this index. Its views have no state sets yet.
pub(crate) fn version(catalog: &Catalog, artifact: usize) -> Version {
    let views = catalog.views().iter().enumerate().filter(|(_, view)| view.artifact == artifact);
    let views = views.map(|(at, view)| {
        let declaration = view.declaration();
        let source = declaration.event.source.clone();
        let identity = generation(catalog, at);
        (declaration.name.clone(), ViewVersion { identity, source, set: None, stopped: None })
    });
    let digest = catalog.artifacts()[artifact].1.digest().to_string();
    Version { digest, views: views.collect() }
}

/// The settings by which admission decides which events of a source count, as text. Other settings
/// could reject other events, so a store keeps to one text.
pub(crate) fn judgement(catalog: &Catalog, source: &str) -> Result<String> {
    let schema = catalog.source(source)?;
    let name = |column: usize| schema.columns[column].name.as_str();
    let mut judgement = catalog.settings(source).json();
    judgement["id"] = json!(schema.id.map(name));
    judgement["time"] = json!(name(schema.time));
    judgement["skew_us"] = json!(schema.skew_us);
    Ok(judgement.to_string())
}

/// Refuses settings that are not those by which the store admitted its events.
pub(crate) fn check_judgement(source: &str, stored: &[u8], now: &str) -> Result<()> {
    if stored == now.as_bytes() {
        return Ok(());
    }
    Err(Error::input(format!(
        "the store admitted the events of source {source} by {}, and now they would be by {now}; \
         other events could count, so fill a new store with `lockstep backfill`",
        String::from_utf8_lossy(stored)
    )))
}

/// The catalogue's artifacts by name, with their indices.
pub(crate) fn artifacts(catalog: &Catalog) -> BTreeMap<&str, usize> {
    catalog.artifacts().iter().enumerate().map(|(at, (name, _))| (name.as_str(), at)).collect()
}
