//! The first half of a backfill: reads the log, decides which events count, maps them to rows, and
//! puts the rows into blocks, in which they wait in memory or on the disk.
//!
//! Invariant: a later reading of a log counts the same events as the first one, whose decisions it
//! takes over. Deliberately absent: folding the rows into states, which waits until the log's last
//! watermark (how far it has come in event time) is known.

use super::fill::Target;
use super::step::Step;
use super::writer::Writer;
use crate::admission::{Admitted, Allowance, Arrived, admit, arrivals};
use crate::catalog::Catalog;
use crate::mapping::{Mapped, Stopped};
use crate::shuffle::layout::Layout;
use crate::shuffle::reading;
use crate::shuffle::room::Room;
use crate::shuffle::worker::Worker;
use arrow::array::{BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::filter_record_batch;
use lockstep_core::error::{Error, Result};
use lockstep_core::event::{EventBatch, SetAside, SourceSchema};
use lockstep_core::failure::taken;
use lockstep_core::row::Rows;
use lockstep_core::tile::Level;
use lockstep_core::time::Time;
use lockstep_source::EventReader;
use lockstep_store::progress::Progress;
use lockstep_store::rejected::Rejected;
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use xxhash_rust::xxh3::xxh3_128;

/// How it is known which events count.
pub(super) enum Verdicts {
    /// This reading decides.
    First {
        /// The ids of the events that count.
        ids: HashMap<Vec<u8>, Admitted>,
        /// The positions of the events that do not count.
        rejected: Vec<u64>,
    },
    /// An earlier reading has decided already.
    Later {
        /// The positions of the events that do not count.
        rejected: Rejected,
        /// Where that reading ended.
        until: u64,
        /// The watermark that it left.
        watermark: Time,
    },
}

impl Verdicts {
    pub(super) fn first() -> Verdicts {
        Verdicts::First { ids: HashMap::new(), rejected: vec![] }
    }

    pub(super) fn later(rejected: Rejected, until: u64, watermark: Time) -> Verdicts {
        Verdicts::Later { rejected, until, watermark }
    }

    /// What a first reading decided.
    pub(super) fn decided(self) -> (HashMap<Vec<u8>, Admitted>, Rejected) {
        match self {
            Verdicts::First { ids, rejected } => (ids, Rejected::of(rejected)),
            Verdicts::Later { rejected, .. } => (HashMap::new(), rejected),
        }
    }
}

/// What reading a log needs: the views to fill, and the room for their rows.
pub(super) struct Reading<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) source: &'a str,
    pub(super) targets: &'a [Target],
    pub(super) layouts: &'a [Layout],
    pub(super) room: &'a Room,
    /// How many events may be set aside.
    pub(super) allowance: Allowance,
}

/// What reading a log leaves apart from the blocks of rows.
#[derive(Default)]
pub(super) struct Read {
    pub(super) progress: Progress,
    /// A hash of all that was read, by which a rerun notices other files.
    pub(super) content: u128,
    /// The sum over the rows of each target.
    pub(super) contents: Vec<u128>,
    pub(super) first_set_aside: Option<SetAside>,
    /// The views that stopped, which have not all of their rows.
    pub(super) stopped: Vec<Stopped>,
    /// Whether reading ended early, because more events were set aside than may be.
    pub(super) is_over: bool,
}

impl Read {
    pub(super) fn watermark(&self) -> Time {
        self.progress.watermark.map_or(Time::MIN, Time::saturating)
    }
}

