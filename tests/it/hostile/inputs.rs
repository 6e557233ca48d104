//! The hostile inputs, and the commands that each goes through.
//!
//! Invariant: a run puts one input in one place of a folder that is otherwise valid. Deliberately
//! absent: what must come of it.

use super::Base::{self, CaughtUp, Example, Mirror, WithoutStore};
use super::sound::{PROJECT, Sound};
use crate::tidy::root;
use lockstep_core::generation::Sha;
use lockstep_guest::MANIFEST_SECTION;
use lockstep_store::progress::FILES;
use lockstep_store::sled::SledStore;
use lockstep_store::{Store, layout};
use std::fs;

/// The output of a training set.
pub(super) const TRAINED: &str = "trained.parquet";

/// The source of the smallest guest.
const SOURCE: &str = "events";
const TRAIN: &str = "training-set all --time-unit us --as-of-column at -o @trained.parquet --spine";
const PARITY: &str =
    "parity never_null --allow-unread-levels --time-unit us --as-of-column at --spine";
const GET: &str = "get all count=1 --as-of 2024-06-01T00:00:00Z";
const BACKFILL_ANEW: &str = "backfill --store @anew";
const TRAIN_EXAMPLE: &str =
    "training-set mention_ranker --spine @mentions.parquet -o @trained.parquet";
const GET_EXAMPLE: &str = "get mention_ranker actor=a candidate=b area=c --as-of 2024-01-01";

/// One command on one input.
pub(super) struct Run {
    /// The kind of input.
    pub(super) kind: &'static str,
    /// The input's name within its kind.
    pub(super) name: String,
    /// The command, as the table calls it.
    pub(super) command: &'static str,
    /// The folder that it copies.
    pub(super) base: Base,
    /// Files that are written into the copy.
    pub(super) files: Vec<(String, Vec<u8>)>,
    /// Entries that are written into the copy's store.
    pub(super) entries: Vec<(Vec<u8>, Vec<u8>)>,
    /// The words of the command line, in which `@` stands for the folder.
    pub(super) words: Vec<String>,
    /// The file of the folder that is its standard input.
    pub(super) input: Option<String>,
}

impl Run {
    fn new(kind: &'static str, command: &'static str, base: Base, line: &str) -> Run {
        let words = line.split(' ').map(str::to_string).collect();
        let (files, entries) = (vec![], vec![]);
        Run { kind, name: String::new(), command, base, files, entries, words, input: None }
    }

