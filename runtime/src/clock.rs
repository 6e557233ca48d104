//! The host's clock: the only file that reads one (S5).
//!
//! Invariant: the time read here becomes the `as_of` of one request and is returned with its answer,
//! so the answer can be asked again. Nothing else in Lockstep depends on when it runs.

use crate::time::Time;
use std::fs::Metadata;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The time now.
pub fn now() -> Time {
    let micros = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_micros()).unwrap_or(i64::MAX),
    };
    Time::saturating(micros)
}

/// How long ago a file was changed last; none if the system does not say, or it lies ahead.
pub fn age(file: &Metadata) -> Option<Duration> {
    SystemTime::now().duration_since(file.modified().ok()?).ok()
}

/// When a file was changed last, since 1970; none if the system does not say.
pub fn modified(file: &Metadata) -> Option<Duration> {
    file.modified().ok()?.duration_since(UNIX_EPOCH).ok()
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
