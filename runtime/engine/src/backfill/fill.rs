//! A backfill from its opening to its last commit.
//!
//! A log may be read more than once. The first reading decides which events count; it writes the
//! event ids, the rejected positions, the progress and the states. A later reading, a refill, is
//! for a new generation of some views, that is, a new version of what their values depend on. It
//! takes over the decisions of the first reading, and writes only states.
//!
//! Invariant: every commit but the last carries a mark, which records what is written, so that a
//! rerun goes on from there. Deliberately absent: reading (`reading`), folding rows into states
//! (`rounds`) and writing (`writer`).

use super::options::Options;
use super::reading::{Read, Reading, Verdicts, stored_layout};
use super::rounds::{Rounds, Waiting, ends};
use super::step::Step;
use super::writer::{Last, Writer};
use crate::admission::{Admitted, Allowance};
use crate::catalog::Catalog;
use crate::generations::Lineup;
use crate::ingest::{Applied, StoppedView};
use crate::mapping::Stopped;
use crate::shuffle::layout::Layout;
use crate::shuffle::room::Room;
use crate::shuffle::worker::Worker;
use lockstep_core::Code;
use lockstep_core::error::{Error, ErrorKind, Result};
use lockstep_core::generation::Sha;
use lockstep_core::time::Time;
use lockstep_source::EventReader;
use lockstep_store::generations::{SetNumber, Stop};
use lockstep_store::rejected::Rejected;
use lockstep_store::unfinished::{FORMAT, Log, Unfinished};
use lockstep_store::{Entry, Marking, StateStore as _, Store};
use std::sync::Arc;

/// The memory that a row may need while its round is folded or written, a generous estimate.
const ROUND_ROW_BYTES: usize = 2048;
/// The memory divided by this is what one round may take. Two rounds are in memory at once, so they
/// take half of it; a third is for waiting rows.
const ROUND_SHARE: usize = 4;
/// The rows of a round if memory has no limit.
const ROUND_ROWS: u64 = 1 << 20;

/// A view of which a reading fills the states, or only sums the rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    /// Its index in the catalogue.
    pub(crate) view: usize,
    pub(crate) generation: Sha,
    /// The state set, the numbered part of the store, that is filled. None if only the sum over the
    /// view's rows is needed.
    pub(crate) set: Option<SetNumber>,
    /// Whether the view has stopped in an earlier run, so that it is not asked.
    pub(crate) stopped: bool,
}

/// A backfill of one source.
#[derive(Debug)]
pub struct Backfill<'a> {
    catalog: &'a Arc<Catalog>,
    lineup: Lineup,
    source: &'a str,
    round_rows: u64,
    options: Options,
    writer: Writer<'a>,
}

