//! How far a backfill has come, for those who watch.

/// What a backfill is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It has read up to this position.
    Read(u64),
    /// It has written so many of all rounds.
    Written(u64, u64),
}
