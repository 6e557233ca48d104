//! Error codes: each code can be provoked from outside, and docs/ERRORS.md must list exactly these
//! codes.
//!
//! Method: wrong calls of the `lockstep` command in this process, on the small project of
//! `bad_input.rs`, and calls of the public API for errors that no command can cause; kind, code and
//! data are compared as a whole. Deliberately absent: the text of messages, which `bad_input.rs`
//! checks.

use crate::bad_input::Place;
use crate::bad_input::stores::half_a_backfill;
use crate::sources::objects::Server;
use crate::stream::memory;
use crate::tidy::{files as files_of_code, root};
use arrow::array::{Array, ArrayRef, Int64Array, StringArray, TimestampMicrosecondArray};
use lockstep_cli::arguments::Arguments;
use lockstep_cli::outcome::shown;
use lockstep_core::ErrorKind::{self, Input, Restore, Retry};
use lockstep_core::time::Time;
use lockstep_core::value::{DataType, Value};
use lockstep_core::{Code, Error};
use lockstep_engine::catalog::{Catalog, cached_engine};
use lockstep_engine::online::{self, AsOf};
use lockstep_engine::project::ProjectFile;
use lockstep_engine::service::Service;
use lockstep_guest::Artifact;
use lockstep_kit::artifacts::{catalog, wasm};
use lockstep_runtime::OnlineHost;
use lockstep_source::{BATCH_ROWS_MAX, Pattern, ReadOptions, open_files};
use lockstep_store::sled::SledStore;
use lockstep_store::{KEY_BYTES_MAX, WriteBatch};
use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

/// Codes that are set only when a machine is at its limits; tests of their own provoke them
/// (`shuffle/room.rs`, `sandbox/limits.rs`, and the cases of `lockstep_kit::evil`).
const OF_THE_MACHINE: [&str; 3] = ["no_room", "call_failed", "deadline_exceeded"];

const TRAIN: &str = "training-set mention_ranker --spine @mentions.parquet -o @out.parquet";
const GET: &str = "get mention_ranker actor=a candidate=b area=c";

