//! What most commands open: a project, its artifacts, its sources, its store.

use crate::arguments::ProjectArguments;
use arrow::array::RecordBatch;
use lockstep_core::event::{EventBatch, SourceSchema};
use lockstep_core::time::Interval;
use lockstep_core::value::DataType;
use lockstep_core::{Error, Result};
use lockstep_engine::admission::arrivals::reading;
use lockstep_engine::catalog::{Catalog, cached_engine};
use lockstep_engine::parity::Log;
use lockstep_engine::project::Project;
use lockstep_engine::service::Service;
use lockstep_source::{
    EventReader, ObjectStores, Pattern, ReadAhead, ReadOptions, SourceFile, files_of, open_files,
    open_tables, read_tables,
};
use lockstep_store::Store;
use lockstep_store::sled::SledStore;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Events that a reader gives at once.
pub const BATCH_ROWS: usize = 8192;

/// An open project.
#[derive(Debug)]
pub struct Workspace {
    /// Its file.
    pub project: Project,
    /// What its artifacts declare.
    pub catalog: Arc<Catalog>,
    store: Option<PathBuf>,
    /// The files of each source, as they were found first.
    files: Mutex<BTreeMap<String, Vec<SourceFile>>>,
}

impl Workspace {
    /// Opens the project that the arguments name.
    pub fn open(arguments: &ProjectArguments) -> Result<Workspace> {
        let mut project = Project::open(&arguments.project)?;
        let mut given: BTreeMap<&str, Vec<Pattern>> = BTreeMap::new();
        for events in &arguments.events {
            let (source, file) = events.split_once('=').ok_or_else(|| {
                Error::input(format!("--events {events:?} is not of the form SOURCE=FILE"))
            })?;
            given.entry(source).or_default().push(Pattern::new("", file));
        }
        for (source, files) in given {
            project.sources.entry(source.into()).or_default().files = files;
        }
        let catalog = Arc::new(Catalog::load(&cached_engine()?, &project)?);
        for given in &arguments.events {
            catalog.source(given.split('=').next().unwrap_or(given))?;
        }
        let store = arguments.store.clone();
        Ok(Workspace { project, catalog, store, files: Mutex::default() })
    }

    /// The service called `name`.
    pub fn service(&self, name: &str) -> Result<Service> {
        Service::resolve(&self.project, &self.catalog, name)
    }

    /// The store's directory.
    pub fn store_path(&self) -> Result<PathBuf> {
        match &self.store {
            Some(path) => Ok(path.clone()),
            None => Ok(self.project.store_path()?.to_path_buf()),
        }
    }

    /// The store; `create` says whether it may be new.
    pub fn open_store(&self, create: bool) -> Result<Arc<dyn Store>> {
        let path = self.store_path()?;
        let store =
            if create { SledStore::open_or_create(&path)? } else { SledStore::open(&path)? };
        Ok(Arc::new(store))
    }

    /// The files of `source`, in the order of their positions. A command looks for them once.
    pub fn files(&self, source: &str) -> Result<Vec<SourceFile>> {
        let mut found = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(files) = found.get(source) {
            return Ok(files.clone());
        }
        let files = files_of(self.project.files(source)?, ObjectStores::of_process());
        let files = files.map_err(|error| error.at(format!("source {source}")))?;
        found.insert(source.to_string(), files.clone());
        Ok(files)
    }

    /// A reader of the files of `source`, from `start_position`, for a store: with arrivals, where
    /// the project names their column.
    pub fn reader(&self, source: &str, start_position: u64) -> Result<Box<dyn EventReader>> {
        let schema = reading(self.catalog.source(source)?)?;
        let options =
            ReadOptions { batch_rows: BATCH_ROWS, start_position, ..ReadOptions::default() };
        let opened = open_files(&self.files(source)?, schema.clone(), options);
        opened.map_err(|error| blame(&schema, error))
    }

    /// A reader of all files of a source, with these columns, that may pass over events outside
    /// `time_range`.
    pub fn reader_within(
        &self,
        schema: Arc<SourceSchema>,
        time_range: Option<Interval>,
    ) -> Result<Box<dyn EventReader>> {
        let options = ReadOptions { batch_rows: BATCH_ROWS, time_range, ..ReadOptions::default() };
        open_files(&self.files(&schema.source)?, schema, options)
    }

    /// All events of `source`, in memory.
    pub fn log(&self, source: &str) -> Result<Log> {
        let mut reader = self.reader(source, 0)?;
        let mut batches: Vec<EventBatch> = Vec::new();
        while let Some(batch) = reader.next()? {
            batches.push(batch);
        }
        Ok(Log { schema: self.catalog.source(source)?.clone(), batches })
    }
}

/// Says of an error about a source's column of arrivals who wants it.
pub fn blame(schema: &SourceSchema, mut error: Error) -> Error {
    let named = |column: &&String| error.message.contains(&format!("{column:?}"));
    if let Some(column) = schema.arrived_at.as_ref().filter(named) {
        error.message = format!(
            "{}\n  {column:?} is read since the project file names it: [sources.{}] arrived_at",
            error.message, schema.source
        );
    }
    error
}

/// The rows of a spine, a file or the files of a pattern; in text formats the service's request
/// columns have their types. `as_of` is the column of the rows' times.
pub fn read_spine(path: &Path, service: &Service, as_of: &str) -> Result<RecordBatch> {
    read_tables(&spine_files(path)?, &hints(service, as_of))
}

/// As [`read_spine`], in parts.
pub fn spine_reader(
    files: &[SourceFile],
    service: &Service,
    as_of: &str,
    batch_rows: usize,
) -> Result<ReadAhead> {
    Ok(open_tables(files, &hints(service, as_of), batch_rows)?.ahead())
}

/// The files of a spine.
pub fn spine_files(path: &Path) -> Result<Vec<SourceFile>> {
    Pattern::new("", path.to_string_lossy()).files()
}

fn hints(service: &Service, as_of: &str) -> Vec<(String, DataType)> {
    let request = service.request.iter().map(|c| (c.name.clone(), c.data_type.clone()));
    request.chain([(as_of.to_string(), DataType::Timestamp)]).collect()
}
