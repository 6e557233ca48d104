//! Streams: add events to the store, from the position that it has reached.
//!
//! The events are the rest of the project's files, or further events that the files do not hold.
//! Further events are a partition of their own, whose positions count the events as they come.
//!
//! Invariant: further events are accepted only if they have ids, so that sending them twice is
//! harmless (S24). Deliberately absent: waiting for new files.

use crate::arrivals_column::named_by_project;
use crate::base_files;
use crate::fill_report::FillReport;
use crate::fold::Fold;
use crate::memory::Memory;
use crate::new_versions::bring_up;
use crate::positions::OffsetReader;
use crate::progress::Progress;
use crate::project::{EVENT_BATCH_ROWS, Project};
use lockstep_core::event::SourceSchema;
use lockstep_core::{Error, Result};
use lockstep_engine::admission::arrivals::reading;
use lockstep_source::{EventReader, Format, Pattern, ReadOptions, open_events_stdin, open_files};
use lockstep_store::StateStore as _;
use lockstep_store::progress::{FILES, PUSHED};
use std::fmt;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a stream's events come from.
pub enum StreamInput {
    /// The rest of the project's files.
    Files,
    /// Further events: a path, a pattern or a URL.
    Pushed(PathBuf),
    /// Further events from a pipe, such as standard input.
    Pipe {
        /// The format of the events. Parquet cannot be read from a pipe; Arrow must be in its
        /// stream format.
        format: Format,
        /// The pipe, which is read on a thread of its own until it ends.
        input: Box<dyn Read + Send>,
    },
}

impl fmt::Debug for StreamInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StreamInput::Files => f.write_str("Files"),
            StreamInput::Pushed(path) => f.debug_tuple("Pushed").field(path).finish(),
            StreamInput::Pipe { format, .. } => {
                f.debug_struct("Pipe").field("format", format).finish_non_exhaustive()
            }
        }
    }
}

/// A stream of events to be added to the store.
#[derive(Debug)]
pub struct StreamJob {
    /// The source; needed only if the project has several.
    pub source: Option<String>,
    /// Where its events come from.
    pub input: StreamInput,
    /// The most events in a batch of further events. Each batch is one durable commit, or several.
    pub batch_rows: usize,
    /// How many events may be set aside before the run ends, after the batch in which it has set
    /// aside more; any number if it is not given.
    pub bad_rows_max: Option<u64>,
}

impl StreamJob {
    /// A job for the one source of a project, with batches of the usual size.
    pub fn new(input: StreamInput) -> StreamJob {
        StreamJob { source: None, input, batch_rows: EVENT_BATCH_ROWS, bad_rows_max: None }
    }

    /// Folds the events into the store of `project`, a new one if there is none. One thread reads
    /// ahead; the thread that calls folds.
    ///
    /// # Errors
    /// If a name, a file or an artifact is wrong, further events have no ids, the store was filled
    /// by something else, a backfill of it was interrupted, or a disk failed. What was added before
    /// stays in the store.
    pub fn run(
        self,
        project: &Project,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<FillReport> {
        project.catalog().check_whole()?;
        let schema = match &self.source {
            Some(source) => project.source(source)?,
            None => one_source(project)?,
        };
        let source = schema.source.as_str();
        project.catalog().check_loads(&[source])?;
        if self.batch_rows == 0 {
            return Err(Error::input("--batch-rows must be at least 1"));
        }
        let partition = if matches!(self.input, StreamInput::Files) { FILES } else { PUSHED };
        // An existing store determines which columns to read. If there is no store, files are
        // opened first, so that a wrong file leaves no new store behind.
        let mut report = FillReport::default();
        let existing = match project.existing_store()? {
            None => None,
            Some(store) => {
                if partition == FILES {
                    base_files::check(project, &*store, source)?;
                }
                report.caught_up = bring_up(project, &*store, &Memory::default(), progress)?;
                Some(Fold::open(project, store, source, partition)?)
            }
        };
        let columns = match &existing {
            Some(fold) => fold.schema()?,
            None => reading(schema)?,
        };
        let options = project.read_options(source, self.batch_rows);
        let pushed = pushed(&columns, self.input, options)?;
        if pushed.is_none() && existing.is_none() {
            project.reader(source, 0)?;
        }
        let fold = match existing {
            Some(fold) => fold,
            None => Fold::open(project, project.open_or_create_store()?, source, partition)?,
        };
        let store = fold.store().clone();
        if pushed.is_some() {
            let read = store.states()?.progress(source, FILES)?.position;
            let mut rest = match project.names_files(source) {
                true => Some(project.reader_of(&fold.schema()?, read)?),
                false => None,
            };
            base_files::freeze(project, &*store, source, rest.as_deref_mut().map(|it| it as _))?;
        }
        let reader: Box<dyn EventReader> = match pushed {
            None => project.reader_of(&fold.schema()?, fold.position())?,
            Some(reader) => Box::new(OffsetReader { first: fold.position(), reader }),
        };
        fold.run(reader, self.bad_rows_max, &mut report, progress)?;
        if partition == FILES {
            base_files::record(project, &*store, source)?;
        }
        Ok(report)
    }
}

/// The source that views read, if there is only one.
fn one_source(project: &Project) -> Result<&Arc<SourceSchema>> {
    let mut sources = project.sources().values();
    match (sources.next(), sources.next()) {
        (Some(only), None) => Ok(only),
        _ => {
            let names: Vec<&str> = project.sources().keys().map(String::as_str).collect();
            Err(Error::input(format!("name one --source of: {}", names.join(", "))))
        }
    }
}

/// A reader of further events; none if the rest of the project's files is read.
fn pushed(
    schema: &Arc<SourceSchema>,
    input: StreamInput,
    options: ReadOptions,
) -> Result<Option<Box<dyn EventReader>>> {
    if matches!(input, StreamInput::Files) {
        return Ok(None);
    }
    if schema.id.is_none() {
        return Err(Error::input(format!(
            "source {} has no event ids, so events that the project's files do not hold could \
             count twice (S24); declare #[event(id = …)], or add the file to the project's files",
            schema.source
        )));
    }
    let opened = match input {
        StreamInput::Files => return Ok(None),
        StreamInput::Pushed(path) => {
            let files = Pattern::new("", path.to_string_lossy()).files()?;
            open_files(&files, schema.clone(), options)
        }
        StreamInput::Pipe { format, input } => {
            open_events_stdin(format, input, schema.clone(), options)
        }
    };
    opened.map(Some).map_err(|error| named_by_project(schema, error))
}
