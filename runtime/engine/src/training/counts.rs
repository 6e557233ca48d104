//! What the making of a training set counted: events, leaks, the use of the disk, and time in
//! guests.
//!
//! Invariant: the counts of events and leaks depend on spine and events alone, not on memory or
//! workers. Deliberately absent: how they are printed.

use lockstep_core::event::SetAside;

/// The counts of a run.
#[derive(Debug)]
pub struct Counts {
    /// Events that were set aside, by source and position.
    pub set_aside: Vec<(String, SetAside)>,
    /// Identical copies of events that were dropped.
    pub duplicates: u64,
    /// Events that were admitted.
    pub events: u64,
    /// With arrival times: for each feature, the number of spine rows whose value would be
    /// different if all events had been known, that is, would have leaked. The stored features
    /// include those that only on-demand transforms read; an output of a transform is counted when
    /// its rows are joined.
    pub leakage: Vec<(String, u64)>,
    /// Whether rows had to wait on the disk.
    pub spilled: bool,
    /// The number of partitions that were larger than their share of memory and were swept in
    /// stretches.
    pub cut: u64,
    /// The time that workers spent in calls to the guest's transforms, including the crossing
    /// between host and guest.
    pub guest: std::time::Duration,
    /// The time that they spent in repeats of calls, which check that transforms are pure (S7).
    pub repeats: std::time::Duration,
}
