//! The streaming host: live events into tiles, states and source position in one atomic batch.
//!
//! Invariant: after any crash the store holds exactly the events before its position, so replaying
//! from there gives the same bytes as never having crashed. Order, batch size and duplicates do not
//! show in the states (S1, S10). Deliberately absent: finalising, and any clock.

use crate::admission::arrivals;
use crate::admission::set_aside;
use crate::admission::{Admission, Admitted, Arrived, admit, refused};
use crate::catalog::Catalog;
use crate::guests::Guests;
use crate::mapping::Mapper;
use crate::vector::Identity;
use lockstep_core::error::{Error, Result};
use lockstep_core::event::{EventBatch, SetAside, SourceSchema};
use lockstep_core::tile::Retention;
use lockstep_core::time::Time;
use lockstep_core::view_plan::ViewPlan;
use lockstep_source::EventReader;
use lockstep_store::progress::{self, Progress};
use lockstep_store::tiles::Deltas;
use lockstep_store::{Snapshot, Store, WriteBatch, layout};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Events in one commit, bad ones too. A larger batch becomes several commits, so that a commit
/// stays far below the store's limit of bytes.
pub const COMMIT_EVENTS_MAX: usize = 1024;
/// Batches that wait between the reader and the fold.
const QUEUE_BATCHES_MAX: usize = 4;

/// Folds events into a store.
#[derive(Debug)]
pub struct StreamHost {
    catalog: Arc<Catalog>,
    store: Arc<dyn Store>,
    identity: Identity,
    mappers: HashMap<String, Mapper>,
    guests: Guests,
}

/// What a batch is folded with.
struct Fold<'a> {
    partition: &'a str,
    snapshot: &'a dyn Snapshot,
    writes: &'a mut WriteBatch,
}

/// What one batch did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Events admitted.
    pub events: u64,
    /// Identical copies dropped.
    pub duplicates: u64,
    /// Events set aside, for their source or for a view.
    pub set_aside: u64,
    /// The one of them with the least position, for people.
    pub first_set_aside: Option<SetAside>,
    /// The commit sequence at which the batch became visible.
    pub sequence: u64,
}

impl StreamHost {
    /// A host over `store`. Fails if another artifact filled the store (S23).
    pub fn open(catalog: Arc<Catalog>, store: Arc<dyn Store>) -> Result<StreamHost> {
        let identity = Identity::of(&catalog);
        check_identity(&*store.read()?, &identity)?;
        let guests = Guests::new(&catalog)?;
        Ok(StreamHost { catalog, store, identity, mappers: HashMap::new(), guests })
    }

    /// The progress through a partition of `source`.
    pub fn progress(&self, source: &str, partition: &str) -> Result<Progress> {
        Progress::read(&*self.store.read()?, source, partition)
    }

    /// Folds one batch of a partition of `source` and commits it, in parts of at most
    /// [`COMMIT_EVENTS_MAX`], and of fewer where what is set aside is large
    /// ([`SET_ASIDE_COMMIT_BYTES_MAX`](set_aside::SET_ASIDE_COMMIT_BYTES_MAX)). Events
    /// before the store's position were folded before and are skipped.
    pub fn apply(&mut self, source: &str, partition: &str, batch: &EventBatch) -> Result<Applied> {
        let mut total = Applied::default();
        let set_aside = batch.set_aside.iter().map(|event| event.position);
        let mut events: Vec<u64> = batch.positions.iter().copied().chain(set_aside).collect();
        events.sort_unstable();
        let (mut first, mut most) = (0, COMMIT_EVENTS_MAX);
        loop {
            let start = events.get(first).copied().unwrap_or(batch.next_position);
            let end = events.get(first + most).copied().unwrap_or(batch.next_position);
            let Some(applied) = self.commit(source, partition, &batch.between(start, end))? else {
                // Only several events can be too large together, so this ends.
                most = (most.min(events.len() - first) / 2).max(1);
                continue;
            };
            total.events += applied.events;
            total.duplicates += applied.duplicates;
            total.set_aside += applied.set_aside;
            total.first_set_aside = total.first_set_aside.or(applied.first_set_aside);
            total.sequence = applied.sequence;
            if end == batch.next_position {
                return Ok(total);
            }
            first += most;
            most = (2 * most).min(COMMIT_EVENTS_MAX);
        }
    }

    /// Folds one batch and commits it; `None` if what it sets aside is too large for one commit.
    fn commit(
        &mut self,
        source: &str,
        partition: &str,
        batch: &EventBatch,
    ) -> Result<Option<Applied>> {
        let schema = self.catalog.source(source)?.clone();
        let mut writes = WriteBatch::new();
        let (progress, mut applied) = {
            let store = self.store.clone();
            let snapshot = store.read()?;
            let mut progress = Progress::read(&*snapshot, source, partition)?;
            if batch.next_position <= progress.position {
                let sequence = snapshot.sequence();
                return Ok(Some(Applied { sequence, ..Applied::default() }));
            }
            let batch = batch.between(progress.position, batch.next_position);
            let mut fold = Fold { partition, snapshot: &*snapshot, writes: &mut writes };
            match self.fold(&schema, &batch, &mut progress, &mut fold)? {
                Some(applied) => (progress, applied),
                None => return Ok(None),
            }
        };
        writes.put(layout::source(source, partition), progress.encode()?)?;
        for (what, value) in self.identity.entries() {
            writes.put(layout::identity(&what), value.into_bytes())?;
        }
        applied.sequence = self.store.commit(writes)?;
        Ok(Some(applied))
    }

