//! The numbers of a training set's making.

use lockstep_core::event::SetAside;

/// What a run counted beside the rows.
#[derive(Debug)]
pub struct Counts {
    /// Events that were set aside, by source and position.
    pub set_aside: Vec<(String, SetAside)>,
    /// Identical copies of events that were dropped.
    pub duplicates: u64,
    /// Events that counted.
    pub events: u64,
    /// As known: of each feature, how many spine rows have another value than with every event in:
    /// what would have leaked. Stored features are looked-up ones, also those that only on-demand
    /// transforms read; an output of theirs is counted as its rows are joined.
    pub leakage: Vec<(String, u64)>,
    /// Whether rows had to wait on the disk.
    pub spilled: bool,
    /// How many partitions were larger than their share of memory, and swept stretch by stretch.
    pub cut: u64,
    /// The time that workers spent in calls of the guest's transforms, boundary included.
    pub guest: std::time::Duration,
}
