//! Parity: a test that the batch host gives the same bits as the streaming and online hosts.
//!
//! The batch host computes the features of a spine. Then they are computed again: the events are
//! replayed through the streaming host out of order, in random batches, with copies of events that
//! have ids, and with the store closed and reopened several times; the online host computes each
//! spine row at its own `as_of` as soon as every earlier event has been delivered. Invariant: every
//! spine row and every feature is compared, by its canonical bytes. Deliberately absent: tolerance.

mod conflicts;
mod question;
pub mod replay;
mod report;

pub use conflicts::Conflict;
pub use report::{Difference, FeatureReport, Report};

use crate::admission::arrivals;
use crate::catalog::Catalog;
use crate::ingest::StreamHost;
use crate::online::request::Requests;
use crate::online::{AsOf, OnlineHost};
use crate::service::Service;
use crate::training::{self, Trained, TrainingSet};
use arrow::array::{RecordBatch, UInt64Array};
use conflicts::{Pair, conflicts};
use lockstep_core::error::{Error, Result};
use lockstep_core::event::{EventBatch, SourceSchema};
use lockstep_core::failure::{Failure, taken};
use lockstep_core::row::TypedColumn;
use lockstep_core::tile::Level;
use lockstep_core::value::Value;
use lockstep_store::Store;
use lockstep_store::progress::FILES;
use question::question;
use replay::{Disturbance, Replay, Timeline};
use report::{Comparison, Replayed};
use std::sync::Arc;

/// How parity is to be tested.
#[derive(Debug)]
pub struct Options {
    /// The spine's column that holds each row's time.
    pub as_of: String,
    /// Seed, disorder, copies and batch sizes.
    pub disturbance: Disturbance,
    /// How often the store is closed and opened again.
    pub reopens: u64,
}

/// Opens the only store of a parity run; each call finds what was written before.
pub type OpenStore<'a> = &'a dyn Fn() -> Result<Arc<dyn Store>>;

/// The events of one source, all in memory.
#[derive(Debug)]
pub struct Log {
    /// The source's schema.
    pub schema: Arc<SourceSchema>,
    /// Its events in position order, as a reader returns them with the columns of
    /// [`reading`](crate::admission::arrivals::reading).
    pub batches: Vec<EventBatch>,
}

/// Runs both paths and compares. `progress` is called with the number of spine rows done and their
/// total.
pub fn run(
    catalog: &Arc<Catalog>,
    service: &Service,
    logs: &[Log],
    spine: &RecordBatch,
    options: &Options,
    open_store: OpenStore<'_>,
    progress: &dyn Fn(usize, usize),
) -> Result<Report> {
    let history = service.views.iter().map(|view| {
        let declaration = catalog.views()[view.view].declaration();
        declaration.history_us.saturating_add(declaration.event.skew_us)
    });
    let history = history.min().unwrap_or(0);
    let disorder_us = options.disturbance.disorder_us;
    // Without disorder the watermark is never ahead of a question.
    if disorder_us > 0 && disorder_us >= history / 2 {
        return Err(Error::input(format!(
            "a disorder of {} s needs views with a history of more than twice that; the shortest is {} s; \
             declare a longer history, or lower --disorder",
            disorder_us / 1_000_000,
            history / 1_000_000
        )));
    }
    let trained = train(catalog, service, logs, spine, &options.as_of)?;
    let mut comparison = Comparison::new(catalog, service, &trained)?;
    let requests = Requests::from_spine(service, spine, &options.as_of)?;
    let questions = by_time(catalog, service, &requests);
    let joined = logs.iter().map(join).collect::<Result<Vec<Joined>>>()?;
    let mut found = Vec::new();
    let timelines = joined.iter().zip(logs).map(|(events, log)| {
        let positions = log.batches.iter().flat_map(|batch| batch.positions.iter().copied());
        let positions: Vec<u64> = positions.collect();
        let pairs = conflicts(&log.schema, &events.records, &positions)?;
        let timeline = timeline(&events.records, log, pairs.iter().map(|(_, pair)| pair))?;
        found.extend(pairs.into_iter().map(|(conflict, _)| conflict));
        Ok(timeline)
    });
    let timelines = timelines.collect::<Result<Vec<Timeline>>>()?;
    let replay = Replay::new(&timelines, &options.disturbance);
    let reopen_every = (replay.batches.len() as u64 / (options.reopens + 1)).max(1);

    let open = || {
        let store = open_store()?;
        let stream = StreamHost::open(catalog.clone(), store.clone())?;
        Ok::<_, Error>((stream, OnlineHost::new(catalog.clone(), store, vec![service.clone()])?))
    };
    let mut hosts = Some(open()?);
    let mut asked = 0;
    for (at, complete_until) in replay.complete_until.iter().enumerate() {
        if at > 1 && (at as u64).is_multiple_of(reopen_every) && options.reopens > 0 {
            hosts = None;
        }
        let (stream, online) = match &mut hosts {
            Some(hosts) => hosts,
            None => hosts.insert(open()?),
        };
        // Spine rows before the first event are computed while the store is still empty.
        if let Some(batch) = at.checked_sub(1).map(|before| replay.batches[before].clone()) {
            deliver(&replay, batch, &joined, logs, stream)?;
        }
        while let Some(&(needs, row)) = questions.get(asked) {
            if needs > *complete_until {
                break;
            }
            let request = question(service, &requests, row);
            let as_of = AsOf::At(requests.as_of(row));
            let (vector, reads) = online.get_counted(&service.name, &request, as_of)?;
            comparison.answer(row, &vector, &reads);
            asked += 1;
            progress(asked, questions.len());
        }
    }
    drop(hosts);
    if asked != questions.len() {
        return Err(Error::bug(format!("{} of {} rows were asked", asked, questions.len())));
    }
    let copies = replay.deliveries.iter().filter(|delivery| delivery.again).count() as u64;
    let without_ids = logs.iter().filter(|log| log.schema.id.is_none());
    let without_ids = without_ids.map(|log| log.schema.source.clone()).collect();
    let replayed = Replayed { disorder_us, copies, without_ids, conflicts: found };
    Ok(comparison.finish(&requests, service, levels(catalog, service), replayed))
}

