//! Killed commits: a process that commits is killed at random points, and every commit that it
//! acknowledged must still be there.
//!
//! Invariant: the child process is this test binary, running one test of this file with a directory
//! in its environment; without that variable the test does nothing. A round's randomness comes from
//! the printed seed and from the moment at which the kill reaches the child. Deliberately absent:
//! power cuts, which lose what was written but not synced; a test can only check that syncs are
//! requested, not what a disk does.

use super::{Author, Numbers};
use lockstep_store::sled::SledStore;
use lockstep_store::{Store, Verify};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// The directory that a child commits to.
const CHILD_STORE: &str = "LOCKSTEP_CRASH_STORE";
/// How many children are killed.
const ROUNDS: &str = "LOCKSTEP_CRASH_ROUNDS";
/// The seed of the kills.
const SEED: &str = "LOCKSTEP_CRASH_SEED";

const AUTHOR: Author = Author { writes: 120, keys: 3_000 };

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

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
        let mut out = std::io::stdout().lock();
        writeln!(out, "\nacknowledged {sequence}").unwrap();
        out.flush().unwrap();
    }
}

/// Runs a child, kills it some time after `commits` acknowledgements, and returns the last one.
fn kill_one(path: &Path, commits: u64, spins: u64) -> Option<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::crash::child_commits_until_it_is_killed", "--nocapture"])
        .env(CHILD_STORE, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let acknowledged = |line: String| line.strip_prefix("acknowledged ")?.parse::<u64>().ok();
    let mut last = None;
    for _ in 0..commits {
        last = lines.by_ref().find_map(acknowledged);
        assert!(last.is_some(), "the child ended by itself");
    }
    // Does not wait for anything: it varies the moment of the kill within opening and committing.
    (0..spins).for_each(|_| std::thread::yield_now());
    child.kill().unwrap();
    child.wait().unwrap();
    lines.filter_map(acknowledged).last().or(last)
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
