//! Progress: what a job says of itself while it runs.
//!
//! Invariant: a job calls its callback on the thread that runs the job, and each report stands for
//! itself, so one that a caller overlooks is no loss. Deliberately absent: time, and what a job
//! found, which is its report.

/// How far a job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// It reads a source's events, all up to a position.
    Reading {
        /// The source.
        source: &'a str,
        /// The source position that comes next.
        position: u64,
    },
    /// It computes the features of a training set.
    Joining {
        /// Partitions of views that are done.
        done: u64,
        /// Partitions of all views.
        total: u64,
    },
    /// It writes a training set.
    Writing {
        /// Rows that are written.
        done: u64,
        /// Rows of the spine.
        total: u64,
    },
    /// It fills an empty store with what it read of a source.
    Filling {
        /// The source.
        source: &'a str,
        /// Rounds of partitions that are in the store.
        done: u64,
        /// Rounds of all views.
        total: u64,
    },
    /// It folds a source's events into a store, batch by batch.
    Folding {
        /// The source.
        source: &'a str,
        /// The source position that comes next.
        position: u64,
        /// Events that it admitted so far.
        events: u64,
    },
    /// It asks the online host the questions of a spine.
    Answering {
        /// Spine rows that are answered.
        done: u64,
        /// Rows of the spine.
        total: u64,
    },
}
