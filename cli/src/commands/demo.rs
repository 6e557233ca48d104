//! `lockstep demo`: the whole way on the example transform and its real event log.
//!
//! Build the artifact, make a training set, backfill the older part of the log, stream the rest,
//! answer a few requests, and prove parity over every mention. The project, the training set and
//! the store stay in the demo's folder, to be looked at with the other commands.

use super::backfill::fill;
use super::get::print_vector;
use super::parity::{How, judge, print_report, prove};
use super::stream::{Fold, Totals};
use super::training_set::{self, make};
use crate::arguments::ProjectArguments;
use crate::build::{BuildOptions, build};
use crate::memory::Memory;
use crate::outcome::Outcome;
use crate::output::thousands;
use crate::workspace::Workspace;
use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::{Field, Schema};
use clap::Args;
use lockstep_core::row::TypedColumn;
use lockstep_core::time::Time;
use lockstep_core::value::{DataType, Value};
use lockstep_core::{Error, Result};
use lockstep_disk::write_atomically;
use lockstep_engine::online::request::Requests;
use lockstep_engine::online::{AsOf, OnlineHost};
use lockstep_engine::service::AS_OF;
use lockstep_source::{TrainingWriter, column_of, read_table};
use lockstep_store::progress::FILES;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

const SERVICE: &str = "mention_ranker";
const SOURCE: &str = "issue_events";
/// Requests that the demo shows.
const REQUESTS: usize = 3;
/// The part of the log that is backfilled; the rest is streamed.
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

        let arguments = ProjectArguments {
            project: self.folder.clone(),
            events: vec![],
            store: None,
            bad_rows_max: 0,
            json: false,
        };
        let workspace = Workspace::open(&arguments)?;
        let service = workspace.service(SERVICE)?;
        let mentions = self.folder.join("mentions.parquet");
        let training = self.folder.join("training.parquet");
        let made =
            make(&workspace, &service, &mentions, &training, &training_set::How::plain(), 0)?;
        stage.done(&format!(
            "training set of {} rows with {} features",
            thousands(made.rows),
            service.outputs.len()
        ));

        let split = log.num_rows() as u64 * BACKFILLED_TENTHS / 10;
        for (what, until) in [("backfilled", Some(split)), ("streamed", None)] {
            let store = workspace.open_store(true)?;
            let mut totals = Totals::default();
            if !fill(&workspace, &*store, SOURCE, until, &Memory::default(), &mut totals)? {
                let mut fold = Fold::open(&workspace, store, SOURCE, FILES)?;
                let reader = workspace.reader(SOURCE, fold.position())?;
                fold.run(reader, until, &mut totals)?;
            }
            let (events, position) = (thousands(totals.events), thousands(totals.position));
            stage.done(&format!("{what} {events} events, up to position {position}"));
        }

        let host = OnlineHost::open(&self.folder)?;
        answer(&host, &log, &spine)?;
        drop(host);
        stage.done("answered requests");

        let replay = self.folder.join("replay-store");
        let spine = self.folder.join("mentions.parquet");
        let report = prove(&workspace, &service, &spine, AS_OF, &self.how, &replay)?;
        print_report(&report);
        stage.done("replayed the log in disorder and compared every answer");
        judge(&report, self.limit.is_some(), 0)
    }
}

/// Says how long each stage took.
struct Stage {
    started: Instant,
}

impl Stage {
    fn new() -> Stage {
        Stage { started: Instant::now() }
    }

    fn done(&mut self, what: &str) {
        println!("[{:6.1} s] {what}", self.started.elapsed().as_secs_f64());
        self.started = Instant::now();
    }
}

/// Makes the folder, without what an earlier demo left. A folder that is none of ours is refused.
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

/// The example's project file, with the log beside it.
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

/// The spine: one row for each mention, at its own time, so it must not see itself (S4).
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

/// Asks about the pairs of the latest few mentions, as of the end of the log: the store answers
/// exactly about its recent past alone (S12), and a log need not be in the order of time.
fn answer(host: &OnlineHost, log: &RecordBatch, spine: &RecordBatch) -> Result<()> {
    let service = host.service(SERVICE)?;
    let times = TypedColumn::new(&column_of(log, "event_time", &DataType::Timestamp, 0)?)?;
    let last = (0..log.num_rows()).map(|row| times.value(row)).max();
    let Some(Value::Timestamp(last)) = last else { return Ok(()) };
    let as_of = AsOf::At(Time::saturating(last).plus(1));
    let mentions = Requests::from_spine(service, spine, AS_OF)?;
    let mut rows: Vec<usize> = (0..spine.num_rows()).collect();
    rows.sort_by_key(|&row| mentions.as_of(row));
    let latest = &rows[rows.len().saturating_sub(REQUESTS)..];
    for &row in latest {
        let one = spine.slice(row, 1);
        let requests = Requests::from_spine(service, &one, AS_OF)?;
        let names = service.request.iter().enumerate();
        let request: Vec<(&str, Value)> = names
            .map(|(at, column)| (column.name.as_str(), requests.value(at, 0).clone()))
            .collect();
        let started = Instant::now();
        let vector = host.get(SERVICE, &request, as_of)?;
        let micros = started.elapsed().as_secs_f64() * 1e6;
        let shown = request.iter().map(|(name, value)| format!("{name}={value}"));
        println!("  get {SERVICE} {} ({micros:.0} us)", shown.collect::<Vec<_>>().join(" "));
        if Some(&row) == latest.last() {
            print_vector(&vector);
        }
    }
    Ok(())
}
