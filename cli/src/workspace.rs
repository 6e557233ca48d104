//! What most commands open: a project, its artifacts, its sources, its store.

use crate::arguments::ProjectArguments;
use arrow::array::RecordBatch;
use lockstep_runtime::catalog::{Catalog, cached_engine};
use lockstep_runtime::event::EventBatch;
use lockstep_runtime::parity::Log;
use lockstep_runtime::project::Project;
use lockstep_runtime::service::{AS_OF, Service};
use lockstep_runtime::source::{
    EventReader, ReadOptions, TableReader, open_files, open_table, read_table,
};
use lockstep_runtime::store::Store;
use lockstep_runtime::store::sled::SledStore;
use lockstep_runtime::value::DataType;
use lockstep_runtime::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
}

impl Workspace {
    /// Opens the project that the arguments name.
    pub fn open(arguments: &ProjectArguments) -> Result<Workspace> {
        let mut project = Project::open(&arguments.project)?;
        for given in &arguments.events {
            let (source, file) = given.split_once('=').ok_or_else(|| {
                Error::input(format!("--events {given:?} is not of the form SOURCE=FILE"))
            })?;
            project.sources.entry(source.into()).or_default().files = vec![file.into()];
        }
        let catalog = Arc::new(Catalog::load(&cached_engine()?, &project)?);
        for given in &arguments.events {
            catalog.source(given.split('=').next().unwrap_or(given))?;
        }
        Ok(Workspace { project, catalog, store: arguments.store.clone() })
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

    /// A reader of the files of `source`, from `start_position`.
    pub fn reader(&self, source: &str, start_position: u64) -> Result<Box<dyn EventReader>> {
        let schema = self.catalog.source(source)?.clone();
        let options = ReadOptions { batch_rows: BATCH_ROWS, start_position };
        open_files(self.project.files(source)?, schema, options)
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

/// The rows of a spine file, in which text formats give the service's request columns their types.
pub fn read_spine(path: &Path, service: &Service) -> Result<RecordBatch> {
    read_table(path, &hints(service, AS_OF))
}

/// As [`read_spine`], in parts; `as_of` is the column of the rows' times.
pub fn spine_reader(
    path: &Path,
    service: &Service,
    as_of: &str,
    batch_rows: usize,
) -> Result<TableReader> {
    open_table(path, &hints(service, as_of), batch_rows)
}

fn hints(service: &Service, as_of: &str) -> Vec<(String, DataType)> {
    let request = service.request.iter().map(|c| (c.name.clone(), c.data_type.clone()));
    request.chain([(as_of.to_string(), DataType::Timestamp)]).collect()
}