    fn fold(
        &mut self,
        schema: &SourceSchema,
        batch: &EventBatch,
        progress: &mut Progress,
        fold: &mut Fold<'_>,
    ) -> Result<Option<Applied>> {
        let Fold { partition, snapshot, writes } = fold;
        let (partition, snapshot) = (*partition, *snapshot);
        let source = schema.source.as_str();
        let (batch, arrivals) = arrivals::recorded(schema, batch)?;
        let admission = admit(schema, &batch, |id| {
            let stored = snapshot.get(&layout::event_id(source, id))?;
            stored.map(|bytes| Admitted::decode(&bytes).ok_or_else(damaged_id)).transpose()
        })?;
        for (id, admitted) in &admission.new_ids {
            writes.put(layout::event_id(source, id), admitted.encode())?;
        }
        let mut aside: Vec<SetAside> = batch.set_aside.clone();
        aside.extend(admission.conflicts.iter().cloned());

        progress.position = batch.next_position;
        let newest = arrivals::watermark(schema, &batch.positions, arrivals, &admission)?;
        progress.watermark = progress.watermark.max(newest);
        progress.events += admission.records.num_rows() as u64;
        progress.duplicates += admission.duplicates;
        let views = self.catalog.views();
        let watermark = progress::watermark(snapshot, source)?
            .max(progress.watermark.map_or(Time::MIN, Time::saturating));
        let retentions: Vec<Retention> =
            views.iter().map(|view| view.plan.ladder.retention(watermark)).collect();

        let mut deltas = Deltas::default();
        if !self.mappers.contains_key(source) {
            let mapper = Mapper::new(&self.catalog, schema, |_| true)?;
            self.mappers.insert(source.to_string(), mapper);
        }
        let mapper = self.mappers.get_mut(source).expect("inserted above");
        let Admission { records, positions, failures, duplicates, .. } = admission;
        let arrived = Arrived { records, positions, failures, arrivals: None };
        for mapped in mapper.map(&self.catalog, &arrived.records, &arrived.failures)? {
            let view = &views[mapped.view];
            deltas.fold(mapped.view, &view.plan, &retentions[mapped.view], &mapped.rows);
            let name = &view.declaration().name;
            aside.extend(refused(schema, name, &mapped.refused, &arrived)?);
        }
        let Some(records) = set_aside::records(&aside) else { return Ok(None) };
        set_aside::write(writes, source, partition, &aside, records)?;
        progress.set_aside += aside.len() as u64;
        let plans: Vec<&ViewPlan> = views.iter().map(|view| &view.plan).collect();
        deltas.write(snapshot, &plans, &retentions, &mut self.guests, writes)?;
        Ok(Some(Applied {
            events: arrived.records.num_rows() as u64,
            duplicates,
            set_aside: aside.len() as u64,
            first_set_aside: aside.into_iter().min_by_key(|event| event.position),
            sequence: 0,
        }))
    }

    /// Folds all that `reader` has, reading ahead on another thread. `progress` hears of each
    /// batch.
    pub async fn run(
        mut self,
        source: &str,
        partition: &'static str,
        mut reader: Box<dyn EventReader>,
        mut progress: impl FnMut(&Applied) + Send + 'static,
    ) -> Result<StreamHost> {
        let (sender, mut receiver) = tokio::sync::mpsc::channel(QUEUE_BATCHES_MAX);
        let reading = tokio::task::spawn_blocking(move || {
            while let Some(batch) = reader.next()? {
                if sender.blocking_send(batch).is_err() {
                    break;
                }
            }
            Ok::<(), Error>(())
        });
        let source = source.to_string();
        let folding = tokio::task::spawn_blocking(move || {
            while let Some(batch) = receiver.blocking_recv() {
                let applied = self.apply(&source, partition, &batch)?;
                progress(&applied);
            }
            Ok::<StreamHost, Error>(self)
        });
        let died = |error| Error::bug("a thread of the streaming host died").because(error);
        let host = folding.await.map_err(died)??;
        reading.await.map_err(died)??;
        Ok(host)
    }
}

/// Refuses a store that something else filled (S23).
pub(crate) fn check_identity(snapshot: &dyn Snapshot, identity: &Identity) -> Result<()> {
    let prefix = layout::identity("");
    let mut filled = BTreeMap::new();
    snapshot.scan_prefix(&prefix, &mut |name, value| {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        filled.insert(text(&name[prefix.len()..]), text(value));
        Ok(true)
    })?;
    let here: BTreeMap<String, String> = identity.entries().into_iter().collect();
    if filled.is_empty() || filled == here {
        return Ok(());
    }
    // A name that only one of them has counts too: a view that came later would answer zeros.
    let differs = |what: &&String| filled.get(*what) != here.get(*what);
    let what = filled.keys().chain(here.keys()).find(differs).map_or("", String::as_str);
    let shown = |entries: &BTreeMap<String, String>| {
        entries.get(what).map_or_else(|| "none".to_string(), String::clone)
    };
    Err(Error::input(format!(
        "the store was filled with {what} {}, and this is {}; values of both must not mix (S23): \
         use that artifact, or backfill a new store",
        shown(&filled),
        shown(&here)
    )))
}

fn damaged_id() -> Error {
    Error::restore("the store's index of event ids is damaged; backfill a new store")
}
