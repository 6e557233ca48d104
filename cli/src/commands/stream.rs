//! `lockstep stream`: events folded into the store from its position on.

use crate::arguments::ProjectArguments;
use crate::outcome::Outcome;
use crate::output::{print_json, progress, the_first, thousands};
use crate::workspace::{BATCH_ROWS, Workspace, blame};
use clap::Args;
use lockstep_core::event::{EventBatch, SetAside};
use lockstep_core::{Error, Result};
use lockstep_engine::admission::arrivals::reading;
use lockstep_engine::ingest::{Applied, StreamHost};
use lockstep_source::{EventReader, Format, Pattern, ReadOptions, open_events_stdin, open_files};
use lockstep_store::Store;
use lockstep_store::progress::{FILES, PUSHED};
use serde_json::json;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// The arguments of `lockstep stream`.
#[derive(Debug, Args)]
pub struct Stream {
    /// A file of further events, a pattern or a URL, or - for standard input; without it, the rest
    /// of the project's files. Further events need a source with event ids, which make sending them
    /// twice harmless
    input: Option<PathBuf>,
    /// The source; needed only if the project has several
    #[arg(long)]
    source: Option<String>,
    /// The format of standard input: ndjson, csv or arrow
    #[arg(long, default_value = "ndjson")]
    format: String,
    /// Most events in a batch; each batch is one durable commit
    #[arg(long, default_value_t = BATCH_ROWS, value_name = "N")]
    batch_rows: usize,
    #[command(flatten)]
    project: ProjectArguments,
}

impl Stream {
    /// Runs the command.
    pub fn run(self) -> Result<Outcome> {
        let workspace = Workspace::open(&self.project)?;
        let schema = match &self.source {
            Some(source) => workspace.catalog.source(source)?.clone(),
            None => one_source(&workspace)?,
        };
        let source = schema.source.clone();
        if self.batch_rows == 0 {
            return Err(Error::input("--batch-rows must be at least 1"));
        }
        let options = ReadOptions {
            batch_rows: self.batch_rows,
            start_position: 0,
            ..ReadOptions::default()
        };
        let partition = if self.input.is_some() { PUSHED } else { FILES };
        if self.input.is_some() && schema.id.is_none() {
            return Err(Error::input(format!(
                "source {source} has no event ids, so events that the project's files do not hold could count \
                 twice (S24); declare #[event(id = …)], or add the file to the project's files"
            )));
        }
        let schema = reading(&schema)?;
        // Files are opened before the store, so that a wrong one leaves no new store behind.
        let pushed = match &self.input {
            None => workspace.reader(&source, 0).map(|_| None)?,
            Some(path) if path.as_os_str() == "-" => {
                let input = Box::new(std::io::stdin());
                let opened = open_events_stdin(self.format()?, input, schema.clone(), options);
                Some(opened.map_err(|error| blame(&schema, error))?)
            }
            Some(path) => {
                let files = Pattern::new("", path.to_string_lossy()).files()?;
                let opened = open_files(&files, schema.clone(), options);
                Some(opened.map_err(|error| blame(&schema, error))?)
            }
        };
        let mut fold = Fold::open(&workspace, workspace.open_store(true)?, &source, partition)?;
        let reader: Box<dyn EventReader> = match pushed {
            None => workspace.reader(&source, fold.position())?,
            Some(reader) => Box::new(Later { first: fold.position(), reader }),
        };
        let mut totals = Totals::default();
        fold.run(reader, None, &mut totals)?;
        totals.finish(&self.project, "streamed")
    }

    /// The format of standard input.
    fn format(&self) -> Result<Format> {
        match self.format.as_str() {
            "ndjson" => Ok(Format::Ndjson),
            "csv" => Ok(Format::Csv),
            "arrow" => Ok(Format::ArrowIpc),
            other => Err(Error::input(format!(
                "--format {other:?} is not a format of standard input; use ndjson, csv or arrow"
            ))),
        }
    }
}

fn one_source(workspace: &Workspace) -> Result<Arc<lockstep_core::event::SourceSchema>> {
    let mut sources = workspace.catalog.sources().values();
    match (sources.next(), sources.next()) {
        (Some(only), None) => Ok(only.clone()),
        _ => {
            let names: Vec<&str> = workspace.catalog.sources().keys().map(String::as_str).collect();
            Err(Error::input(format!("name one --source of: {}", names.join(", "))))
        }
    }
}

/// A reader whose positions count on from what was pushed before.
#[derive(Debug)]
struct Later<R> {
    first: u64,
    reader: R,
}

impl EventReader for Later<Box<dyn EventReader>> {
    fn next(&mut self) -> Result<Option<EventBatch>> {
        let Some(mut batch) = self.reader.next()? else { return Ok(None) };
        batch.shift(self.first);
        Ok(Some(batch))
    }
}

