//! `lockstep backfill`: fills the store from the sources' files.

use super::fill::print_report;
use crate::arguments::{MemoryArguments, ProjectArguments};
use crate::outcome::Outcome;
use crate::progress_bar::Bar;
use clap::Args;
use lockstep_runtime::{BackfillJob, Result};
use std::time::Instant;

/// The arguments of `lockstep backfill`.
#[derive(Debug, Args)]
pub struct Backfill {
    /// Stop before this source position (row number over the source's files); `lockstep stream`
    /// continues from there
    #[arg(long, value_name = "N")]
    until_position: Option<u64>,
    /// Fill only this source
    #[arg(long)]
    source: Option<String>,
    #[command(flatten)]
    memory: MemoryArguments,
    #[command(flatten)]
    project: ProjectArguments,
}

impl Backfill {
    /// Runs the command.
    pub fn run(self) -> Result<Outcome> {
        let Backfill { until_position, source, memory, project } = self;
        let bad_rows_max = Some(project.bad_rows_max.unwrap_or(0));
        let job = BackfillJob { source, until_position, memory: memory.memory(), bad_rows_max };
        job.memory.tell_allocator();
        let opened = project.open()?;
        let started = Instant::now();
        let mut bar = Bar::until(until_position);
        let report = job.run(&opened, &mut |progress| bar.show(progress))?;
        drop(bar);
        print_report("backfilled", &report, started.elapsed(), bad_rows_max, project.json)
    }
}
