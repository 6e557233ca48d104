//! A training set in the making: first the spine is added, then events, then the features are
//! computed.
//!
//! Invariant: the result does not depend on how spine and events are divided into calls.
//! Deliberately absent: reading and writing files.

use super::answers::Answers;
use super::content::Content;
use super::counts::Counts;
use super::joiner::{AllFound, Joiner};
use super::known_keys::KnownKeys;
use super::leaks::{self, Leaks};
use super::options::Options;
use super::trained::{Joined, Trained};
use super::view::View;
use crate::admission::{Admitted, Allowance, Arrived, Counted};
use crate::catalog::Catalog;
use crate::mapping::Mapped;
use crate::online::request::SpineColumns;
use crate::service::Service;
use crate::shuffle::blocks::{Blocks, PARTITIONS};
use crate::shuffle::layout::{Layout, spine_batch};
use crate::shuffle::reading;
use crate::shuffle::room::Room;
use crate::shuffle::worker::Worker;
use arrow::array::{Int64Array, RecordBatch, UInt32Array};
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use lockstep_core::event::{EventBatch, SetAside, SourceSchema};
use lockstep_core::sweep::Sweep;
use lockstep_core::time::{Interval, Time};
use lockstep_source::EventReader;
use std::collections::BTreeMap;

/// The most rows of a spine; row numbers have 32 bits.
pub const SPINE_ROWS_MAX: u32 = u32::MAX;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A training set in the making: first the spine is added, then events.
#[derive(Debug)]
pub struct TrainingSet<'a> {
    catalog: &'a Catalog,
    service: &'a Service,
    options: Options,
    spine_rows: usize,
    views: Vec<View<'a>>,
    sources: BTreeMap<String, Source>,
    room: Room,
    fresh: bool,
    set_aside: Vec<(String, SetAside)>,
    duplicates: u64,
    events: u64,
    allowance: Allowance,
    /// The least and the greatest `as_of` of the spine, in microseconds.
    times: Option<(i64, i64)>,
}

/// What one source needs.
#[derive(Debug, Default)]
struct Source {
    ids: HashMap<Vec<u8>, Admitted>,
    workers: Vec<Worker>,
}

