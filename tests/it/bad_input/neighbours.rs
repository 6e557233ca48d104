//! An artifact that is wrong, or costs too much to load, stops those who use it, and nobody else.
//!
//! Method: the project gets a second artifact and a service of its features; the second artifact is
//! broken in several ways. Each command runs for both services. Deliberately absent: which
//! artifacts are refused, which `sandbox/evil.rs` checks.

use super::Place;
use lockstep_core::value::Value;
use lockstep_core::{Code, ErrorKind};
use lockstep_guest::FUNCTIONS_MAX;
use lockstep_kit::artifacts::wasm;
use lockstep_kit::evil::components::hostile;
use lockstep_runtime::{AsOf, OnlineHost, Time};
use std::fs;

const GOOD: &str = "training-set mention_ranker --spine @mentions.parquet -o @good.parquet";
const BAD: &str = "training-set neighbour --spine @mentions.parquet -o @bad.parquet";

/// A project with a second artifact of these bytes, and a service `neighbour` of it; with a store.
fn beside(bytes: Option<&[u8]>) -> Place {
    let place = Place::with_store();
    if let Some(bytes) = bytes {
        place.write("neighbour.wasm", bytes);
    }
    place.edit("[artifacts]\n", "[artifacts]\nneighbour = \"neighbour.wasm\"\n");
    let text = fs::read_to_string(place.path("lockstep.toml")).unwrap();
    let service = "\n[services.neighbour]\nfeatures = [\"steady.*\", \"score.*\"]\n";
    place.write("lockstep.toml", text + service);
    place
}

/// Goal: an artifact that exceeds a limit when it is loaded stops its own service with the name of
/// the limit, in every host; the other service is trained, streamed, backfilled and served.
#[test]
fn a_costly_artifact_stops_its_own_service() {
    let functions = hostile("500,000 functions").unwrap();
    let place = beside(Some(&functions));
    let limit = ["neighbour.wasm", "500000 functions", "FUNCTIONS_MAX is 20000"];
    place.ends(GOOD, 0, &[]);
    place.ends("stream --source issue_events", 0, &[]);
    place.ends("get mention_ranker actor=a candidate=b area=c", 0, &[]);
    place.ends("backfill --source issue_events --store @new", 0, &[]);
    let host = OnlineHost::open(place.path("lockstep.toml")).unwrap();
    let text = |text: &str| Value::String(text.into());
    let request = [("actor", text("a")), ("candidate", text("b")), ("area", text("c"))];
    let as_of = AsOf::At(Time::saturating(1 << 60));
    host.get("mention_ranker", &request, as_of).unwrap();
    let request = [("actor", text("a")), ("kind", text("b")), ("x", Value::Float64(1.0))];
    let error = host.get("neighbour", &request, as_of).unwrap_err();
    let code = Code::LimitReached { limit: "FUNCTIONS_MAX", max: FUNCTIONS_MAX as u64 };
    assert_eq!((error.kind, &error.code), (ErrorKind::Input, &code), "{error}");
    assert!(limit.iter().all(|word| error.to_string().contains(word)), "{error}");
    assert_eq!(host.prepare("neighbour").unwrap_err().code, code);
    host.prepare("mention_ranker").unwrap();
}

/// An artifact that reads the source of the first one, made worse in several ways, and what its error
/// says. The last one is whole, and is not the one that is pinned.
fn worse() -> Vec<(Vec<u8>, &'static str)> {
    let whole = fs::read(wasm("transforms/collaborators")).unwrap();
    let middle = whole.len() / 2;
    let mut damaged = whole.clone();
    damaged[middle..middle + 64].fill(0xff);
    // Custom sections with a name of one letter.
    let sections = [0, 2, 1, b'x'].repeat(500);
    vec![
        (damaged, "collaborators.wasm"),
        ([&whole[..], &sections].concat(), "SECTIONS_MAX"),
        (whole[..middle].to_vec(), "collaborators.wasm"),
        (whole, "lockstep.lock"),
    ]
}

/// Goal: an artifact that cannot be loaded, or is not the one that is pinned, stops its own service,
/// and not that of another one that reads the same source: the other one is trained, checked and
/// served. What fills the source is refused before it writes anything, with the artifact's name and
/// the remedy, also where there is no store yet; without that artifact it fills the other one.
#[test]
fn two_artifacts_of_one_source_do_not_fail_together() {
    for (bytes, word) in worse() {
        let place = Place::with_store();
        let alone = fs::read_to_string(place.path("lockstep.toml")).unwrap();
        place.write("collaborators.wasm", bytes);
        place.edit("[artifacts]\n", "[artifacts]\ncollaborators = \"collaborators.wasm\"\n");
        let both = fs::read_to_string(place.path("lockstep.toml")).unwrap();
        let service = "\n[services.authors]\nfeatures = [\"author_mentions.*\"]\n";
        place.write("lockstep.toml", both + service);
        if word == "lockstep.lock" {
            place.write("lockstep.lock", "[artifacts]\ncollaborators = \"sha256:00\"\n");
        }
        let words = ["collaborators", word];
        place.ends(GOOD, 0, &[]);
        place.ends("get mention_ranker actor=a candidate=b area=c", 0, &[]);
        let parity = |service| {
            format!("parity {service} --spine @mentions.parquet --allow-unread-levels --reopens 1")
        };
        // The values are equal; that some are always null has the exit code 1.
        place.ends(&parity("mention_ranker"), 1, &["always null, so not proved"]);
        place.check("training-set authors --spine @mentions.parquet -o @bad.parquet", 2, &words);
        place.check_files(&parity("authors"), 2, &words);
        // Of one that can be opened it says that the store has nothing yet, and to run `stream`.
        place.check("get authors actor=a", 2, &words[..1]);
        for fill in ["stream", "backfill", "backfill --source issue_events"] {
            place.check(fill, 2, &words);
            place.check(&format!("{fill} --store @new"), 2, &words);
            assert!(!place.path("new").exists(), "{fill}");
        }
        if word == "SECTIONS_MAX" {
            place.check("stream", 2, &["nothing was written", "take it out of [artifacts]"]);
        }
        place.write("lockstep.toml", alone);
        for fill in ["stream", "backfill --store @new"] {
            place.ends(fill, 0, &[]);
        }
    }
}

/// Goal: an artifact that cannot even be opened stops its own service with its own error, and not
/// the other one; what writes to the store is refused, since nobody knows which events it reads.
#[test]
fn an_unreadable_artifact_stops_its_own_service() {
    let cases: [(Option<&[u8]>, &str); 3] = [
        (None, "there is no such file"),
        (Some(b"no component"), "not WebAssembly"),
        (Some(b"\0asm\x0d\0\x01\0"), "no manifest"),
    ];
    for (bytes, word) in cases {
        let place = beside(bytes);
        let words = ["neighbour.wasm", word];
        place.ends(GOOD, 0, &[]);
        place.check(BAD, 2, &words);
        place.ends("get mention_ranker actor=a candidate=b area=c", 0, &[]);
        for command in ["get neighbour", "stream", "backfill"] {
            place.check(command, 2, &words);
        }
        let host = OnlineHost::open(place.path("lockstep.toml")).unwrap();
        host.prepare("mention_ranker").unwrap();
        for error in [
            host.get::<Value>("neighbour", &[], AsOf::Now).unwrap_err(),
            host.prepare("neighbour").unwrap_err(),
            host.demand("neighbour", "").unwrap_err(),
            host.service("neighbour").map(|_| ()).unwrap_err(),
        ] {
            assert!(words.iter().all(|word| error.to_string().contains(word)), "{error}");
        }
    }
}
