//! The `lockstep` command.
//!
//! Invariant: the exit code says who acts: 0 done, 1 the job found a difference or more bad rows
//! than allowed, 2 wrong use or wrong input, 3 the environment or the store failed. Results go to
//! standard output, everything else to standard error. Deliberately absent: work; each command is
//! a thin layer over the runtime's hosts.

use clap::Parser;
use lockstep_cli::arguments::Arguments;
use lockstep_cli::outcome::{Outcome, exit_code};
use std::process::ExitCode;

fn main() -> ExitCode {
    match Arguments::parse().run() {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Found(what)) => {
            eprintln!("lockstep: {what}");
            ExitCode::from(1)
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(exit_code(&error))
        }
    }
}
