//! The host's clock: the only place where Lockstep reads a clock for an `as_of`, the time for which
//! a feature is asked (S5).
//!
//! Invariant: the time that is read here becomes the `as_of` of one request and is returned with
//! its answer, so the same question can be asked again. No value depends on the clock in any other
//! way. Deliberately absent: time zones and timers.

use lockstep_core::time::Time;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The time now.
pub fn now() -> Time {
    let micros = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_micros()).unwrap_or(i64::MAX),
    };
    Time::saturating(micros)
}

/// A stopwatch: measures how long something takes, for reports only.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// A stopwatch that starts now.
    pub fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    /// The time since its start.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
