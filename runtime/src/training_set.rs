//! Training sets: the rows of a spine, each with the features of a service as of the row's own
//! time, written as a file or an object. A spine is the table of questions: keys and times.
//!
//! Invariant: the output appears whole or not at all, and only if no more events were set aside
//! (kept with a reason, outside the values) than allowed. Its metadata names all that its values
//! depend on (S23). Of the options, only the service, the spine, the column of times and `as_known`
//! change the output; rows that are appended to an earlier training set give the file that all
//! questions together would give. Deliberately absent: the join itself, which is the engine's.

use crate::arrivals_column::{named_by_as_known, named_by_project};
use crate::destination::Destination;
use crate::earlier::{Earlier, Rows, relabelled};
use crate::memory::Memory;
use crate::progress::Progress;
use crate::project::Project;
use crate::provenance;
use crate::spine::Spine;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use lockstep_core::event::{SetAside, SourceSchema};
use lockstep_core::notation::TimeUnit;
use lockstep_core::time::{Interval, Time};
use lockstep_core::{Error, Result};
use lockstep_engine::service::{AS_OF, Service};
use lockstep_engine::training::{AllKeys, Counts, Joined, Options, TrainingSet};
use lockstep_source::{EventReader, Format, Pattern, TrainingWriter};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

/// The most reports of workers that wait for the caller; further ones are dropped.
const REPORTS_MAX: usize = 64;

/// A training set to be made.
#[derive(Clone, Debug)]
pub struct TrainingSetJob {
    /// The service whose features to compute.
    pub service: String,
    /// What to compute features for.
    pub questions: Questions,
    /// Where the training set is written: a path, or the URL of an object. It ends in `.parquet`,
    /// `.arrow`, `.ndjson` or `.csv`.
    pub output: PathBuf,
    /// An earlier training set of the same service, in one Parquet file: a path, or the URL of an
    /// object. The output has its rows and then those of the questions, and is what one run would
    /// make of all questions. It may be the output itself.
    pub append_to: Option<PathBuf>,
    /// The spine's column that holds the time of each row.
    pub as_of_column: String,
    /// The unit of integers that are times in the spine; without it they are refused.
    pub time_unit: Option<TimeUnit>,
    /// The event column that holds when each event arrived. If it is given, a row counts only
    /// events that had arrived by the row's time.
    pub as_known: Option<String>,
    /// The memory that the run may use.
    pub memory: Memory,
    /// The most events that may be set aside.
    pub bad_rows_max: u64,
}

/// What a training set has rows for.
#[derive(Clone, Debug)]
pub enum Questions {
    /// The rows of a spine: a path, a pattern or a URL. It has one column for each of the service's
    /// request columns, and one of times.
    Spine(PathBuf),
    /// Every key that the service's views have seen, at each of these times: each key with a row
    /// before the time, and with `as_known` one that had arrived by then. The rows are ordered by
    /// time and then by key. All keys are held in memory.
    AllKeys {
        /// The times.
        as_of: Vec<Time>,
    },
}

/// What making a training set found.
#[derive(Clone, Debug)]
pub struct TrainingSetReport {
    /// Whether the output was written. It is not if more events were set aside than allowed; then
    /// the run ended soon after it had found them.
    pub written: bool,
    /// Rows of the output; 0 if it was not written.
    pub rows: u64,
    /// How many of these rows were in the earlier training set.
    pub earlier_rows: u64,
    /// Features of each row.
    pub features: usize,
    /// Events that counted.
    pub events: u64,
    /// Identical copies of events that were dropped.
    pub duplicates: u64,
    /// Events that were set aside, each with the name of its source.
    pub set_aside: Vec<(String, SetAside)>,
    /// Events that were skipped, because no window reaches them.
    pub passed_over: u64,
    /// With `as_known`: for each feature, the number of rows in which it would have used events
    /// that had not arrived yet.
    pub leakage: Vec<(String, u64)>,
    /// Whether rows had to wait on the disk.
    pub spilled: bool,
    /// The time that all threads together spent in transforms.
    pub guest_time: Duration,
    /// The part of it that went into repeats of calls, which check that transforms are pure (S7).
    pub repeat_time: Duration,
}

impl TrainingSetJob {
    /// A job with the usual column of times, half of the machine's memory, and no events that may
    /// be set aside.
    pub fn new(
        service: impl Into<String>,
        spine: impl Into<PathBuf>,
        output: impl Into<PathBuf>,
    ) -> TrainingSetJob {
        TrainingSetJob {
            service: service.into(),
            questions: Questions::Spine(spine.into()),
            output: output.into(),
            append_to: None,
            as_of_column: AS_OF.into(),
            time_unit: None,
            as_known: None,
            memory: Memory::default(),
            bad_rows_max: 0,
        }
    }

    /// As [`TrainingSetJob::new`], for every key that the service's views have seen, at these
    /// times.
    pub fn all_keys(
        service: impl Into<String>,
        as_of: impl IntoIterator<Item = Time>,
        output: impl Into<PathBuf>,
    ) -> TrainingSetJob {
        let questions = Questions::AllKeys { as_of: as_of.into_iter().collect() };
        TrainingSetJob { questions, ..TrainingSetJob::new(service, "", output) }
    }

