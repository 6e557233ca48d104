//! `lockstep new`: creates a transform crate to start from.

use crate::outcome::Outcome;
use clap::Args;
use lockstep_runtime::Result;
use std::path::PathBuf;

/// The arguments of `lockstep new`.
#[derive(Debug, Args)]
pub struct New {
    /// The crate's name, and its folder
    name: PathBuf,
    /// The folder of `lockstep-sdk`; by default it is searched for in the folders above the current
    /// one and above this program
    #[arg(long, value_name = "DIR")]
    sdk: Option<PathBuf>,
}

impl New {
    /// Runs the command.
    pub fn run(self) -> Result<Outcome> {
        crate::scaffold::scaffold(&self.name, self.sdk.as_deref())?;
        Ok(Outcome::Done)
    }
}
