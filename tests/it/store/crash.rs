//! Killed commits: a process that commits is killed at random points, and every commit that it
//! acknowledged must still be there.
//!
//! Invariant: the child process is this test binary, running one test of this file with a directory
//! in its environment; without that variable the test does nothing. A round's randomness comes from
//! the printed seed and from the moment at which the kill reaches the child. Deliberately absent:
//! power cuts, which lose what was written but not synced; a test can only check that syncs are
//! requested, not what a disk does.

use super::{Author, Numbers};
use crate::kill::{ROUNDS, SEED, kill_child, number, print_durable};
use lockstep_store::sled::SledStore;
use lockstep_store::{Store, Verify};
use std::path::Path;

/// The directory that a child commits to.
const CHILD_STORE: &str = "LOCKSTEP_CRASH_STORE";

const AUTHOR: Author = Author { writes: 120, keys: 3_000 };

/// The child: opens the store, and commits until it is killed, printing each commit that is
/// durable.
#[test]
fn child_commits_until_it_is_killed() {
    let Ok(path) = std::env::var(CHILD_STORE) else { return };
    let store = SledStore::open_or_create(path).unwrap();
    let mut sequence = store.read().unwrap().sequence();
    loop {
        sequence += 1;
        assert_eq!(store.commit(AUTHOR.batch(sequence)).unwrap(), sequence);
        print_durable(sequence);
    }
}

/// Kills a child some time after `commits` acknowledgements, and returns the last one.
fn kill_one(path: &Path, commits: u64, spins: u64) -> Option<u64> {
    let test = "store::crash::child_commits_until_it_is_killed";
    kill_child(test, &[(CHILD_STORE, path)], spins, |acknowledged| {
        for _ in 0..commits {
            assert!(acknowledged.next().is_some(), "the child ended by itself");
        }
    })
}

/// Goal: an acknowledged commit survives `kill -9` at any point, also during opening, and the store
/// holds exactly one state. Method: children in a row commit to one store and are killed with a
/// SIGKILL; the parent recomputes each state from the batches.
#[test]
fn acknowledged_commits_survive_kills() {
    let seed = number(SEED, 1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let mut numbers = Numbers(seed);
    let mut newest = 0;
    for round in 0..number(ROUNDS, 6) {
        // Every third child is killed while it opens, or soon after.
        let commits = if round % 3 == 2 { 0 } else { 1 + numbers.below(12) };
        let spins = numbers.below(if commits == 0 { 60_000 } else { 8_000 });
        let place = format!("{SEED}={seed} round {round}: after {commits} commits, {spins} spins");
        println!("{place}");
        let acknowledged = kill_one(&path, commits, spins).unwrap_or(newest);
        let store =
            SledStore::open_or_create(&path).unwrap_or_else(|error| panic!("{place}: {error}"));
        let held = AUTHOR.check(&store).unwrap();
        // Before the child prints its first line, it may have made one more commit.
        assert!(held >= acknowledged, "{place}: commit {acknowledged} is lost, {held} is left");
        assert!(held <= acknowledged + 1, "{place}: nobody made commit {held}");
        store.verify().unwrap();
        newest = held;
    }
}