/// The features as the batch host computes them.
fn train(
    catalog: &Catalog,
    service: &Service,
    logs: &[Log],
    spine: &RecordBatch,
    as_of: &str,
) -> Result<Trained> {
    let options = training::Options { as_of: as_of.into(), ..training::Options::default() };
    let mut training = TrainingSet::with(catalog, service, options)?;
    training.spine(spine)?;
    for log in logs {
        for batch in &log.batches {
            training.push(&log.schema.source, batch)?;
        }
    }
    training.finish(spine, &|_, _| {})
}

/// The spine rows, ordered by the time before which all events must have been delivered.
fn by_time(catalog: &Catalog, service: &Service, requests: &Requests) -> Vec<(i64, usize)> {
    let needs = |row: usize| {
        let views = service.views.iter().map(|view| {
            catalog.views()[view.view].declaration().effective(requests.as_of(row)).micros()
        });
        (views.max().unwrap_or(i64::MIN), row)
    };
    let mut questions: Vec<(i64, usize)> = (0..requests.len()).map(needs).collect();
    questions.sort_unstable();
    questions
}

/// All events of a log, and their bad values.
struct Joined {
    records: RecordBatch,
    failures: Vec<Failure>,
}

fn join(log: &Log) -> Result<Joined> {
    let batches = log.batches.iter().map(|batch| &batch.records);
    let schema = arrivals::reading(&log.schema)?.arrow();
    let records = arrow::compute::concat_batches(&schema, batches)
        .map_err(|error| Error::bug("a source's batches do not join").because(error))?;
    let (mut failures, mut before) = (Vec::new(), 0);
    for batch in &log.batches {
        let moved = |failure: &Failure| Failure { row: failure.row + before, ..failure.clone() };
        failures.extend(batch.failures.iter().map(moved));
        before += batch.records.num_rows() as u32;
    }
    Ok(Joined { records, failures })
}

fn timeline<'a>(
    events: &RecordBatch,
    log: &Log,
    conflicts: impl Iterator<Item = &'a Pair>,
) -> Result<Timeline> {
    let times = TypedColumn::new(events.column(log.schema.time))?;
    let time = |row| match times.value(row) {
        Value::Timestamp(micros) => Ok(micros),
        _ => Err(Error::bug("an event without a time passed its reader")),
    };
    let event_times = (0..events.num_rows()).map(time).collect::<Result<_>>()?;
    let behind = conflicts.map(|pair| (pair.second, pair.first)).collect();
    Ok(Timeline { event_times, has_ids: log.schema.id.is_some(), behind })
}

/// Gives one batch of deliveries to the streaming host.
fn deliver(
    replay: &Replay,
    batch: std::ops::Range<usize>,
    joined: &[Joined],
    logs: &[Log],
    stream: &mut StreamHost,
) -> Result<()> {
    let deliveries = &replay.deliveries[batch.clone()];
    let source = deliveries[0].source;
    let rows: UInt64Array = deliveries.iter().map(|d| Some(d.event as u64)).collect();
    let joined = &joined[source];
    let records = arrow::compute::take_record_batch(&joined.records, &rows)
        .map_err(|error| Error::bug("a batch of the replay does not exist").because(error))?;
    let batch = EventBatch {
        records,
        positions: batch.clone().map(|at| at as u64).collect(),
        next_position: batch.end as u64,
        failures: taken(&joined.failures, deliveries.iter().map(|delivery| delivery.event)),
        set_aside: vec![],
    };
    stream.apply(&logs[source].schema.source, FILES, &batch).map(|_| ())
}

/// The levels of the views that a service reads, finest first, and whether any has a base tile.
fn levels(catalog: &Catalog, service: &Service) -> (Vec<Level>, bool) {
    let ladders = || service.views.iter().map(|view| &catalog.views()[view.view].plan.ladder);
    let used = |level: &Level| ladders().any(|ladder| ladder.levels().contains(level));
    let levels = Level::ALL.into_iter().filter(used).collect();
    (levels, ladders().any(|ladder| ladder.has_base()))
}

/// The default disorder: a quarter of the shortest history of the service's views.
pub fn default_disorder_us(catalog: &Catalog, service: &Service) -> i64 {
    let views = service.views.iter().map(|view| catalog.views()[view.view].declaration());
    views.map(|view| view.history_us).min().unwrap_or(0) / 4
}
