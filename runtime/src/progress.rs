//! Progress: how far a job has come, reported while it runs.
//!
//! Invariant: a job calls its callback on the thread that runs the job, and no report depends on an
//! earlier one, so a caller may ignore any of them. Deliberately absent: times, and what a job
//! found, which is in the job's report.

use crate::failed_merge::FailedMerge;
use lockstep_source::Notice;

/// How far a job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// It reads a source's events, and has read all of them before a position.
    Reading {
        /// The source.
        source: &'a str,
        /// The source position that comes next.
        position: u64,
    },
    /// It found something that people should know and that does not stop it. Each is told once.
    Notice(&'a Notice),
    /// An aggregate failed to merge states. It is told once for each aggregate.
    FailedMerge(&'a FailedMerge),
    /// It computes the features of a training set.
    Joining {
        /// The partitions of rows, over all views, that are done.
        done: u64,
        /// The partitions of rows of all views.
        total: u64,
    },
    /// It writes a training set.
    Writing {
        /// Rows that are written.
        done: u64,
        /// Rows of the spine.
        total: u64,
    },
    /// It fills a store that held nothing of a source with what it read of that source.
    Filling {
        /// The source.
        source: &'a str,
        /// The rounds (partitions that are written together) that are in the store.
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
    /// It has the online host compute the rows of a spine.
    Answering {
        /// Rows of the spine that are computed.
        done: u64,
        /// Rows of the spine.
        total: u64,
    },
}
