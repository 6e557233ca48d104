//! Bad input, as a new user may give it: wrong files, wrong declarations and wrong requests must
//! give helpful errors.
//!
//! Method: the `lockstep` command runs in this process, on a copy of a small project in which one
//! thing is wrong. One table says which command runs, its exit code, and the words that the message
//! must contain: the place and the remedy. Invariant: a job that fails leaves every file in its
//! folder, and the content of the store, unchanged. Deliberately absent: readers on their own
//! (`source.rs`) and damaged bytes in stores (`store/damage.rs`).

mod answers;
mod appending;
mod artifacts;
mod columns;
#[cfg(unix)]
mod disk;
mod files;
mod flags;
mod headers;
mod neighbours;
pub(crate) mod objects;
mod outputs;
mod project;
mod requests;
pub(crate) mod stores;

use arrow::array::{Array, ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{Field, Schema};
use clap::Parser;
use lockstep_cli::arguments::Arguments;
use lockstep_cli::outcome::{Outcome, exit_code};
use lockstep_core::Error;
use lockstep_kit::artifacts::{root, wasm};
use lockstep_source::{TrainingWriter, read_table};
use lockstep_store::export::digest;
use lockstep_store::sled::SledStore;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use tempfile::TempDir;

/// Events of the log that all cases begin with.
const EVENTS: usize = 2000;

/// The folder that all cases copy, made once per process: the example transform's project, the
/// first events of its log, a spine, and a store that holds those events.
fn sound() -> &'static Path {
    static SOUND: LazyLock<Place> = LazyLock::new(|| {
        let place = Place { folder: tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap() };
        let transform = root().join("transforms/user-mentions");
        let log = read_table(&transform.join("data/issue_events.parquet"), &[]).unwrap();
        let log = log.slice(0, EVENTS);
        let names = log.schema().fields().iter().map(|f| f.name().clone()).collect::<Vec<_>>();
        let names = names.iter().map(String::as_str);
        place.table("issue_events.parquet", names.zip(log.columns().to_vec()).collect());
        let texts = |name| Arc::new(StringArray::from(vec![name; 6])) as ArrayRef;
        let times: TimestampMicrosecondArray = (0..6).map(|row| Some(row << 50)).collect();
        let spine = vec![
            ("actor", texts("a")),
            ("candidate", texts("b")),
            ("area", texts("c")),
            ("as_of", Arc::new(times.with_timezone("UTC"))),
        ];
        place.table("mentions.parquet", spine);
        fs::copy(wasm("transforms/user-mentions"), place.path("user_mentions.wasm")).unwrap();
        let project = fs::read_to_string(transform.join("lockstep.toml")).unwrap();
        place.write("lockstep.toml", project.replace("data/", ""));
        place.ends("backfill", 0, &[]);
        place
    });
    SOUND.folder.path()
}

/// A project's folder in which a case may break one thing.
pub(crate) struct Place {
    folder: TempDir,
}

/// How a command ended: its exit code and its message.
type Ending = (u8, String);