/// The names of the codes that were provoked.
#[derive(Default)]
struct Provoked(BTreeSet<&'static str>);

impl Provoked {
    #[track_caller]
    fn check(&mut self, error: &Error, kind: ErrorKind, code: Code) {
        assert_eq!((error.kind, &error.code), (kind, &code), "{error}");
        self.0.insert(code.name());
    }
}

fn unknown(what: &'static str, name: &str, near: &[&str]) -> Code {
    let near = near.iter().map(|name| name.to_string()).collect();
    Code::UnknownName { what, name: name.into(), near }
}

fn missing(column: &str, near: &[&str]) -> Code {
    Code::MissingColumn {
        column: column.into(),
        near: near.iter().map(|name| name.to_string()).collect(),
    }
}

fn wrong_type(column: &str, expected: &str, found: &str) -> Code {
    let [column, expected, found] = [column, expected, found].map(str::to_string);
    Code::WrongColumnType { column, expected, found }
}

fn not_found(what: &'static str, place: impl ToString) -> Code {
    Code::NotFound { what, place: place.to_string() }
}

/// Goal: a caller can get every code, with its kind and its data. Method: see the module.
#[test]
fn every_code_is_provoked() {
    let mut all = Provoked::default();
    let groups = [
        names, columns, rows, transforms, questions, parts, files, stores, changes, limits, purity,
    ];
    for provoke in groups {
        provoke(&mut all);
    }
    let spared = |name: &&str| !OF_THE_MACHINE.contains(name);
    let expected: BTreeSet<&str> = Code::NAMES.iter().copied().filter(spared).collect();
    assert_eq!(all.0, expected);
}

fn names(all: &mut Provoked) {
    let place = Place::with_store();
    all.check(&place.error("stream --events clicks"), Input, Code::Unspecified);
    let service = unknown("service", "mention_rankr", &["mention_ranker"]);
    all.check(&place.error("get mention_rankr actor=a"), Input, service.clone());
    let host = OnlineHost::open(place.path("lockstep.toml")).unwrap();
    let error = host.get::<Value>("mention_rankr", &[], AsOf::Now).unwrap_err();
    all.check(&error, Input, service);
    drop(host);
    let source = unknown("source", "issue_event", &["issue_events"]);
    all.check(&place.error("stream --source issue_event"), Input, source);
    let column = unknown("request column", "candidat", &["candidate"]);
    all.check(&place.error("get mention_ranker candidat=b"), Input, column);
    let format = unknown("format", "parqet", &["parquet"]);
    all.check(&place.error(&TRAIN.replace("out.parquet", "out.parqet")), Input, format);
    for (old, new, expected) in [
        ("pair_mentions.*", "pair_mention.*", unknown("view", "pair_mention", &["pair_mentions"])),
        ("mention_score.*", "mention_score.scores", unknown("feature", "scores", &["score"])),
        ("{ user =", "{ usr =", unknown("key column", "usr", &["user"])),
        ("keys = { user_", "keys = { ", unknown("view", "activity", &[])),
    ] {
        let place = Place::new();
        place.edit(old, new);
        all.check(&place.error(TRAIN), Input, expected);
    }
}

/// Texts instead of numbers, and numbers instead of texts.
fn other_type(array: &dyn Array) -> ArrayRef {
    match array.data_type() {
        arrow::datatypes::DataType::Int64 => Arc::new(StringArray::from(vec!["1"; array.len()])),
        _ => Arc::new(Int64Array::from(vec![1; array.len()])),
    }
}

fn columns(all: &mut Provoked) {
    let place = Place::with_store();
    let events = ("issue_events.parquet", 9);
    place.change(events, "short.parquet", |name, array| (name != "files").then_some(array));
    place.change(events, "texts.parquet", |name, array| {
        Some(if name == "files" { other_type(&array) } else { array })
    });
    for command in [TRAIN, "backfill"] {
        let error = place.error(&format!("{command} --events issue_events=@short.parquet"));
        all.check(&error, Input, missing("files", &[]));
        let error = place.error(&format!("{command} --events issue_events=@texts.parquet"));
        all.check(&error, Input, wrong_type("files", "int64", "Utf8"));
    }
    let spine = ("mentions.parquet", 6);
    let train = |spine: &str| TRAIN.replace("mentions.parquet", spine);
    for (name, near) in [("actor", &["actors"][..]), ("as_of", &[])] {
        let rename = |from: &str| if from == "actor" { "actors" } else { "at" }.to_string();
        let columns = place.columns(spine.0, spine.1).into_iter();
        let renamed = columns.map(|(n, array)| (if n == name { rename(&n) } else { n }, array));
        let renamed: Vec<(String, ArrayRef)> = renamed.collect();
        let renamed = renamed.iter().map(|(name, array)| (name.as_str(), array.clone()));
        place.table("renamed.parquet", renamed.collect());
        all.check(&place.error(&train("renamed.parquet")), Input, missing(name, near));
    }
    place.change(spine, "numbers.parquet", |name, array| {
        Some(if name == "actor" { other_type(&array) } else { array })
    });
    let error = place.error(&train("numbers.parquet"));
    all.check(&error, Input, wrong_type("actor", "string", "Int64"));
    let error = place.error("get mention_ranker candidate=b area=c");
    all.check(&error, Input, missing("actor", &[]));
    let error = place.error(&format!("{GET} actor=d"));
    all.check(&error, Input, Code::DuplicateColumn { column: "actor".into() });
    let host = OnlineHost::open(place.path("lockstep.toml")).unwrap();
    let request = [("actor", Value::Int64(1)), ("candidate", "b".into()), ("area", "c".into())];
    let error = host.get("mention_ranker", &request, AsOf::Now).unwrap_err();
    all.check(&error, Input, wrong_type("actor", "string", "int64"));
}

fn rows(all: &mut Provoked) {
    let place = Place::new();
    let bad = |row, column: &str| Code::BadRow { row, column: Some(column.into()) };
    let train = |spine: &str| TRAIN.replace("mentions.parquet", spine);
    place.change(("mentions.parquet", 6), "null.parquet", |name, array| {
        let times: TimestampMicrosecondArray = (0..6).map(|at| (at != 2).then_some(at)).collect();
        Some(if name == "as_of" { Arc::new(times.with_timezone("UTC")) } else { array })
    });
    all.check(&place.error(&train("null.parquet")), Input, bad(2, "as_of"));
    let times = "actor,candidate,area,as_of\na,b,c,2024-01-01\na,b,c,yesterday\n";
    place.write("times.csv", times);
    all.check(&place.error(&train("times.csv")), Input, bad(1, "as_of"));
    place.write("torn.csv", "actor,candidate,area,as_of\na,b\n");
    let torn = Code::BadRow { row: 0, column: None };
    all.check(&place.error(&train("torn.csv")), Input, torn);
}

fn transforms(all: &mut Provoked) {
    let catalog = catalog("every-type");
    let folder = tempfile::tempdir().unwrap();
    let text = "[services.answer]\nfeatures = [\"answer.*\"]\n";
    fs::write(folder.path().join("lockstep.toml"), text).unwrap();
    let project = ProjectFile::open(folder.path()).unwrap();
    let service = Service::resolve(&project, &catalog, "answer").unwrap();
    let value = |data_type: &DataType| match data_type {
        DataType::String => Value::from("refused"),
        DataType::Int64 => Value::Int64(1),
        _ => Value::Null,
    };
    let ask = |host: &online::OnlineHost, service: &str| {
        let columns = host.service(service).unwrap().request.iter();
        let request: Vec<(&str, Value)> =
            columns.map(|column| (column.name.as_str(), value(&column.data_type))).collect();
        host.get(service, &request, AsOf::Now).unwrap_err()
    };
    let host = online::OnlineHost::new(catalog, memory(), vec![service]).unwrap();
    let error = ask(&host, "answer");
    let (transform, reason) = ("answer".to_string(), "this name is refused".to_string());
    all.check(&error, Input, Code::RowRefused { row: 0, transform, reason });
    let catalog = keeps_no_events();
    let service = Service::everything(&catalog).unwrap();
    let host = online::OnlineHost::new(catalog, memory(), vec![service]).unwrap();
    // The host keeps the error, and gives it to each who asks.
    for _ in 0..2 {
        let error = ask(&host, "everything");
        let feature = "every_window.count_90s_exact".to_string();
        all.check(&error, Input, Code::NotOnline { feature });
    }
}

/// The `every-type` transform, whose view `every_window` keeps no single events for its exact windows:
/// in the manifest of its artifact, in as many bytes.
fn keeps_no_events() -> Arc<Catalog> {
    let mut bytes = fs::read(wasm("transforms/every-type")).unwrap();
    let (four_days, none) = (b"\"exact_max_us\":345600000000", b"\"exact_max_us\":           0");
    // The artifact has it twice: the module inside says it to the component.
    while let Some(at) = bytes.windows(none.len()).position(|part| part == four_days) {
        bytes[at..at + none.len()].copy_from_slice(none);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("every_type.wasm");
    fs::write(&path, bytes).unwrap();
    let artifact = Artifact::load(&cached_engine().unwrap(), &path).unwrap();
    Arc::new(Catalog::new(vec![("every_type".into(), artifact)]).unwrap())
}

fn questions(all: &mut Provoked) {
    let place = Place::with_store();
    let error = place.error(&format!("{GET} --as-of 1980-01-01T00:00:00Z"));
    let Code::NotAnswerable { oldest } = error.code else { panic!("{error}") };
    all.check(&error, Input, Code::NotAnswerable { oldest });
    place.ends(&format!("{GET} --as-of {oldest}"), 0, &[]);
}

fn parts(all: &mut Provoked) {
    for (old, setting) in [
        ("files = \"issue_events.parquet\"", "sources.issue_events.files"),
        ("user_mentions = \"user_mentions.wasm\"", "artifacts"),
    ] {
        let place = Place::new();
        place.edit(old, "");
        all.check(&place.error(TRAIN), Input, Code::NotConfigured { setting: setting.into() });
    }
    let place = Place::new();
    place.edit("[store]\npath = \"store\"", "");
    let store = Code::NotConfigured { setting: "store.path".into() };
    all.check(&place.error("backfill"), Input, store);
    let place = Place::new();
    let output = place.path("mentions.parquet").display().to_string();
    let line = TRAIN.replace("out.parquet", "mentions.parquet");
    all.check(&place.error(&line), Input, Code::OutputIsInput { output });
    place.write("lockstep.lock", "[artifacts]\nuser_mentions = \"sha256:00\"\n");
    let pinned = Code::ArtifactNotPinned { artifact: "user_mentions".into() };
    all.check(&place.error(TRAIN), Input, pinned);
    fs::remove_file(place.path("user_mentions.wasm")).unwrap();
    let wasm = place.path("user_mentions.wasm");
    all.check(&place.error(TRAIN), Input, not_found("artifact", wasm.display()));
    fs::remove_file(place.path("lockstep.toml")).unwrap();
    let file = place.path("").join("lockstep.toml");
    let error = ProjectFile::open(&file).unwrap_err();
    all.check(&error, Input, not_found("project", file.display()));
}

fn files(all: &mut Provoked) {
    let place = Place::new();
    let none = place.path("none.parquet");
    let error = place.error("backfill --events issue_events=@none.parquet");
    all.check(&error, Input, not_found("file", none.display()));
    let pattern = place.path("none-*.parquet");
    let error = place.error("backfill --events issue_events=@none-*.parquet");
    all.check(&error, Input, not_found("file", pattern.display()));
    let error = place.error(&TRAIN.replace("out.parquet", "none/out.parquet"));
    all.check(&error, Input, not_found("folder", place.path("none").display()));
    place.write("zero.parquet", "");
    let zero = place.path("zero.parquet").display().to_string();
    let error = place.error("backfill --events issue_events=@zero.parquet");
    all.check(&error, Input, Code::DamagedFile { file: zero });
    let server = Server::start();
    server.put("data/a.parquet", "PAR1");
    let (url, other) = ("s3://data/a.parquet", "s3://data/b.parquet");
    let wrong = server.stores(&[("AWS_SECRET_ACCESS_KEY", "wrong")]);
    let error = Pattern::new("", url).files_in(&wrong).unwrap_err();
    all.check(&error, Input, Code::AccessDenied { place: url.into() });
    let error = Pattern::new("", other).files_in(&server.stores(&[])).unwrap_err();
    all.check(&error, Input, not_found("file", other));
}

fn stores(all: &mut Provoked) {
    let place = Place::new();
    let path = place.path("store");
    all.check(&place.error(GET), Input, not_found("store", path.display()));
    half_a_backfill(&place);
    let unfinished = Code::BackfillUnfinished { source: "issue_events".into() };
    for command in [GET, "stream", "backfill --until-position 7"] {
        all.check(&place.error(command), Input, unfinished.clone());
    }
    let place = Place::with_store();
    let store = SledStore::open(place.path("store")).unwrap();
    all.check(&place.error(GET), Retry, Code::StoreLocked);
    drop(store);
    fs::remove_file(place.path("store/COMMIT")).unwrap();
    let error = place.error(GET);
    let Code::CommitsLost { held, acknowledged: None } = error.code else { panic!("{error}") };
    assert!(held > 0);
    all.check(&error, Restore, Code::CommitsLost { held, acknowledged: None });
    let (_, rewind) = SledStore::open_behind(place.path("store")).unwrap();
    assert_eq!(rewind.held, held);
    place.write("store/FORMAT", "lockstep store 2\n");
    all.check(&place.error(GET), Input, Code::StoreFormat { found: 2 });
}

/// Artifacts, services and files that are no longer what they were.
fn changes(all: &mut Provoked) {
    let place = Place::with_store();
    let error = place.error(&format!("{GET} --demand 00"));
    let Code::ServiceChanged { demanded, found } = error.code.clone() else { panic!("{error}") };
    all.check(&error, Input, Code::ServiceChanged { demanded, found: found.clone() });
    place.ends(&format!("{GET} --demand {found} --as-of 2007-08-01"), 0, &[]);

    let error = place.error(&format!("{TRAIN} --append-to @mentions.parquet"));
    let file = place.path("mentions.parquet").display().to_string();
    all.check(&error, Input, Code::NotAppendable { file, because: "file", view: None });

    place.change(("issue_events.parquet", 9), "other.parquet", |_, array| Some(array));
    let changed =
        |file: &str| Code::FilesChanged { source: "issue_events".into(), file: file.into() };
    let error = place.error("backfill --events issue_events=@other.parquet");
    let Code::FilesChanged { file, .. } = error.code.clone() else { panic!("{error}") };
    all.check(&error, Input, changed(&file));
    assert!(file.ends_with("issue_events.parquet"), "{file}");

    place.edit("user_mentions = \"user", "renamed = \"user");
    let error = place.error(&format!("{GET} --as-of 2007-08-01"));
    let Code::NotCaughtUp { view, position: 0, target } = error.code.clone() else {
        panic!("{error}")
    };
    assert!(view == "pair_mentions" && target > 0);
    all.check(&error, Input, Code::NotCaughtUp { view, position: 0, target });
    place.edit("renamed = \"user", "user_mentions = \"user");

    place.ends("stream @other.parquet", 0, &[]);
    place.edit("user_mentions = \"user", "renamed = \"user");
    let (source, partition) = ("issue_events".into(), "pushed".into());
    let error = place.error("stream");
    all.check(&error, Input, Code::NotRepeatable { source, partition });
}

fn limits(all: &mut Provoked) {
    let limit = |limit, max: usize| Code::LimitReached { limit, max: max as u64 };
    let error = WriteBatch::new().put(vec![0; KEY_BYTES_MAX + 1], []).unwrap_err();
    all.check(&error, Input, limit("KEY_BYTES_MAX", KEY_BYTES_MAX));
    let catalog = catalog("user-mentions");
    let schema = catalog.source("issue_events").unwrap().clone();
    let options = ReadOptions { batch_rows: BATCH_ROWS_MAX + 1, ..ReadOptions::default() };
    let files = [Place::new().path("issue_events.parquet")];
    let error = open_files(&files, schema, options).err().unwrap();
    all.check(&error, Input, limit("BATCH_ROWS_MAX", BATCH_ROWS_MAX));
}

fn purity(all: &mut Provoked) {
    for error in [crate::purity::impure(), crate::purity::view_stopped()] {
        all.check(&error, Input, error.code.clone());
    }
}

/// Goal: the public list is complete, and names nothing else. Method: the headings of
/// docs/ERRORS.md.
#[test]
fn the_document_lists_every_code() {
    let text = fs::read_to_string(root().join("docs/ERRORS.md")).unwrap();
    let heading = |line: &'_ str| Some(line.strip_prefix("### `")?.strip_suffix('`')?.to_string());
    let listed: Vec<String> = text.lines().filter_map(heading).collect();
    assert_eq!(listed, Code::NAMES);
}

/// Goal: the public list names every limit. Method: the constants' names that stand as texts in the
/// runtime, and those in the document.
#[test]
fn the_document_lists_every_limit() {
    let named = |text: &str, quote: char| -> BTreeSet<String> {
        let letters = |name: &str| name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        let names = text.split(quote).filter(|name| name.ends_with("_MAX") && letters(name));
        names.map(str::to_string).collect()
    };
    let sources =
        files_of_code(&[".rs"]).into_iter().filter(|(path, _)| path.starts_with("runtime/"));
    let set: BTreeSet<String> = sources.flat_map(|(_, text)| named(&text, '"')).collect();
    let text = fs::read_to_string(root().join("docs/ERRORS.md")).unwrap();
    assert_eq!(named(&text, '`'), set);
}

/// Goal: with `--json` programs get kind, code, data and message in one line, and without it people
/// get text. Method: a command line, and its error as the command prints it.
#[test]
fn errors_are_json_for_programs() {
    let place = Place::new();
    let error = place.error("get mention_rankr");
    let line = shown(&error, true);
    assert!(!line.contains('\n'), "{line}");
    let json: serde_json::Value = serde_json::from_str(&line).unwrap();
    let near = serde_json::json!(["mention_ranker"]);
    let data = serde_json::json!({ "what": "service", "name": "mention_rankr", "near": near });
    let message = error.to_string();
    let expect = serde_json::json!({ "kind": "input", "code": "unknown_name", "data": data,
        "message": message });
    assert_eq!(json["error"], expect);
    assert_eq!(shown(&error, false), format!("error: {message}"));
    assert!(message.ends_with("; did you mean \"mention_ranker\"?"), "{message}");
    let oldest = Code::NotAnswerable { oldest: Time::saturating(0) };
    assert_eq!(serde_json::to_value(&oldest).unwrap()["data"]["oldest"], "1970-01-01T00:00:00Z");
    for (line, wants) in [("get s a=b --json", true), ("get s a=b", false), ("build --json", true)]
    {
        let (_, json) = Arguments::read(format!("lockstep {line}").split(' ')).unwrap();
        assert_eq!(json, wants, "{line}");
    }
}