impl Reading<'_> {
    pub(super) fn run(
        &self,
        reader: &mut dyn EventReader,
        workers: &mut [Worker],
        writer: &mut Writer<'_>,
        verdicts: &mut Verdicts,
        progress: &mut dyn FnMut(Step),
    ) -> Result<Read> {
        let schema = self.catalog.source(self.source)?;
        let mut read = Read::default();
        let filled = |aside: &SetAside| self.is_filled(aside);
        let allowance = &self.allowance;
        let aside = Aside { writer, filled: &filled, allowance, events: 0, first: None };
        let aside = Mutex::new(aside);
        let stopped: Mutex<Vec<Stopped>> = Mutex::default();
        let add = |events| aside.lock().unwrap_or_else(PoisonError::into_inner).add(events);
        // The last watermark is at least the one known so far, so rows too old for this one need
        // not wait.
        let known = AtomicI64::new(match verdicts {
            Verdicts::First { .. } => Time::MIN.micros(),
            Verdicts::Later { watermark, .. } => watermark.micros(),
        });
        let keep = |at: usize, mapped: &Mapped, _: &Arrived| {
            let watermark = Time::saturating(known.load(Ordering::Relaxed));
            let Target { view, set, .. } = self.targets[at];
            let rows = set.map(|_| self.kept(view, &self.layouts[at], watermark, &mapped.rows));
            rows.transpose()
        };
        let mut admit = |batch: EventBatch| {
            let judged = judge(schema, batch, verdicts, &mut read)?;
            let newest = read.progress.watermark.unwrap_or(i64::MIN);
            known.fetch_max(newest, Ordering::Relaxed);
            add(judged.aside)?;
            progress(Step::Read(read.progress.position));
            Ok(judged.arrived)
        };
        let ended = reading::read(workers, reader, &mut admit, &|worker, arrived| {
            worker.refusals_max(allowance.left());
            let (refused, views) = worker.map(self.catalog, &keep, self.room, &arrived)?;
            stopped.lock().unwrap_or_else(PoisonError::into_inner).extend(views);
            add(refused)
        });
        read.is_over = allowance.is_exceeded();
        if !read.is_over {
            ended?;
        }
        read.stopped = stopped.into_inner().unwrap_or_else(PoisonError::into_inner);
        let aside = aside.into_inner().unwrap_or_else(PoisonError::into_inner);
        read.progress.set_aside = aside.events;
        read.first_set_aside = aside.first;
        read.contents = (0..self.targets.len())
            .map(|at| workers.iter().fold(0u128, |sum, it| sum.wrapping_add(it.content(at))))
            .collect();
        self.room.seal(workers.iter_mut().flat_map(Worker::all_blocks).collect())?;
        Ok(read)
    }

    /// Whether an event was set aside for the source or for a view that is filled.
    fn is_filled(&self, aside: &SetAside) -> bool {
        let Some(view) = &aside.view else { return true };
        let named = |target: &Target| self.catalog.views()[target.view].declaration().name == *view;
        self.targets.iter().any(|target| target.set.is_some() && named(target))
    }

    /// The rows of which a store may still keep something, in the layout of waiting rows.
    fn kept(
        &self,
        view: usize,
        layout: &Layout,
        watermark: Time,
        rows: &Rows,
    ) -> Result<RecordBatch> {
        let ladder = &self.catalog.views()[view].plan.ladder;
        let first = match ladder.has_base() {
            true => None,
            false => ladder.retention(watermark).from.into_iter().min(),
        };
        let late = |row: &u32| {
            let time = Time::saturating(rows.event_time(*row as usize));
            first.is_none_or(|first| time >= first)
        };
        let kept: UInt32Array = (0..rows.len() as u32).filter(late).collect::<Vec<u32>>().into();
        layout.batch(rows, rows.keys(), None, &kept)
    }
}

/// A batch after the decision: the events that count, and those that are set aside.
struct Judged {
    arrived: Arrived,
    aside: Vec<SetAside>,
}

fn judge(
    schema: &SourceSchema,
    batch: EventBatch,
    verdicts: &mut Verdicts,
    read: &mut Read,
) -> Result<Judged> {
    match verdicts {
        Verdicts::First { ids, rejected } => decide(schema, &batch, (ids, rejected), read),
        Verdicts::Later { rejected, until, watermark } => {
            read.progress.watermark = Some(watermark.micros());
            take_verdicts(schema, &batch, (rejected, *until), read)
        }
    }
}

