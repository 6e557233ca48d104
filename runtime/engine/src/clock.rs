//! The host's clock: the only place that reads one for an `as_of` (S5).
//!
//! Invariant: the time read here becomes the `as_of` of one request and is returned with its answer,
//! so the answer can be asked again. Nothing else in Lockstep depends on when it runs.

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

/// Measures how long something takes, for reports only.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// One that runs from now on.
    pub fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    /// The time since its start.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