/// A reader that ends before a position.
struct Until {
    position: u64,
    reader: Box<dyn EventReader>,
}

/// `reader` up to a position, or all of it.
pub(super) fn up_to(reader: Box<dyn EventReader>, until: Option<u64>) -> Box<dyn EventReader> {
    match until {
        Some(position) => Box::new(Until { position, reader }),
        None => reader,
    }
}

impl EventReader for Until {
    fn next(&mut self) -> Result<Option<EventBatch>> {
        let Some(mut batch) = self.reader.next()? else { return Ok(None) };
        if batch.next_position > self.position {
            batch = batch.between(0, self.position);
        }
        let empty = batch.positions.is_empty() && batch.set_aside.is_empty();
        Ok(if empty { None } else { Some(batch) })
    }
}

/// A source partition on its way into a store.
pub struct Fold {
    host: Option<StreamHost>,
    source: String,
    partition: &'static str,
    position: u64,
}

impl Fold {
    /// A fold of a source partition into `store`, from where the store is.
    pub fn open(
        workspace: &Workspace,
        store: Arc<dyn Store>,
        source: &str,
        partition: &'static str,
    ) -> Result<Fold> {
        let host = StreamHost::open(workspace.catalog.clone(), store)?;
        let position = host.progress(source, partition)?.position;
        Ok(Fold { host: Some(host), source: source.to_string(), partition, position })
    }

    /// The position to read from.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Folds what `reader` has, up to a position.
    pub fn run(
        &mut self,
        reader: Box<dyn EventReader>,
        until: Option<u64>,
        totals: &mut Totals,
    ) -> Result<()> {
        let reader = up_to(reader, until);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .build()
            .map_err(|error| Error::retry("no threads to run on").because(error))?;
        let host = self.host.take().ok_or_else(|| Error::bug("a fold ran twice"))?;
        let bar = progress(&self.source, until.unwrap_or(0));
        let sum = Arc::new(Mutex::new(Totals::default()));
        let (seen, shown) = (sum.clone(), bar.clone());
        let each = move |applied: &Applied| {
            let mut sum = seen.lock().unwrap_or_else(PoisonError::into_inner);
            sum.add(applied);
            shown.set_length(sum.events.max(shown.length().unwrap_or(0)));
            shown.set_position(sum.events);
        };
        let host = runtime.block_on(host.run(&self.source, self.partition, reader, each))?;
        bar.finish_and_clear();
        totals.merge(&sum.lock().unwrap_or_else(PoisonError::into_inner));
        totals.position = host.progress(&self.source, self.partition)?.position;
        self.host = Some(host);
        Ok(())
    }
}

/// What a run folded.
#[derive(Debug)]
pub struct Totals {
    /// Events admitted.
    pub events: u64,
    /// Identical copies dropped.
    pub duplicates: u64,
    /// Events set aside.
    pub set_aside: u64,
    /// The first of them.
    pub first_set_aside: Option<SetAside>,
    /// The position reached in the last source.
    pub position: u64,
    started: Instant,
}

impl Default for Totals {
    fn default() -> Self {
        Totals {
            events: 0,
            duplicates: 0,
            set_aside: 0,
            first_set_aside: None,
            position: 0,
            started: Instant::now(),
        }
    }
}

impl Totals {
    pub(super) fn add(&mut self, applied: &Applied) {
        self.events += applied.events;
        self.duplicates += applied.duplicates;
        self.set_aside += applied.set_aside;
        if self.first_set_aside.is_none() {
            self.first_set_aside = applied.first_set_aside.clone();
        }
    }

    fn merge(&mut self, other: &Totals) {
        self.events += other.events;
        self.duplicates += other.duplicates;
        self.set_aside += other.set_aside;
        if self.first_set_aside.is_none() {
            self.first_set_aside = other.first_set_aside.clone();
        }
    }

    /// Reports, and judges by the bad rows.
    pub fn finish(self, arguments: &ProjectArguments, what: &str) -> Result<Outcome> {
        if arguments.json {
            print_json(&json!({
                "events": self.events, "duplicates": self.duplicates,
                "set_aside": self.set_aside, "position": self.position,
            }))?;
        } else {
            eprintln!(
                "{what} {} events in {:.1} s, up to position {}; {} copies dropped, {} set aside",
                thousands(self.events),
                self.started.elapsed().as_secs_f64(),
                thousands(self.position),
                self.duplicates,
                self.set_aside
            );
        }
        if self.set_aside > arguments.bad_rows_max {
            return Ok(Outcome::Found(format!(
                "{} rows were set aside, more than --bad-rows-max {}; the store keeps them with \
                 their reasons{}",
                self.set_aside,
                arguments.bad_rows_max,
                the_first(self.first_set_aside.as_ref())
            )));
        }
        Ok(Outcome::Done)
    }
}
