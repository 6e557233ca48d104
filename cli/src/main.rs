//! The `lockstep` command.
//!
//! Invariant: the exit code says who has to act: 0 success, 1 the job found a difference or more
//! bad rows than allowed, 2 wrong use or wrong input, 3 the environment or the store failed.
//! Results go to standard output, everything else to standard error. With `--json` an error goes to
//! both: one line of JSON, which docs/ERRORS.md describes, and its message. Deliberately absent:
//! the work itself; each command is a thin layer over the runtime's jobs.

use lockstep_cli::arguments::Arguments;
use lockstep_cli::guests::{COMPILER_ARGUMENT, compile_in_a_child};
use lockstep_cli::outcome::{Outcome, exit_code, shown};
use lockstep_cli::terminal::{say_json, tell};
use lockstep_runtime::{serve_compiler, shown_message};
use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|argument| argument == COMPILER_ARGUMENT) {
        return serve_compiler();
    }
    compile_in_a_child();
    let (arguments, json) =
        Arguments::read(std::env::args_os()).unwrap_or_else(|error| error.exit());
    match arguments.run() {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Found(what)) => {
            tell(shown_message(&format!("lockstep: {what}")));
            ExitCode::from(1)
        }
        Err(error) => {
            tell(shown(&error, false));
            if json {
                say_json(&shown(&error, true));
            }
            ExitCode::from(exit_code(&error))
        }
    }
}
