//! `rich.*`: features that keep many values, beside simple ones, an earlier commit and DuckDB.
//!
//! Invariant: `benches/peers/run --rich` measures and prints the figures; it is run here as one
//! would by hand, and its sizes come from the environment. Deliberately absent: any measuring in this
//! process, whose memory would count for the processes that it starts.

use lockstep_core::{Error, Result};
use lockstep_kit::artifacts::root;
use std::process::Command;

/// Measures the group.
pub(crate) fn measure() -> Result<()> {
    let script = root().join("benches/peers/run");
    let status = Command::new(&script)
        .arg("--rich")
        .status()
        .map_err(|error| Error::retry(format!("cannot run {}", script.display())).because(error))?;
    match status.success() {
        true => Ok(()),
        false => Err(Error::bug("benches/peers/run --rich failed; it says why above")),
    }
}
