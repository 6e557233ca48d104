//! The options of a backfill: threads and memory.
//!
//! Invariant: no option changes a bit of the store. Deliberately absent: which events are read,
//! which the caller decides.

use crate::shuffle::SpillOptions;

/// The threads and the memory that a backfill may use.
#[derive(Clone, Debug)]
pub struct Options {
    /// Threads that map and fold.
    pub workers: usize,
    /// How much memory waiting rows may take, and the folder for those that do not fit. Without it
    /// all rows stay in memory.
    pub spill: Option<SpillOptions>,
    /// How many events may be set aside before the run ends early; any number if it is not given.
    pub bad_rows_max: Option<u64>,
}

impl Default for Options {
    fn default() -> Options {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        Options { workers, spill: None, bad_rows_max: None }
    }
}
