//! The `lockstep` command.
//!
//! Invariant: the exit code says who acts: 0 done, 1 the job found a difference or more bad rows
//! than allowed, 2 wrong use or wrong input, 3 the environment or the store failed. Results go to
//! standard output, everything else to standard error; with `--json` an error goes to both, so that
//! a program finds one JSON object whatever happened. Deliberately absent: work; each command is a
//! thin layer over the runtime's jobs.

use clap::Parser;
use lockstep_cli::arguments::Arguments;
use lockstep_cli::outcome::{Outcome, exit_code};
use lockstep_cli::output::print_json;
use lockstep_runtime::Error;
use serde_json::json;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let json = arguments.json();
    match arguments.run() {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Found(what)) => {
            eprintln!("lockstep: {what}");
            ExitCode::from(1)
        }
        Err(error) => {
            eprintln!("error: {error}");
            if json {
                print_error_json(&error);
            }
            ExitCode::from(exit_code(&error))
        }
    }
}

/// Prints the error for programs: its kind, its code with the code's data, and its message.
fn print_error_json(error: &Error) {
    if let Err(unprintable) = print_json(&json!({ "error": error })) {
        eprintln!("error: {unprintable}");
    }
}
