//! The options for making a training set.
//!
//! Invariant: except for `as_of` and `known`, no option changes a bit of the result; a run with more
//! bad events than it may have has none. Deliberately absent: files.

use crate::admission::arrivals;
use crate::catalog::Catalog;
use crate::service::AS_OF;
use crate::shuffle::SpillOptions;
use lockstep_core::error::Result;
use lockstep_core::event::SourceSchema;
use std::sync::Arc;

/// The options for making a training set. Except for `as_of` and `known`, none changes a bit
/// of it.
#[derive(Clone, Debug)]
pub struct Options {
    /// The spine's column that holds each row's time.
    pub as_of: String,
    /// The event column that holds when each event arrived. With it, a spine row sees only events
    /// that had arrived by its time (S1), and the values are those that the online host could have
    /// returned.
    pub known: Option<String>,
    /// The number of threads that map and sweep.
    pub workers: usize,
    /// How much memory waiting rows may take, and where rows go that exceed it; `None` keeps all in
    /// memory.
    pub spill: Option<SpillOptions>,
    /// How many events may be set aside before the run ends early; any number if it is not given.
    pub bad_rows_max: Option<u64>,
}

impl Options {
    /// The columns with which the events of `source` must be read: those declared, and the arrival
    /// times if they matter or the project names their column.
    pub(super) fn schema(&self, catalog: &Catalog, source: &str) -> Result<Arc<SourceSchema>> {
        let declared = catalog.source(source)?;
        match &self.known {
            Some(known) => {
                // Added before the project's column, because both are removed again together.
                let known = arrivals::with_arrivals(declared, known, "--as-known")?;
                arrivals::reading(&Arc::new(known))
            }
            None => arrivals::reading(declared),
        }
    }
}

impl Default for Options {
    fn default() -> Options {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        Options { as_of: AS_OF.into(), known: None, workers, spill: None, bad_rows_max: None }
    }
}
