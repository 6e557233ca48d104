//! The bulk backfill: a store that holds nothing of a source yet, filled from the source's log.
//!
//! ```text
//! events -> admission -> mapper -> blocks by partition -> partitions in rounds -> tiles -> store
//!               ids ------------------------------------------------------------------> store
//! ```
//!
//! The log is read once, as for a training set, but every key is wanted. Then its last watermark is
//! known, and with it what the store keeps, so each tile is made once, from all its rows, and
//! written once, in the order of keys: first the ids, then view after view in rounds of partitions
//! whose tiles fit in memory together. A round is folded while the one before it is written.
//!
//! Invariant: the store that it leaves has the export of the one that streaming the log would have
//! left (S24). From before the log is read until the last commit the store carries a mark, and
//! hosts refuse it. A rerun reads and maps the log again, and goes on writing behind the last
//! commit. Deliberately absent: stores that hold events of the source already, which the streaming
//! host fills; a limit on the memory of the ids of a source that has them.

mod options;
mod rounds;
mod step;
mod writer;

pub use options::Options;
pub use step::Step;

use self::rounds::{Rounds, Waiting, ends};
use self::writer::Writer;
use crate::admission::Arrived;
use crate::admission::arrivals;
use crate::admission::{Admitted, admit};
use crate::catalog::Catalog;
use crate::ingest::{Applied, check_identity};
use crate::mapping::Mapped;
use crate::shuffle::layout::Layout;
use crate::shuffle::reading;
use crate::shuffle::room::Room;
use crate::shuffle::worker::Worker;
use crate::vector::Identity;
use arrow::array::{RecordBatch, UInt32Array};
use lockstep_core::error::{Error, Result};
use lockstep_core::event::{EventBatch, SetAside};
use lockstep_core::row::Rows;
use lockstep_core::tile::Level;
use lockstep_core::time::Time;
use lockstep_source::EventReader;
use lockstep_store::progress::Progress;
use lockstep_store::unfinished::{FORMAT, Log, Unfinished};
use lockstep_store::{Store, layout};
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use xxhash_rust::xxh3::xxh3_128;

/// Memory that a row may need while its round is folded or written, generously.
const ROUND_ROW_BYTES: usize = 2048;
/// Two rounds are in memory at once, in half of what there is: a third is for waiting rows.
const ROUND_SHARE: usize = 4;
/// Rows of a round where memory has no limit.
const ROUND_ROWS: u64 = 1 << 20;

/// A backfill of one source.
#[derive(Debug)]
pub struct Backfill<'a> {
    catalog: &'a Catalog,
    source: &'a str,
    options: Options,
    round_rows: u64,
    writer: Writer<'a>,
}

