//! Loading artifacts: which files are refused, and with which remedy (S23).
//!
//! Method: the evil guest's file, changed byte by byte; sections are appended by hand, because a
//! writer shared with the code under test would share its mistakes. Deliberately absent: what a
//! manifest may declare, which `view.rs` checks.

use super::evil_file;
use lockstep_core::ErrorKind;
use lockstep_guest::{Artifact, Engine, EngineConfig};
use std::fs;

/// A section with a body of fewer than 128 bytes.
fn section(id: u8, body: &[u8]) -> Vec<u8> {
    assert!(body.len() < 128);
    [&[id, body.len() as u8], body].concat()
}

fn named(name: &str, content: &[u8]) -> Vec<u8> {
    section(0, &[&[name.len() as u8], name.as_bytes(), content].concat())
}

/// An empty component.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
/// An empty core module.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";
/// A manifest that declares nothing.
const NOTHING: &[u8] =
    br#"{"format":1,"sdk":"","semantics":1,"strict":false,"views":[],"on_demand":[]}"#;

#[track_caller]
fn assert_refused(bytes: &[u8], message: &str) {
    let engine = Engine::new(EngineConfig::default()).unwrap();
    let error = Artifact::from_bytes(&engine, "x.wasm", bytes).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Input, "{error}");
    let text = error.to_string();
    assert!(text.starts_with("artifact x.wasm: ") && text.contains(message), "{text}");
}

/// Goal: each kind of wrong file is named, with its remedy.
#[test]
fn wrong_files_are_refused() {
    assert_refused(b"", "empty");
    assert_refused(b"PAR1", "not WebAssembly");
    assert_refused(MODULE, "run `lockstep build`");
    assert_refused(COMPONENT, "no manifest");
    let manifest = named("lockstep:manifest", NOTHING);
    assert_refused(&[COMPONENT, &manifest, &manifest].concat(), "2 manifests");
    assert_refused(&[COMPONENT, &manifest].concat(), "neither a view nor");
    assert_refused(
        &[COMPONENT, &named("lockstep:manifest", b"{")].concat(),
        "manifest is not valid",
    );
    let future = br#"{"format":9,"semantics":1}"#;
    assert_refused(&[COMPONENT, &named("lockstep:manifest", future)].concat(), "format 9");
    assert_refused(&[COMPONENT, &manifest, &[99, 1, 0]].concat(), "not a component that");
    let evil = fs::read(evil_file()).unwrap();
    assert_refused(&evil[..evil.len() - 1], "cut off");
    assert_refused(&evil[..evil.len() / 2], "cut off");
}

/// Goal: an import other than the log is refused by name. Method: a component that imports an
/// empty instance, written by hand.
#[test]
fn s07_imports_are_refused() {
    let name = b"wasi:clocks/wall-clock@0.2.0";
    let instance_type = section(7, &[1, 0x42, 0]);
    let import = section(10, &[&[1, 0, name.len() as u8], &name[..], &[5, 0]].concat());
    let manifest = named("lockstep:manifest", NOTHING);
    let wasm = [COMPONENT, &instance_type, &import, &manifest].concat();
    assert_refused(&wasm, "it imports \"wasi:clocks/wall-clock@0.2.0\"");
}

/// Goal: a manifest that promises something the component does not export is refused. Method: the
/// evil guest's manifest on an empty component.
#[test]
fn a_manifest_must_be_kept() {
    let engine = Engine::new(EngineConfig::default()).unwrap();
    let evil = Artifact::load(&engine, evil_file()).unwrap();
    let json = serde_json::to_vec(evil.manifest()).unwrap();
    let body = [&[17], &b"lockstep:manifest"[..], &json].concat();
    let size = [body.len() as u8 | 0x80, (body.len() >> 7) as u8];
    assert!(body.len() < 1 << 14);
    let wasm = [COMPONENT, &[0], &size, &body].concat();
    assert_refused(&wasm, "needs \"lockstep:features/transform@0.2.0\"");
}

/// Goal: the error for a path without an artifact names the path.
#[test]
fn wrong_paths_are_refused() {
    let engine = Engine::new(EngineConfig::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let missing = Artifact::load(&engine, &folder.path().join("no.wasm")).unwrap_err();
    assert!(missing.to_string().contains("no.wasm: there is no such file"), "{missing}");
    let directory = Artifact::load(&engine, folder.path()).unwrap_err();
    assert!(directory.to_string().contains("not a file"), "{directory}");
}

/// Goal: an artifact reports its digest, size and declarations. Method: compared with the file,
/// read by other code.
#[test]
fn s23_an_artifact_is_named_by_its_bytes() {
    let engine = Engine::new(EngineConfig::default()).unwrap();
    let bytes = fs::read(evil_file()).unwrap();
    let artifact = Artifact::from_bytes(&engine, "evil", bytes.clone()).unwrap();
    assert_eq!(artifact.size_bytes(), bytes.len() as u64);
    assert_eq!(artifact.imports().unwrap(), ["lockstep:features/log@0.2.0"]);
    assert_eq!(artifact.manifest().views.len(), 4);
    let digits = artifact.digest().strip_prefix("sha256:").unwrap();
    assert!(digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    let other = [&bytes[..], &named("other", b"")].concat();
    let other = Artifact::from_bytes(&engine, "other", other).unwrap();
    assert_ne!(other.digest(), artifact.digest());
}
