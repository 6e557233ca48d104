//! An open project: its file, what its artifacts declare, its sources and its store.
//!
//! Invariant: this is the only way to open a project, for the commands, for [`OnlineHost`] and for
//! a server. A source named in the options is one that some view reads. The files of a source are
//! looked up once, so all readers of one project read the same files. Deliberately absent: writing
//! events or values.
//!
//! [`OnlineHost`]: crate::OnlineHost

use crate::arrivals_column::named_by_project;
use crate::failed_merge;
use crate::inputs::Inputs;
use crate::progress::Progress;
use lockstep_core::Result;
use lockstep_core::event::{EventBatch, SourceSchema};
use lockstep_core::time::Interval;
use lockstep_engine::admission::arrivals::reading;
use lockstep_engine::catalog::{Catalog, cached_engine};
use lockstep_engine::parity::Log;
use lockstep_engine::project::ProjectFile;
use lockstep_engine::service::Service;
use lockstep_guest::Engine;
use lockstep_source::{
    EventReader, Notice, Notices, ObjectStores, Pattern, ReadOptions, SourceFile,
};
use lockstep_source::{files_of, open_files};
use lockstep_store::Store;
use lockstep_store::sled::SledStore;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The most events in a batch of a reader, unless a caller sets another number.
pub const EVENT_BATCH_ROWS: usize = 8192;

/// Settings that replace those of the project file.
#[derive(Clone, Debug, Default)]
pub struct ProjectOptions {
    /// Each is a source's name, and a path, a pattern or a URL of files to read instead of the
    /// project's. Several of one source are read in this order.
    pub events: Vec<(String, String)>,
    /// The store's directory.
    pub store: Option<PathBuf>,
    /// Whether files of any source are refused that lack a declared column which may be null.
    pub strict_columns: bool,
}

/// An open project.
#[derive(Debug)]
pub struct Project {
    file: ProjectFile,
    catalog: Arc<Catalog>,
    store: Option<PathBuf>,
    inputs: Inputs,
    strict_columns: bool,
    /// What readers found.
    notices: Notices,
    /// What was told.
    told: Mutex<HashSet<Notice>>,
    /// The aggregates of each artifact whose failure to merge states was told.
    told_merges: Mutex<HashMap<String, Vec<usize>>>,
    /// The files of each source, as the first search found them.
    files: Mutex<BTreeMap<String, Vec<SourceFile>>>,
}

impl Project {
    /// Opens the project file at `path`, or `lockstep.toml` in the folder `path`, and loads its
    /// artifacts.
    ///
    /// # Errors
    /// If the file or an artifact is wrong, or an artifact is not the one that `lockstep.lock`
    /// pins.
    pub fn open(path: impl AsRef<Path>) -> Result<Project> {
        Project::open_with(path, ProjectOptions::default())
    }

    /// As [`Project::open`], with settings that replace those of the project file.
    ///
    /// # Errors
    /// As [`Project::open`], and if an option names a source that no view reads.
    pub fn open_with(path: impl AsRef<Path>, options: ProjectOptions) -> Result<Project> {
        Project::open_on(&cached_engine()?, path, options)
    }

    /// As [`Project::open_with`], with its guests on this engine.
    ///
    /// # Errors
    /// As [`Project::open_with`].
    pub fn open_on(
        engine: &Engine,
        path: impl AsRef<Path>,
        options: ProjectOptions,
    ) -> Result<Project> {
        let mut file = ProjectFile::open(path)?;
        let mut given: BTreeMap<&str, Vec<Pattern>> = BTreeMap::new();
        let mut inputs = Inputs::of(&file).with_store(options.store.clone());
        for (source, files) in &options.events {
            let files = Pattern::new("", files);
            inputs = inputs.with(format!("source {source}"), files.clone());
            given.entry(source).or_default().push(files);
        }
        for (source, files) in given {
            file.sources.entry(source.into()).or_default().files = files;
        }
        let catalog = Arc::new(Catalog::load(engine, &file)?);
        for (source, _) in &options.events {
            catalog.source(source)?;
        }
        Ok(Project {
            file,
            catalog,
            store: options.store,
            inputs,
            strict_columns: options.strict_columns,
            notices: Notices::default(),
            told: Mutex::default(),
            told_merges: Mutex::default(),
            files: Mutex::default(),
        })
    }

    /// What the artifacts declare.
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// The SHA-256 of the project file's bytes, in hexadecimal digits.
    pub fn sha256(&self) -> &str {
        &self.file.sha256
    }

    /// The service called `name`.
    ///
    /// # Errors
    /// If there is none, or it does not fit what the artifacts declare.
    pub fn service(&self, name: &str) -> Result<Service> {
        Service::resolve(&self.file, &self.catalog, name)
    }

    /// The service called `name`, with the part of the catalogue that it needs: no other artifact
    /// can stop what is done for it.
    pub(crate) fn service_alone(&self, name: &str) -> Result<(Arc<Catalog>, Service)> {
        let catalog = Arc::new(self.catalog.needed_by(&self.service(name)?));
        let service = Service::resolve(&self.file, &catalog, name)?;
        Ok((catalog, service))
    }

    /// The names of all services.
    pub fn service_names(&self) -> impl Iterator<Item = &str> {
        self.file.services.keys().map(String::as_str)
    }

