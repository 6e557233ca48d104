//! Artifacts: manifests and components.

use lockstep_core::manifest::Manifest;
use lockstep_core::view_plan::ViewPlan;
use lockstep_guest::{Artifact, Engine, EngineConfig, MANIFEST_SECTION, custom_sections};
use std::sync::LazyLock;

/// The law: a manifest that was read is the same when it is written and read again, and every view
/// of it has a plan.
pub(crate) fn manifest(bytes: &[u8]) {
    let Ok(manifest) = Manifest::parse(bytes) else { return };
    let again = serde_json::to_vec(&manifest).unwrap();
    assert_eq!(Manifest::parse(&again).unwrap(), manifest, "a manifest that was written");
    for view in &manifest.views {
        drop(ViewPlan::new(view, &manifest.aggregates));
    }
}

static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(EngineConfig::default()).unwrap());

/// The law: an artifact that was loaded has one manifest, the one that its section holds.
pub(crate) fn component(bytes: &[u8]) {
    let sections = custom_sections(bytes, MANIFEST_SECTION);
    if let Ok(artifact) = Artifact::from_bytes(&ENGINE, "artifact", bytes) {
        let sections = sections.unwrap();
        assert_eq!(sections.len(), 1);
        assert_eq!(Manifest::parse(sections[0]).unwrap(), *artifact.manifest());
    }
}