    fn file(mut self, name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Run {
        self.files.push((name.into(), bytes.into()));
        self
    }

    fn stdin(mut self, name: &str) -> Run {
        self.input = Some(name.to_string());
        self
    }
}

/// A name and bytes.
type Input = (String, Vec<u8>);

/// The committed inputs of a fuzz target.
fn corpus(target: &str) -> Vec<Input> {
    let folder = root().join("tests/fuzz/corpus").join(target);
    let mut inputs: Vec<Input> = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    inputs.sort();
    inputs
}

/// One of them.
fn committed(target: &str, name: &str) -> Vec<u8> {
    fs::read(root().join("tests/fuzz/corpus").join(target).join(name)).unwrap()
}

/// A good file cut short.
fn cut(bytes: &[u8]) -> Vec<Input> {
    let lengths = [
        ("its first 100 bytes", bytes.len().min(100)),
        ("its first half", bytes.len() / 2),
        ("all but its last byte", bytes.len() - 1),
        ("nothing", 0),
    ];
    lengths.map(|(name, length)| (name.to_string(), bytes[..length].to_vec())).into()
}

/// All runs.
pub(super) fn runs(sound: &Sound) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut of = |inputs: Vec<Input>, make: &dyn Fn(&[u8]) -> Vec<Run>| {
        for (name, bytes) in inputs {
            runs.extend(make(&bytes).into_iter().map(|run| Run { name: name.clone(), ..run }));
        }
    };
    let formats = [
        ("parquet", "cut parquet", "plain.parquet", "parquet"),
        ("arrow_file", "cut arrow_file", "plain.arrow", "arrow"),
        ("arrow_stream", "cut arrow_stream", "plain.arrow", "arrow"),
        ("csv", "cut csv", "events", "csv"),
        ("ndjson", "cut ndjson", "events", "ndjson"),
    ];
    for (target, cut_kind, good, extension) in formats {
        of(corpus(target), &|bytes| file_runs(target, extension, bytes));
        let good = cut(&committed(target, good));
        of(good, &|bytes| file_runs(cut_kind, extension, bytes));
    }
    of(corpus("tables"), &table_runs);
    of(corpus("json"), &json_runs);
    of(corpus("times"), &time_runs);
    of(corpus("pattern"), &pattern_runs);
    of(corpus("project"), &|bytes| project_runs("project", Example, bytes));
    of(cut(PROJECT.as_bytes()), &|bytes| project_runs("cut project", Mirror, bytes));
    let at = |name: &str| fs::read(sound.path(Mirror).join(name)).unwrap();
    of(corpus("lock"), &|bytes| lock_runs("lock", bytes));
    of(cut(&at("lockstep.lock")), &|bytes| lock_runs("cut lock", bytes));
    of(corpus("component"), &|bytes| artifact_runs("component", Mirror, bytes));
    of(cut(&at("mirror.wasm")), &|bytes| artifact_runs("cut component", Mirror, bytes));
    let example = fs::read(sound.path(Example).join("user_mentions.wasm")).unwrap();
    of(cut(&example), &|bytes| artifact_runs("cut example", Example, bytes));
    let with = |bytes: &[u8]| [&sound.component[..], &section(bytes)].concat();
    of(corpus("manifest"), &|bytes| artifact_runs("manifest", Mirror, &with(bytes)));
    let manifest = super::sound::manifest().to_string();
    of(cut(manifest.as_bytes()), &|bytes| artifact_runs("cut manifest", Mirror, &with(bytes)));
    let commit = fs::read(sound.path(Mirror).join("store/COMMIT")).unwrap();
    of(corpus("commit"), &|bytes| commit_runs("commit", bytes));
    of(cut(&commit), &|bytes| commit_runs("cut commit", bytes));
    let keys = Keys::of(sound);
    of(corpus("records"), &|bytes| record_runs(&keys, bytes));
    of(corpus("tiles"), &|bytes| tile_runs(&keys, bytes));
    runs
}

/// The same commands on folders without a hostile input. The good component of the fuzz target is
/// among them, so that it is made anew when it is good no longer: it is the artifact of
/// `tests/guests/mirror` without its custom sections, except the manifest.
pub(super) fn sound_runs() -> Vec<Run> {
    let line = |base, line: &str| Run::new("sound", "", base, line);
    let spine = "@spine.ndjson";
    let good = committed("component", "mirror");
    vec![
        line(Mirror, "inspect @good.wasm").file("good.wasm", good),
        line(Mirror, GET),
        line(Mirror, "stream"),
        line(Mirror, "inspect @mirror.wasm"),
        line(WithoutStore, "backfill"),
        line(WithoutStore, &format!("{TRAIN} {spine}")),
        line(Example, GET_EXAMPLE),
        line(Example, TRAIN_EXAMPLE),
        line(Example, "stream"),
    ]
}

/// A file of events, and as a spine.
fn file_runs(kind: &'static str, extension: &str, bytes: &[u8]) -> Vec<Run> {
    let name = format!("input.{extension}");
    let events = format!("--events events=@{name}");
    let piped = match extension {
        "parquet" => None,
        _ if kind.ends_with("arrow_file") => None,
        format => Some(format!("stream - --format {format}")),
    };
    let stream = match piped {
        Some(line) => Run::new(kind, "stream -", CaughtUp, &line).stdin(&name),
        None => Run::new(kind, "stream FILE", CaughtUp, &format!("stream @{name}")),
    };
    let backfill = format!("backfill --bad-rows-max 1000 {events}");
    let parity = format!("{PARITY} @spine.ndjson --bad-rows-max 1000 {events}");
    let without = WithoutStore;
    let mut runs = vec![
        Run::new(kind, "backfill", without, &backfill),
        stream,
        Run::new(kind, "parity --events", without, &parity),
    ];
    runs.extend(spine_runs(kind, &name));
    runs.into_iter().map(|run| run.file(name.clone(), bytes)).collect()
}

/// A file as a spine.
fn spine_runs(kind: &'static str, name: &str) -> [Run; 2] {
    let without = WithoutStore;
    [
        Run::new(kind, "training-set --spine", without, &format!("{TRAIN} @{name}")),
        Run::new(kind, "parity --spine", without, &format!("{PARITY} @{name}")),
    ]
}

