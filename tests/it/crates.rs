//! Dependencies between crates: the runtime's packages must depend in one direction only, and the
//! core on nothing that does I/O.
//!
//! ```text
//! core <- disk <- guest, source, store <- engine <- runtime <- cli
//! ```
//!
//! Method: reads each `Cargo.toml`, and cargo's own dependency tree of the core. Deliberately
//! absent: dependencies of tests and benches, which may use any package.

use crate::tidy::{check, root};
use std::fs;
use std::process::Command;

/// The packages with the layer of each; a package may depend on lower layers only.
const LAYERS: [(&str, &str, u8); 7] = [
    ("lockstep-core", "runtime/core", 0),
    ("lockstep-disk", "runtime/disk", 1),
    ("lockstep-guest", "runtime/guest", 2),
    ("lockstep-source", "runtime/source", 2),
    ("lockstep-store", "runtime/store", 2),
    ("lockstep-engine", "runtime/engine", 3),
    ("lockstep-runtime", "runtime", 4),
];

/// What the core must not reach.
const KEPT_OUT: [&str; 5] = ["wasmtime", "sled", "tokio", "parquet", "object_store"];

/// The packages of this repository that the package in `folder` depends on, except for its tests.
fn named(folder: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
    let mut counts = false;
    let mut named = Vec::new();
    for line in text.lines() {
        if line.starts_with('[') {
            counts = line.contains("dependencies") && !line.contains("dev-dependencies");
        }
        let name = line.split(['.', ' ', '=']).next().unwrap();
        if counts && name.starts_with("lockstep-") {
            named.push(name.to_string());
        }
    }
    named
}

/// Goal: no crate of the runtime depends on one of its own or of a higher layer, and the command
/// depends only on the front door.
#[test]
fn the_crates_depend_one_way() {
    let mut problems = Vec::new();
    for (package, folder, layer) in LAYERS {
        for name in named(folder) {
            let below = LAYERS.iter().any(|(other, _, lower)| *other == name && *lower < layer);
            if !below {
                problems.push(format!("{folder}/Cargo.toml: {package} must not depend on {name}"));
            }
        }
    }
    for (package, folder, _) in LAYERS.iter().filter(|(_, _, layer)| *layer > 0) {
        if named(folder).is_empty() {
            problems.push(format!("{folder}/Cargo.toml: no dependencies of {package} were found"));
        }
    }
    if named("cli") != ["lockstep-runtime"] {
        let found = named("cli").join(", ");
        problems.push(format!("cli/Cargo.toml: it names {found}, not lockstep-runtime alone"));
    }
    check(problems);
}

/// Goal: the core can be built wherever Rust can, since nothing below it does I/O. Method: the
/// packages that it is built from, as cargo resolves them.
#[test]
fn the_core_reaches_no_io() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let words = "tree -p lockstep-core -e normal --prefix none --locked --offline";
    let ran = Command::new(cargo).args(words.split(' ')).current_dir(root()).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let tree = String::from_utf8(ran.stdout).unwrap();
    let packages: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(packages.contains(&"arrow"), "this is no tree of the core:\n{tree}");
    let reached = packages.iter().filter(|package| {
        let of = |kept: &&str| *package == kept || package.starts_with(&format!("{kept}-"));
        KEPT_OUT.iter().any(of)
    });
    check(reached.map(|package| format!("lockstep-core depends on {package}")).collect());
}
