//! What a training set has rows for: a spine, or all keys at given times.

use std::process::Command;

/// Goal: the command takes either a spine, or all keys with times; anything else is refused before a
/// project is opened.
#[test]
fn a_training_set_has_a_spine_or_all_keys() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_lockstep"))
            .args(["training-set", "wide", "-o", "out.parquet"])
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for wrong in [
        &[][..],
        &["--all-keys"],
        &["--as-of", "2024-01-01"],
        &["--spine", "s.csv", "--as-of", "2024-01-01"],
        &["--spine", "s.csv", "--all-keys", "--as-of", "2024-01-01"],
    ] {
        let (code, said) = run(wrong);
        assert_eq!(code, Some(2), "{wrong:?}: {said}");
        let named = ["--spine", "--all-keys", "--as-of"].iter().any(|flag| said.contains(flag));
        assert!(named, "{wrong:?}: {said}");
    }
    let (code, said) = run(&["--all-keys", "--as-of", "yesterday"]);
    assert_ne!(code, Some(0));
    assert!(said.contains("--as-of") && said.contains("yesterday"), "{said}");
}
