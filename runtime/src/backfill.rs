//! Backfills: fill the store from the files of one source or of all sources.
//!
//! Invariant: a store that holds nothing of a source is filled in bulk; one that holds events of it
//! already is filled as a stream, from the position that it has reached. Either way, a run that was
//! killed can be run again and goes on, and running a finished one again changes nothing.
//! Deliberately absent: events that the project's files do not hold, which are streamed.

use crate::base_files;
use crate::fill_report::FillReport;
use crate::fold::Fold;
use crate::memory::Memory;
use crate::new_versions::bring_up;
use crate::positions::up_to;
use crate::progress::Progress;
use crate::project::Project;
use lockstep_core::{Error, Result};
use lockstep_engine::backfill::{Backfill, Options, Step};
use lockstep_store::Store;
use lockstep_store::progress::FILES;

/// A backfill to be made.
#[derive(Clone, Debug, Default)]
pub struct BackfillJob {
    /// The source; by default all sources that views read.
    pub source: Option<String>,
    /// The source position (the number of an event, counted over all of the source's files) before
    /// which to stop. By default all files are read.
    pub until_position: Option<u64>,
    /// The memory that a bulk run may use.
    pub memory: Memory,
    /// How many events may be set aside before the run ends early; any number if it is not given.
    pub bad_rows_max: Option<u64>,
}

impl BackfillJob {
    /// Fills the store of `project`. A bulk run uses as many threads as the machine has cores. A
    /// run as a stream uses one thread that reads ahead.
    ///
    /// # Errors
    /// If a name, a file or an artifact is wrong, the store has already read beyond
    /// `until_position`, its events were admitted by other settings, an interrupted backfill had
    /// another end, or a disk failed.
    pub fn run(
        &self,
        project: &Project,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<FillReport> {
        project.catalog().check_whole()?;
        let sources: Vec<&str> = match &self.source {
            Some(source) => vec![&project.source(source)?.source],
            None => project.sources().keys().map(String::as_str).collect(),
        };
        project.catalog().check_loads(&sources)?;
        // Files are opened before the store, so that a wrong one leaves no new store behind.
        for source in &sources {
            project.reader(source, 0)?;
        }
        project.tell(progress);
        let options = self.bulk_options(project)?;
        let store = project.open_or_create_store()?;
        for source in &sources {
            base_files::check(project, &*store, source)?;
        }
        let caught_up = bring_up(project, &*store, &self.memory, progress)?;
        // Every source is marked first, so that none looks empty while another one fills.
        for source in &sources {
            if let Some(mut bulk) = self.bulk(project, &*store, source, &options)? {
                bulk.begin()?;
            }
        }
        let mut report = FillReport { caught_up, ..FillReport::default() };
        for source in sources {
            if report.is_over {
                break;
            }
            if let Some(bulk) = self.bulk(project, &*store, source, &options)? {
                report.merge(self.fill(project, bulk, source, progress)?);
                if report.is_over {
                    break;
                }
                base_files::record(project, &*store, source)?;
                continue;
            }
            let fold = Fold::open(project, store.clone(), source, FILES)?;
            if self.until_position.is_some_and(|until| until < fold.position()) {
                return Err(Error::input(format!(
                    "the store already holds source {source} up to position {}, beyond \
                     --until-position",
                    fold.position()
                )));
            }
            let reader = project.reader_of(&fold.schema()?, fold.position())?;
            let reader = up_to(reader, self.until_position);
            fold.run(reader, self.bad_rows_max, &mut report, progress)?;
            base_files::record(project, &*store, source)?;
        }
        Ok(report)
    }

    fn bulk_options(&self, project: &Project) -> Result<Options> {
        let spill = Some(self.memory.spill_options(&project.store_path()?)?);
        Ok(Options { spill, bad_rows_max: self.bad_rows_max, ..Options::default() })
    }

    /// A bulk run of `source`; none if the store holds events of it already.
    fn bulk<'a>(
        &self,
        project: &'a Project,
        store: &'a dyn Store,
        source: &'a str,
        options: &Options,
    ) -> Result<Option<Backfill<'a>>> {
        let (catalog, until) = (project.catalog(), self.until_position);
        Backfill::open(catalog, store, source, FILES, until, options.clone())
    }

    fn fill(
        &self,
        project: &Project,
        bulk: Backfill<'_>,
        source: &str,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<FillReport> {
        let mut reader = up_to(project.reader(source, 0)?, self.until_position);
        let mut report = FillReport::default();
        let applied = bulk.run(&mut *reader, &mut |step| match step {
            Step::Read(position) => {
                report.position = position;
                progress(Progress::Reading { source, position });
            }
            Step::Written(done, total) => progress(Progress::Filling { source, done, total }),
        })?;
        project.tell(progress);
        report.add(&applied);
        Ok(report)
    }
}
