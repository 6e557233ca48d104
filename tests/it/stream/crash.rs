//! Killed streams: a process that streams into sled is killed at random points, and must continue
//! as if it had not been.
//!
//! Invariant: the child process is this test binary, running one test of this file with a store's
//! directory in its environment; without that variable the test does nothing. Randomness comes from
//! the printed seed and from the moment at which the kill reaches the child.

use super::{cut, digest, fold, memory};
use crate::kill::{ROUNDS, SEED, kill_child, number, print_durable};
use arrow::array::RecordBatch;
use lockstep_engine::catalog::{Catalog, cached_engine};
use lockstep_engine::ingest::StreamHost;
use lockstep_engine::parity::replay::Random;
use lockstep_guest::Artifact;
use lockstep_kit::artifacts::wasm;
use lockstep_kit::typed;
use lockstep_store::canonical::Scope;
use lockstep_store::progress::FILES;
use lockstep_store::sled::SledStore;
use lockstep_store::{Store, Verify};
use std::path::Path;
use std::sync::Arc;

/// The directory that a child streams into.
const CHILD_STORE: &str = "LOCKSTEP_STREAM_CRASH_STORE";
/// The artifact that it runs.
const CHILD_ARTIFACT: &str = "LOCKSTEP_STREAM_CRASH_ARTIFACT";

pub(crate) fn catalog_of(file: &Path) -> Arc<Catalog> {
    let artifact = Artifact::load(&cached_engine().unwrap(), file).unwrap();
    Arc::new(Catalog::new(vec![("every_type".into(), artifact)]).unwrap())
}

/// A log with refusals, copies and conflicts.
fn log(catalog: &Catalog) -> RecordBatch {
    let mut events = typed::typed(41, 900, 80);
    for at in (50..900).step_by(9) {
        let mut copy = events[at - 50].clone();
        if at % 2 == 0 {
            copy.int = Some(at as i64);
        }
        events[at] = copy;
    }
    typed::typed_records(catalog, &events)
}

/// The child: continues from the store's position, with a few events per commit, and prints each
/// position that is durable.
#[test]
fn child_streams_until_it_is_killed() {
    let Ok(path) = std::env::var(CHILD_STORE) else { return };
    let catalog = catalog_of(Path::new(&std::env::var(CHILD_ARTIFACT).unwrap()));
    let store: Arc<dyn Store> = Arc::new(SledStore::open_or_create(path).unwrap());
    let mut host = StreamHost::open(catalog.clone(), store).unwrap();
    // What came before the position is delivered again, as a source would.
    for batch in cut(&log(&catalog), || 4) {
        host.apply("typed", FILES, &batch).unwrap();
        print_durable(host.progress("typed", FILES).unwrap().position);
    }
}

/// Kills a child some time after its position has moved `moves` times, and returns the last
/// position that it printed.
fn kill_one(store: &Path, artifact: &Path, moves: u64, spins: u64) -> u64 {
    let variables = [(CHILD_STORE, store), (CHILD_ARTIFACT, artifact)];
    let test = "stream::crash::child_streams_until_it_is_killed";
    let printed = kill_child(test, &variables, spins, |positions| {
        let (mut last, mut moved) = (0, 0);
        while moved < moves {
            // A child that has finished prints nothing more.
            let Some(position) = positions.next() else { break };
            moved += u64::from(position > last);
            last = position;
        }
    });
    printed.unwrap_or(0)
}

/// Goal: replay from the stored position after any number of `kill -9` gives the store of an
/// undisturbed run: values, ids, positions, counts and what was set aside (S24). Method: children
/// in a row stream one log into one store and are killed; the parent finishes the log.
#[test]
fn s24_kills_do_not_show_in_the_store() {
    let seed = number(SEED, 1);
    let artifact = wasm("transforms/every-type");
    let catalog = catalog_of(&artifact);
    let log = log(&catalog);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let mut random = Random::new(seed);
    let mut newest = 0;
    for round in 0..number(ROUNDS, 5) {
        let moves = if round % 3 == 2 { 0 } else { 1 + random.below(30) };
        let spins = random.below(20_000);
        let place = format!("{SEED}={seed} round {round}: {moves} moves, {spins} spins");
        println!("{place}");
        let told = kill_one(&path, &artifact, moves, spins);
        let store = Arc::new(SledStore::open_or_create(&path).unwrap());
        let host = StreamHost::open(catalog.clone(), store.clone()).unwrap();
        let position = host.progress("typed", FILES).unwrap().position;
        assert!(position >= told.max(newest), "{place}: {position} after {told} and {newest}");
        newest = position;
        drop(host);
        store.verify().unwrap();
    }
    let store: Arc<dyn Store> = Arc::new(SledStore::open(&path).unwrap());
    fold(&store, &catalog, "typed", &cut(&log, || 100), 2);
    let undisturbed = memory();
    fold(&undisturbed, &catalog, "typed", &cut(&log, || 333), 9);
    assert_eq!(
        digest(&*store, &catalog, Scope::All),
        digest(&*undisturbed, &catalog, Scope::All),
        "{SEED}={seed}"
    );
}
