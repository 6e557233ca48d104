//! The library's jobs as an embedding program runs them: without a command or a terminal.
//!
//! Method: a small project of the example transform is filled and queried through
//! `lockstep_runtime` alone. Invariant: the content of a store does not depend on whether events
//! came by backfill, from a file or from standard input. Deliberately absent: wrong input
//! (`bad_input.rs`), and values, which the oracle checks.

use lockstep_kit::artifacts::{root, wasm};
use lockstep_runtime::{
    AsOf, BackfillJob, Code, Format, OnlineHost, ParityJob, Progress, Project, ProjectOptions,
    StreamInput, StreamJob, Time, TrainingSetJob, TrainingWriter, read_table,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use tempfile::TempDir;

/// Events of the log, and how many of them are backfilled.
const EVENTS: usize = 500;
const BACKFILLED: u64 = 300;

/// A folder with a project of the first events of the example's log, as Parquet and as NDJSON, and
/// a spine.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let transform = root().join("transforms/user-mentions");
    let log = read_table(&transform.join("data/issue_events.parquet"), &[]).unwrap();
    let log = log.slice(0, EVENTS);
    for name in ["issue_events.parquet", "issue_events.ndjson"] {
        let mut writer = TrainingWriter::create(&path(name), log.schema(), vec![]).unwrap();
        writer.write(&log).unwrap();
        writer.finish().unwrap();
    }
    let project = fs::read_to_string(transform.join("lockstep.toml")).unwrap();
    fs::write(path("lockstep.toml"), project.replace("data/", "")).unwrap();
    fs::copy(wasm("transforms/user-mentions"), path("user_mentions.wasm")).unwrap();
    fs::write(path("spine.csv"), "actor,candidate,area,as_of\na,b,c,2024-05-01\n").unwrap();
    folder
}

/// The project, with a store of another name.
fn project(folder: &Path, store: &str) -> Project {
    let store: Option<PathBuf> = Some(folder.join(store));
    Project::open_with(folder, ProjectOptions { store, ..ProjectOptions::default() }).unwrap()
}

/// Collects the names of the steps that a job reported, each once, and checks that it reported them
/// on this thread.
fn said(words: &mut Vec<String>) -> impl FnMut(Progress<'_>) {
    let here = thread::current().id();
    move |progress| {
        assert_eq!(thread::current().id(), here);
        let text = format!("{progress:?}");
        let word = text.split(' ').next().unwrap().to_string();
        if words.last() != Some(&word) {
            words.push(word);
        }
    }
}

/// Goal: a training set, a backfill, a stream and a parity run are one call each, which reports
/// progress on the calling thread and returns what it found.
#[test]
fn jobs_run_without_a_command() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let opened = project(folder.path(), "store");
    let mut words = Vec::new();
    let job = TrainingSetJob::new("mention_ranker", at("spine.csv"), at("out.parquet"));
    let made = job.run(&opened, &mut said(&mut words)).unwrap();
    assert_eq!((made.written, made.rows), (true, 1));
    assert_eq!(read_table(&at("out.parquet"), &[]).unwrap().num_rows(), 1);

    let backfill = BackfillJob { until_position: Some(BACKFILLED), ..BackfillJob::default() };
    let filled = backfill.run(&opened, &mut said(&mut words)).unwrap();
    assert_eq!((filled.events, filled.position), (BACKFILLED, BACKFILLED));
    let streamed = StreamJob::new(StreamInput::Files).run(&opened, &mut said(&mut words)).unwrap();
    assert_eq!(
        (filled.events + streamed.events, streamed.position),
        (EVENTS as u64, EVENTS as u64)
    );
    let job = ParityJob { reopens: 1, ..ParityJob::new("mention_ranker", at("spine.csv")) };
    let report = job.run(&opened, &mut said(&mut words)).unwrap();
    assert_eq!((report.rows, report.identical), (1, report.compared));
    words.retain(|word| word != "Joining");
    assert_eq!(words, ["Reading", "Writing", "Reading", "Filling", "Folding", "Answering"]);
}

