//! The neutral test cases of `tests/cases`: files that say rows, times and expected values.
//!
//! [`run`] puts each file through the batch host, and through the streaming host into the online
//! host, with the events in several orders of arrival, and compares canonical encodings, so bits.
//! `tests/cases/README.md` has the format; its expected values come from the definition and from no
//! run. Invariant: a case counts once, and fails if any host, order or store differs. Deliberately
//! absent: expected values, and any tolerance.

mod declaration;
mod file;
mod hosts;
mod judge;
pub mod mirror;
mod value;

use crate::artifacts::root;
use file::File;
use judge::Failures;
use lockstep_core::{Error, Result};
use lockstep_guest::{Engine, EngineConfig};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What became of the cases.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many cases there are: queries, and declarations to be refused or accepted.
    pub total: u64,
    /// How many of them failed.
    pub failed: u64,
    /// Values that were compared, over all hosts and orders.
    pub compared: u64,
    /// Answers that a store without history gave; it may refuse to look back (S12).
    pub answered_without_history: u64,
    /// Each failure: file, case, host, order, and what differs.
    pub failures: Vec<String>,
}

/// Threads that run files.
const THREADS: usize = 2;
/// If this environment variable is set, no further file is run after one that fails: enough for
/// whoever asks only whether all cases pass.
const STOP: &str = "LOCKSTEP_CASES_STOP";

/// Runs the files whose path below `tests/cases` contains `filter`.
///
/// # Errors
/// If a file is not as `tests/cases/README.md` says, or the guest does not build. A value that
/// differs is no error but a failure.
pub fn run(filter: &str) -> Result<Report> {
    let module = mirror::component()?;
    let engine = Engine::new(EngineConfig::default())?;
    let guest = mirror::Guest { engine: &engine, component: &module };
    let files: Vec<PathBuf> =
        files()?.into_iter().filter(|path| shown(path).contains(filter)).collect();
    let stop = std::env::var_os(STOP).is_some();
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        let mut report = Report::default();
        while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            if stop && failed.load(Ordering::Relaxed) {
                break;
            }
            run_file(&guest, path, &mut report)?;
            failed.fetch_or(report.failed > 0, Ordering::Relaxed);
        }
        Ok(report)
    };
    let reports: Vec<Result<Report>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined.map(|report| report.unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    let mut whole = Report::default();
    for report in reports {
        whole.add(report?);
    }
    whole.failures.sort();
    Ok(whole)
}

/// Runs one file.
fn run_file(guest: &mirror::Guest<'_>, path: &Path, report: &mut Report) -> Result<()> {
    let name = shown(path);
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::retry(format!("cannot read {name}")).because(error))?;
    let file = File::parse(&text).map_err(|error| error.at(name.clone()))?;
    let mut failures = Failures::new(&name);
    declaration::check(guest, &file, &mut failures);
    if let Err(error) = hosts::check(guest, &file, &mut failures) {
        // Without hosts no query of the file has an answer.
        (0..file.queries.len()).for_each(|number| failures.add(&format!("query {number}"), &error));
    }
    report.total += file.size();
    failures.join(report);
    Ok(())
}

impl Report {
    /// Adds the report of other files.
    fn add(&mut self, other: Report) {
        self.total += other.total;
        self.failed += other.failed;
        self.compared += other.compared;
        self.answered_without_history += other.answered_without_history;
        self.failures.extend(other.failures);
    }
}

/// The case files, sorted.
fn files() -> Result<Vec<PathBuf>> {
    let cannot = |error| Error::retry("cannot list tests/cases").because(error);
    let mut found = Vec::new();
    for topic in root().join("tests/cases").read_dir().map_err(cannot)? {
        let topic = topic.map_err(cannot)?.path();
        if !topic.is_dir() {
            continue;
        }
        for entry in topic.read_dir().map_err(cannot)? {
            let path = entry.map_err(cannot)?.path();
            if path.extension().is_some_and(|ending| ending == "json") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// `topic/name.json`.
fn shown(path: &Path) -> String {
    let below = path.strip_prefix(root().join("tests/cases")).unwrap_or(path);
    below.display().to_string()
}
