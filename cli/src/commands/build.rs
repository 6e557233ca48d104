//! `lockstep build`: compiles a crate to one component and pins its digest in `lockstep.lock`.

use crate::build::{BuildOptions, build};
use crate::outcome::Outcome;
use crate::terminal::tell;
use clap::Args;
use lockstep_runtime::{ProjectFile, Result};
use std::path::PathBuf;

/// The arguments of `lockstep build`.
#[derive(Debug, Args)]
pub struct Build {
    /// The transform crate's folder
    #[arg(default_value = ".", value_name = "DIR")]
    crate_dir: PathBuf,
    /// The file to write; by default CRATE.wasm in the crate's folder
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print JSON for programs
    #[arg(long)]
    json: bool,
}

impl Build {
    /// Runs the command.
    pub fn run(self) -> Result<Outcome> {
        let built = build(&BuildOptions { crate_dir: self.crate_dir, output: self.output })?;
        let pinned = ProjectFile::pin(&built.path, &built.digest)?;
        crate::inspect::print(&built.path, self.json)?;
        if let Some(name) = pinned {
            tell(format!("pinned {name} in lockstep.lock"));
        }
        Ok(Outcome::Done)
    }
}
