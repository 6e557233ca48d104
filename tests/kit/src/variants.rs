//! Variants of the example transform: the same crate with some lines of its source changed.
//!
//! Invariant: every line that a variant replaces is there exactly once, so an edit that no longer
//! applies fails its test. All variants share one folder of builds below `target/`.

use crate::artifacts::root;
use lockstep_cli::build::{BuildOptions, build};
use lockstep_engine::catalog::{Catalog, cached_engine};
use lockstep_guest::Artifact;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The transform that is varied.
const ORIGINAL: &str = "transforms/user-mentions/src/lib.rs";

/// The name of its artifact.
pub const NAME: &str = "user_mentions";

/// The built file of a variant called `name`: the original with each first text replaced by the
/// second.
///
/// # Panics
/// If a text is not there exactly once, or the variant does not build.
pub fn wasm(name: &str, edits: &[(&str, &str)]) -> PathBuf {
    static BUILDING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
    let workspace = root().join("target/variants");
    let package = workspace.join(name);
    let failed = |what: &str| panic!("variant {name}: {what}");
    let mut source = fs::read_to_string(root().join(ORIGINAL)).expect("the original is there");
    for (old, new) in edits {
        if source.matches(old).count() != 1 {
            failed(&format!("{old:?} is not there exactly once"));
        }
        source = source.replace(old, new);
    }
    fs::create_dir_all(package.join("src")).expect("target/ is writable");
    write(
        &workspace.join("Cargo.toml"),
        "[workspace]\nresolver = \"3\"\nmembers = [\"*\"]\nexclude = [\"target\"]\n",
    );
    let lock = fs::read_to_string(root().join("Cargo.lock")).expect("the lock file is there");
    if !workspace.join("Cargo.lock").is_file() {
        write(&workspace.join("Cargo.lock"), &lock);
    }
    // The path is relative, so that variants of a checkout that was moved do not name the old place.
    let manifest = format!(
        "[package]\nname = \"{}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[lib]\ncrate-type = \
         [\"cdylib\"]\n\n[dependencies]\nlockstep-sdk = {{ path = \"../../../guest-sdk\" }}\n",
        name.replace('_', "-"),
    );
    write(&package.join("Cargo.toml"), &manifest);
    write(&package.join("src/lib.rs"), &source);
    let output = package.join(format!("{name}-{}.wasm", std::process::id()));
    let options = BuildOptions { crate_dir: package, output: Some(output.clone()) };
    if let Err(error) = build(&options) {
        failed(&error.to_string());
    }
    output
}

/// Writes a file unless it holds that already, so that cargo finds nothing new.
fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return;
    }
    fs::write(path, text).expect("target/ is writable");
}

/// The catalogue of one artifact of the example's name.
///
/// # Panics
/// If the file is no artifact.
pub fn catalog(bytes: Vec<u8>) -> Arc<Catalog> {
    let engine = cached_engine().unwrap_or_else(|error| panic!("no engine: {error}"));
    let artifact = Artifact::from_bytes(&engine, NAME, bytes);
    let artifact = artifact.unwrap_or_else(|error| panic!("a variant does not load: {error}"));
    let catalog = Catalog::new(vec![(NAME.to_string(), artifact)]);
    Arc::new(catalog.unwrap_or_else(|error| panic!("a variant has no catalogue: {error}")))
}

/// The same component with one more custom section, as a changed comment may leave it: another
/// digest, and nothing else.
pub fn with_note(mut wasm: Vec<u8>, note: &[u8]) -> Vec<u8> {
    let name = b"note";
    wasm.push(0);
    wasm.push(u8::try_from(1 + name.len() + note.len()).expect("a short note"));
    wasm.push(name.len() as u8);
    wasm.extend(name);
    wasm.extend(note);
    wasm
}
