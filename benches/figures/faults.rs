//! `faults.*`: the kinds of faults of `tests/faults.toml`, and how many are open.
//!
//! Invariant: a kind is closed if each of its tests ran now and passed. The tests run as `cargo test`
//! runs them. Kinds that are to be mended later are listed on standard error and not counted.
//! Deliberately absent: the mutants, which `make mutations` runs.

use lockstep_benches::figure;
use lockstep_core::{Error, Result};
use lockstep_kit::artifacts::root;
use lockstep_kit::faults::{Test, list};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Measures the group.
pub(crate) fn measure() -> Result<()> {
    let faults = list()?;
    let mut binaries: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for Test { package, target, path } in faults.kind.iter().flat_map(|kind| &kind.tests) {
        binaries.entry((package, target)).or_default().insert(path);
    }
    let mut passed = BTreeSet::new();
    for ((package, target), paths) in binaries {
        for path in passing(package, target, &paths)? {
            passed.insert((package.to_string(), target.to_string(), path));
        }
    }
    let mut open = 0;
    for kind in &faults.kind {
        let holds = |test: &&Test| {
            let Test { package, target, path } = (*test).clone();
            !passed.contains(&(package, target, path))
        };
        let failed: Vec<&Test> = kind.tests.iter().filter(holds).collect();
        open += u64::from(!failed.is_empty());
        failed
            .iter()
            .for_each(|test| eprintln!("open: {}: {}: {}", kind.number, kind.kind, test.path));
    }
    faults.later.iter().for_each(|later| eprintln!("later: {}: {}", later.number, later.kind));
    figure::count("faults.kinds", faults.kind.len() as u64, "kinds");
    figure::count("faults.open", open, "kinds");
    Ok(())
}

/// Those of the tests of one binary that ran and passed.
fn passing(package: &str, target: &str, paths: &BTreeSet<&str>) -> Result<Vec<String>> {
    let mut command = Command::new("cargo");
    command.current_dir(root()).args(["test", "--package", package]);
    match target {
        "lib" => command.arg("--lib"),
        _ => command.args(["--test", target]),
    };
    command.args(["--", "--exact"]).args(paths);
    let output = command
        .output()
        .map_err(|error| Error::retry("cannot run cargo, which runs the tests").because(error))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let passed: Vec<String> = paths
        .iter()
        .filter(|path| text.contains(&format!("test {path} ... ok\n")))
        .map(|path| (*path).to_string())
        .collect();
    if passed.len() < paths.len() {
        eprintln!("{text}{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(passed)
}
