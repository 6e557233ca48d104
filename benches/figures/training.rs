//! `training.*`: the training-set job on Lockstep, Polars and DuckDB, and how costs grow.
//!
//! Invariant: `benches/peers/run` measures and prints the figures; it is run here as one would by
//! hand, and its sizes come from the environment. Deliberately absent: any measuring in this
//! process, whose memory would count for the processes that it starts.

use lockstep_core::{Error, Result};
use lockstep_kit::artifacts::root;
use std::process::Command;

/// Measures the group.
pub(crate) fn measure() -> Result<()> {
    let script = root().join("benches/peers/run");
    let status = Command::new(&script)
        .status()
        .map_err(|error| Error::retry(format!("cannot run {}", script.display())).because(error))?;
    match status.success() {
        true => Ok(()),
        false => Err(Error::bug("benches/peers/run failed; it says why above")),
    }
}