/// Decides which events of a batch count.
fn decide(
    schema: &SourceSchema,
    batch: &EventBatch,
    (ids, rejected): (&mut HashMap<Vec<u8>, Admitted>, &mut Vec<u64>),
    read: &mut Read,
) -> Result<Judged> {
    let (batch, arrivals) = arrivals::recorded(schema, batch)?;
    let admission = admit(schema, &batch, |id| Ok(ids.get(id).copied()))?;
    let content = admission.content(schema)?;
    let newest = arrivals::watermark(schema, &batch.positions, arrivals, &admission)?;
    let mut bad = batch.set_aside.clone();
    bad.extend(admission.conflicts);
    let hashes = bad
        .iter()
        .map(|event| xxh3_128(&[&event.position.to_le_bytes(), &event.bytes[..]].concat()));
    read.content = hashes.chain([content]).fold(read.content, u128::wrapping_add);
    ids.extend(admission.new_ids);
    rejected.extend(admission.rejected);
    let log = &mut read.progress;
    log.position = batch.next_position;
    log.watermark = log.watermark.max(newest);
    log.events += admission.records.num_rows() as u64;
    log.duplicates += admission.duplicates;
    let arrived = Arrived {
        records: admission.records,
        positions: admission.positions,
        failures: admission.failures,
        arrivals: None,
    };
    Ok(Judged { arrived, aside: bad })
}

/// The events of a batch that an earlier reading admitted, up to the position where it ended.
fn take_verdicts(
    schema: &SourceSchema,
    batch: &EventBatch,
    (rejected, until): (&Rejected, u64),
    read: &mut Read,
) -> Result<Judged> {
    let (batch, _) = arrivals::recorded(schema, batch)?;
    let counts = |position: &u64| *position < until && !rejected.contains(*position);
    let keep: BooleanArray = batch.positions.iter().map(|at| Some(counts(at))).collect();
    let records = filter_record_batch(&batch.records, &keep)
        .map_err(|error| Error::bug("a batch could not be filtered").because(error))?;
    let positions: Vec<u64> = batch.positions.iter().copied().filter(counts).collect();
    read.progress.position = batch.next_position.min(until);
    read.progress.events += positions.len() as u64;
    let hashes = positions.iter().map(|position| xxh3_128(&position.to_le_bytes()));
    read.content = hashes.fold(read.content, u128::wrapping_add);
    let kept = (0..batch.positions.len()).filter(|row| counts(&batch.positions[*row]));
    let failures = taken(&batch.failures, kept);
    Ok(Judged { arrived: Arrived { records, positions, failures, arrivals: None }, aside: vec![] })
}

/// The layout of a view's waiting rows: the parts of them that its stored states need.
pub(super) fn stored_layout(catalog: &Catalog, view: usize) -> Layout {
    let view = &catalog.views()[view];
    let levels = Level::ALL.into_iter().map(Some).chain([None]);
    let mut slots: Vec<usize> =
        levels.flat_map(|level| view.plan.slots_at(level).iter().copied()).collect();
    slots.sort_unstable();
    slots.dedup();
    Layout::new(&view.plan.fold, &slots, false)
}

/// Counts and stores the events that are set aside while the log is read.
struct Aside<'w, 'a> {
    writer: &'w mut Writer<'a>,
    filled: &'w (dyn Fn(&SetAside) -> bool + Sync),
    allowance: &'w Allowance,
    events: u64,
    /// The one with the lowest position.
    first: Option<SetAside>,
}

impl Aside<'_, '_> {
    /// Adds set-aside events of one batch. All records of one event must come in one call. Fails
    /// if there are more than may be, after they were added.
    fn add(&mut self, mut events: Vec<SetAside>) -> Result<()> {
        events.retain(self.filled);
        events.sort_by_key(|event| event.position);
        self.events += events.len() as u64;
        let first = self.first.as_ref().map(|first| first.position);
        if let Some(event) = events.first()
            && first.is_none_or(|first| event.position < first)
        {
            self.first = Some(event.clone());
        }
        let of_one_event = |a: &SetAside, b: &SetAside| a.position == b.position;
        events.chunk_by(of_one_event).try_for_each(|events| self.writer.set_aside(events))?;
        match self.allowance.takes(events.len()) {
            true => Ok(()),
            false => Err(Error::input("more events were set aside than may be")),
        }
    }
}
