//! A store that fails on demand: the one place through which faults of storage enter tests.
//!
//! Invariant: until a fault is due, and after it, every call goes to the store inside unchanged,
//! so a test compares what is left there with what was acknowledged. A fault comes once.
//! Deliberately absent: damage to bytes on disk, which tests of the durable backend do to its
//! files.

use lockstep_core::{Error, Result};
use lockstep_store::{Bytes, Snapshot, Store, Verified, Verify, Visit, WriteBatch};
use std::sync::atomic::{AtomicU64, Ordering};

/// A countdown that is not running.
const NEVER: u64 = u64::MAX;

/// A store around another one.
#[derive(Debug)]
pub struct FaultStore<S> {
    inner: S,
    commits_until_refusal: AtomicU64,
    commits_until_lost_answer: AtomicU64,
    reads_until_failure: AtomicU64,
}

impl<S: Store> FaultStore<S> {
    /// Wraps a store; nothing fails yet.
    pub fn new(inner: S) -> Self {
        FaultStore {
            inner,
            commits_until_refusal: AtomicU64::new(NEVER),
            commits_until_lost_answer: AtomicU64::new(NEVER),
            reads_until_failure: AtomicU64::new(NEVER),
        }
    }

    /// The `n`-th commit from now fails and leaves nothing behind. The next one is the first.
    pub fn refuse_commit(&self, n: u64) {
        self.commits_until_refusal.store(n, Ordering::SeqCst);
    }

    /// The `n`-th commit from now is applied, and fails all the same: a crash came before the
    /// answer.
    pub fn lose_answer(&self, n: u64) {
        self.commits_until_lost_answer.store(n, Ordering::SeqCst);
    }

    /// The `n`-th read from now fails. Reads are snapshots taken, gets, and entries of scans.
    pub fn fail_read(&self, n: u64) {
        self.reads_until_failure.store(n, Ordering::SeqCst);
    }

    /// The store inside.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// Unwraps the store inside.
    pub fn into_inner(self) -> S {
        self.inner
    }

    fn check_read(&self, what: &str) -> Result<()> {
        match is_due(&self.reads_until_failure) {
            true => Err(Error::retry(format!("fault store: {what} fails, as the test asked"))),
            false => Ok(()),
        }
    }
}

/// Counts one call, and says whether it is the one to fail.
fn is_due(countdown: &AtomicU64) -> bool {
    let count = |left: u64| (left != NEVER).then(|| if left <= 1 { NEVER } else { left - 1 });
    countdown.fetch_update(Ordering::SeqCst, Ordering::SeqCst, count).is_ok_and(|left| left <= 1)
}

impl<S: Store> Store for FaultStore<S> {
    fn read(&self) -> Result<Box<dyn Snapshot + '_>> {
        self.check_read("a snapshot")?;
        Ok(Box::new(FaultSnapshot { store: self, inner: self.inner.read()? }))
    }

    fn commit(&self, batch: WriteBatch) -> Result<u64> {
        let lost = is_due(&self.commits_until_lost_answer);
        if is_due(&self.commits_until_refusal) {
            return Err(Error::retry("fault store: a commit fails, as the test asked"));
        }
        let sequence = self.inner.commit(batch)?;
        match lost {
            true => Err(Error::retry(format!(
                "fault store: the answer to commit {sequence} is lost, as the test asked"
            ))),
            false => Ok(sequence),
        }
    }
}

impl<S: Verify> Verify for FaultStore<S> {
    fn verify(&self) -> Result<Verified> {
        self.inner.verify()
    }
}

struct FaultSnapshot<'a, S> {
    store: &'a FaultStore<S>,
    inner: Box<dyn Snapshot + 'a>,
}

impl<S: Store> Snapshot for FaultSnapshot<'_, S> {
    fn sequence(&self) -> u64 {
        self.inner.sequence()
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        self.store.check_read("a get")?;
        self.inner.get(key)
    }

    fn scan(&self, start: &[u8], end: &[u8], visit: &mut Visit<'_>) -> Result<()> {
        self.inner.scan(start, end, &mut |key, value| {
            self.store.check_read("an entry of a scan")?;
            visit(key, value)
        })
    }
}
