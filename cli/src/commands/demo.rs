//! `lockstep demo`: every step from build to parity, on the example transform and its real event
//! log.
//!
//! The demo builds the artifact, makes a training set, backfills the older part of the log, streams
//! the rest, serves a few requests, and proves parity for every mention. Invariant: the project,
//! the training set and the store stay in the demo's folder, to be inspected with the other
//! commands. Deliberately absent: any step that the other commands cannot do.

use super::get::print_vector;
use super::parity::{How, judge, print_report};
use crate::build::{BuildOptions, build};
use crate::outcome::Outcome;
use crate::output::thousands;
use crate::progress_bar::Bar;
use crate::terminal::say;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::max;
use arrow::datatypes::{Field, Schema, TimestampMicrosecondType};
use clap::Args;
use lockstep_runtime::{
    AS_OF, AsOf, BackfillJob, DataType, Error, FillReport, OnlineHost, ParityJob, Project, Result,
    StreamInput, StreamJob, Time, TrainingSetJob, TrainingWriter, Value, column_of, read_table,
    write_atomically,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

const SERVICE: &str = "mention_ranker";
/// Requests that the demo shows.
const REQUESTS: usize = 3;
/// Tenths of the log that are backfilled; the rest is streamed.
const BACKFILLED_TENTHS: u64 = 8;

/// The arguments of `lockstep demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// The example transform's crate
    #[arg(long, default_value = "transforms/user-mentions", value_name = "DIR")]
    transform: PathBuf,
    /// The folder to work in; an earlier demo there is replaced
    #[arg(long, default_value = "demo", value_name = "DIR")]
    folder: PathBuf,
    /// Use only the first N events of the log
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    #[command(flatten)]
    how: How,
}

impl Demo {
    /// Runs the command.
    pub fn run(self) -> Result<Outcome> {
        clear(&self.folder)?;
        let mut stage = Stage::new();
        let log = read_table(&self.transform.join("data/issue_events.parquet"), &[])?;
        let log = log.slice(0, self.limit.unwrap_or(usize::MAX).min(log.num_rows()));
        save(&self.folder.join("issue_events.parquet"), &log)?;
        let spine = mentions(&log)?;
        save(&self.folder.join("mentions.parquet"), &spine)?;
        stage.done(&format!(
            "log of {} events, {} of them mentions: the spine",
            thousands(log.num_rows() as u64),
            thousands(spine.num_rows() as u64)
        ));

        let wasm = self.folder.join("user_mentions.wasm");
        let built = build(&BuildOptions { crate_dir: self.transform.clone(), output: Some(wasm) })?;
        let project = project_file(&self.transform)?;
        write_atomically(&self.folder.join("lockstep.toml"), project.as_bytes())?;
        stage.done(&format!("built {} bytes, {}", thousands(built.size_bytes), built.digest));

        let project = Project::open(&self.folder)?;
        let mut bar = Bar::default();
        let (spine, training) = (self.folder.join("mentions.parquet"), "training.parquet");
        let job = TrainingSetJob::new(SERVICE, &spine, self.folder.join(training));
        let made = job.run(&project, &mut |progress| bar.show(progress))?;
        bar.clear();
        stage.done(&format!(
            "training set of {} rows with {} features",
            thousands(made.rows),
            made.features
        ));

        let until_position = Some(log.num_rows() as u64 * BACKFILLED_TENTHS / 10);
        let backfill = BackfillJob { until_position, ..BackfillJob::default() };
        let filled = backfill.run(&project, &mut |progress| bar.show(progress))?;
        bar.clear();
        stage.filled("backfilled", &filled);
        let stream = StreamJob::new(StreamInput::Files);
        let streamed = stream.run(&project, &mut |progress| bar.show(progress))?;
        bar.clear();
        stage.filled("streamed", &streamed);

        let host = OnlineHost::open(&self.folder)?;
        answer(&host, &log, &mentions(&log)?)?;
        drop(host);
        stage.done("answered requests");

        let replay_store = Some(self.folder.join("replay-store"));
        let job = ParityJob { replay_store, ..self.how.job(SERVICE.into(), spine) };
        let report = job.run(&project, &mut |progress| bar.show(progress))?;
        bar.clear();
        print_report(&report);
        stage.done("replayed the log in disorder and compared every answer");
        judge(&report, self.limit.is_some(), 0)
    }
}

/// Measures and prints how long each stage took.
struct Stage {
    started: Instant,
}

