//! Killed child processes: what the tests share that kill a process at a random point while it
//! writes a store.
//!
//! Invariant: a child is this test binary, running one test whose work is given by environment
//! variables; without them that test does nothing. The child prints each number (a commit, a
//! position) once it is durable, so the parent knows what a kill must not lose. Randomness comes
//! from a printed seed and from the moment at which the kill reaches the child.

use lockstep_core::Result;
use lockstep_store::sled::SledStore;
use lockstep_store::{Snapshot, Store, WriteBatch};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// The variable for the number of children that are killed.
pub(crate) const ROUNDS: &str = "LOCKSTEP_CRASH_ROUNDS";
/// The variable for the seed of the kills.
pub(crate) const SEED: &str = "LOCKSTEP_CRASH_SEED";

/// The number in an environment variable.
pub(crate) fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

/// Prints, in a child, a number that is durable.
pub(crate) fn print_durable(number: u64) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\ndurable {number}").unwrap();
    out.flush().unwrap();
}

/// A store of a child, which prints each commit once it is durable.
#[derive(Debug)]
pub(crate) struct Printing(pub(crate) SledStore);

impl Store for Printing {
    fn read(&self) -> Result<Box<dyn Snapshot + '_>> {
        self.0.read()
    }

    fn commit(&self, batch: WriteBatch) -> Result<u64> {
        let sequence = self.0.commit(batch)?;
        print_durable(sequence);
        Ok(sequence)
    }
}

/// Runs a test in a child with these variables, and kills it some time after `wait` returned, which
/// reads the numbers that the child prints. Returns the last number that the child printed.
pub(crate) fn kill_child(
    test: &str,
    variables: &[(&str, &Path)],
    spins: u64,
    wait: impl FnOnce(&mut dyn Iterator<Item = u64>),
) -> Option<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(std::io::Result::unwrap);
    let numbers = lines.filter_map(|line| line.strip_prefix("durable ")?.parse::<u64>().ok());
    let mut last = None;
    let mut numbers = numbers.inspect(|number| last = Some(*number));
    wait(&mut numbers);
    // Does not wait for anything: it varies the moment of the kill.
    (0..spins).for_each(|_| std::thread::yield_now());
    child.kill().unwrap();
    child.wait().unwrap();
    numbers.by_ref().for_each(drop);
    drop(numbers);
    last
}
