//! Work of a backend in a thread of its own, so that a panic or a hang there is an answer here.
//!
//! Invariant: the caller waits at most as long as it says. Deliberately absent: stopping the work.
//! A thread cannot be stopped, so one that never answers is abandoned with all it holds.

use lockstep_core::error::{Error, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How work ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome<T> {
    /// With this result.
    Done(T),
    /// By a panic, whose message is on standard error.
    Panicked,
    /// Not yet.
    Late,
}

/// Runs `work`, and waits `wait_s_max` for it.
pub(super) fn run<T: Send + 'static>(
    wait_s_max: u64,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<Outcome<T>> {
    let (answer, result) = mpsc::sync_channel(1);
    thread::Builder::new()
        .name("lockstep-store".to_string())
        .spawn(move || {
            // After a panic the caller gives up what the work was about.
            let result = catch_unwind(AssertUnwindSafe(work));
            // Nobody listens any more if the wait is over.
            answer.send(result).ok();
        })
        .map_err(|error| Error::retry("the system has no thread for a store").because(error))?;
    Ok(match result.recv_timeout(Duration::from_secs(wait_s_max)) {
        Ok(Ok(result)) => Outcome::Done(result),
        Ok(Err(_)) => Outcome::Panicked,
        Err(_) => Outcome::Late,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: each end of work is told from the others. Method: work that answers, panics, and
    /// waits for a message that comes only after the caller gave up.
    #[test]
    fn work_ends_in_one_of_three_ways() {
        assert_eq!(run(60, || 7).unwrap(), Outcome::Done(7));
        assert_eq!(
            run(60, || panic!("a panic of the test, expected")).unwrap(),
            Outcome::<()>::Panicked
        );
        let (release, gate) = mpsc::channel::<()>();
        assert_eq!(run(0, move || gate.recv().is_err()).unwrap(), Outcome::Late);
        drop(release);
    }
}
