//! Parity: a test, on a log and a spine, that training sets, streaming and online serving give the
//! same bits. A spine is a table of questions: keys and times.
//!
//! Invariant: the project's own store is not touched; the log is replayed into a new one. The
//! events of all sources that the service reads are in memory. Deliberately absent: the comparison,
//! which is the engine's, and a judgement of its result, which is the caller's.

use crate::progress::Progress;
use crate::project::Project;
use crate::spine::Spine;
use lockstep_core::notation::TimeUnit;
use lockstep_core::{Error, Result};
use lockstep_engine::catalog::Catalog;
use lockstep_engine::online::request::Requests;
use lockstep_engine::parity::replay::Disturbance;
use lockstep_engine::parity::{self, Log, Options, Report};
use lockstep_engine::service::{AS_OF, Service};
use lockstep_store::Store;
use lockstep_store::sled::SledStore;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// A test of parity to be run.
#[derive(Clone, Debug)]
pub struct ParityJob {
    /// The service whose features to compare.
    pub service: String,
    /// The spine whose rows are compared: a path, a pattern or a URL.
    pub spine: PathBuf,
    /// The spine's column that holds the time of each row.
    pub as_of_column: String,
    /// The unit of integers that are times in the spine; without it they are refused.
    pub time_unit: Option<TimeUnit>,
    /// The seed of the shuffle, the copies and the batch sizes.
    pub seed: u64,
    /// Events are shuffled within this many microseconds of event time. By default a quarter of the
    /// shortest history.
    pub disorder_us: Option<i64>,
    /// One event in this many is delivered twice, in sources with event ids; 0 for none.
    pub duplicate_one_in: u64,
    /// The most events in a batch of the replay.
    pub batch_rows_max: u64,
    /// How often the replay's store is closed and opened again.
    pub reopens: u64,
    /// A new directory for the replay's store, which is kept afterwards. By default a temporary
    /// one.
    pub replay_store: Option<PathBuf>,
}

impl ParityJob {
    /// A job with the usual disorder, copies and batches, and a temporary store.
    pub fn new(service: impl Into<String>, spine: impl Into<PathBuf>) -> ParityJob {
        ParityJob {
            service: service.into(),
            spine: spine.into(),
            as_of_column: AS_OF.into(),
            time_unit: None,
            seed: 1,
            disorder_us: None,
            duplicate_one_in: 20,
            batch_rows_max: 1000,
            reopens: 5,
            replay_store: None,
        }
    }

    /// Computes every feature of every spine row with the batch host, computes it again with the
    /// streaming and online hosts over a replay of the log in disorder, and compares. The batch
    /// host uses as many threads as the machine has cores; the replay runs on the thread that
    /// calls.
    ///
    /// # Errors
    /// If a name, a file or an option is wrong, or a disk failed. Values that differ are not an
    /// error; the report names them.
    pub fn run(&self, project: &Project, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Report> {
        match &self.replay_store {
            Some(directory) => self.replay(project, directory, progress),
            None => {
                let folder = TempDir::new().map_err(|error| {
                    let message = "no temporary folder can be made; name one with --replay-store";
                    Error::retry(message).because(error)
                })?;
                self.replay(project, &folder.path().join("store"), progress)
            }
        }
    }

    fn replay(
        &self,
        project: &Project,
        directory: &Path,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Report> {
        if directory.exists() {
            return Err(Error::input(format!(
                "{} exists; a replay needs a new store directory",
                directory.display()
            )));
        }
        let (catalog, service) = project.service_alone(&self.service)?;
        let options = self.options(&catalog, &service)?;
        let spine =
            Spine::find(&self.spine, &service, &self.as_of_column, self.time_unit)?.read()?;
        // The spine is checked here first, so that an error in it names its file; the replay would
        // find the same error without that.
        Requests::from_spine(&service, &spine, &self.as_of_column)
            .map_err(|error| error.at(self.spine.display()))?;
        let views = service.views.iter().map(|view| &catalog.views()[view.view]);
        let sources: BTreeSet<&str> = views.map(|view| &*view.declaration().event.source).collect();
        let logs =
            sources.iter().map(|source| project.log(source)).collect::<Result<Vec<Log>>>()?;
        project.tell(progress);
        let open = || Ok(Arc::new(SledStore::open_or_create(directory)?) as Arc<dyn Store>);
        let progress = RefCell::new(progress);
        let step = |done: usize, total: usize| {
            let (done, total) = (done as u64, total as u64);
            (progress.borrow_mut())(Progress::Answering { done, total });
        };
        parity::run(&catalog, &service, &logs, &spine, &options, &open, &step)
    }

    fn options(&self, catalog: &Catalog, service: &Service) -> Result<Options> {
        let disorder_us = match self.disorder_us {
            Some(disorder_us) if disorder_us < 0 => {
                return Err(Error::input("--disorder must not be negative"));
            }
            Some(disorder_us) => disorder_us,
            None => parity::default_disorder_us(catalog, service),
        };
        if self.batch_rows_max == 0 {
            return Err(Error::input("--replay-batch-rows-max must be at least 1"));
        }
        Ok(Options {
            as_of: self.as_of_column.clone(),
            disturbance: Disturbance {
                seed: self.seed,
                disorder_us,
                duplicate_one_in: self.duplicate_one_in,
                batch_rows_max: self.batch_rows_max,
            },
            reopens: self.reopens,
        })
    }
}
