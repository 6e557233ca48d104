//! Runs a backend's work in a thread of its own, so that a panic or a hang there becomes a result
//! here.
//!
//! Invariant: the caller waits no longer than it asked to. Deliberately absent: stopping the work.
//! A thread cannot be stopped, so one that hangs is abandoned together with everything it holds.

use lockstep_core::error::{Error, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How the work ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome<T> {
    /// It returned this result.
    Done(T),
    /// It panicked; the message is on standard error.
    Panicked,
    /// It has not ended yet.
    Late,
}

/// Runs `work`, and waits at most `wait_s_max` for it.
pub(super) fn run<T: Send + 'static>(
    wait_s_max: u64,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<Outcome<T>> {
    let (answer, result) = mpsc::sync_channel(1);
    thread::Builder::new()
        .name("lockstep-store".to_string())
        .spawn(move || {
            // After a panic the caller stops using what the work was about.
            let result = catch_unwind(AssertUnwindSafe(work));
            // After the wait is over, nobody receives the result.
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

    /// Goal: the three ways in which work can end are distinguished. Method: work that returns,
    /// work that panics, and work that waits for a message which comes only after the caller gave
    /// up.
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