impl<'a> Backfill<'a> {
    /// A backfill of a partition of `source` that ends before the position `until`, or at the end
    /// of the log. None if the store holds events of the source already.
    ///
    /// # Errors
    /// If an interrupted backfill had another partition or another end, or was made with another
    /// version of an artifact.
    pub fn open(
        catalog: &'a Arc<Catalog>,
        store: &'a dyn Store,
        source: &'a str,
        partition: &str,
        until: Option<u64>,
        options: Options,
    ) -> Result<Option<Backfill<'a>>> {
        let (lineup, mark) = {
            let snapshot = store.states()?;
            let mark = snapshot.unfinished(source)?;
            if mark.is_none() && !snapshot.partitions(source)?.is_empty() {
                return Ok(None);
            }
            (Lineup::open(catalog, &snapshot)?, mark)
        };
        let fresh = Unfinished {
            format: FORMAT,
            partition: partition.to_string(),
            until,
            sets: vec![],
            log: None,
            section: 0,
            after: None,
        };
        let mark = match mark {
            None => fresh,
            Some(mark) if (mark.partition.as_str(), mark.until) == (partition, until) => mark,
            Some(mark) => return Err(other_end(source, &mark)),
        };
        let round_rows = round_rows(&options);
        let writer = Writer::new(store, Marking::First(source), mark)?;
        Ok(Some(Backfill { catalog, lineup, source, options, round_rows, writer }))
    }

    /// Marks the store as not filled yet, so that hosts refuse it from now on. [`Backfill::run`]
    /// does this too; a caller with several sources marks all of them first.
    pub fn begin(&mut self) -> Result<()> {
        self.writer.begin(&mut |batch| self.lineup.write(self.catalog, batch))?;
        self.lineup.written();
        Ok(())
    }

    /// Sets how many rows a round has and how many bytes a commit has. It is for tests: with many
    /// small rounds and commits, a run can be interrupted at more places.
    pub fn cut(&mut self, round_rows: u64, commit_bytes_max: usize) {
        self.round_rows = round_rows;
        self.writer.commit_bytes_max = commit_bytes_max;
    }

    /// Fills the store with all events of `reader`, which begins at position 0. `progress` receives
    /// each step. The counts that are returned include those of an interrupted run.
    pub fn run(
        mut self,
        reader: &mut dyn EventReader,
        progress: &mut dyn FnMut(Step),
    ) -> Result<Applied> {
        self.begin()?;
        let Backfill { catalog, mut lineup, source, options, round_rows, mut writer } = self;
        writer.forget_set_aside()?;
        let targets = targets(&lineup, source);
        let mut fill = Fill::new(catalog, source, targets, &options, round_rows)?;
        let mut verdicts = Verdicts::first();
        let mut read = fill.read(reader, &mut writer, &mut verdicts, progress)?;
        if read.is_over {
            let applied = Applied { is_over: true, ..fill.applied(&read) };
            writer.pause()?;
            return Ok(applied);
        }
        if read.progress.position == 0 && !writer.knows_log() {
            return Ok(Applied { sequence: writer.leave_empty()?, ..Applied::default() });
        }
        let mut applied = fill.applied(&read);
        for stopped in std::mem::take(&mut read.stopped) {
            applied.stopped.extend(stop(&mut lineup, stopped, writer.partition()));
        }
        fill.stop(&lineup);
        // Before anything else is written, so that a rerun knows it.
        writer.with(&mut |batch| lineup.write(catalog, batch))?;
        let (ids, rejected) = verdicts.decided();
        let partition = writer.partition().to_string();
        let entry = |(id, admitted): (Vec<u8>, Admitted)| {
            Entry::id(source, &partition, &id, admitted.encode())
        };
        let mut ids: Vec<Entry> = ids.into_iter().map(entry).collect();
        ids.sort_unstable();
        let progress_of = read.progress.clone();
        let mut last =
            fill.write(&mut writer, read, ids.into_iter(), progress, &mut |stopped, writer| {
                applied.stopped.extend(stop(&mut lineup, stopped, writer.partition()));
                writer.with(&mut |batch| lineup.write(catalog, batch))
            })?;
        last.retain(|Filled { set, .. }| {
            let mut views = lineup.active.views.iter();
            views.any(|view| view.set == Some(*set) && view.stopped.is_none())
        });
        let sequence = writer.finish(Last::First { progress: progress_of, rejected }, &last)?;
        Ok(Applied { sequence, ..applied })
    }
}

/// Records that a view has stopped before it held anything. Returns none if that is known: several
/// threads may have found it.
fn stop(lineup: &mut Lineup, stopped: Stopped, partition: &str) -> Option<StoppedView> {
    let Stopped { view, error } = stopped;
    let fed = &lineup.active;
    if fed.views[view].stopped.is_some() {
        return None;
    }
    let (artifact, name) =
        (&fed.views[view].artifact, &fed.catalog.views()[view].declaration().name);
    let found = StoppedView::new((artifact, name), (partition, 0), &error);
    let (retry, reason) = (error.kind == ErrorKind::Retry, error.to_string());
    lineup.stop(0, view, Stop { partition: partition.to_string(), position: 0, retry, reason });
    Some(found)
}

/// The views of the active versions, from which requests are served, that read `source`, each with
/// its state set.
fn targets(lineup: &Lineup, source: &str) -> Vec<Target> {
    let views = lineup.active.catalog.views().iter().zip(&lineup.active.views).enumerate();
    let own = views.filter(|(_, (view, _))| view.declaration().event.source == source);
    own.map(|(view, (_, fed))| {
        let stopped = fed.stopped.is_some();
        Target { view, generation: fed.generation, set: fed.set, stopped }
    })
    .collect()
}

