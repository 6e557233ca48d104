//! `lockstep-mirror MANIFEST.json ARTIFACT.wasm`: an artifact whose rows are its events.
//!
//! For checks that are written in other languages: they say a view as data and get an artifact of
//! it. Invariant: the manifest passes as it is; what loads the artifact judges it. Deliberately
//! absent: the short forms of the cases.

use lockstep_core::{Error, Result};
use lockstep_disk::write_atomically;
use lockstep_kit::cases::mirror::{artifact_of, component};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [manifest, artifact] = &arguments[..] else {
        eprintln!("usage: lockstep-mirror MANIFEST.json ARTIFACT.wasm");
        return ExitCode::from(2);
    };
    match write(Path::new(manifest), Path::new(artifact)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(manifest: &Path, artifact: &Path) -> Result<()> {
    let text = std::fs::read_to_string(manifest)
        .map_err(|error| Error::input("cannot read it").because(error).at(manifest.display()))?;
    let json = serde_json::from_str(&text)
        .map_err(|error| Error::input("it is not JSON").because(error).at(manifest.display()))?;
    write_atomically(artifact, &artifact_of(&component()?, &json))
}