impl<'a> Backfill<'a> {
    /// A backfill of a partition of `source`, which ends before the position `until`; none if the
    /// store holds events of the source already. Fails if another artifact filled the store (S23),
    /// or an interrupted backfill was for another position.
    pub fn open(
        catalog: &'a Catalog,
        store: &'a dyn Store,
        source: &'a str,
        partition: &str,
        until: Option<u64>,
        options: Options,
    ) -> Result<Option<Backfill<'a>>> {
        let identity = Identity::of(catalog);
        let mark = {
            let snapshot = store.read()?;
            check_identity(&*snapshot, &identity)?;
            let mark = Unfinished::read(&*snapshot, source)?;
            let mut begun = false;
            snapshot.scan_prefix(&layout::source(source, ""), &mut |_, _| {
                begun = true;
                Ok(false)
            })?;
            match mark {
                None if begun => return Ok(None),
                mark => mark,
            }
        };
        let (partition, log, after) = (partition.to_string(), None, None);
        let mark = match mark {
            None => Unfinished { format: FORMAT, partition, until, log, section: 0, after },
            Some(mark) if (&mark.partition, mark.until) == (&partition, until) => mark,
            Some(mark) => return Err(other_end(source, &mark)),
        };
        let memory =
            options.spill.as_ref().map(|spill| spill.memory_max / ROUND_SHARE / ROUND_ROW_BYTES);
        let round_rows = memory.map_or(ROUND_ROWS, |rows| rows as u64);
        let writer = Writer::new(store, source, identity, mark)?;
        Ok(Some(Backfill { catalog, source, options, round_rows, writer }))
    }

    /// Marks the store as not filled yet: hosts refuse it from now on. [`Backfill::run`] does so
    /// too; a caller with several sources marks all of them first.
    pub fn begin(&mut self) -> Result<()> {
        self.writer.begin()
    }

    /// Sets how many rows a round has and how many bytes a commit, for tests: many small ones meet
    /// more interruptions.
    pub fn cut(&mut self, round_rows: u64, commit_bytes_max: usize) {
        self.round_rows = round_rows;
        self.writer.commit_bytes_max = commit_bytes_max;
    }

    /// Fills the store with all that `reader` has, which begins at position 0. `progress` hears
    /// what is done. What it did counts an interrupted run's part as well.
    pub fn run(
        self,
        reader: &mut dyn EventReader,
        progress: &mut dyn FnMut(Step),
    ) -> Result<Applied> {
        let Backfill { catalog, source, options, round_rows, mut writer } = self;
        writer.begin()?;
        writer.forget_set_aside()?;
        let mut views: Vec<usize> = (0..catalog.views().len()).collect();
        let declaration = |view: usize| catalog.views()[view].declaration();
        views.retain(|view| declaration(*view).event.source == source);
        views.sort_by_key(|view| &declaration(*view).name);
        let room = Room::new(options.spill.clone());
        let block_bytes = room.block_bytes(views.len() * options.workers.max(1));
        let hire = || Worker::new(catalog, views.clone(), source, block_bytes);
        let workers: Vec<Worker> =
            (0..options.workers.max(1)).map(|_| hire()).collect::<Result<_>>()?;
        let layouts: Vec<Layout> = views.iter().map(|view| stored_layout(catalog, *view)).collect();
        let mut reading =
            Reading { catalog, source, views: &views, layouts: &layouts, room, workers };
        let read = reading.run(reader, &mut writer, progress)?;
        if read.progress.position == 0 && !writer.knows_log() {
            return Ok(Applied { sequence: writer.leave_empty()?, ..Applied::default() });
        }
        let applied = Applied {
            events: read.progress.events,
            duplicates: read.progress.duplicates,
            set_aside: read.progress.set_aside,
            first_set_aside: read.first_set_aside,
            sequence: 0,
        };
        let watermark = read.progress.watermark.map_or(Time::MIN, Time::saturating);
        let waiting = (0..views.len()).map(|at| Waiting {
            view: views[at],
            layout: &layouts[at],
            blocks: reading.workers.iter().map(|worker| worker.blocks(at)).collect(),
            retention: catalog.views()[views[at]].plan.ladder.retention(watermark),
        });
        let waiting: Vec<Waiting<'_>> = waiting.collect();
        let rounds = waiting.iter().map(|view| ends(&view.blocks, round_rows)).collect();
        let content = format!("{:032x}", read.content);
        let log = writer.read(Log { progress: read.progress, content, rounds })?;
        let rounds = Rounds::new(catalog, waiting, &log.rounds, 1);

        let mut ids: Vec<(Vec<u8>, Admitted)> = read.ids.into_iter().collect();
        ids.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let entry = |(id, admitted): (Vec<u8>, Admitted)| {
            (layout::event_id(source, &id), admitted.encode())
        };
        writer.section(0, ids.into_iter().map(entry))?;
        rounds.write(options.workers.max(1), &mut writer, progress)?;
        Ok(Applied { sequence: writer.finish()?, ..applied })
    }
}

fn other_end(source: &str, mark: &Unfinished) -> Error {
    let way = match mark.until {
        Some(until) => format!("with --until-position {until}"),
        None => "without --until-position".to_string(),
    };
    Error::input(format!(
        "an interrupted backfill of source {source} ran {way}; run it so again, or delete the store \
         and backfill anew"
    ))
}

/// What a store keeps of the rows of a view.
fn stored_layout(catalog: &Catalog, view: usize) -> Layout {
    let view = &catalog.views()[view];
    let levels = Level::ALL.into_iter().map(Some).chain([None]);
    let mut slots: Vec<usize> =
        levels.flat_map(|level| view.plan.slots_at(level).iter().copied()).collect();
    slots.sort_unstable();
    slots.dedup();
    Layout::new(&view.plan.fold, &slots, false)
}

