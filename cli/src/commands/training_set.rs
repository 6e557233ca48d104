//! `lockstep training-set`: a spine joined with a service's features.

use crate::arguments::ProjectArguments;
use crate::destination::Destination;
use crate::memory::Memory;
use crate::outcome::Outcome;
use crate::output::{print_json, progress, report_set_aside, table, the_first, thousands};
use crate::provenance;
use crate::workspace::{Workspace, blame, spine_files, spine_reader};
use arrow::array::RecordBatch;
use clap::Args;
use lockstep_core::{Error, Result};
use lockstep_engine::service::{AS_OF, Service};
use lockstep_engine::training::{Counts, Options, TrainingSet};
use lockstep_source::clock::modified;
use lockstep_source::{Location, SourceFile, TrainingWriter};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Spine rows that are read at once.
const SPINE_ROWS: usize = 1 << 17;

/// The usual name of the column of arrivals.
const ARRIVED_AT: &str = "arrived_at";

/// The arguments of `lockstep training-set`.
#[derive(Debug, Args)]
pub struct TrainingSetCommand {
    /// The service whose features to compute
    service: String,
    /// The rows to join: one column for each of the service's request columns, and their times
    #[arg(long, value_name = "FILE")]
    spine: PathBuf,
    /// Where the training set goes: .parquet, .arrow, .ndjson or .csv; a file or an object
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    project: ProjectArguments,
}

/// How a training set is made. Only the spine's times and `--as-known` change what is in it.
#[derive(Clone, Debug, Args)]
pub struct How {
    /// The spine's column that holds the time of each row
    #[arg(long, value_name = "COLUMN", default_value = AS_OF)]
    as_of_column: String,
    /// See only events that had arrived by the time of each row, as this event column says: an
    /// estimate of what was known online [column: arrived_at]
    #[arg(long, value_name = "COLUMN", num_args = 0..=1, require_equals = true,
        default_missing_value = ARRIVED_AT)]
    as_known: Option<String>,
    #[command(flatten)]
    memory: Memory,
}

impl TrainingSetCommand {
    /// Runs the command.
    pub fn run(self) -> Result<Outcome> {
        let started = Instant::now();
        self.how.memory.tell_allocator();
        let workspace = Workspace::open(&self.project)?;
        let service = workspace.service(&self.service)?;
        let bad_rows_max = self.project.bad_rows_max;
        let (spine, output) = (&self.spine, &self.output);
        let made = make(&workspace, &service, spine, output, &self.how, bad_rows_max)?;
        let Made { rows, passed_over, counts } = made;
        report_set_aside(&counts.set_aside);
        let bad = counts.set_aside.len() as u64;
        if bad > bad_rows_max {
            return Ok(Outcome::Found(format!(
                "{bad} rows were set aside, more than --bad-rows-max {bad_rows_max}; nothing was \
                 written{}",
                the_first(counts.set_aside.first().map(|(_, event)| event))
            )));
        }
        let (features, seconds) = (service.outputs.len(), started.elapsed().as_secs_f64());
        if self.project.json {
            print_json(&json!({
                "rows": rows, "features": features, "events": counts.events,
                "duplicates": counts.duplicates, "set_aside": bad, "output": self.output,
                "spilled": counts.spilled,
                "passed_over": passed_over,
                "leakage_avoided": counts.leakage.iter().cloned().collect::<BTreeMap<_, _>>(),
                "seconds": { "total": seconds, "guest": counts.guest.as_secs_f64() },
            }))?;
        } else {
            print_leakage(&counts.leakage, rows);
            eprintln!(
                "{} rows with {features} features from {} events in {seconds:.1} s: {}",
                thousands(rows),
                thousands(counts.events),
                self.output.display()
            );
        }
        Ok(Outcome::Done)
    }
}

/// Says in how many rows each feature would have known more than it could.
fn print_leakage(leakage: &[(String, u64)], rows: u64) {
    if leakage.is_empty() {
        return;
    }
    let share = |changed: u64| format!("{:.2} %", 100.0 * changed as f64 / rows.max(1) as f64);
    let lines = leakage
        .iter()
        .map(|(feature, changed)| vec![feature.clone(), thousands(*changed), share(*changed)]);
    let titles = ["feature", "rows in which less was known (an estimate)", "of all"];
    println!("{}", table(&titles, lines.collect(), 1));
}