/// A table; the first byte chooses the format.
fn table_runs(bytes: &[u8]) -> Vec<Run> {
    let (format, bytes) = bytes.split_first().unwrap();
    let extension = ["ndjson", "csv", "parquet", "arrow"][usize::from(format % 4)];
    let name = format!("input.{extension}");
    let runs = spine_runs("tables", &name).map(|run| run.file(name.clone(), bytes));
    // Tables of text call the time `as_of`, and have the column `n`, which stands for `count`.
    let keys = |service| format!("[services.{service}.keys]\nview = {{ count = \"n\" }}\n\n");
    let keys = keys("all") + &keys("never_null");
    let project = PROJECT.replace("[store]", &(keys + "[store]"));
    let textual = usize::from(format % 4) < 2;
    let adapted = |mut run: Run| {
        if textual {
            run.words.iter_mut().for_each(|word| {
                if word == "at" {
                    *word = "as_of".into();
                }
            });
            run = run.file("lockstep.toml", project.clone());
        }
        run
    };
    runs.map(adapted).into()
}

/// A JSON text behind the byte that chooses a type: as a line, and with a time and an id.
fn json_runs(bytes: &[u8]) -> Vec<Run> {
    let text = &bytes[1..];
    let timed = [br#"{"at":"2024-05-01T00:00:00Z","id":"x","count":1,"#, &text[1..]].concat();
    let lines = [text, b"\n", &timed, b"\n"].concat();
    let name = "input.ndjson";
    let backfill = format!("backfill --bad-rows-max 1000 --events events=@{name}");
    let [train, parity] = spine_runs("json", name);
    vec![
        Run::new("json", "backfill", WithoutStore, &backfill).file(name, lines.clone()),
        Run::new("json", "stream -", CaughtUp, "stream -").stdin(name).file(name, lines),
        train.file(name, timed.clone()),
        parity.file(name, timed),
    ]
}

/// A text as a time of a request, of an event and of a spine's row.
fn time_runs(bytes: &[u8]) -> Vec<Run> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let rows = format!("at,id,count\n\"{}\",a,1\n", text.replace('"', "\"\""));
    let name = "input.csv";
    let mut get = Run::new("times", "get --as-of", CaughtUp, "get all count=1 --time-unit us");
    get.words.push(format!("--as-of={text}"));
    let backfill = format!("backfill --events events=@{name}");
    let [train, _] = spine_runs("times", name);
    vec![
        get,
        Run::new("times", "backfill", WithoutStore, &backfill).file(name, rows.clone()),
        train.file(name, rows),
    ]
}

/// A text as the path of a source, in a folder where each committed one finds something.
fn pattern_runs(bytes: &[u8]) -> Vec<Run> {
    let pattern = serde_json::to_string(std::str::from_utf8(bytes).unwrap()).unwrap();
    let project = PROJECT.replace("\"events.ndjson\"", &pattern);
    let train = format!("{TRAIN} @spine.ndjson");
    let names = ["a.csv", "b.csv", "day=1/a.csv", "day=2/c [1].csv", ".hidden.csv"];
    [("backfill", "backfill"), ("training-set", &train)]
        .map(|(command, line)| {
            let run = Run::new("pattern", command, WithoutStore, line);
            let run = run.file("lockstep.toml", project.clone());
            names
                .iter()
                .enumerate()
                .fold(run, |run, (at, name)| run.file(*name, format!("at,id\n2024-05-01,{at}\n")))
        })
        .into()
}

/// A project file.
fn project_runs(kind: &'static str, base: Base, bytes: &[u8]) -> Vec<Run> {
    let train = format!("{TRAIN} @spine.ndjson");
    let (train, get) = if base == Example { (TRAIN_EXAMPLE, GET_EXAMPLE) } else { (&*train, GET) };
    let lines = [("backfill", BACKFILL_ANEW), ("get", get), ("training-set", train)];
    let run = |(command, line)| Run::new(kind, command, base, line).file("lockstep.toml", bytes);
    lines.map(run).into()
}

/// A lock file of a good project.
fn lock_runs(kind: &'static str, bytes: &[u8]) -> Vec<Run> {
    let train = format!("{TRAIN} @spine.ndjson");
    let lines = [("backfill", "backfill"), ("get", GET), ("training-set", &train)];
    let run = |(command, line)| Run::new(kind, command, Mirror, line).file("lockstep.lock", bytes);
    lines.map(run).into()
}

