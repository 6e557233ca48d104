//! An artifact that is wrong, or costs too much to load, stops those who use it, and nobody else.
//!
//! Method: the project gets a second artifact and a service of its features; the second artifact is
//! broken in several ways. Each command runs for both services. Deliberately absent: which
//! artifacts are refused, which `sandbox/evil.rs` checks.

use super::Place;
use lockstep_core::value::Value;
use lockstep_core::{Code, ErrorKind};
use lockstep_guest::FUNCTIONS_MAX;
use lockstep_kit::evil::components::hostile;
use lockstep_runtime::{AsOf, OnlineHost, Time};

const GOOD: &str = "training-set mention_ranker --spine @mentions.parquet -o @good.parquet";
const BAD: &str = "training-set neighbour --spine @mentions.parquet -o @bad.parquet";

/// A project with a second artifact of these bytes, and a service `neighbour` of it; with a store.
fn beside(bytes: Option<&[u8]>) -> Place {
    let place = Place::with_store();
    if let Some(bytes) = bytes {
        place.write("neighbour.wasm", bytes);
    }
    place.edit("[artifacts]\n", "[artifacts]\nneighbour = \"neighbour.wasm\"\n");
    let text = std::fs::read_to_string(place.path("lockstep.toml")).unwrap();
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
