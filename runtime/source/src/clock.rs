//! The times at which files were changed.
//!
//! Invariant: they decide on nothing but what is cleared away and what is reported. Deliberately
//! absent: the time of a request, which is the engine's.

use std::fs::Metadata;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long ago a file was changed last; none if the system does not say, or it lies ahead.
pub fn age(file: &Metadata) -> Option<Duration> {
    SystemTime::now().duration_since(file.modified().ok()?).ok()
}

/// When a file was changed last, since 1970; none if the system does not say.
pub fn modified(file: &Metadata) -> Option<Duration> {
    file.modified().ok()?.duration_since(UNIX_EPOCH).ok()
}
