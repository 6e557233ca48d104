//! Catch-up for a project: brings new versions of its artifacts to the positions that its store has
//! reached. An artifact is the compiled component of one crate of transforms.
//!
//! Invariant: the project's files are read only up to the position that the store has reached.
//! Deliberately absent: the catch-up itself, which is the engine's.

use crate::memory::Memory;
use crate::positions::up_to;
use crate::progress::Progress;
use crate::project::Project;
use lockstep_core::Result;
use lockstep_core::event::SourceSchema;
use lockstep_engine::backfill::{Options, Step};
use lockstep_engine::generations::{CaughtUp, catch_up};
use lockstep_source::EventReader;
use lockstep_store::Store;
use std::cell::RefCell;
use std::sync::Arc;

/// Brings every artifact of the project that has changed since the store was filled to the store's
/// positions, from the project's files, and makes it the version from which requests are served.
pub(crate) fn bring_up(
    project: &Project,
    store: &dyn Store,
    memory: &Memory,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<CaughtUp>> {
    let spill = Some(memory.spill_options(&project.store_path()?)?);
    let options = Options { spill, ..Options::default() };
    let reading = RefCell::new(String::new());
    let open = |schema: &Arc<SourceSchema>, until: u64| -> Result<Box<dyn EventReader>> {
        *reading.borrow_mut() = schema.source.clone();
        Ok(up_to(project.reader(&schema.source, 0)?, Some(until)))
    };
    catch_up(project.catalog(), store, &open, &options, &mut |step| {
        let source = reading.borrow();
        let source = source.as_str();
        match step {
            Step::Read(position) => progress(Progress::Reading { source, position }),
            Step::Written(done, total) => progress(Progress::Filling { source, done, total }),
        }
    })
}
