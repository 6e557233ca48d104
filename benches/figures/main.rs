//! Every headline figure, measured now: `figures [GROUP…]` prints lines
//! `figure <name> <number> <unit>`.
//!
//! Invariant: a line is printed only for what this run has measured. Deliberately absent: targets
//! and pass marks. A number is judged by whoever reads it; only values that differ between hosts
//! make the command fail, since a fast wrong answer is none.

mod aggregate;
mod cases;
mod change;
mod evil;
mod faults;
mod guest;
mod parity;
mod purity;
mod rich;
mod training;

use lockstep_core::{Error, Result};
use std::process::ExitCode;

/// A group of figures and what measures it.
type Group = (&'static str, fn() -> Result<()>);

/// In the order in which they run.
const GROUPS: [Group; 10] = [
    ("aggregate", aggregate::measure),
    ("guest", guest::measure),
    ("parity", parity::measure),
    ("cases", cases::measure),
    ("change", change::measure),
    ("evil", evil::measure),
    ("faults", faults::measure),
    ("purity", purity::measure),
    ("training", training::measure),
    ("rich", rich::measure),
];

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    if let [argument, number] = &wanted[..]
        && argument == evil::CASE
    {
        return evil::run(number);
    }
    match run(&wanted) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures the groups named, or all.
fn run(wanted: &[String]) -> Result<()> {
    let known: Vec<&str> = GROUPS.iter().map(|(name, _)| *name).collect();
    if let Some(unknown) = wanted.iter().find(|name| !known.contains(&name.as_str())) {
        let known = known.join(", ");
        return Err(Error::input(format!("there is no group {unknown:?}; name one of {known}")));
    }
    for (name, measure) in GROUPS {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            measure().map_err(|error| error.at(format!("group {name}")))?;
        }
    }
    Ok(())
}
