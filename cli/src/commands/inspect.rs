//! `lockstep inspect`: shows what an artifact declares.

use crate::outcome::Outcome;
use clap::Args;
use lockstep_runtime::Result;
use std::path::PathBuf;

/// The arguments of `lockstep inspect`.
#[derive(Debug, Args)]
pub struct Inspect {
    /// The artifact
    #[arg(value_name = "FILE")]
    artifact: PathBuf,
    /// Print JSON for programs
    #[arg(long)]
    json: bool,
}

impl Inspect {
    /// Runs the command.
    pub fn run(self) -> Result<Outcome> {
        crate::inspect::print(&self.artifact, self.json)?;
        Ok(Outcome::Done)
    }
}
