//! Rounds: groups of partitions whose rows are folded into states together, on all cores, and
//! written in the order of keys. A partition here is a part of a view's rows, divided by the hash
//! of their keys.
//!
//! Invariant: a rerun has the rounds of the first run, although the number of waiting rows may
//! differ; the store holds their bounds in the mark that it carries during a backfill. A round is
//! folded while the one before it is written, and no further ahead. Deliberately absent: dividing a
//! partition.

use super::step::Step;
use super::writer::Writer;
use crate::catalog::Catalog;
use crate::guests::Guests;
use crate::mapping::{Stopped, stops};
use crate::shuffle::blocks::{Blocks, PARTITIONS};
use crate::shuffle::gather::Keyed;
use crate::shuffle::layout::Layout;
use lockstep_core::error::Result;
use lockstep_core::fold::ViewGuests as _;
use lockstep_core::tile::Retention;
use lockstep_store::Entry;
use lockstep_store::bulk::Bulk;
use lockstep_store::generations::SetNumber;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// The entries to write, in the order of their keys.
type Entries = Vec<Entry>;

/// The rows of a view that wait to be folded.
#[derive(Debug)]
pub(super) struct Waiting<'a> {
    /// The state set, the numbered part of the store, that is filled.
    pub(super) set: SetNumber,
    /// The view's index in the catalogue.
    pub(super) view: usize,
    pub(super) layout: &'a Layout,
    pub(super) blocks: Vec<&'a Blocks>,
    /// How far back the store keeps the view's tiles.
    pub(super) retention: Retention,
}

/// All rounds of a backfill.
#[derive(Debug)]
pub(super) struct Rounds<'a> {
    catalog: &'a Catalog,
    views: Vec<Waiting<'a>>,
    /// For each round, the index of its view in `views`, and its partitions.
    rounds: Vec<(usize, Range<usize>)>,
    /// The number of the first round among the sections that are written.
    first_section: u64,
}

/// The partitions before which the rounds of a view end. A round has as many partitions as have at
/// most `rows_max` rows together; a partition with more rows gets a round for itself.
pub(super) fn ends(blocks: &[&Blocks], rows_max: u64) -> Vec<usize> {
    let (mut ends, mut rows) = (vec![], 0);
    for partition in 0..PARTITIONS {
        let more = blocks.iter().map(|block| block.rows(partition) as u64).sum::<u64>();
        if rows > 0 && rows + more > rows_max {
            ends.push(partition);
            rows = 0;
        }
        rows += more;
    }
    ends.push(PARTITIONS);
    ends
}

impl<'a> Rounds<'a> {
    /// The rounds of `views`, whose ends are in `ends`, for each view.
    pub(super) fn new(
        catalog: &'a Catalog,
        views: Vec<Waiting<'a>>,
        ends: &[Vec<usize>],
        first_section: u64,
    ) -> Rounds<'a> {
        let rounds = ends.iter().enumerate().flat_map(|(view, ends)| {
            let starts = [0].iter().chain(ends);
            starts.zip(ends).map(move |(start, end)| (view, *start..*end))
        });
        Rounds { catalog, rounds: rounds.collect(), views, first_section }
    }

    /// Folds all rounds that are not written yet, and writes them. `stop` is told of a view whose
    /// user-defined aggregate is not pure; the rest of its rounds is left out.
    pub(super) fn write(
        &self,
        workers: usize,
        writer: &mut Writer<'_>,
        progress: &mut dyn FnMut(Step),
        stop: &mut dyn FnMut(Stopped, &mut Writer<'_>) -> Result<()>,
    ) -> Result<()> {
        let total = self.rounds.len() as u64;
        let section = |round: usize| self.first_section + round as u64;
        let left = (0..self.rounds.len()).filter(|round| !writer.is_written(section(*round)));
        let left: Vec<usize> = left.collect();
        let (sender, receiver) = mpsc::sync_channel::<(usize, Result<Entries>)>(0);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let mut stopped = None;
                for round in left {
                    let view = self.rounds[round].0;
                    let folded = match stopped == Some(view) {
                        true => Ok(Entries::new()),
                        false => self.fold(round, workers),
                    };
                    let mut failed = false;
                    if let Err(error) = &folded {
                        // The rounds of one view follow each other.
                        stopped = Some(view);
                        failed = !stops(error);
                    }
                    // The receiver is gone if a commit failed.
                    if sender.send((round, folded)).is_err() || failed {
                        break;
                    }
                }
            });
            for (round, entries) in receiver {
                let entries = match entries {
                    Err(error) if stops(&error) => {
                        let view = self.views[self.rounds[round].0].view;
                        stop(Stopped { view, error }, writer)?;
                        Entries::new()
                    }
                    entries => entries?,
                };
                writer.section(section(round), entries)?;
                progress(Step::Written(round as u64 + 1, total));
            }
            Ok(())
        })
    }

    /// The entries of a round, in the order of their keys.
    fn fold(&self, round: usize, workers: usize) -> Result<Entries> {
        let (at, partitions) = &self.rounds[round];
        let waiting = &self.views[*at];
        let next = AtomicUsize::new(partitions.start);
        let name = &self.catalog.views()[waiting.view].declaration().name;
        let work = || {
            let mut guests = Guests::new(self.catalog)?;
            let plan = &self.catalog.views()[waiting.view].plan;
            let mut bulk =
                Bulk::new(waiting.set, plan, &waiting.retention, guests.of(waiting.view)?);
            loop {
                let partition = next.fetch_add(1, Ordering::Relaxed);
                if partition >= partitions.end {
                    return bulk.finish();
                }
                let Keyed { rows, keys } = Keyed::load(partition, waiting.layout, &waiting.blocks)?;
                for (key, range) in keys {
                    bulk.key(&key, &rows, range)?;
                }
            }
        };
        let mut entries = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            let mut entries = Entries::new();
            for thread in threads {
                let more = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                entries.extend(more.map_err(|error| error.of_view(name))?);
            }
            Ok::<Entries, lockstep_core::error::Error>(entries)
        })?;
        entries.sort_unstable();
        Ok(entries)
    }
}
