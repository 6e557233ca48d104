//! Artifacts of this repository, built by the code of `lockstep build`, once a process.

use lockstep_cli::build::{BuildOptions, build, build_unasked};
use lockstep_engine::catalog::{Catalog, cached_engine};
use lockstep_guest::Artifact;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The repository's root.
pub fn root() -> PathBuf {
    let kit = Path::new(env!("CARGO_MANIFEST_DIR"));
    kit.ancestors().nth(2).expect("the kit lies two folders deep").to_path_buf()
}

/// The built file of the transform crate at `path`, relative to the root.
pub fn wasm(path: &str) -> PathBuf {
    made(path, true)
}

/// As [`wasm`], of a crate that the build would refuse, because it is not pure.
pub fn wasm_unasked(path: &str) -> PathBuf {
    made(path, false)
}

fn made(path: &str, ask: bool) -> PathBuf {
    static BUILT: OnceLock<Mutex<HashMap<String, PathBuf>>> = OnceLock::new();
    let built = BUILT.get_or_init(Mutex::default);
    let mut built = built.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(file) = built.get(path) {
        return file.clone();
    }
    let name = path.replace(['/', '-'], "_");
    // One file a process: tests of several processes may build at once.
    let output =
        std::env::temp_dir().join(format!("lockstep-kit-{}-{name}.wasm", std::process::id()));
    let options = BuildOptions { crate_dir: root().join(path), output: Some(output.clone()) };
    let made = if ask { build(&options) } else { build_unasked(&options) };
    made.unwrap_or_else(|error| panic!("{path} does not build: {error}"));
    built.insert(path.to_string(), output.clone());
    output
}

/// The artifact of the transform crate `name` in `transforms/`.
pub fn artifact(name: &str) -> Artifact {
    let engine = cached_engine().unwrap_or_else(|error| panic!("no engine: {error}"));
    Artifact::load(&engine, &wasm(&format!("transforms/{name}")))
        .unwrap_or_else(|error| panic!("{name} does not load: {error}"))
}

/// The catalogue of one of the repository's transforms.
pub fn catalog(name: &str) -> Arc<Catalog> {
    let catalog = Catalog::new(vec![(name.replace('-', "_"), artifact(name))]);
    Arc::new(catalog.unwrap_or_else(|error| panic!("{name} has no catalogue: {error}")))
}