/// A log on its way into blocks.
struct Reading<'a> {
    catalog: &'a Catalog,
    source: &'a str,
    /// Indices in the catalogue.
    views: &'a [usize],
    layouts: &'a [Layout],
    room: Room,
    workers: Vec<Worker>,
}

/// What reading a log left beside the blocks.
#[derive(Default)]
struct Read {
    ids: HashMap<Vec<u8>, Admitted>,
    progress: Progress,
    content: u128,
    first_set_aside: Option<SetAside>,
}

impl Reading<'_> {
    fn run(
        &mut self,
        reader: &mut dyn EventReader,
        writer: &mut Writer<'_>,
        progress: &mut dyn FnMut(Step),
    ) -> Result<Read> {
        let Reading { catalog, source, views, layouts, room, workers } = self;
        let (catalog, views, layouts, room) = (*catalog, *views, *layouts, &*room);
        let schema = catalog.source(source)?;
        let mut read = Read::default();
        let aside = Mutex::new(Aside { writer, events: 0, first: None });
        let add = |events| aside.lock().unwrap_or_else(PoisonError::into_inner).add(events);
        // Behind the watermark that is known so far a store keeps no more than behind the last one.
        let known = AtomicI64::new(Time::MIN.micros());
        let keep = |at: usize, mapped: &Mapped, _: &Arrived| {
            let watermark = Time::saturating(known.load(Ordering::Relaxed));
            kept(catalog, views[at], &layouts[at], watermark, &mapped.rows)
        };
        let mut admit = |batch: EventBatch| {
            let (batch, arrivals) = arrivals::recorded(schema, &batch)?;
            let admission = admit(schema, &batch, |id| Ok(read.ids.get(id).copied()))?;
            let content = admission.content(schema)?;
            let newest = arrivals::watermark(schema, &batch.positions, arrivals, &admission)?;
            let mut bad = batch.set_aside.clone();
            bad.extend(admission.conflicts);
            let hashes = bad
                .iter()
                .map(|event| xxh3_128(&[&event.position.to_le_bytes(), &event.bytes[..]].concat()));
            read.content = hashes.chain([content]).fold(read.content, u128::wrapping_add);
            add(bad)?;
            read.ids.extend(admission.new_ids);
            let log = &mut read.progress;
            log.position = batch.next_position;
            log.watermark = log.watermark.max(newest);
            log.events += admission.records.num_rows() as u64;
            log.duplicates += admission.duplicates;
            known.fetch_max(log.watermark.unwrap_or(i64::MIN), Ordering::Relaxed);
            progress(Step::Read(log.position));
            Ok(Arrived {
                records: admission.records,
                positions: admission.positions,
                failures: admission.failures,
                arrivals: None,
            })
        };
        reading::read(workers, reader, &mut admit, &|worker, arrived| {
            add(worker.map(catalog, &keep, room, &arrived)?)
        })?;
        let aside = aside.into_inner().unwrap_or_else(PoisonError::into_inner);
        read.progress.set_aside = aside.events;
        read.first_set_aside = aside.first;
        room.seal(workers.iter_mut().flat_map(Worker::all_blocks).collect())?;
        Ok(read)
    }
}

/// The rows of which a store may still keep something, in the form in which they wait.
fn kept(
    catalog: &Catalog,
    view: usize,
    layout: &Layout,
    watermark: Time,
    rows: &Rows,
) -> Result<RecordBatch> {
    let ladder = &catalog.views()[view].plan.ladder;
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

/// Events that are set aside while the log is read.
struct Aside<'w, 'a> {
    writer: &'w mut Writer<'a>,
    events: u64,
    /// The one with the least position.
    first: Option<SetAside>,
}

impl Aside<'_, '_> {
    /// Adds events of one batch; all of one event come together.
    fn add(&mut self, mut events: Vec<SetAside>) -> Result<()> {
        events.sort_by_key(|event| event.position);
        self.events += events.len() as u64;
        let first = self.first.as_ref().map(|first| first.position);
        if let Some(event) = events.first()
            && first.is_none_or(|first| event.position < first)
        {
            self.first = Some(event.clone());
        }
        let of_one_event = |a: &SetAside, b: &SetAside| a.position == b.position;
        events.chunk_by(of_one_event).try_for_each(|events| self.writer.set_aside(events))
    }
}
