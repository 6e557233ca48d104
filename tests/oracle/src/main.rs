//! `lockstep-oracle`: checks a training file against the definition.
//!
//! Invariant: exit code 0 means that every feature value of every row was recomputed and has equal
//! bits; 1 that some differ; 2 that nothing was judged. Deliberately absent: everything else.

use lockstep_oracle::{Options, USAGE, check_files, parse_args};
use std::process::ExitCode;

/// Some values differ.
const EXIT_DIFFERENT: u8 = 1;
/// Wrong use, or files that cannot be judged.
const EXIT_WRONG_USE: u8 = 2;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let command = match parse_args(args) {
        Ok(command) => command,
        Err(message) => {
            eprintln!("error: {message}\n\n{USAGE}");
            return ExitCode::from(EXIT_WRONG_USE);
        }
    };
    let options = Options { differences_listed: command.limit, partial: command.partial };
    match check_files(&command.events, &command.training, options) {
        Ok(report) => {
            if command.json {
                println!("{:#}", report.json());
            } else {
                println!("{report}");
            }
            if report.passed() { ExitCode::SUCCESS } else { ExitCode::from(EXIT_DIFFERENT) }
        }
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(EXIT_WRONG_USE)
        }
    }
}