/// A later reading of a source, to fill a new generation of some of its views.
pub(crate) struct Refill<'a> {
    pub(crate) catalog: &'a Arc<Catalog>,
    pub(crate) store: &'a dyn Store,
    pub(crate) source: &'a str,
    pub(crate) partition: &'a str,
    /// The position that the store has reached, where the reading ends.
    pub(crate) until: u64,
    /// The positions of the events that do not count.
    pub(crate) rejected: Rejected,
    pub(crate) watermark: Time,
    pub(crate) targets: Vec<Target>,
    pub(crate) options: Options,
}

impl Refill<'_> {
    /// Reads the log and fills the targets. Returns the sum over the rows of each target, in the
    /// order of the views' names.
    pub(crate) fn run(
        self,
        reader: &mut dyn EventReader,
        progress: &mut dyn FnMut(Step),
    ) -> Result<Vec<u128>> {
        let sets: Vec<SetNumber> = self.targets.iter().filter_map(|target| target.set).collect();
        let stored = self.store.states()?.unfinished_refill(self.source)?;
        let fresh = Unfinished {
            format: FORMAT,
            partition: self.partition.to_string(),
            until: Some(self.until),
            sets: sets.clone(),
            log: None,
            section: 0,
            after: None,
        };
        // A mark with other state sets is of a refill that was given up; its sets are deleted
        // later.
        let mark = stored.filter(|mark| (&mark.sets, mark.until) == (&sets, Some(self.until)));
        let mut writer =
            Writer::new(self.store, Marking::Later(self.source), mark.unwrap_or(fresh))?;
        let round_rows = round_rows(&self.options);
        let mut fill =
            Fill::new(self.catalog, self.source, self.targets, &self.options, round_rows)?;
        let mut verdicts = Verdicts::later(self.rejected, self.until, self.watermark);
        let read = fill.read(reader, &mut writer, &mut verdicts, progress)?;
        if read.progress.position < self.until {
            return Err(Error::input(format!(
                "source {}: the files end at position {}, and the store has read up to {}; bring \
                 back the files that it read",
                self.source, read.progress.position, self.until
            )));
        }
        if let Some(stopped) = read.stopped.first() {
            return Err(stopped.error.clone());
        }
        let contents = read.contents.clone();
        if sets.is_empty() {
            return Ok(contents);
        }
        let mut stop = |stopped: Stopped, _: &mut Writer<'_>| Err(stopped.error);
        let last = fill.write(&mut writer, read, std::iter::empty(), progress, &mut stop)?;
        writer.finish(Last::Later, &last)?;
        Ok(contents)
    }
}

/// What the last commit records of a target.
pub(super) struct Filled {
    /// Its state set.
    pub(super) set: SetNumber,
    pub(super) generation: Sha,
    /// The sum over its rows.
    pub(super) content: u128,
    /// From when on the set answers every question.
    pub(super) sealed: Time,
}

/// The views that are being filled, with the workers that map their rows.
struct Fill<'a> {
    catalog: &'a Catalog,
    source: &'a str,
    targets: Vec<Target>,
    layouts: Vec<Layout>,
    round_rows: u64,
    workers: usize,
    room: Room,
    hired: Vec<Worker>,
    bad_rows_max: Option<u64>,
}

