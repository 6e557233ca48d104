//! How far a backfill has come, for progress reports.
//!
//! Invariant: a step states how far the work has come in all, so a caller may ignore any of them.
//! Deliberately absent: times.

/// How far a backfill has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It has read up to this position.
    Read(u64),
    /// It has written the first number of rounds, out of the second.
    Written(u64, u64),
}
