//! The command line, parsed at the edge.
//!
//! Invariant: a [`Command`] that exists is complete. Deliberately absent: a library for it; there
//! is one command with five flags.

use std::path::PathBuf;

/// Differences listed in full unless `--limit` says otherwise.
const DIFFERENCES_LISTED: usize = 20;

/// What to type.
pub const USAGE: &str = "\
usage: lockstep-oracle check --events FILE --training FILE [--json] [--limit N] [--partial]

Recomputes every feature column of a training file of the user-mentions example from the event
log and compares bits. Exit 0: all equal. 1: some differ. 2: it could not judge.

  --events FILE    the event log, Parquet
  --training FILE  the training file, Parquet
  --limit N        list the first N differences in full (20)
  --partial        accept a file that lacks some of the example's features
  --json           print the report as JSON";

/// A check to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The event log.
    pub events: PathBuf,
    /// The training file.
    pub training: PathBuf,
    /// Whether to print JSON.
    pub json: bool,
    /// How many differences to list.
    pub limit: usize,
    /// Whether features may be absent.
    pub partial: bool,
}

/// Reads the arguments after the program's name.
pub fn parse_args(args: impl IntoIterator<Item = String>) -> Result<Command, String> {
    let mut args = args.into_iter();
    match args.next().as_deref() {
        Some("check") => {}
        Some(other) => return Err(format!("unknown command {other:?}; there is only check")),
        None => return Err("no command".to_string()),
    }
    let (mut events, mut training) = (None, None);
    let (mut json, mut partial, mut limit) = (false, false, DIFFERENCES_LISTED);
    while let Some(flag) = args.next() {
        let mut operand = || args.next().ok_or_else(|| format!("{flag} needs a value"));
        match flag.as_str() {
            "--events" => events = Some(PathBuf::from(operand()?)),
            "--training" => training = Some(PathBuf::from(operand()?)),
            "--json" => json = true,
            "--partial" => partial = true,
            "--limit" => {
                let text = operand()?;
                limit = text.parse().map_err(|_| format!("--limit {text:?} is not a number"))?;
            }
            other => return Err(format!("unknown flag {other:?}")),
        }
    }
    let events = events.ok_or("--events is missing: the event log that the file came from")?;
    let training = training.ok_or("--training is missing: the file to check")?;
    Ok(Command { events, training, json, limit, partial })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command, String> {
        parse_args(line.split_whitespace().map(str::to_string))
    }

    /// Goal: a wrong use is never taken for a check. Method: a right line, then wrong ones.
    #[test]
    fn command_lines_are_complete_or_refused() {
        let command = parse("check --training t --json --events e --limit 3").unwrap();
        assert_eq!((command.json, command.limit, command.partial), (true, 3, false));
        assert_eq!(command.events, PathBuf::from("e"));
        for wrong in [
            "",
            "verify",
            "check",
            "check --events e",
            "check --training t",
            "check --events e --training",
            "check --events e --training t --limit many",
            "check --events e --training t extra",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
