//! The clock of limits: it counts ticks, and all limits of time are numbers of ticks.
//!
//! Invariant: nothing else in this package measures time, so a test that moves the clock itself
//! reaches every limit of time, whatever the speed of the machine. A tick increments the epoch of
//! every engine that follows the clock, by which wasmtime stops calls. Deliberately absent: the
//! time of day.

use super::limits::EPOCH_TICK_MS;
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// A clock of limits. A clone refers to the same clock.
#[derive(Clone)]
pub struct Clock {
    ticks: Arc<Ticks>,
    /// Dropping the last clone ends the thread that ticks; none if the clock is moved by hand.
    _ticking: Option<Arc<Sender<()>>>,
}

struct Ticks {
    now: AtomicU64,
    engines: Mutex<Vec<wasmtime::EngineWeak>>,
}

impl Clock {
    /// A clock that ticks every [`EPOCH_TICK_MS`] milliseconds, in a thread of its own.
    pub fn of_the_machine() -> Result<Clock> {
        let ticks = Arc::new(Ticks { now: AtomicU64::new(0), engines: Mutex::default() });
        let (sender, receiver) = mpsc::channel::<()>();
        let ticking: Weak<Ticks> = Arc::downgrade(&ticks);
        let ticker = move || {
            let every = Duration::from_millis(EPOCH_TICK_MS);
            while receiver.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                match ticking.upgrade() {
                    Some(ticks) => ticks.advance(1),
                    None => return,
                }
            }
        };
        std::thread::Builder::new().name("lockstep-ticks".into()).spawn(ticker).map_err(
            |error| Error::retry("the system has no thread for the clock of limits").because(error),
        )?;
        Ok(Clock { ticks, _ticking: Some(Arc::new(sender)) })
    }

    /// A clock that stands still unless [`Clock::advance`] moves it, for tests.
    pub fn by_hand() -> Clock {
        let ticks = Ticks { now: AtomicU64::new(0), engines: Mutex::default() };
        Clock { ticks: Arc::new(ticks), _ticking: None }
    }

    /// Lets so many ticks pass at once.
    pub fn advance(&self, ticks: u64) {
        self.ticks.advance(ticks);
    }

    /// The ticks that have passed.
    pub(super) fn now(&self) -> u64 {
        self.ticks.now.load(Ordering::Relaxed)
    }

    /// Lets the engine's epoch follow this clock.
    pub(super) fn drive(&self, engine: &wasmtime::Engine) {
        let mut engines = self.ticks.engines.lock().unwrap_or_else(PoisonError::into_inner);
        engines.push(engine.weak());
    }
}

impl Ticks {
    fn advance(&self, ticks: u64) {
        self.now.fetch_add(ticks, Ordering::Relaxed);
        let mut engines = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
        engines.retain(|engine| match engine.upgrade() {
            Some(engine) => {
                (0..ticks).for_each(|_| engine.increment_epoch());
                true
            }
            None => false,
        });
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").field("now", &self.now()).finish_non_exhaustive()
    }
}

/// A time by which a request must be answered.
#[derive(Clone, Debug)]
pub struct Deadline {
    clock: Clock,
    tick: u64,
    deadline_ms: u64,
}

impl Deadline {
    /// The time `deadline_ms` milliseconds from now, by `clock`.
    pub fn after(clock: &Clock, deadline_ms: u64) -> Deadline {
        // The tick that is under way counts for nothing, so no request is stopped early.
        let ticks = deadline_ms.div_ceil(EPOCH_TICK_MS).saturating_add(1);
        Deadline { clock: clock.clone(), tick: clock.now().saturating_add(ticks), deadline_ms }
    }

    /// The ticks that are left; 0 if it has passed.
    pub(super) fn ticks_left(&self) -> u64 {
        self.tick.saturating_sub(self.clock.now())
    }

    /// Whether it has passed.
    pub fn is_over(&self) -> bool {
        self.ticks_left() == 0
    }

    /// The error of a request that is not answered by then.
    pub fn exceeded(&self) -> Error {
        let deadline_ms = self.deadline_ms;
        Error::retry(format!(
            "the deadline of {deadline_ms} ms is exceeded; ask again, or allow more time"
        ))
        .with_code(Code::DeadlineExceeded { deadline_ms })
    }

    /// Fails if it has passed.
    pub fn check(&self) -> Result<()> {
        match self.is_over() {
            true => Err(self.exceeded()),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a deadline passes when its ticks have passed, and never before. Method: a clock that
    /// is moved by hand.
    #[test]
    fn a_deadline_passes_with_its_ticks() {
        let clock = Clock::by_hand();
        for (deadline_ms, ticks) in [(0, 1), (1, 2), (EPOCH_TICK_MS, 2), (5 * EPOCH_TICK_MS, 6)] {
            let deadline = Deadline::after(&clock, deadline_ms);
            clock.advance(ticks - 1);
            assert_eq!(deadline.ticks_left(), 1);
            assert!(deadline.check().is_ok());
            clock.advance(1);
            let error = deadline.check().unwrap_err();
            assert_eq!(error.code, Code::DeadlineExceeded { deadline_ms });
        }
    }
}
