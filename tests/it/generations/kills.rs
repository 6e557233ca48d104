//! Kills: a process that brings a changed artifact up to a store in sled is killed at random points,
//! and a rerun goes on.
//!
//! Invariant: the child is this test binary, running one test of this file with a store's directory
//! in its environment; without it that test does nothing. The store that is damaged is a copy, so that
//! each round begins alike.

use super::*;
use crate::kill::{Printing, ROUNDS, SEED, kill_child, number};
use lockstep_store::Verify;
use lockstep_store::sled::SledStore;
use std::path::Path;

/// The directory of the store in a child.
const CHILD_STORE: &str = "LOCKSTEP_GENERATIONS_CRASH_STORE";
/// The artifact that it brings up.
const CHILD_ARTIFACT: &str = "LOCKSTEP_GENERATIONS_CRASH_ARTIFACT";

fn short_log(catalog: &Catalog) -> Vec<EventBatch> {
    front(&log(catalog.source(SOURCE).unwrap()), 3)
}

/// The child: catches up, and prints each commit.
#[test]
fn child_catches_up_until_it_is_killed() {
    let Ok(path) = std::env::var(CHILD_STORE) else { return };
    let artifact = std::fs::read(std::env::var(CHILD_ARTIFACT).unwrap()).unwrap();
    let catalog = variants::catalog(artifact);
    let store = Printing(SledStore::open(path).unwrap());
    catch_up_with(&store, &catalog, &short_log(&catalog)).unwrap();
}

/// Kills a child some time after it printed `commits` numbers.
fn kill_one(store: &Path, artifact: &Path, commits: u64, spins: u64) {
    let variables = [(CHILD_STORE, store), (CHILD_ARTIFACT, artifact)];
    let test = "generations::kills::child_catches_up_until_it_is_killed";
    kill_child(test, &variables, spins, |numbers| numbers.take(commits as usize).for_each(drop));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in from.read_dir().unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(std::fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// Goal: a process that is killed while a changed artifact catches up leaves a store that answers by
/// one version or the other, whole, and a rerun ends as a store that was filled anew (S23, S24).
/// Method: children are killed on copies of one store.
#[test]
fn s23_kills_of_catching_up_do_not_show() {
    let seed = number(SEED, 1);
    let first = variants::catalog(original());
    let file = variants::wasm("other_rows", &[OTHER_ROWS]);
    let second = variants::catalog(std::fs::read(&file).unwrap());
    let log = short_log(&first);
    let old = digest(&*filled(&first, &log), &first, Scope::All);
    let new = digest(&*filled(&second, &log), &second, Scope::All);
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    {
        let store = SledStore::create(&whole).unwrap();
        let bulk = Backfill::open(&first, &store, SOURCE, FILES, None, Options::default());
        bulk.unwrap().unwrap().run(&mut Batches(log.clone().into()), &mut |_| {}).unwrap();
    }
    let mut random = Random::new(seed);
    for round in 0..number(ROUNDS, 4) {
        let (commits, spins) = (random.below(9), random.below(20_000));
        let place = format!("{SEED}={seed} round {round}: {commits} commits, {spins} spins");
        println!("{place}");
        let path = folder.path().join(format!("round-{round}"));
        copy(&whole, &path);
        kill_one(&path, &file, commits, spins);
        let store = SledStore::open(&path).unwrap();
        store.verify().unwrap();
        let record = Generations::read(&*store.read().unwrap()).unwrap();
        let active = record.artifacts[variants::NAME].active.clone().unwrap();
        match active.digest == first.artifacts()[0].1.digest() {
            true => assert_eq!(digest(&store, &first, Scope::All), old, "{place}"),
            false => assert_eq!(digest(&store, &second, Scope::All), new, "{place}"),
        }
        catch_up_with(&store, &second, &log).unwrap();
        assert_eq!(digest(&store, &second, Scope::All), new, "{place}");
    }
}