/// What [`make`] did.
#[derive(Debug)]
pub struct Made {
    /// Rows of the training set.
    pub rows: u64,
    /// Events that were not read, because no window reaches them.
    pub passed_over: u64,
    /// Events, duplicates, what was set aside.
    pub counts: Counts,
}

/// Makes the training set of the spine in a file, with all that its values depend on (S23). Writes
/// nothing if more than `bad_rows_max` rows were set aside.
pub fn make(
    workspace: &Workspace,
    service: &Service,
    spine: &Path,
    output: &Path,
    how: &How,
    bad_rows_max: u64,
) -> Result<Made> {
    let destination = Destination::of(output, how.memory.spill_dir())?;
    let output = destination.file();
    let options = how.options(output)?;
    let place = spine.display();
    let mut training = TrainingSet::with(&workspace.catalog, service, options)?;
    let files = spine_files(spine)?;
    let version = versions(&files);
    let mut reader = spine_reader(&files, service, &how.as_of_column, SPINE_ROWS)?;
    // The columns are checked even if there are no rows.
    let empty = RecordBatch::new_empty(reader.schema().clone());
    training.spine(&empty).map_err(|error| error.at(&place))?;
    while let Some(batch) = reader.read()? {
        training.spine(&batch).map_err(|error| error.at(&place))?;
    }
    training.check_room()?;
    let mut passed_over = 0;
    for source in training.sources() {
        let reach = training.reach(&source);
        let reader = workspace.reader_within(training.schema(&source)?, reach);
        let declared = workspace.catalog.source(&source)?;
        let mut reader = reader.map_err(|error| blame(declared, how.blame(error)))?;
        let bar = progress(&format!("reading {source}"), 0);
        training.read(&source, &mut *reader, &mut |position| {
            bar.set_length(position);
            bar.set_position(position);
        })?;
        bar.finish_and_clear();
        passed_over += reader.passed_over().rows;
    }
    let bar = progress("joining", 0);
    let mut joined = training.join(&|done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();
    if joined.counts.set_aside.len() as u64 > bad_rows_max {
        return Ok(Made { rows: 0, passed_over, counts: joined.counts });
    }
    let metadata =
        provenance::entries(workspace, service, &how.as_of_column, how.as_known.as_deref())?;
    let mut reader = spine_reader(&files, service, &how.as_of_column, SPINE_ROWS)?;
    let schema = joined.schema(reader.schema());
    let mut writer = TrainingWriter::create(output, schema, metadata)?;
    let bar = progress("writing", joined.rows() as u64);
    // Rows are put in order while those before them are encoded and written.
    while let Some(batch) = reader.read()? {
        writer.write(&joined.next(&batch)?)?;
        bar.inc(batch.num_rows() as u64);
    }
    bar.finish_and_clear();
    if joined.left() > 0 || versions(&files) != version {
        return Err(Error::input(format!(
            "{place}: the spine changed while it was read; run the command again"
        )));
    }
    let rows = writer.finish()?;
    destination.finish()?;
    Ok(Made { rows, passed_over, counts: joined.counts })
}

/// What tells the versions of local files apart; objects have tags, which their readers compare.
fn versions(files: &[SourceFile]) -> Vec<Option<(u64, Duration)>> {
    let version = |file: &SourceFile| match file.location() {
        Location::File(path) => {
            let metadata = path.metadata().ok()?;
            Some((metadata.len(), modified(&metadata)?))
        }
        Location::Object(_) => None,
    };
    files.iter().map(version).collect()
}

impl How {
    /// The defaults.
    pub fn plain() -> How {
        How { as_of_column: AS_OF.into(), as_known: None, memory: Memory::default() }
    }

    /// Says of an error about the column of arrivals who wanted it.
    fn blame(&self, mut error: Error) -> Error {
        let named = |column: &&String| error.message.contains(&format!("{column:?}"));
        if let Some(column) = self.as_known.as_ref().filter(named) {
            let hint =
                format!("{column:?} is read for --as-known; name another as --as-known=COLUMN");
            error.message = format!("{}\n  {hint}", error.message);
        }
        error
    }

    fn options(&self, output: &Path) -> Result<Options> {
        let spill = Some(self.memory.spill_options(output)?);
        let (as_of, known) = (self.as_of_column.clone(), self.as_known.clone());
        Ok(Options { as_of, known, spill, ..Options::default() })
    }
}
