//! `lockstep stream`: folds events into the store, starting at its position.

use super::fill::print_report;
use crate::arguments::ProjectArguments;
use crate::outcome::Outcome;
use crate::progress_bar::Bar;
use clap::Args;
use lockstep_runtime::{Code, EVENT_BATCH_ROWS, Error, Format, Result, StreamInput, StreamJob};
use std::path::PathBuf;
use std::time::Instant;

/// The arguments of `lockstep stream`.
#[derive(Debug, Args)]
pub struct Stream {
    /// A file of further events, a pattern or a URL, or - for standard input; without it, the rest
    /// of the project's files. Further events need a source with event ids, so that sending them
    /// twice does no harm
    input: Option<PathBuf>,
    /// The source; needed only if the project has several
    #[arg(long)]
    source: Option<String>,
    /// The format of standard input: ndjson, csv or arrow
    #[arg(long, default_value = "ndjson")]
    format: String,
    /// Most events in a batch; each batch is one durable commit
    #[arg(long, default_value_t = EVENT_BATCH_ROWS, value_name = "N")]
    batch_rows: usize,
    #[command(flatten)]
    project: ProjectArguments,
}

impl Stream {
    /// Runs the command.
    pub fn run(self) -> Result<Outcome> {
        let input = match self.input {
            None => StreamInput::Files,
            Some(path) if path.as_os_str() == "-" => {
                let format = piped_format(&self.format)?;
                StreamInput::Pipe { format, input: Box::new(std::io::stdin()) }
            }
            Some(path) => StreamInput::Pushed(path),
        };
        let (source, batch_rows) = (self.source, self.batch_rows);
        let bad_rows_max = self.project.bad_rows_max;
        let job = StreamJob { source, input, batch_rows, bad_rows_max };
        let project = self.project.open()?;
        let started = Instant::now();
        let mut bar = Bar::default();
        let report = job.run(&project, &mut |progress| bar.show(progress))?;
        drop(bar);
        print_report("streamed", &report, started.elapsed(), bad_rows_max, self.project.json)
    }
}

/// The format of standard input.
fn piped_format(name: &str) -> Result<Format> {
    match name {
        "ndjson" => Ok(Format::Ndjson),
        "csv" => Ok(Format::Csv),
        "arrow" => Ok(Format::ArrowIpc),
        other => Err(Error::input(format!(
            "--format {other:?} is not a format of standard input; use ndjson, csv or arrow"
        ))
        .with_code(Code::unknown_name("format", other, ["ndjson", "csv", "arrow"]))),
    }
}