impl<'a> TrainingSet<'a> {
    /// A training set of `service` for the rows of `spine`, whose column `as_of` holds the times;
    /// everything stays in memory.
    pub fn new(
        catalog: &'a Catalog,
        service: &'a Service,
        spine: &RecordBatch,
    ) -> Result<TrainingSet<'a>> {
        let mut training = TrainingSet::with(catalog, service, Options::default())?;
        training.spine(spine)?;
        Ok(training)
    }

    /// A training set of `service` whose spine is added in parts.
    pub fn with(
        catalog: &'a Catalog,
        service: &'a Service,
        options: Options,
    ) -> Result<TrainingSet<'a>> {
        let room = Room::new(options.spill.clone());
        let filled = service.views.len() * (1 + options.workers.max(1));
        let mut views = Vec::new();
        let mut sources = BTreeMap::new();
        for view in &service.views {
            let loaded = &catalog.views()[view.view];
            let sweep = Sweep::new(&loaded.plan.fold, &view.features);
            let layout = Layout::new(&loaded.plan.fold, &sweep.slots(), options.known.is_some());
            let cut = match &options.known {
                Some(_) => None,
                None => Sweep::cut(&loaded.plan.fold, &view.features),
            };
            let (known, spine) = (KnownKeys::default(), Blocks::new(room.block_bytes(filled)));
            let features = &view.features;
            let (index, contents) = (view.view, vec![]);
            let source = loaded.declaration().event.source.clone();
            let id = catalog.source(&source)?.id;
            views.push(View {
                index,
                loaded,
                features,
                sweep,
                cut,
                layout,
                known,
                spine,
                id,
                contents,
            });
            sources.entry(source).or_insert_with(Source::default);
        }
        Ok(TrainingSet {
            catalog,
            service,
            allowance: Allowance::new(options.bad_rows_max),
            options,
            spine_rows: 0,
            views,
            sources,
            room,
            fresh: false,
            set_aside: vec![],
            duplicates: 0,
            events: 0,
            times: None,
        })
    }

    /// Adds the next rows of the spine. The whole spine must be added before the first event.
    pub fn spine(&mut self, spine: &RecordBatch) -> Result<()> {
        for output in &self.service.outputs {
            if spine.column_by_name(&output.name).is_some() {
                return Err(Error::input(format!(
                    "the spine already has a column {:?}, which is a feature's name; rename it",
                    output.name
                ))
                .with_code(Code::DuplicateColumn { column: output.name.clone() }));
            }
        }
        let first = self.spine_rows;
        let columns = SpineColumns::new(self.service, spine, &self.options.as_of, first)?;
        let (first, rows) = (first as u64, spine.num_rows() as u64);
        if first + rows > u64::from(SPINE_ROWS_MAX) {
            return Err(Error::input(format!(
                "the spine has more than {SPINE_ROWS_MAX} rows; cut it into several"
            ))
            .with_code(Code::limit("SPINE_ROWS_MAX", SPINE_ROWS_MAX as usize)));
        }
        for (asked, view) in self.service.views.iter().zip(&mut self.views) {
            let keys = columns.keys(asked, &view.loaded.plan.fold)?;
            keys.iter().flatten().for_each(|key| view.known.insert(key));
            let as_of = Int64Array::new(columns.as_of.values().clone(), None);
            let numbers: UInt32Array =
                (first as u32..(first + rows) as u32).collect::<Vec<_>>().into();
            self.room.take(view.spine.push(spine_batch(keys, as_of, numbers)?)?);
        }
        if self.room.is_short() {
            for view in &mut self.views {
                self.room.relieve(std::slice::from_mut(&mut view.spine))?;
            }
        }
        let times = columns.as_of.values();
        if let (Some(least), Some(most)) = (times.iter().min(), times.iter().max()) {
            self.also_reach(*least, *most);
        }
        self.spine_rows += spine.num_rows();
        Ok(())
    }

    /// Also reads what windows of questions from `first` to `last` would read, in microseconds: the
    /// times of rows that were answered before, or for which no key was found.
    pub fn also_reach(&mut self, first: i64, last: i64) {
        let (low, high) = self.times.unwrap_or((first, last));
        self.times = Some((low.min(first), high.max(last)));
    }

    /// The least and the greatest time of all questions so far, in microseconds.
    pub fn times(&self) -> Option<(i64, i64)> {
        self.times
    }

    /// From now on sums the content of what the windows of all questions can read, and the contents
    /// of `earlier`, by the names of views, once more. The keys that `named` lists, as indices of
    /// views in the catalogue, come from all rows before a time. To be called after the whole spine
    /// was added and before the first event.
    pub fn sum_contents(
        &mut self,
        earlier: Option<&BTreeMap<String, Content>>,
        named: Option<(&[usize], Time)>,
    ) {
        let times =
            self.times.map(|(first, last)| (Time::saturating(first), Time::saturating(last)));
        let arrived_by = self.options.known.as_ref().and(self.times).map(|(_, last)| last);
        for view in &mut self.views {
            let mut range = match times {
                Some((first, last)) => view.sweep.windows(first, last),
                None => Interval { start: Time::MIN, end: Time::MIN },
            };
            if let Some((_, last)) = named.filter(|(named, _)| named.contains(&view.index)) {
                range = Interval { start: Time::MIN, end: range.end.max(last) };
            }
            let own = Content::new(range, arrived_by);
            let again = earlier.and_then(|all| all.get(&view.loaded.declaration().name));
            let all = [own].into_iter().chain(again.map(Content::without_rows));
            view.contents = all.map(Mutex::new).collect();
        }
    }

    /// For each view, by its name, the content of what the windows of all questions can read, and
    /// what was found of its earlier content.
    pub fn contents(&self) -> BTreeMap<String, (Content, Option<Content>)> {
        let of_view = |view: &View<'_>| {
            let name = view.loaded.declaration().name.clone();
            Some((name, (view.content(0)?, view.content(1))))
        };
        self.views.iter().filter_map(of_view).collect()
    }

    /// The event times of `source` that some window of the spine may read; events outside need not
    /// be added. `None` if that is not known.
    pub fn reach(&self, source: &str) -> Option<Interval> {
        let (first, last) = self.times?;
        let (first, last) = (Time::saturating(first), Time::saturating(last));
        self.service.reach(self.catalog, source, first, last)
    }

    /// The columns with which the events of `source` must be read: those declared, and the arrival
    /// times if they matter or the project names their column.
    pub fn schema(&self, source: &str) -> Result<Arc<SourceSchema>> {
        self.options.schema(self.catalog, source)
    }

    /// Fails if the answers fit neither in memory nor on the disk. To be called after the spine was
    /// added and before the work.
    pub fn check_room(&self) -> Result<()> {
        let views = self.service.views.iter().map(|view| view.features.len() as u64);
        let known = self.options.known.as_ref().map_or(0, |_| leaks::inputs(self.service).len());
        let row_bytes: u64 = views.map(|features| 4 + 8 * features).sum::<u64>() + 8 * known as u64;
        self.room.check(self.spine_rows, row_bytes, &|folder: &Path| fs4::available_space(folder))
    }

    /// The sources whose events are needed.
    pub fn sources(&self) -> Vec<String> {
        self.sources.keys().cloned().collect()
    }

    /// Runs each guest call on a fresh instance: slow, for tests of S7.
    pub fn fresh_each_call(&mut self, fresh: bool) {
        self.fresh = fresh;
        let workers = self.sources.values_mut().flat_map(|source| &mut source.workers);
        workers.for_each(|worker| worker.fresh_each_call(fresh));
    }

    /// Makes sure that `source` has at least `wanted` workers.
    fn hire(&mut self, source: &str, wanted: usize) -> Result<()> {
        let Some(known) = self.sources.get_mut(source) else { return Ok(()) };
        while known.workers.len() < wanted {
            let views = self.service.views.iter().map(|view| view.view).collect();
            let filled = self.service.views.len() * (1 + self.options.workers.max(1));
            let block_bytes = self.room.block_bytes(filled);
            let mut worker = Worker::new(self.catalog, views, source, block_bytes)?;
            worker.fresh_each_call(self.fresh);
            known.workers.push(worker);
        }
        Ok(())
    }

    /// Adds events of `source`, in the order of their positions.
    pub fn push(&mut self, source: &str, batch: &EventBatch) -> Result<()> {
        self.hire(source, 1)?;
        let Some(known) = self.sources.get_mut(source) else { return Ok(()) };
        let column = self.options.known.as_deref();
        let counted = Counted::admit(self.catalog, source, column, batch, &mut known.ids)?;
        self.duplicates += counted.duplicates;
        self.events += counted.arrived.records.num_rows() as u64;
        let mut aside = counted.set_aside;
        if let Some(worker) = known.workers.first_mut() {
            let views = &self.views[..];
            let keep =
                |view: usize, mapped: &Mapped, arrived: &Arrived| views[view].take(mapped, arrived);
            let (refused, stopped) =
                worker.map(self.catalog, &keep, &self.room, &counted.arrived)?;
            if let Some(stopped) = stopped.into_iter().next() {
                return Err(stopped.error);
            }
            aside.extend(refused);
        }
        self.set_aside.extend(aside.into_iter().map(|aside| (source.to_string(), aside)));
        Ok(())
    }

    /// Adds all events that `reader` returns for `source`, on all cores. `progress` is called with
    /// the position after each batch. Ends early if more events are set aside than may be; then
    /// [`TrainingSet::is_over`].
    ///
    /// # Errors
    /// If the reader fails, or a view fails by itself, as one that is not pure.
    pub fn read(
        &mut self,
        source: &str,
        reader: &mut dyn EventReader,
        progress: &mut dyn FnMut(u64),
    ) -> Result<()> {
        self.hire(source, self.options.workers.max(1))?;
        let (catalog, views, room) = (self.catalog, &self.views[..], &self.room);
        let Some(known) = self.sources.get_mut(source) else { return Ok(()) };
        let Source { ids, workers } = known;
        let (column, allowance) = (self.options.known.as_deref(), &self.allowance);
        let (mut duplicates, mut events, mut aside) = (0, 0, Vec::new());
        let go_on = |may: bool| if may { Ok(()) } else { Err(over()) };
        let refused = Mutex::new(Vec::new());
        let keep =
            |view: usize, mapped: &Mapped, arrived: &Arrived| views[view].take(mapped, arrived);
        let read = reading::read(
            workers,
            reader,
            &mut |batch| {
                let counted = Counted::admit(catalog, source, column, &batch, ids)?;
                duplicates += counted.duplicates;
                events += counted.arrived.records.num_rows() as u64;
                let may = allowance.takes(counted.set_aside.len());
                aside.extend(counted.set_aside);
                progress(batch.next_position);
                go_on(may).map(|()| counted.arrived)
            },
            &|worker, arrived| {
                worker.refusals_max(allowance.left());
                let (mapped, stopped) = worker.map(catalog, &keep, room, &arrived)?;
                let may = allowance.takes(mapped.len());
                refused.lock().unwrap_or_else(PoisonError::into_inner).extend(mapped);
                match stopped.into_iter().next() {
                    Some(stopped) => Err(stopped.error),
                    None => go_on(may),
                }
            },
        );
        self.duplicates += duplicates;
        self.events += events;
        aside.extend(refused.into_inner().unwrap_or_else(PoisonError::into_inner));
        self.set_aside.extend(aside.into_iter().map(|aside| (source.to_string(), aside)));
        if self.is_over() { Ok(()) } else { read }
    }

    /// Whether more events were set aside than may be, so that there is nothing to join.
    pub fn is_over(&self) -> bool {
        self.allowance.is_exceeded()
    }

    /// What was counted, if there is nothing to join.
    pub fn into_counts(self) -> Counts {
        let times = self.guest_times();
        self.counts(times)
    }

    /// The time in calls to transforms, and in repeats.
    fn guest_times(&self) -> (Duration, Duration) {
        let workers = || self.sources.values().flat_map(|source| &source.workers);
        (workers().map(Worker::guest_time).sum(), workers().map(Worker::repeat_time).sum())
    }

    fn counts(self, (guest, repeats): (Duration, Duration)) -> Counts {
        // Within a batch they are found view by view; sorting removes the effect of batches.
        let mut set_aside = self.set_aside;
        set_aside.sort_by_cached_key(|(source, event)| (source.clone(), event.position));
        Counts {
            set_aside,
            duplicates: self.duplicates,
            events: self.events,
            leakage: vec![],
            spilled: false,
            cut: 0,
            guest,
            repeats,
        }
    }

    /// Computes every feature of every spine row. `progress` is called with the number of
    /// partitions done and their total.
    pub fn join(mut self, progress: &(dyn Fn(usize, usize) + Sync)) -> Result<Joined<'a>> {
        let spilled = self.seal()?;
        let workers = self.options.workers.max(1);
        let TrainingSet { catalog, service, views, sources, room, spine_rows, .. } = &self;
        let (catalog, service) = (*catalog, *service);
        let rows: Vec<Vec<&Blocks>> = (0..views.len())
            .map(|view| {
                let workers = sources.values().flat_map(|source| &source.workers);
                workers.map(|worker| worker.blocks(view)).collect()
            })
            .collect();
        let tasks = largest_first(views, &rows);
        let (total, next, done) = (tasks.len(), AtomicUsize::new(0), AtomicUsize::new(0));
        let work = || {
            let known = self.options.known.as_ref();
            let leaks = known.map(|_| Leaks::new(catalog, service, *spine_rows));
            let sizes = (workers, *spine_rows);
            let mut joiner = Joiner::new(catalog, views, &rows, room, leaks, sizes)?;
            loop {
                let task = tasks.get(next.fetch_add(1, Ordering::Relaxed));
                let Some(&(at, partition)) = task else { return Ok::<_, Error>(joiner.found()) };
                joiner.sweep(at, partition)?;
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, total);
            }
        };
        let found = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            let joined = threads.into_iter().map(|thread| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            joined.collect::<Result<Vec<_>>>()
        })?;
        let AllFound { answers, leaked, cut } =
            AllFound::of(found, catalog, service, room, *spine_rows)?;
        let answers_spilled = answers.iter().any(Answers::is_spilled);
        let leakage = leaked.as_ref().map(|it| it.counts.clone()).unwrap_or_default();
        let times = self.guest_times();
        let (options, spine_rows) = (self.options.clone(), self.spine_rows);
        let spilled = spilled || answers_spilled;
        let counts = Counts { leakage, spilled, cut, ..self.counts(times) };
        Joined::new(catalog, service, options, answers, leaked, spine_rows, counts)
    }

    /// Computes every feature of every row of `spine`, which is the whole of it.
    pub fn finish(
        self,
        spine: &RecordBatch,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Result<Trained> {
        let mut joined = self.join(progress)?;
        let records = joined.next(spine)?;
        let Counts { set_aside, duplicates, events, .. } = joined.counts;
        Ok(Trained { records, set_aside, duplicates, events })
    }

    /// Makes blocks of the remaining rows; returns whether any are on the disk.
    fn seal(&mut self) -> Result<bool> {
        let spine = self.views.iter_mut().map(|view| &mut view.spine);
        let workers = self.sources.values_mut().flat_map(|source| &mut source.workers);
        self.room.seal(spine.chain(workers.flat_map(Worker::all_blocks)).collect())
    }
}

fn over() -> Error {
    Error::input("more events were set aside than may be")
}

/// Every partition of every view, by their indices: those with the most rows first, so that the
/// workers finish together.
fn largest_first(views: &[View<'_>], rows: &[Vec<&Blocks>]) -> Vec<(usize, usize)> {
    let size = |&(at, partition): &(usize, usize)| -> usize {
        let blocks = rows[at].iter().copied().chain([&views[at].spine]);
        blocks.map(|blocks| blocks.rows(partition)).sum()
    };
    let partitions = (0..views.len()).flat_map(|at| (0..PARTITIONS).map(move |it| (at, it)));
    let mut tasks: Vec<(usize, usize)> = partitions.collect();
    tasks.sort_by_cached_key(|task| std::cmp::Reverse(size(task)));
    tasks
}