/// Goal: further events can come from a file or from any reader, and the store is the same. Method:
/// the same events in both ways into two stores, which give the same values; then the same events
/// again, which are copies.
#[test]
fn s24_pushed_events_come_from_a_file_or_a_pipe() {
    let folder = folder();
    let path = folder.path().join("issue_events.ndjson");
    // The source has no files, which would have to be read first.
    let file = folder.path().join("lockstep.toml");
    let text = fs::read_to_string(&file).unwrap();
    let line = text.lines().find(|line| line.starts_with("files")).unwrap();
    fs::write(&file, text.replace(line, "")).unwrap();
    let pipe = || {
        let input = Box::new(fs::File::open(&path).unwrap());
        StreamInput::Pipe { format: Format::Ndjson, input }
    };
    let mut answers = Vec::new();
    for store in ["by_file", "by_pipe"] {
        let opened = project(folder.path(), store);
        let input = if store == "by_file" { StreamInput::Pushed(path.clone()) } else { pipe() };
        let streamed = StreamJob::new(input).run(&opened, &mut |_| {}).unwrap();
        assert_eq!((streamed.events, streamed.position), (EVENTS as u64, EVENTS as u64));
        let again = StreamJob::new(pipe()).run(&opened, &mut |_| {}).unwrap();
        assert_eq!((again.events, again.duplicates), (0, EVENTS as u64));
        assert_eq!(again.position, 2 * EVENTS as u64);
        let services = opened.services().unwrap();
        let host = OnlineHost::new(&opened, opened.open_store().unwrap(), services).unwrap();
        let as_of = AsOf::At(Time::parse("2026-09-01T00:00:00Z").unwrap());
        let request = [("actor", "u00078"), ("candidate", "u00305"), ("area", "fs")];
        answers.push(format!("{:?}", host.get("mention_ranker", &request, as_of).unwrap().values));
    }
    assert_eq!(answers[0], answers[1]);
    let events = vec![("issue_events".to_string(), path.display().to_string())];
    let options = ProjectOptions { events, ..ProjectOptions::default() };
    let opened = Project::open_with(folder.path(), options).unwrap();
    let mut reader = opened.reader("issue_events", 0).unwrap();
    assert_eq!(reader.next().unwrap().unwrap().next_position, EVENTS as u64);
}

/// Goal: pushed events come after the source's files, which are read to their end first and stay as
/// they are from then on (S10). Method: pushed too early; after a backfill; then a file that was added
/// and one that was replaced.
#[test]
fn s10_the_files_come_first_and_then_stay() {
    let folder = folder();
    let opened = project(folder.path(), "store");
    let pushed = || StreamJob::new(StreamInput::Pushed(folder.path().join("issue_events.ndjson")));
    let backfill = |until_position| BackfillJob { until_position, ..BackfillJob::default() };
    backfill(Some(BACKFILLED)).run(&opened, &mut |_| {}).unwrap();
    let error = pushed().run(&opened, &mut |_| {}).unwrap_err();
    assert!(error.message.contains("run `lockstep backfill` first"), "{error}");
    backfill(None).run(&opened, &mut |_| {}).unwrap();
    let copies = pushed().run(&opened, &mut |_| {}).unwrap();
    assert_eq!((copies.events, copies.duplicates), (0, EVENTS as u64));
    backfill(None).run(&opened, &mut |_| {}).unwrap();

    let path = |name: &str| folder.path().join(name);
    fs::copy(path("issue_events.ndjson"), path("z_added.ndjson")).unwrap();
    let declared = fs::read_to_string(path("lockstep.toml")).unwrap();
    for (files, different) in [
        (r#"["issue_events.parquet", "z_added.ndjson"]"#, "z_added.ndjson"),
        (r#""issue_events.ndjson""#, "issue_events.parquet"),
    ] {
        let text = declared.replace(r#""issue_events.parquet""#, files);
        assert_ne!(text, declared);
        fs::write(path("lockstep.toml"), text).unwrap();
        let changed = project(folder.path(), "store");
        let error = backfill(None).run(&changed, &mut |_| {}).unwrap_err();
        let named =
            matches!(&error.code, Code::FilesChanged { file, .. } if file.ends_with(different));
        assert!(named, "{error}");
        let stream = StreamJob::new(StreamInput::Files);
        assert_eq!(stream.run(&changed, &mut |_| {}).unwrap_err().code, error.code);
    }
}