    /// The same job, whose rows are appended to those of the training set `earlier`; see the field
    /// `append_to`.
    pub fn append_to(self, earlier: impl Into<PathBuf>) -> TrainingSetJob {
        TrainingSetJob { append_to: Some(earlier.into()), ..self }
    }

    /// Makes the training set. It uses as many threads as the machine has cores, one more that
    /// reads ahead, and two that write.
    ///
    /// # Errors
    /// If a name, a file or a column is wrong, the spine changed during the run, or a disk or an
    /// object store failed; with [`Code::NotAppendable`](crate::Code::NotAppendable) if one run would
    /// give the earlier rows other values or columns. Then there is no output.
    pub fn run(
        &self,
        project: &Project,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<TrainingSetReport> {
        let service = project.service(&self.service)?;
        let mut inputs = project.inputs().clone();
        if let Questions::Spine(spine) = &self.questions {
            let spine = Pattern::new("", spine.to_string_lossy());
            inputs = inputs.with("the spine".into(), spine);
        }
        inputs.check(&self.output)?;
        let destination = Destination::of(&self.output, self.memory.spill_dir.as_deref())?;
        let earlier = match &self.append_to {
            Some(path) => Some(Earlier::open(path, &self.output)?),
            None => None,
        };
        if let Some(earlier) = &earlier {
            earlier.check(project, &service, self)?;
        }
        let options = Options {
            as_of: self.as_of_column.clone(),
            known: self.as_known.clone(),
            spill: Some(self.memory.spill_options(destination.file())?),
            bad_rows_max: Some(self.bad_rows_max),
            ..Options::default()
        };
        let mut training = TrainingSet::with(project.catalog(), &service, options.clone())?;
        let (spine, judged, naming) = match &self.questions {
            Questions::Spine(path) => {
                (Spine::find(path, &service, &self.as_of_column, self.time_unit)?, None, vec![])
            }
            Questions::AllKeys { as_of } => {
                let keys = AllKeys::of(project.catalog(), &service, options, as_of.clone())?;
                let (reach, views) = (keys.reach(), keys.views());
                // Also a time for which there turns out to be no key.
                as_of.iter().for_each(|time| training.also_reach(time.micros(), time.micros()));
                (self.read_keys(project, keys, progress)?, Some(reach), views)
            }
        };
        let versions = (spine.versions(), earlier.as_ref().map(|it| it.spine().versions()));
        let columns = self.read_spine(&spine, destination.file(), &mut training)?;
        if let Some(earlier) = &earlier {
            earlier.check_columns(destination.file(), &columns, &service)?;
            if let Some((first, last)) = earlier.times() {
                training.also_reach(first, last);
            }
        }
        training.check_room()?;
        // Only Parquet files can be appended to.
        let summed = Format::of(destination.file())? == Format::Parquet;
        if summed {
            let named = judged.map(|judged| (&naming[..], judged.end));
            training.sum_contents(earlier.as_ref().map(Earlier::contents), named);
        }
        let passed_over = self.read_events(project, &mut training, judged, progress)?;
        if training.is_over() {
            return Ok(report(None, passed_over, &service, training.into_counts()));
        }
        if let Some(earlier) = &earlier {
            earlier.check_events(&training)?;
        }
        let (times, contents) = (training.times(), training.contents());
        let mut joined = join(training, progress)?;
        let count = joined.rows() as u64 + earlier.as_ref().map_or(0, Earlier::rows);
        let questions = &self.questions;
        let rows = Rows { service: &service, project, questions, count, times };
        let rows = summed.then(|| rows.entry(contents.into_iter().map(|(it, (own, _))| (it, own))));
        let known = self.as_known.as_deref();
        let metadata = provenance::entries(project, &service, &self.as_of_column, known, rows)?;
        let writer =
            write(&spine, earlier.as_ref(), &mut joined, &destination, metadata, progress)?;
        if joined.left() > 0 || spine.versions() != versions.0 {
            let message = "the spine changed while it was read; run the command again";
            return Err(self.at_spine(Error::input(message)));
        }
        if earlier.as_ref().map(|it| it.spine().versions()) != versions.1 {
            let message = "the training set changed while it was read; run the command again";
            let place = self.append_to.as_deref().unwrap_or(Path::new(""));
            return Err(Error::input(message).at(place.display()));
        }
        let written = writer.finish()?;
        destination.finish()?;
        let made = report(Some(written), passed_over, &service, joined.counts);
        Ok(TrainingSetReport { earlier_rows: earlier.as_ref().map_or(0, Earlier::rows), ..made })
    }

    fn at_spine(&self, error: Error) -> Error {
        match &self.questions {
            Questions::Spine(path) => error.at(path.display()),
            Questions::AllKeys { .. } => error,
        }
    }

    /// Reads the keys of all sources.
    fn read_keys(
        &self,
        project: &Project,
        mut keys: AllKeys<'_>,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Spine> {
        for source in keys.sources() {
            let schema = keys.schema(&source)?;
            let mut reader = self.reader(project, &source, schema, Some(keys.reach()))?;
            project.tell(progress);
            keys.read(&source, &mut *reader, &mut |position| {
                progress(Progress::Reading { source: &source, position });
            })?;
            project.tell(progress);
        }
        Ok(Spine::Made(keys.spine()?))
    }

    /// A reader of the events of a source.
    fn reader(
        &self,
        project: &Project,
        source: &str,
        schema: Arc<SourceSchema>,
        reach: Option<Interval>,
    ) -> Result<Box<dyn EventReader>> {
        let declared = project.source(source)?;
        project.reader_within(schema, reach).map_err(|error| {
            named_by_project(declared, named_by_as_known(self.as_known.as_deref(), error))
        })
    }

    /// Reads the spine; returns its columns.
    fn read_spine(
        &self,
        spine: &Spine,
        output: &Path,
        training: &mut TrainingSet<'_>,
    ) -> Result<SchemaRef> {
        let place = |error: Error| self.at_spine(error);
        let mut reader = spine.reader()?;
        // The columns are checked even if there are no rows.
        let empty = RecordBatch::new_empty(reader.schema().clone());
        training.spine(&empty).map_err(place)?;
        TrainingWriter::check(output, reader.schema())?;
        while let Some(batch) = reader.read()? {
            training.spine(&batch).map_err(place)?;
        }
        Ok(reader.schema().clone())
    }

    /// Reads the events of all sources. Returns how many were skipped, because no window reaches
    /// them and they are outside `judged`, the times whose events must all be read: one that is set
    /// aside there may have been the only one of its key.
    fn read_events(
        &self,
        project: &Project,
        training: &mut TrainingSet<'_>,
        judged: Option<Interval>,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<u64> {
        let mut passed_over = 0;
        for source in training.sources() {
            let reach = training.reach(&source).map(|reach| match judged {
                Some(judged) => Interval {
                    start: reach.start.min(judged.start),
                    end: reach.end.max(judged.end),
                },
                None => reach,
            });
            let schema = training.schema(&source)?;
            let mut reader = self.reader(project, &source, schema, reach)?;
            project.tell(progress);
            training.read(&source, &mut *reader, &mut |position| {
                progress(Progress::Reading { source: &source, position });
            })?;
            project.tell(progress);
            passed_over += reader.passed_over().rows;
            if training.is_over() {
                break;
            }
        }
        Ok(passed_over)
    }
}

/// Joins the spine with its features, and calls the callback on this thread with the workers'
/// reports.
fn join<'a>(
    training: TrainingSet<'a>,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Joined<'a>> {
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(REPORTS_MAX);
        let joining = scope.spawn(move || {
            training.join(&move |done, total| {
                // A worker does not wait for a slow caller.
                let _ = sender.try_send((done as u64, total as u64));
            })
        });
        // Several workers report at the same time, so a report may overtake an earlier one.
        let mut most = 0;
        for (done, total) in receiver {
            most = most.max(done);
            progress(Progress::Joining { done: most, total });
        }
        joining.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// Writes the earlier rows, if there are any, and then the spine's rows with their features. The file
/// gets its name only when the writer is finished.
fn write(
    spine: &Spine,
    earlier: Option<&Earlier>,
    joined: &mut Joined<'_>,
    destination: &Destination,
    metadata: Vec<(String, String)>,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<TrainingWriter> {
    let mut reader = spine.reader()?;
    let mut schema = joined.schema(reader.schema());
    if let Some(earlier) = earlier {
        schema = earlier.widened(&schema);
    }
    let mut writer = TrainingWriter::create(destination.file(), schema.clone(), metadata)?;
    let (mut done, total) = (0, joined.rows() as u64 + earlier.map_or(0, Earlier::rows));
    progress(Progress::Writing { done, total });
    if let Some(earlier) = earlier {
        let mut rows = earlier.reader()?;
        while let Some(batch) = rows.read()? {
            writer.write_again(&batch)?;
            done += batch.num_rows() as u64;
            progress(Progress::Writing { done, total });
        }
        if done != earlier.rows() {
            return Err(earlier.altered());
        }
    }
    // Rows are put in order while those before them are encoded and written.
    while let Some(batch) = reader.read()? {
        writer.write(&relabelled(&schema, &joined.next(&batch)?)?)?;
        done += batch.num_rows() as u64;
        progress(Progress::Writing { done, total });
    }
    Ok(writer)
}

/// The report of a run that wrote `rows` rows, or wrote nothing.
fn report(
    rows: Option<u64>,
    passed_over: u64,
    service: &Service,
    counts: Counts,
) -> TrainingSetReport {
    TrainingSetReport {
        written: rows.is_some(),
        rows: rows.unwrap_or(0),
        earlier_rows: 0,
        features: service.outputs.len(),
        events: counts.events,
        duplicates: counts.duplicates,
        set_aside: counts.set_aside,
        passed_over,
        leakage: counts.leakage,
        spilled: counts.spilled,
        guest_time: counts.guest,
        repeat_time: counts.repeats,
    }
}
