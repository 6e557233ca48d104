//! Killed backfills: a process that backfills into sled is killed at random points, and running it
//! again must complete the backfill.
//!
//! Invariant: the child process is this test binary, running one test of this file with a store's
//! directory in its environment; without that variable the test does nothing. Randomness comes from
//! the printed seed and from the moment at which the kill reaches the child.

use super::{How, digest, fill, fold, memory, typed_log};
use crate::stream::crash::{catalog_of, number};
use lockstep_core::Result;
use lockstep_core::event::EventBatch;
use lockstep_engine::catalog::Catalog;
use lockstep_engine::parity::replay::Random;
use lockstep_kit::artifacts::wasm;
use lockstep_store::canonical::Scope;
use lockstep_store::sled::SledStore;
use lockstep_store::unfinished::Unfinished;
use lockstep_store::{Snapshot, Store, Verify, WriteBatch};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

/// The directory that a child fills.
const CHILD_STORE: &str = "LOCKSTEP_BACKFILL_CRASH_STORE";
/// The artifact that it runs.
const CHILD_ARTIFACT: &str = "LOCKSTEP_BACKFILL_CRASH_ARTIFACT";
/// How many children are killed.
const ROUNDS: &str = "LOCKSTEP_CRASH_ROUNDS";
/// The seed of the kills.
const SEED: &str = "LOCKSTEP_CRASH_SEED";

fn log(catalog: &Catalog) -> Vec<EventBatch> {
    typed_log(catalog, 43, 900, 80)
}

/// A store that prints each commit once it is durable.
#[derive(Debug)]
struct Telling(SledStore);

impl Store for Telling {
    fn read(&self) -> Result<Box<dyn Snapshot + '_>> {
        self.0.read()
    }

    fn commit(&self, batch: WriteBatch) -> Result<u64> {
        let sequence = self.0.commit(batch)?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "\nheld {sequence}").unwrap();
        out.flush().unwrap();
        Ok(sequence)
    }
}

/// The child: backfills, and prints each commit.
#[test]
fn child_backfills_until_it_is_killed() {
    let Ok(path) = std::env::var(CHILD_STORE) else { return };
    let catalog = catalog_of(Path::new(&std::env::var(CHILD_ARTIFACT).unwrap()));
    let store = Telling(SledStore::open_or_create(path).unwrap());
    fill(&store, &catalog, "typed", &log(&catalog), None, &How::small(2)).unwrap();
}

/// Runs a child, kills it some time after it printed `commits`, and returns the last commit
/// printed.
fn kill_one(store: &Path, artifact: &Path, commits: u64, spins: u64) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "backfill::kills::child_backfills_until_it_is_killed", "--nocapture"])
        .env(CHILD_STORE, store)
        .env(CHILD_ARTIFACT, artifact)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut held = lines.filter_map(|line| line.strip_prefix("held ")?.parse::<u64>().ok());
    let last = held.by_ref().take(commits as usize).last().unwrap_or(0);
    // Does not wait for anything: it varies the moment of the kill within the next commits.
    (0..spins).for_each(|_| std::thread::yield_now());
    child.kill().unwrap();
    child.wait().unwrap();
    held.last().unwrap_or(last)
}

/// Goal: a backfill that is killed any number of times finally leaves the same store as streaming,
/// and until then no host reads the store (S24). Method: children in a row fill one store and are
/// killed; the parent finishes the backfill.
#[test]
fn s24_kills_of_a_backfill_do_not_show() {
    let seed = number(SEED, 1);
    let artifact = wasm("transforms/every-type");
    let catalog = catalog_of(&artifact);
    let log = log(&catalog);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let mut random = Random::new(seed);
    let (mut newest, mut finished) = (0, false);
    for round in 0..number(ROUNDS, 4) {
        let (commits, spins) = (random.below(25), random.below(20_000));
        let place = format!("{SEED}={seed} round {round}: {commits} commits, {spins} spins");
        println!("{place}");
        let told = kill_one(&path, &artifact, commits, spins);
        let store = SledStore::open_or_create(&path).unwrap();
        let held = store.read().unwrap().sequence();
        assert!(held >= told.max(newest), "{place}: {held} after {told} and {newest}");
        newest = held;
        store.verify().unwrap();
        let marked = Unfinished::read(&*store.read().unwrap(), "typed").unwrap().is_some();
        finished = held > 0 && !marked;
        if finished {
            break;
        }
    }
    let store: Arc<dyn Store> = Arc::new(SledStore::open_or_create(&path).unwrap());
    if !finished {
        fill(&*store, &catalog, "typed", &log, None, &How::small(2)).unwrap();
    }
    let streamed = memory();
    fold(&streamed, &catalog, "typed", &log, 9);
    assert_eq!(
        digest(&*store, &catalog, Scope::All),
        digest(&*streamed, &catalog, Scope::All),
        "{SEED}={seed}"
    );
}
