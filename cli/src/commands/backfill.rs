//! `lockstep backfill`: the store filled from the sources' files.
//!
//! A store that holds nothing of a source is filled in bulk; one that does goes on as a stream.
//! Either way a killed run is run again, and one that came to its end does nothing more.

use super::stream::{Fold, Totals, up_to};
use crate::arguments::ProjectArguments;
use crate::memory::Memory;
use crate::outcome::Outcome;
use crate::output::progress;
use crate::workspace::Workspace;
use clap::Args;
use lockstep_core::{Error, Result};
use lockstep_engine::backfill::{Backfill as Bulk, Options, Step};
use lockstep_store::Store;
use lockstep_store::progress::FILES;

/// The arguments of `lockstep backfill`.
#[derive(Debug, Args)]
pub struct Backfill {
    /// Stop before this source position (row number over the source's files); `lockstep stream`
    /// goes on from there
    #[arg(long, value_name = "N")]
    until_position: Option<u64>,
    /// Only this source
    #[arg(long)]
    source: Option<String>,
    #[command(flatten)]
    memory: Memory,
    #[command(flatten)]
    project: ProjectArguments,
}

impl Backfill {
    /// Runs the command.
    pub fn run(self) -> Result<Outcome> {
        self.memory.tell_allocator();
        let workspace = Workspace::open(&self.project)?;
        let sources: Vec<String> = match &self.source {
            Some(source) => vec![workspace.catalog.source(source)?.source.clone()],
            None => workspace.catalog.sources().keys().cloned().collect(),
        };
        // Files are opened before the store, so that a wrong one leaves no new store behind.
        for source in &sources {
            workspace.reader(source, 0)?;
        }
        let options = bulk_options(&workspace, &self.memory)?;
        let store = workspace.open_store(true)?;
        // From the first event of one source on nobody reads another one for empty.
        for source in &sources {
            let (catalog, until) = (&workspace.catalog, self.until_position);
            let bulk = Bulk::open(catalog, &*store, source, FILES, until, options.clone())?;
            bulk.map_or(Ok(()), |mut bulk| bulk.begin())?;
        }
        let mut totals = Totals::default();
        for source in sources {
            if fill(&workspace, &*store, &source, self.until_position, &self.memory, &mut totals)? {
                continue;
            }
            let mut fold = Fold::open(&workspace, store.clone(), &source, FILES)?;
            if self.until_position.is_some_and(|until| until < fold.position()) {
                return Err(Error::input(format!(
                    "the store already holds source {source} up to position {}, beyond --until-position",
                    fold.position()
                )));
            }
            let reader = workspace.reader(&source, fold.position())?;
            fold.run(reader, self.until_position, &mut totals)?;
        }
        totals.finish(&self.project, "backfilled")
    }
}

fn bulk_options(workspace: &Workspace, memory: &Memory) -> Result<Options> {
    let spill = Some(memory.spill_options(&workspace.store_path()?)?);
    Ok(Options { spill, ..Options::default() })
}

/// Fills the store up to a position with a source of which it holds nothing yet; answers whether it
/// is so.
pub fn fill(
    workspace: &Workspace,
    store: &dyn Store,
    source: &str,
    until: Option<u64>,
    memory: &Memory,
    totals: &mut Totals,
) -> Result<bool> {
    let options = bulk_options(workspace, memory)?;
    let bulk = Bulk::open(&workspace.catalog, store, source, FILES, until, options)?;
    let Some(bulk) = bulk else { return Ok(false) };
    let mut reader = up_to(workspace.reader(source, 0)?, until);
    let bar = progress(&format!("reading {source}"), 0);
    totals.position = 0;
    let applied = bulk.run(&mut *reader, &mut |step| {
        let (done, of) = match step {
            Step::Read(position) => {
                totals.position = position;
                (position, position)
            }
            Step::Written(done, of) => {
                bar.set_message(format!("writing {source}"));
                (done, of)
            }
        };
        bar.set_length(of);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    totals.add(&applied);
    Ok(true)
}