    /// All services, by name.
    ///
    /// # Errors
    /// If one does not fit what the artifacts declare.
    pub fn services(&self) -> Result<Vec<Service>> {
        self.file.services.keys().map(|name| self.service(name)).collect()
    }

    /// The sources that views read, with their columns.
    pub fn sources(&self) -> &BTreeMap<String, Arc<SourceSchema>> {
        self.catalog.sources()
    }

    /// The columns of the source called `name`.
    ///
    /// # Errors
    /// If no view reads it.
    pub fn source(&self, name: &str) -> Result<&Arc<SourceSchema>> {
        self.catalog.source(name)
    }

    /// The store's directory.
    ///
    /// # Errors
    /// If neither the project file nor an option names one.
    pub fn store_path(&self) -> Result<PathBuf> {
        match &self.store {
            Some(path) => Ok(path.clone()),
            None => Ok(self.file.store_path()?.to_path_buf()),
        }
    }

    /// Opens the store, which must exist. Only one process at a time can have it open.
    ///
    /// # Errors
    /// If there is none, another process has it open, or it is damaged.
    pub fn open_store(&self) -> Result<Arc<dyn Store>> {
        Ok(Arc::new(SledStore::open(self.store_path()?)?))
    }

    /// Opens the store, or makes a new one if there is none.
    ///
    /// # Errors
    /// If it cannot be made, another process has it open, or it is damaged.
    pub fn open_or_create_store(&self) -> Result<Arc<dyn Store>> {
        Ok(Arc::new(SledStore::open_or_create(self.store_path()?)?))
    }

    /// Opens the store if there is one.
    pub(crate) fn existing_store(&self) -> Result<Option<Arc<dyn Store>>> {
        let path = self.store_path()?;
        match SledStore::is_store(&path) {
            true => Ok(Some(Arc::new(SledStore::open(path)?))),
            false => Ok(None),
        }
    }

    /// How to read events of `source`, in batches of at most `batch_rows`.
    pub(crate) fn read_options(&self, source: &str, batch_rows: usize) -> ReadOptions {
        let strict = self.file.sources.get(source).is_some_and(|source| source.strict_columns);
        let strict_columns = strict || self.strict_columns;
        let notices = self.notices.clone();
        ReadOptions { batch_rows, strict_columns, notices, ..ReadOptions::default() }
    }

    /// Tells what readers found, and which aggregates failed to merge states, if it was not told
    /// yet.
    pub(crate) fn tell(&self, progress: &mut dyn FnMut(Progress<'_>)) {
        for notice in self.notices.take() {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            if told.insert(notice.clone()) {
                drop(told);
                progress(Progress::Notice(&notice));
            }
        }
        let mut told = self.told_merges.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = failed_merge::untold(&self.catalog, &mut told);
        drop(told);
        failed.iter().for_each(|failed| progress(Progress::FailedMerge(failed)));
    }

    /// What a run on this project may read.
    pub(crate) fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// Whether the project names files for `source`.
    pub(crate) fn names_files(&self, source: &str) -> bool {
        self.file.files(source).is_ok()
    }

    /// The files of `source`, in the order of their positions.
    ///
    /// # Errors
    /// If the project names none, or a pattern matches nothing.
    pub fn files(&self, source: &str) -> Result<Vec<SourceFile>> {
        let mut found = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(files) = found.get(source) {
            return Ok(files.clone());
        }
        let files = files_of(self.file.files(source)?, ObjectStores::of_process());
        let files = files.map_err(|error| error.at(format!("source {source}")))?;
        found.insert(source.to_string(), files.clone());
        Ok(files)
    }

    /// A reader of the files of `source` from a position on. It reads the columns that a store
    /// needs: those that views declare, and the column of arrivals if the project names one.
    ///
    /// # Errors
    /// If a file cannot be read, lacks a column, or ends before the position.
    pub fn reader(&self, source: &str, start_position: u64) -> Result<Box<dyn EventReader>> {
        self.reader_of(&reading(self.source(source)?)?, start_position)
    }

    /// As [`Project::reader`], with the columns of `schema`.
    pub(crate) fn reader_of(
        &self,
        schema: &Arc<SourceSchema>,
        start_position: u64,
    ) -> Result<Box<dyn EventReader>> {
        let options = self.read_options(&schema.source, EVENT_BATCH_ROWS);
        let options = ReadOptions { start_position, ..options };
        let opened = open_files(&self.files(&schema.source)?, schema.clone(), options);
        opened.map_err(|error| named_by_project(schema, error))
    }

    /// A reader of all files of a source, with the columns of `schema`, that may skip events
    /// outside `time_range`.
    pub(crate) fn reader_within(
        &self,
        schema: Arc<SourceSchema>,
        time_range: Option<Interval>,
    ) -> Result<Box<dyn EventReader>> {
        let options = self.read_options(&schema.source, EVENT_BATCH_ROWS);
        let options = ReadOptions { time_range, ..options };
        open_files(&self.files(&schema.source)?, schema, options)
    }

    /// All events of `source`, in memory.
    pub(crate) fn log(&self, source: &str) -> Result<Log> {
        let mut reader = self.reader(source, 0)?;
        let mut batches: Vec<EventBatch> = Vec::new();
        while let Some(batch) = reader.next()? {
            batches.push(batch);
        }
        Ok(Log { schema: self.source(source)?.clone(), batches })
    }
}
