//! The modification times of files.
//!
//! Invariant: they are used only to decide what is cleared away and for reports. Deliberately
//! absent: the time of a request, which the engine reads.

use std::fs::Metadata;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The time since a file was last modified; `None` if the system does not say, or if it lies in the
/// future.
pub fn age(file: &Metadata) -> Option<Duration> {
    SystemTime::now().duration_since(file.modified().ok()?).ok()
}

/// When a file was last modified, since 1970; `None` if the system does not say.
pub fn modified(file: &Metadata) -> Option<Duration> {
    file.modified().ok()?.duration_since(UNIX_EPOCH).ok()
}