impl Stage {
    fn new() -> Stage {
        Stage { started: Instant::now() }
    }

    fn done(&mut self, what: &str) {
        say(format!("[{:6.1} s] {what}", self.started.elapsed().as_secs_f64()));
        self.started = Instant::now();
    }

    fn filled(&mut self, what: &str, report: &FillReport) {
        let (events, position) = (thousands(report.events), thousands(report.position));
        self.done(&format!("{what} {events} events, up to position {position}"));
    }
}

/// Creates the folder and removes what an earlier demo left. A folder that is not from a demo is
/// refused.
fn clear(folder: &Path) -> Result<()> {
    let used = folder.read_dir().is_ok_and(|mut entries| entries.next().is_some());
    if used && !folder.join("mentions.parquet").exists() {
        return Err(Error::input(format!(
            "{} is not empty and holds no demo; choose another --folder",
            folder.display()
        )));
    }
    let made = if used { std::fs::remove_dir_all(folder) } else { Ok(()) };
    made.and_then(|()| std::fs::create_dir_all(folder))
        .map_err(|error| Error::retry(format!("cannot make {}", folder.display())).because(error))
}

/// The example's project file, with the log next to it.
pub fn project_file(transform: &Path) -> Result<String> {
    let path = transform.join("lockstep.toml");
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Error::input(format!("cannot read {}", path.display())).because(error))?;
    Ok(text.replace("data/issue_events.parquet", "issue_events.parquet"))
}

/// Writes records as one Parquet file.
pub fn save(path: &Path, records: &RecordBatch) -> Result<()> {
    let mut writer = TrainingWriter::create(path, records.schema(), vec![])?;
    writer.write(records)?;
    writer.finish().map(|_| ())
}

/// The spine: one row for each mention, at the mention's own time, so it must not see itself (S4).
pub fn mentions(log: &RecordBatch) -> Result<RecordBatch> {
    let column = |name: &str| {
        log.column_by_name(name)
            .cloned()
            .ok_or_else(|| Error::input(format!("the log has no column {name:?}")))
    };
    let mentioned = column("mentioned")?;
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("event_id", column("event_id")?),
        ("actor", column("actor")?),
        ("candidate", mentioned.clone()),
        ("area", column("area")?),
        ("as_of", column("event_time")?),
    ];
    let fields =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    let keep = arrow::compute::is_not_null(&mentioned);
    RecordBatch::try_new(schema, arrays)
        .and_then(|rows| arrow::compute::filter_record_batch(&rows, &keep?))
        .map_err(|error| Error::bug("the log's mentions do not make a spine").because(error))
}

/// Requests the pairs of the latest few mentions, as of the end of the log. The store answers
/// exactly only about the recent past (S12), and a log may be out of order.
fn answer(host: &OnlineHost, log: &RecordBatch, spine: &RecordBatch) -> Result<()> {
    let service = host.service(SERVICE)?;
    let times = column_of(log, "event_time", &DataType::Timestamp, 0)?;
    let Some(last) = max(times.as_primitive::<TimestampMicrosecondType>()) else { return Ok(()) };
    let as_of = AsOf::At(Time::saturating(last).plus(1));
    let times = column_of(spine, AS_OF, &DataType::Timestamp, 0)?;
    let times = times.as_primitive::<TimestampMicrosecondType>();
    let mut rows: Vec<usize> = (0..spine.num_rows()).collect();
    rows.sort_by_key(|&row| times.value(row));
    let latest = &rows[rows.len().saturating_sub(REQUESTS)..];
    let columns = service.request.iter().map(|column| {
        let texts = column_of(spine, &column.name, &column.data_type, 0)?;
        Ok((column.name.as_str(), texts))
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    for &row in latest {
        let texts = columns.iter().map(|(name, texts)| (*name, texts.as_string::<i32>()));
        let request: Vec<(&str, Value)> = texts
            .map(|(name, texts)| match texts.is_null(row) {
                true => (name, Value::Null),
                false => (name, texts.value(row).into()),
            })
            .collect();
        let started = Instant::now();
        let vector = host.get(SERVICE, &request, as_of)?;
        let micros = started.elapsed().as_secs_f64() * 1e6;
        let shown = request.iter().map(|(name, value)| format!("{name}={value}"));
        say(format!("  get {SERVICE} {} ({micros:.0} us)", shown.collect::<Vec<_>>().join(" ")));
        if Some(&row) == latest.last() {
            print_vector(&vector);
        }
    }
    Ok(())
}
