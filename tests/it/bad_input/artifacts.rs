//! Wrong artifacts are refused: a file that is not a component, one with imports, and one with
//! another digest than was pinned.
//!
//! Method: files written by hand, in the place of the project's artifact.

use super::Place;
use lockstep_store::Store as _;
use lockstep_store::generations::Generations;
use lockstep_store::sled::SledStore;
use std::fs;

const TRAIN: &str = "training-set mention_ranker --spine @mentions.parquet -o @out.parquet";

/// An empty component.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
/// An empty core module.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// A section with a body of fewer than 128 bytes.
fn section(id: u8, body: &[u8]) -> Vec<u8> {
    assert!(body.len() < 128);
    [&[id, body.len() as u8], body].concat()
}

/// A custom section.
fn custom(name: &str, content: &[u8]) -> Vec<u8> {
    section(0, &[&[name.len() as u8], name.as_bytes(), content].concat())
}

/// Goal: a file that is not an artifact is refused by every command that loads it, with its remedy.
#[test]
fn s07_files_that_are_no_artifacts_are_refused() {
    let name = b"wasi:clocks/wall-clock@0.2.0";
    let instance_type = section(7, &[1, 0x42, 0]);
    let import = section(10, &[&[1, 0, name.len() as u8], &name[..], &[5, 0]].concat());
    let nothing =
        br#"{"format":1,"sdk":"","semantics":1,"strict":false,"views":[],"on_demand":[]}"#;
    let manifest = custom("lockstep:manifest", nothing);
    let importing = [COMPONENT, &instance_type, &import, &manifest].concat();
    for (bytes, word) in [
        (b"fn main() {}".as_slice(), "not WebAssembly"),
        (b"", "empty"),
        (MODULE, "run `lockstep build`"),
        (COMPONENT, "no manifest"),
        (&importing, "it imports \"wasi:clocks/wall-clock@0.2.0\""),
    ] {
        let place = Place::new();
        place.write("user_mentions.wasm", bytes);
        for command in [TRAIN, "backfill", "get mention_ranker", "inspect @user_mentions.wasm"] {
            place.check(command, 2, &["user_mentions.wasm", word]);
        }
    }
    let place = Place::new();
    fs::remove_file(place.path("user_mentions.wasm")).unwrap();
    place.check(TRAIN, 2, &["user_mentions.wasm"]);
}

/// Goal: an artifact other than the pinned one is refused, with both digests and the remedy (S23).
#[test]
fn s23_an_artifact_that_is_not_pinned_is_refused() {
    let place = Place::with_store();
    place.write("lockstep.lock", "[artifacts]\nuser_mentions = \"sha256:00\"\n");
    for command in [TRAIN, "backfill", "stream", "get mention_ranker actor=a candidate=b"] {
        let words = ["artifact user_mentions is sha256:", "lockstep.lock", "pins sha256:00"];
        place.check(command, 2, &words);
        place.check(command, 2, &["`lockstep build`"]);
    }
    for damaged in ["[artifacts\n", "", " \n"] {
        place.write("lockstep.lock", damaged);
        place.check(TRAIN, 2, &["lockstep.lock", "damaged", "build again"]);
    }
}

/// Goal: one name for two views is an error that names both artifacts.
#[test]
fn two_artifacts_with_one_view_name_are_refused() {
    let place = Place::new();
    let named = "user_mentions = \"user_mentions.wasm\"";
    place.edit(named, &format!("{named}\nsecond = \"user_mentions.wasm\""));
    place.check(TRAIN, 2, &["second", "user_mentions", "both declare \"pair_mentions\"", "rename"]);
}

/// Goal: a store accepts a changed artifact: until it has caught up, the previous version serves,
/// and a service of a renamed one reports how far it is (S23). Method: the same artifact with one
/// more custom section, and under another name.
#[test]
fn s23_a_changed_artifact_catches_up() {
    let place = Place::with_store();
    let get = "get mention_ranker actor=a candidate=b area --as-of 2007-08-01";
    let active = |name: &str| {
        let store = SledStore::open(place.path("store")).unwrap();
        let record = Generations::read(&*store.read().unwrap()).unwrap();
        record.artifacts.get(name).map(|lineage| lineage.active.clone().unwrap().digest)
    };
    let before = active("user_mentions").unwrap();
    let mut wasm = fs::read(place.path("user_mentions.wasm")).unwrap();
    wasm.extend(custom("note", b"another"));
    place.write("user_mentions.wasm", &wasm);
    place.check(get, 0, &[]);
    assert_eq!(active("user_mentions").unwrap(), before, "a get changes nothing");
    place.ends("stream", 0, &[]);
    assert_ne!(active("user_mentions").unwrap(), before);

    place.edit("user_mentions = \"user", "renamed = \"user");
    let words = ["view pair_mentions of artifact renamed has not caught up", "position 0 of"];
    place.check(get, 2, &words);
    place.ends("backfill", 0, &[]);
    assert_eq!(active("user_mentions"), None);
    assert!(active("renamed").is_some());
    place.check(get, 0, &[]);
}
