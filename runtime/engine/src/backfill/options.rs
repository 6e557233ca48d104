//! How a backfill is made.

use crate::shuffle::SpillOptions;

/// How a backfill is made. Nothing here changes a bit of the store.
#[derive(Clone, Debug)]
pub struct Options {
    /// Threads that map and fold.
    pub workers: usize,
    /// How much memory waiting rows may take, and where those go that find no room; without it all
    /// stay in memory.
    pub spill: Option<SpillOptions>,
}

impl Default for Options {
    fn default() -> Options {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        Options { workers, spill: None }
    }
}
