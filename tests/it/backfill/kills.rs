//! Killed backfills: a process that backfills into sled is killed at random points, and running it
//! again must complete the backfill.
//!
//! Invariant: the child process is this test binary, running one test of this file with a store's
//! directory in its environment; without that variable the test does nothing. Randomness comes from
//! the printed seed and from the moment at which the kill reaches the child.

use super::{How, digest, fill, fold, memory, typed_log};
use crate::kill::{Printing, ROUNDS, SEED, kill_child, number};
use crate::stream::crash::catalog_of;
use lockstep_core::event::EventBatch;
use lockstep_engine::catalog::Catalog;
use lockstep_engine::parity::replay::Random;
use lockstep_kit::artifacts::wasm;
use lockstep_store::canonical::Scope;
use lockstep_store::sled::SledStore;
use lockstep_store::unfinished::Unfinished;
use lockstep_store::{Store, Verify};
use std::path::Path;
use std::sync::Arc;

/// The directory that a child fills.
const CHILD_STORE: &str = "LOCKSTEP_BACKFILL_CRASH_STORE";
/// The artifact that it runs.
const CHILD_ARTIFACT: &str = "LOCKSTEP_BACKFILL_CRASH_ARTIFACT";

fn log(catalog: &Catalog) -> Vec<EventBatch> {
    typed_log(catalog, 43, 900, 80)
}

/// The child: backfills, and prints each commit.
#[test]
fn child_backfills_until_it_is_killed() {
    let Ok(path) = std::env::var(CHILD_STORE) else { return };
    let catalog = catalog_of(Path::new(&std::env::var(CHILD_ARTIFACT).unwrap()));
    let store = Printing(SledStore::open_or_create(path).unwrap());
    fill(&store, &catalog, "typed", &log(&catalog), None, &How::small(2)).unwrap();
}

/// Kills a child some time after it printed `commits` numbers, and returns the last commit printed.
fn kill_one(store: &Path, artifact: &Path, commits: u64, spins: u64) -> u64 {
    let variables = [(CHILD_STORE, store), (CHILD_ARTIFACT, artifact)];
    let test = "backfill::kills::child_backfills_until_it_is_killed";
    let printed = kill_child(test, &variables, spins, |numbers| {
        numbers.take(commits as usize).for_each(drop);
    });
    printed.unwrap_or(0)
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
