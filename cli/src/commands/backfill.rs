//! `lockstep backfill`: the store filled from the sources' files.

use super::stream::{Fold, Totals};
use crate::arguments::ProjectArguments;
use crate::outcome::Outcome;
use crate::workspace::Workspace;
use clap::Args;
use lockstep_runtime::store::progress::FILES;
use lockstep_runtime::{Error, Result};

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
    project: ProjectArguments,
}

impl Backfill {
    /// Runs the command.
    pub fn run(self) -> Result<Outcome> {
        let workspace = Workspace::open(&self.project)?;
        let sources: Vec<String> = match &self.source {
            Some(source) => vec![workspace.catalog.source(source)?.source.clone()],
            None => workspace.catalog.sources().keys().cloned().collect(),
        };
        // Files are opened before the store, so that a wrong one leaves no new store behind.
        for source in &sources {
            workspace.reader(source, 0)?;
        }
        let store = workspace.open_store(true)?;
        let mut totals = Totals::default();
        for source in sources {
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
