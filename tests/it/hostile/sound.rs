//! The folders that runs copy: a project of the smallest guest, and the example's project.
//!
//! Invariant: a folder is valid, so that a run on a copy meets its one hostile input and nothing
//! else. Deliberately absent: hostile inputs.

use crate::bad_input::Place;
use clap::Parser;
use lockstep_cli::arguments::Arguments;
use lockstep_guest::{Artifact, Engine, EngineConfig};
use lockstep_kit::cases::mirror::{artifact_of, component};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The project file of the smallest guest.
pub(super) const PROJECT: &str = r#"[sources.events]
files = "events.ndjson"
time_unit = "us"

[artifacts]
mirror = "mirror.wasm"

[services.all]
features = ["view.*"]

[services.never_null]
features = ["view.n", "view.unique_count"]

[store]
path = "store"
"#;

/// How many of the events the first store holds; they have one key, so a stream of the rest needs
/// the states of these.
const STORED: &str = "2";

const EVENTS: &str = r#"{"at":"2024-05-01T00:00:00Z","id":"a","count":1,"vector":[1.0,2.0]}
{"at":"2024-05-01T06:00:00Z","id":"b","count":1,"price":9.99}
{"at":"2024-05-02T00:00:00Z","id":"c","count":1,"flag":true}
"#;

const SPINE: &str = r#"{"at":"2024-05-01T12:00:00Z","id":"a","count":1}
{"at":"2024-06-01T00:00:00Z","id":"b","count":2}
"#;

/// Which folder a run copies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Base {
    /// The smallest guest, whose source has the columns that the corpora are written for.
    Mirror,
    /// The same with a store that holds all events of the project's file.
    CaughtUp,
    /// The same without a store.
    WithoutStore,
    /// The example, whose project file is in a corpus.
    Example,
}

/// All folders.
pub(super) struct Sound {
    mirror: TempDir,
    caught_up: TempDir,
    example: Place,
    /// The smallest guest without its manifest.
    pub(super) component: Vec<u8>,
}

impl Sound {
    /// Makes them.
    pub(super) fn new() -> Sound {
        let component = component().unwrap();
        let mirror = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| fs::write(mirror.path().join(name), bytes).unwrap();
        let wasm = artifact_of(&component, &manifest());
        let engine = Engine::new(EngineConfig::default()).unwrap();
        let artifact = Artifact::of_bytes(&engine, "mirror", wasm.clone()).unwrap();
        write("mirror.wasm", &wasm);
        write("lockstep.toml", PROJECT.as_bytes());
        let lock = format!(
            "# Written by `lockstep build`: the artifacts in use, by digest.\n[artifacts]\n\
             \"mirror\" = \"{}\"\n",
            artifact.digest()
        );
        write("lockstep.lock", lock.as_bytes());
        write("events.ndjson", EVENTS.as_bytes());
        write("spine.ndjson", SPINE.as_bytes());
        run(&["backfill", "--until-position", STORED], mirror.path());
        let caught_up = tempfile::tempdir().unwrap();
        copy(mirror.path(), caught_up.path(), None);
        run(&["stream"], caught_up.path());
        let example = Place::with_store();
        fs::create_dir(example.path("data")).unwrap();
        let log = "issue_events.parquet";
        fs::copy(example.path(log), example.path("data").join(log)).unwrap();
        Sound { mirror, caught_up, example, component }
    }

    /// The path of a folder.
    pub(super) fn path(&self, base: Base) -> PathBuf {
        match base {
            Base::Mirror | Base::WithoutStore => self.mirror.path().to_path_buf(),
            Base::CaughtUp => self.caught_up.path().to_path_buf(),
            Base::Example => self.example.path(""),
        }
    }

    /// A copy of a folder.
    pub(super) fn copied(&self, base: Base) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let left_out = (base == Base::WithoutStore).then_some("store");
        copy(&self.path(base), folder.path(), left_out);
        folder
    }
}

/// Runs a command that succeeds on the project in a folder.
fn run(words: &[&str], folder: &Path) {
    let folder = folder.display().to_string();
    let words = [&["lockstep"], words, &["--project", &folder]].concat();
    Arguments::try_parse_from(words).unwrap().run().unwrap();
}

/// Copies what is in a folder, except one entry.
fn copy(from: &Path, to: &Path, left_out: Option<&str>) {
    fs::create_dir_all(to).unwrap();
    for entry in from.read_dir().unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_name().to_str() == left_out {
            continue;
        }
        match from.is_dir() {
            true => copy(&from, &to, None),
            false => drop(fs::copy(from, to).unwrap()),
        }
    }
}

fn column(name: &str, data_type: &str) -> Value {
    json!({"name": name, "type": data_type, "nullable": name != "at" && name != "id"})
}

/// What the smallest guest declares here: the columns of the corpora of files and of JSON.
pub(super) fn manifest() -> Value {
    let columns = json!([
        column("at", "timestamp"),
        column("id", "string"),
        column("flag", "bool"),
        column("count", "int64"),
        column("small", "float32"),
        column("price", "float64"),
        column("seen", "timestamp"),
        column("words", "list<string>"),
        column("vector", "list<float64>"),
        column("a", "list<float64>"),
        column("b", "string"),
        column("c", "float64"),
        column("d", "float64"),
    ]);
    let lifetime = json!({"kind": "lifetime"});
    let feature = |name: &str, aggregate: Value, column: Value| {
        let window = lifetime.clone();
        json!({"name": name, "aggregate": aggregate, "column": column, "window": window})
    };
    let day = json!({"kind": "sliding", "length_us": 86_400_000_000_u64, "offset_us": 0});
    let features = json!([
        feature("n", json!("count"), Value::Null),
        json!({"name": "sum_1d", "aggregate": "sum", "column": "count", "window": day}),
        feature("sum", json!("sum"), json!("price")),
        feature("skewness", json!("skewness"), json!("small")),
        feature("any", json!("any"), json!("flag")),
        feature("last", json!("last"), json!("seen")),
        feature("unique_count", json!({"unique_count": {"limit": 2}}), json!("count")),
        feature("vector", json!({"vector_sum": {"length": 2, "grid": -4}}), json!("vector")),
        feature("text", json!("last"), json!("b")),
        feature("most", json!("max"), json!("d")),
    ]);
    let event = json!({
        "name": "Event", "description": "", "source": "events", "time": "at", "id": "id",
        "skew_us": 0, "columns": columns,
    });
    let view = json!({
        "name": "view", "description": "", "owner": "", "tags": [], "event": event,
        "key": ["count"], "null_keys": true, "boundary": "strict", "delay_us": 0, "history_us": 0,
        "columns": columns, "features": features,
    });
    json!({"format": 2, "sdk": "", "semantics": 1, "strict": false, "views": [view],
           "on_demand": []})
}