impl<'a> Fill<'a> {
    fn new(
        catalog: &'a Arc<Catalog>,
        source: &'a str,
        mut targets: Vec<Target>,
        options: &Options,
        round_rows: u64,
    ) -> Result<Fill<'a>> {
        targets.sort_by_key(|target| &catalog.views()[target.view].declaration().name);
        let room = Room::new(options.spill.clone());
        let workers = options.workers.max(1);
        let block_bytes = room.block_bytes(targets.len() * workers);
        let views: Vec<usize> = targets.iter().map(|target| target.view).collect();
        let hire = || {
            let mut worker = Worker::new(catalog, views.clone(), source, block_bytes)?;
            worker.sum_contents();
            Ok(worker)
        };
        let mut hired: Vec<Worker> = (0..workers).map(|_| hire()).collect::<Result<_>>()?;
        for target in targets.iter().filter(|target| target.stopped) {
            hired.iter_mut().for_each(|worker| worker.stop(target.view));
        }
        let layouts = views.iter().map(|view| stored_layout(catalog, *view)).collect();
        let bad_rows_max = options.bad_rows_max;
        Ok(Fill {
            catalog,
            source,
            targets,
            layouts,
            round_rows,
            workers,
            room,
            hired,
            bad_rows_max,
        })
    }

    /// What a reading counted.
    fn applied(&self, read: &Read) -> Applied {
        Applied {
            events: read.progress.events,
            duplicates: read.progress.duplicates,
            set_aside: read.progress.set_aside,
            first_set_aside: read.first_set_aside.clone(),
            guest_time: self.hired.iter().map(Worker::guest_time).sum(),
            repeat_time: self.hired.iter().map(Worker::repeat_time).sum(),
            ..Applied::default()
        }
    }

    /// Takes over from the line-up which views have stopped.
    fn stop(&mut self, lineup: &Lineup) {
        for target in &mut self.targets {
            target.stopped |= lineup.active.views[target.view].stopped.is_some();
        }
    }

    fn read(
        &mut self,
        reader: &mut dyn EventReader,
        writer: &mut Writer<'_>,
        verdicts: &mut Verdicts,
        progress: &mut dyn FnMut(Step),
    ) -> Result<Read> {
        let Fill { catalog, source, targets, layouts, room, hired, .. } = self;
        let name = |target: &Target| catalog.views()[target.view].declaration().name.clone();
        let sets = targets.iter().filter_map(|target| Some((name(target), target.set?)));
        writer.fills(sets.collect());
        let allowance = Allowance::new(self.bad_rows_max);
        let reading = Reading { catalog, source, targets, layouts, room, allowance };
        reading.run(reader, hired, writer, verdicts, progress)
    }

    /// Writes the ids and all rounds. Returns what the last commit is to record of the targets.
    fn write(
        &self,
        writer: &mut Writer<'_>,
        read: Read,
        ids: impl Iterator<Item = Entry>,
        progress: &mut dyn FnMut(Step),
        stop: &mut dyn FnMut(Stopped, &mut Writer<'_>) -> Result<()>,
    ) -> Result<Vec<Filled>> {
        let watermark = read.watermark();
        let filled = self.targets.iter().enumerate();
        let filled = filled.filter_map(|(at, target)| Some((at, target, target.set?)));
        let waiting = filled.clone().map(|(at, target, set)| Waiting {
            set,
            view: target.view,
            layout: &self.layouts[at],
            blocks: self.hired.iter().map(|worker| worker.blocks(at)).collect(),
            retention: self.catalog.views()[target.view].plan.ladder.retention(watermark),
        });
        // The entries are written in the order of their keys, which begin with the set's number.
        let mut waiting: Vec<Waiting<'_>> = waiting.collect();
        waiting.sort_by_key(|waiting| waiting.set);
        let rounds = waiting.iter().map(|view| ends(&view.blocks, self.round_rows)).collect();
        let content = format!("{:032x}", read.content);
        let log = writer.read(Log { progress: read.progress, content, rounds })?;
        let rounds = Rounds::new(self.catalog, waiting, &log.rounds, 1);
        writer.section(0, ids)?;
        rounds.write(self.workers, writer, progress, stop)?;
        let whole = filled.filter(|(_, target, _)| !target.stopped);
        let last = whole.map(|(at, target, set)| {
            let ladder = &self.catalog.views()[target.view].plan.ladder;
            let sealed = ladder.retention(watermark).sealed;
            Filled { set, generation: target.generation, content: read.contents[at], sealed }
        });
        Ok(last.collect())
    }
}

fn round_rows(options: &Options) -> u64 {
    let memory =
        options.spill.as_ref().map(|spill| spill.memory_max / ROUND_SHARE / ROUND_ROW_BYTES);
    memory.map_or(ROUND_ROWS, |rows| rows as u64)
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
    .with_code(Code::BackfillUnfinished { source: source.to_string() })
}
