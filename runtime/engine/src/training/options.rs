//! How a training set is made.

use crate::service::AS_OF;
use crate::shuffle::SpillOptions;

/// How a training set is made. But for the spine's times and `known`, nothing here changes a bit
/// of it.
#[derive(Clone, Debug)]
pub struct Options {
    /// The spine's column that holds each row's time.
    pub as_of: String,
    /// The event column that holds when each event arrived: then a spine row sees only those that
    /// had arrived by its time (S1), and the answers are those that the online host could have
    /// given.
    pub known: Option<String>,
    /// Threads that map and sweep.
    pub workers: usize,
    /// How much memory waiting rows may take, and where those go that find no room; without it all
    /// stay in memory.
    pub spill: Option<SpillOptions>,
}

impl Default for Options {
    fn default() -> Options {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        Options { as_of: AS_OF.into(), known: None, workers, spill: None }
    }
}