/// An artifact, which no lock pins.
fn artifact_runs(kind: &'static str, base: Base, bytes: &[u8]) -> Vec<Run> {
    let train = format!("{TRAIN} @spine.ndjson");
    let (name, train, get) = match base {
        Example => ("user_mentions.wasm", TRAIN_EXAMPLE, GET_EXAMPLE),
        _ => ("mirror.wasm", &*train, GET),
    };
    [
        ("inspect", &*format!("inspect @{name}")),
        ("backfill", BACKFILL_ANEW),
        ("get", get),
        ("stream", "stream"),
        ("training-set", train),
    ]
    .map(|(command, line)| {
        Run::new(kind, command, base, line).file(name, bytes).file("lockstep.lock", "")
    })
    .into()
}

/// What reads a store.
fn store_runs(kind: &'static str) -> [Run; 3] {
    [("get", GET), ("stream", "stream"), ("backfill", "backfill")]
        .map(|(command, line)| Run::new(kind, command, Mirror, line))
}

/// The file of a store's newest commit.
fn commit_runs(kind: &'static str, bytes: &[u8]) -> Vec<Run> {
    store_runs(kind).map(|run| run.file("store/COMMIT", bytes)).into()
}

/// The keys of the sound store.
struct Keys(Vec<Vec<u8>>);

impl Keys {
    fn of(sound: &Sound) -> Keys {
        let folder = sound.copied(Mirror);
        let store = SledStore::open(folder.path().join("store")).unwrap();
        let mut keys = Vec::new();
        let read = store.read().unwrap();
        read.scan_prefix(b"", &mut |key, _| {
            keys.push(key.to_vec());
            Ok(true)
        })
        .unwrap();
        Keys(keys)
    }

    /// Those that begin so.
    fn of_prefix(&self, prefix: &[u8]) -> Vec<Vec<u8>> {
        self.0.iter().filter(|key| key.starts_with(prefix)).cloned().collect()
    }
}

/// A record of a store, behind the byte that chooses one, in the place of each such record.
fn record_runs(keys: &Keys, bytes: &[u8]) -> Vec<Run> {
    let (kind, value) = bytes.split_first().unwrap();
    let prefix = |key: Vec<u8>, end: usize| keys.of_prefix(&key[..key.len() - end]);
    let entries: Vec<(Vec<u8>, Vec<u8>)> = match kind % 8 {
        7 => vec![(value.to_vec(), value.to_vec())],
        kind => {
            let keys = match kind {
                0 => vec![layout::source(SOURCE, FILES)],
                1 => vec![layout::rejected(SOURCE, FILES, Some(0))],
                2 => vec![layout::GENERATIONS.to_vec()],
                3 => vec![layout::base(SOURCE)],
                4 => vec![layout::unfinished(SOURCE)],
                5 => prefix(layout::set_position(0, FILES), 4 + FILES.len()),
                _ => prefix(layout::rows_content(&Sha::of(b""), FILES), 32 + FILES.len()),
            };
            assert!(!keys.is_empty(), "no record of kind {kind} is in the store");
            keys.into_iter().map(|key| (key, value.to_vec())).collect()
        }
    };
    let entries = |run: Run| Run { entries: entries.clone(), ..run };
    store_runs("records").map(entries).into()
}

/// The state of a tile, behind the byte that chooses slots, in the place of each tile.
fn tile_runs(keys: &Keys, bytes: &[u8]) -> Vec<Run> {
    let tiles = keys.of_prefix(&layout::all_tiles().0);
    assert!(!tiles.is_empty(), "the store has no tiles");
    let entries: Vec<_> = tiles.into_iter().map(|key| (key, bytes[1..].to_vec())).collect();
    store_runs("tiles").map(|run| Run { entries: entries.clone(), ..run }).into()
}

/// A manifest's custom section.
fn section(content: &[u8]) -> Vec<u8> {
    let name = MANIFEST_SECTION.as_bytes();
    let body = [&number(name.len())[..], name, content].concat();
    [&[0], &number(body.len())[..], &body].concat()
}

/// An unsigned LEB128 number.
fn number(mut rest: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while rest >= 0x80 {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    bytes
}
