//! The command line: names, flags, defaults and their help texts.
//!
//! Invariant: the project file supplies defaults and flags override them. Deliberately absent: what
//! the commands do.

use crate::commands;
use crate::guests;
use crate::outcome::Outcome;
use bytesize::ByteSize;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use lockstep_runtime::{Error, Memory, Notation, Project, ProjectOptions, Result, Time};
use std::ffi::OsString;
use std::path::PathBuf;

/// Feature transforms compiled once, with the same bits in batch, streaming and online.
#[derive(Debug, Parser)]
#[command(name = "lockstep", version, about, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a new transform crate with a project file and sample data
    New(commands::new::New),
    /// Compile a transform crate to one component and pin its digest in lockstep.lock
    Build(commands::build::Build),
    /// Show what an artifact declares: digest, size, imports, features
    Inspect(commands::inspect::Inspect),
    /// Join the rows of a spine with a service's features, point-in-time correct
    TrainingSet(commands::training_set::TrainingSetCommand),
    /// Fill the store from the sources' files
    Backfill(commands::backfill::Backfill),
    /// Continue from the store's position: with the rest of the files, a file, or standard input
    Stream(commands::stream::Stream),
    /// Compute the features for one request from the store
    Get(commands::get::Get),
    /// Prove on a log and a spine that batch, streaming and online give the same bits
    Parity(commands::parity::Parity),
    /// Build, backfill, stream, serve and prove the example transform on its real event log
    Demo(commands::demo::Demo),
}

/// The project, and flags that override its file.
#[derive(Clone, Debug, Args)]
pub struct ProjectArguments {
    /// The project file, or its folder
    #[arg(long, default_value = "lockstep.toml", value_name = "FILE")]
    pub project: PathBuf,
    /// Read a source's events from these files instead of the project's: SOURCE=FILE, where FILE is
    /// a path, a pattern or a URL; may be given several times
    #[arg(long, value_name = "SOURCE=FILE")]
    pub events: Vec<String>,
    /// The store's directory, instead of the project's
    #[arg(long, value_name = "DIR")]
    pub store: Option<PathBuf>,
    /// Refuse a file that lacks a declared column, even one that may be null
    #[arg(long)]
    pub strict_columns: bool,
    /// End early, and fail, if more rows than this are set aside [default: 0; for stream any number]
    #[arg(long, value_name = "N")]
    pub bad_rows_max: Option<u64>,
    /// Print JSON for programs
    #[arg(long)]
    pub json: bool,
}

impl ProjectArguments {
    /// Opens the project.
    pub fn open(&self) -> Result<Project> {
        let events = self.events.iter().map(|events| {
            let (source, files) = events.split_once('=').ok_or_else(|| {
                Error::input(format!("--events {events:?} is not of the form SOURCE=FILE"))
            })?;
            Ok((source.to_string(), files.to_string()))
        });
        let (events, store) = (events.collect::<Result<_>>()?, self.store.clone());
        let strict_columns = self.strict_columns;
        let options = ProjectOptions { events, store, strict_columns };
        Project::open_on(&guests::cached()?, &self.project, options)
    }
}

/// Memory limits of a run.
#[derive(Clone, Debug, Args)]
pub struct MemoryArguments {
    /// Memory limit for the whole run, as in 512MiB; rows beyond it wait on the disk [default: half
    /// the machine's]
    #[arg(long, value_name = "SIZE")]
    memory_max: Option<ByteSize>,
    /// The folder for rows that do not fit in memory [default: next to the output]
    #[arg(long, value_name = "DIR")]
    spill_dir: Option<PathBuf>,
}

impl MemoryArguments {
    /// The same limits, in the form that jobs take.
    pub fn memory(self) -> Memory {
        let bytes_max = self.memory_max.map(|size| size.as_u64());
        Memory { bytes_max, spill_dir: self.spill_dir }
    }
}

impl Arguments {
    /// Reads a command line; also says whether it wants JSON.
    pub fn read<T: Into<OsString> + Clone>(
        words: impl IntoIterator<Item = T>,
    ) -> Result<(Arguments, bool), clap::Error> {
        let matches = Arguments::command().try_get_matches_from(words)?;
        let flag = |(_, command): (&str, &ArgMatches)| {
            command.try_get_one::<bool>("json").ok().flatten().copied()
        };
        let json = matches.subcommand().and_then(flag).unwrap_or(false);
        Ok((Arguments::from_arg_matches(&matches)?, json))
    }

    /// Runs the command.
    pub fn run(self) -> Result<Outcome> {
        match self.command {
            Command::New(command) => command.run(),
            Command::Build(command) => command.run(),
            Command::Inspect(command) => command.run(),
            Command::TrainingSet(command) => command.run(),
            Command::Backfill(command) => command.run(),
            Command::Stream(command) => command.run(),
            Command::Get(command) => command.run(),
            Command::Parity(command) => command.run(),
            Command::Demo(command) => command.run(),
        }
    }
}

/// A time within the range of event times.
pub fn parse_time(text: &str, notation: &Notation) -> Result<Time> {
    let micros = notation.time(text).map_err(Error::input)?;
    Time::new(micros).ok_or_else(|| Error::input(format!("{text:?} is beyond the range of times")))
}
