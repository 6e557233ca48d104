//! `lockstep build`: the artifact must not depend on the folder in which it was built (S23).
//!
//! Method: the evil guest's crate, copied to two places of different depth and name. They share a
//! target folder with the original, so that only the crate itself is compiled again. Deliberately
//! absent: what the SDK's macros refuse, which the SDK's own tests check.

use super::{crate_dir, evil_file};
use lockstep_cli::build::{BuildOptions, build};
use std::fs;
use std::path::Path;

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        if !from.is_dir() {
            fs::copy(from, to).unwrap();
        } else if !from.ends_with("target") {
            copy(&from, &to);
        }
    }
}

/// Goal: the digest is the same wherever the sources are, and the artifact contains no path of the
/// machine.
#[test]
fn s23_a_digest_does_not_depend_on_the_place() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join(".cargo")).unwrap();
    let target = crate_dir().join("target");
    let config = format!("[build]\ntarget-dir = {:?}\n", target.to_str().unwrap());
    fs::write(folder.path().join(".cargo/config.toml"), config).unwrap();
    let wit = crate_dir().join("../../../wit");
    let original = fs::read(evil_file()).unwrap();
    for place in ["one", "a longer name/two"] {
        copy(&wit, &folder.path().join(place).join("wit"));
        let copied = folder.path().join(place).join("x/y/evil");
        copy(&crate_dir(), &copied);
        let built = build(&BuildOptions { crate_dir: copied.clone(), output: None }).unwrap();
        assert_eq!(built.path, copied.canonicalize().unwrap().join("evil.wasm"));
        assert!(fs::read(&built.path).unwrap() == original, "{place} gives other bytes");
    }
    let home = std::env::var("HOME").unwrap();
    let text = String::from_utf8_lossy(&original).into_owned();
    assert!(!text.contains(&home) && !text.contains(crate_dir().to_str().unwrap()));
}

/// Goal: a folder that is not a transform crate is refused with the remedy.
#[test]
fn wrong_crates_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let check = |message: &str| {
        let options = BuildOptions { crate_dir: folder.path().to_path_buf(), output: None };
        let error = build(&options).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    };
    check("there is no Cargo.toml");
    let manifest =
        "[workspace]\nresolver = \"3\"\n[package]\nname = \"plain\"\nedition = \"2024\"\n";
    fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::write(folder.path().join("src/lib.rs"), "//! Nothing.\n").unwrap();
    check("crate-type");
    let manifest = format!("{manifest}[lib]\ncrate-type = [\"cdylib\"]\n");
    fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    check("declares nothing");
    fs::write(folder.path().join("src/lib.rs"), "this is no Rust").unwrap();
    check("does not compile");
    let member = folder.path().join("member");
    fs::create_dir_all(member.join("src")).unwrap();
    fs::write(member.join("Cargo.toml"), "[package]\nname = \"member\"\n").unwrap();
    fs::write(member.join("src/lib.rs"), "//! Nothing.\n").unwrap();
    fs::write(folder.path().join("Cargo.toml"), "[workspace]\nmembers = [\"member\"]\n").unwrap();
    check("is a workspace");
    let missing = BuildOptions { crate_dir: folder.path().join("no"), output: None };
    assert!(build(&missing).unwrap_err().to_string().contains("no such folder"));
}