impl Place {
    /// A project file, an artifact, events and a spine. There is no store.
    pub(crate) fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        for name in
            ["lockstep.toml", "user_mentions.wasm", "issue_events.parquet", "mentions.parquet"]
        {
            fs::copy(sound().join(name), folder.path().join(name)).unwrap();
        }
        Place { folder }
    }

    /// As [`Place::new`], with a store that holds the events.
    pub(crate) fn with_store() -> Place {
        let place = Place::new();
        copy(&sound().join("store"), &place.path("store"));
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Changes the text of the project file.
    pub(crate) fn edit(&self, old: &str, new: &str) {
        let text = fs::read_to_string(self.path("lockstep.toml")).unwrap();
        assert_eq!(text.matches(old).count(), 1, "{old}");
        self.write("lockstep.toml", text.replace(old, new));
    }

    /// Writes columns as a table.
    pub(crate) fn table(&self, name: &str, columns: Vec<(&str, ArrayRef)>) {
        let field =
            |(name, array): &(&str, ArrayRef)| Field::new(*name, array.data_type().clone(), true);
        let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
        let arrays = columns.into_iter().map(|(_, array)| array).collect();
        let records = RecordBatch::try_new(Arc::new(schema), arrays).unwrap();
        let mut writer =
            TrainingWriter::create(&self.path(name), records.schema(), vec![]).unwrap();
        writer.write(&records).unwrap();
        writer.finish().unwrap();
    }

    /// The columns of the first `rows` rows of one of the folder's tables.
    pub(crate) fn columns(&self, name: &str, rows: usize) -> Vec<(String, ArrayRef)> {
        let records = read_table(&self.path(name), &[]).unwrap();
        let records = records.slice(0, rows.min(records.num_rows()));
        let names = records.schema().fields().iter().map(|f| f.name().clone()).collect::<Vec<_>>();
        names.into_iter().zip(records.columns().to_vec()).collect()
    }

    /// Rewrites one of the folder's tables, with each column changed by `change`.
    pub(crate) fn change(
        &self,
        (from, rows): (&str, usize),
        to: &str,
        change: impl Fn(&str, ArrayRef) -> Option<ArrayRef>,
    ) {
        let columns = self.columns(from, rows);
        let columns = columns
            .iter()
            .filter_map(|(name, array)| Some((name.as_str(), change(name, array.clone())?)));
        self.table(to, columns.collect());
    }

    /// The error with which a command line on this project ends.
    #[track_caller]
    pub(crate) fn error(&self, line: &str) -> Error {
        let arguments = Arguments::try_parse_from(words(self.folder.path(), line)).unwrap();
        arguments.run().map(|outcome| panic!("{line}: {outcome:?}")).unwrap_err()
    }

    /// Runs a command line on this project.
    fn run(&self, line: &str) -> Ending {
        run(self.folder.path(), line)
    }

    /// Every file outside the store, with its bytes.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut found = BTreeMap::new();
        for entry in self.folder.path().read_dir().unwrap() {
            let path = entry.unwrap().path();
            let bytes = if path.is_dir() { vec![] } else { fs::read(&path).unwrap() };
            found.insert(path, bytes);
        }
        found
    }

    /// The digest of what the store holds, if there is one.
    fn store_digest(&self) -> Option<String> {
        let path = self.path("store");
        path.exists().then(|| digest(&SledStore::open(path).unwrap(), None).unwrap().to_string())
    }

    /// Runs a command that must fail in the given way and leave everything unchanged.
    #[track_caller]
    fn check(&self, line: &str, exit: u8, words: &[&str]) {
        let stored = self.store_digest();
        self.check_files(line, exit, words);
        assert!(self.store_digest() == stored, "{line}: the store changed");
    }

    /// As [`Place::check`], without checking the store.
    #[track_caller]
    fn check_files(&self, line: &str, exit: u8, words: &[&str]) {
        let before = self.files();
        self.ends(line, exit, words);
        let after = self.files();
        let changed: Vec<_> = after
            .iter()
            .filter(|(path, bytes)| before.get(*path) != Some(bytes))
            .map(|(path, _)| path)
            .collect();
        assert!(changed.is_empty() && after.len() == before.len(), "{line} left {changed:?}");
    }

    /// Runs a command that must end in the given way.
    #[track_caller]
    pub(crate) fn ends(&self, line: &str, exit: u8, words: &[&str]) {
        let (code, message) = self.run(line);
        let missing: Vec<_> = words.iter().filter(|word| !message.contains(**word)).collect();
        assert!(
            code == exit && missing.is_empty(),
            "lockstep {line}\nexit {code}, expected {exit}\nmissing {missing:?} in: {message}"
        );
    }
}

/// The words of a command line, in which `@` stands for the folder, on the project there.
fn words(folder: &Path, line: &str) -> Vec<String> {
    let folder = folder.display().to_string();
    let words = line.split(' ').map(|word| word.replace('@', &format!("{folder}/")));
    let mut arguments: Vec<String> = ["lockstep".to_string()].into_iter().chain(words).collect();
    if !line.starts_with("inspect") {
        arguments.extend(["--project".to_string(), folder]);
    }
    arguments
}

/// Runs such a command line.
fn run(folder: &Path, line: &str) -> Ending {
    match Arguments::try_parse_from(words(folder, line)) {
        Err(error) => (error.exit_code() as u8, error.to_string()),
        Ok(arguments) => match arguments.run() {
            Ok(Outcome::Done) => (0, String::new()),
            Ok(Outcome::Found(what)) => (1, what),
            Err(error) => (exit_code(&error), error.to_string()),
        },
    }
}

/// Copies a folder and what is in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in from.read_dir().unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(from, to).unwrap();
        }
    }
}

/// Goal: the folder that all cases copy is valid, so that each case fails for its own reason alone.
#[test]
fn the_unbroken_folder_works() {
    let place = Place::with_store();
    place.ends("training-set mention_ranker --spine @mentions.parquet -o @out.parquet", 0, &[]);
    assert!(place.path("out.parquet").is_file());
    place.ends("stream", 0, &[]);
    place.ends("get mention_ranker actor=a candidate=b area=c", 0, &[]);
}

/// Goal: wrong use is clap's exit code 2 with a hint.
#[test]
fn wrong_use_exits_with_2() {
    let place = Place::new();
    place.check("stream --bad-row-max 3", 2, &["--bad-row-max", "--bad-rows-max"]);
    place.check("trainingset mention_ranker", 2, &["training-set"]);
    place.check("get", 2, &["<SERVICE>"]);
    place.check("stream --batch-rows many", 2, &["--batch-rows", "many"]);
}
