//! The list of faults: each kind has its tests and its mutants.
//!
//! Deliberately absent: the tests themselves, which stand with the module that they test.

use lockstep_kit::artifacts::root;
use lockstep_kit::faults::{Later, Test, list};
use std::collections::BTreeSet;

/// Goal: no kind of fault is called mended without a test that exists and a mutant that undoes the
/// remedy. Method: a test's function is looked up in the sources of its package, a mutant among the
/// patches.
#[test]
fn every_kind_of_fault_has_tests_and_mutants() {
    let faults = list().unwrap();
    let kinds: BTreeSet<&str> = faults.kind.iter().map(|kind| kind.kind.as_str()).collect();
    assert_eq!(kinds.len(), faults.kind.len(), "a kind occurs twice");
    let mended = |later: &Later| faults.kind.iter().any(|kind| kind.number == later.number);
    assert!(!faults.later.iter().any(mended), "a kind is mended, and to be mended later");
    for kind in &faults.kind {
        assert!(!kind.tests.is_empty() && !kind.mutations.is_empty(), "{}", kind.kind);
        for test in &kind.tests {
            assert!(exists(test), "{}: no test {test:?}", kind.kind);
        }
        for mutation in &kind.mutations {
            let patch = root().join("tests/mutations").join(format!("{mutation}.patch"));
            assert!(patch.is_file(), "{}: no mutant {mutation}", kind.kind);
        }
    }
}

/// Whether some source of the test's package has a function of its name.
fn exists(test: &Test) -> bool {
    let (_, function) = test.path.rsplit_once("::").unwrap_or(("", &test.path));
    let declared = [format!("fn {function}()"), format!("fn {function}(\n")];
    let mut folders = vec![root().join(folder(&test.package))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                if declared.iter().any(|declared| text.contains(declared)) {
                    return true;
                }
            }
        }
    }
    false
}

/// Where the sources of a package are.
fn folder(package: &str) -> &'static str {
    match package {
        "lockstep-tests" => "tests/it",
        "lockstep-core" => "runtime/core",
        "lockstep-disk" => "runtime/disk",
        "lockstep-guest" => "runtime/guest",
        "lockstep-source" => "runtime/source",
        "lockstep-store" => "runtime/store",
        "lockstep-engine" => "runtime/engine",
        "lockstep-runtime" => "runtime/src",
        "lockstep-cli" => "cli",
        "lockstep-sdk" => "guest-sdk",
        "lockstep-sdk-macros" => "guest-sdk/macros",
        other => panic!("no package {other} is known here"),
    }
}
