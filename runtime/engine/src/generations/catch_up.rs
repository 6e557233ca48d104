//! Catch-up: brings a new version of an artifact to the positions of a store, and makes it the
//! active version, from which requests are served.
//!
//! ```text
//! view with another declaration:  its source's log is read again, and a new state set is filled
//! view with the same one:         the log is mapped again; if its rows equal those of the active
//!                                 version it adopts that version's set, else it fills a new one
//! then one commit switches all views of the artifact
//! ```
//!
//! To *map* a log is to make a view's rows from its events. A *state set* is a numbered part of the
//! store that holds the states of one view, computed from these rows.
//!
//! Invariant: until the switch the version before stays active, and nothing that it reads is
//! written. A view's states are adopted only if the sums over its rows are equal at the same
//! position, never because a name or a version number is equal. The first reading of a log decides
//! which events count; every later reading takes these decisions over, so the same events count for
//! all generations. Deliberately absent: feeding live events meanwhile; the one process that owns
//! the store either catches up or streams.

use super::lineup::{FedView, Lineup};
use crate::backfill::{Options, Refill, Step, Target};
use crate::catalog::Catalog;
use crate::mapping::stops;
use lockstep_core::Code;
use lockstep_core::error::{Error, Result};
use lockstep_core::event::SourceSchema;
use lockstep_source::EventReader;
use lockstep_store::generations::{Generations, SetNumber, Version};
use lockstep_store::progress::FILES;
use lockstep_store::set_progress::RowsContent;
use lockstep_store::{StateBatch, StateStore as _, Store};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most keys that one commit deletes.
const DELETED_KEYS_MAX: usize = 10_000;

/// An artifact whose new version has caught up and is active now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaughtUp {
    /// Its name in the project file.
    pub artifact: String,
    /// Its digest.
    pub digest: String,
    /// How each of its views caught up, by the view's name.
    pub views: BTreeMap<String, View>,
}

/// How a view caught up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Its rows equal those of the version before, so it uses the same states.
    Adopted,
    /// Its states were computed from the log.
    Filled,
}

/// Opens the files of a source at their first event, to read the columns of the schema. Events at
/// and after the given position are not needed.
pub type OpenFiles<'a> = dyn Fn(&Arc<SourceSchema>, u64) -> Result<Box<dyn EventReader>> + 'a;

/// Brings the wanted version of each artifact of `catalog` to the positions of the store, and makes
/// it the active version. An artifact whose wanted version is active already costs nothing.
/// Afterwards the states that no version needs any more are deleted.
///
/// # Errors
/// With the code [`Code::NotRepeatable`] if a source cannot be read again from its first event.
/// Also if a source's files are no longer those that the store has read.
pub fn catch_up(
    catalog: &Arc<Catalog>,
    store: &dyn Store,
    open: &OpenFiles<'_>,
    options: &Options,
    progress: &mut dyn FnMut(Step),
) -> Result<Vec<CaughtUp>> {
    let mut caught_up = Vec::new();
    loop {
        let mut lineup = Lineup::open(catalog, &store.states()?)?;
        let Some(artifact) = lineup.pending.first().cloned() else {
            if lineup.is_changed() {
                register(&mut lineup, catalog, store)?;
            }
            break;
        };
        check_repeatable(catalog, store, &lineup, &artifact)?;
        register(&mut lineup, catalog, store)?;
        let filling = Filling { catalog, store, artifact: &artifact, open, options };
        caught_up.push(filling.run(&mut lineup, progress)?);
    }
    resume(catalog, store, open, options, progress)?;
    collect(store)?;
    Ok(caught_up)
}

/// Tries once to fill the views that have stopped because the machine failed, each into a new state
/// set from the first event on. A view that stops again stays stopped; so does one whose source
/// cannot be read again.
fn resume(
    catalog: &Arc<Catalog>,
    store: &dyn Store,
    open: &OpenFiles<'_>,
    options: &Options,
    progress: &mut dyn FnMut(Step),
) -> Result<()> {
    let mut lineup = Lineup::open(catalog, &store.states()?)?;
    let stopped = lineup.active.views.iter().enumerate();
    let stopped = stopped.filter(|(_, fed)| fed.stopped.as_ref().is_some_and(|stop| stop.retry));
    let stopped: Vec<(usize, FedView)> = stopped.map(|(view, fed)| (view, fed.clone())).collect();
    for (view, fed) in stopped {
        let catalog = lineup.active.catalog.clone();
        let declaration = catalog.views()[view].declaration();
        let source = &declaration.event.source;
        let (partitions, rejected, watermark) = {
            let snapshot = store.states()?;
            let rejected = snapshot.rejected(source, FILES)?;
            (snapshot.partitions(source)?, rejected, snapshot.watermark(source)?)
        };
        let until = partitions.get(FILES).map_or(0, |it| it.position);
        if until == 0 || partitions.iter().any(|(name, it)| name != FILES && it.position > 0) {
            continue;
        }
        // Until it is filled, the set is garbage, so nothing is left of it if this is interrupted.
        let set = lineup.record.new_set();
        lineup.record.garbage.insert(set);
        lineup.touch();
        register(&mut lineup, &catalog, store)?;
        let target = Target { view, generation: fed.generation, set: Some(set), stopped: false };
        let refill = Refill {
            catalog: &catalog,
            store,
            source,
            partition: FILES,
            until,
            rejected,
            watermark,
            targets: vec![target],
            options: options.clone(),
        };
        let mut reader = open(catalog.source(source)?, until)?;
        match refill.run(&mut *reader, progress) {
            Ok(_) => {
                lineup.record.garbage.remove(&set);
                lineup.record.resume(&fed.artifact, &declaration.name, set);
                lineup.touch();
                register(&mut lineup, &catalog, store)?;
            }
            Err(error) if stops(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Refuses a version that reads a source of which some events did not come from its files, since
/// these events cannot be read again.
fn check_repeatable(
    catalog: &Catalog,
    store: &dyn Store,
    lineup: &Lineup,
    artifact: &str,
) -> Result<()> {
    let snapshot = store.states()?;
    let version = filling(&lineup.record, artifact)?;
    for source in catalog.sources().keys() {
        if !version.views.values().any(|view| view.source == *source) {
            continue;
        }
        let partitions = snapshot.partitions(source)?;
        let other = partitions.iter().find(|(name, it)| *name != FILES && it.position > 0);
        if let Some((partition, reached)) = other {
            return Err(Error::input(format!(
                "artifact {artifact} has changed, and its views must read source {source} again from \
                 the first event; but partition {partition:?} of it, up to position {}, came from a \
                 pipe and cannot be read again; add these events to the source's files and fill a \
                 new store with `lockstep backfill`, or go back to the artifact before",
                reached.position
            ))
            .with_code(Code::NotRepeatable {
                source: source.clone(),
                partition: partition.clone(),
            }));
        }
    }
    Ok(())
}

/// Commits the changes of a line-up, if there are any.
fn register(lineup: &mut Lineup, catalog: &Catalog, store: &dyn Store) -> Result<()> {
    let mut batch = StateBatch::new();
    lineup.write(catalog, &mut batch)?;
    if !batch.is_empty() {
        store.commit_states(batch)?;
        lineup.written();
    }
    Ok(())
}

fn filling<'r>(record: &'r Generations, artifact: &str) -> Result<&'r Version> {
    let lineage = record.artifacts.get(artifact);
    lineage
        .and_then(|lineage| lineage.filling.as_ref())
        .ok_or_else(|| Error::bug("an artifact that catches up has no version"))
}

/// The catch-up of one artifact.
struct Filling<'a> {
    catalog: &'a Arc<Catalog>,
    store: &'a dyn Store,
    artifact: &'a str,
    open: &'a OpenFiles<'a>,
    options: &'a Options,
}

impl Filling<'_> {
    fn run(&self, lineup: &mut Lineup, progress: &mut dyn FnMut(Step)) -> Result<CaughtUp> {
        let sources: Vec<String> = self.catalog.sources().keys().cloned().collect();
        let mut until = BTreeMap::new();
        let mut views = BTreeMap::new();
        for source in &sources {
            until.insert(source.clone(), self.source(source, lineup, &mut views, progress)?);
        }
        let version = filling(&lineup.record, self.artifact)?.clone();
        until.retain(|source, _| version.views.values().any(|view| view.source == *source));
        lineup.record.switch(self.artifact, until);
        lineup.touch();
        register(lineup, self.catalog, self.store)?;
        Ok(CaughtUp { artifact: self.artifact.to_string(), digest: version.digest, views })
    }

    /// Brings the artifact's views of one source to the store's positions. Returns the watermark,
    /// the progress in event time, up to which the version before is kept.
    fn source(
        &self,
        source: &str,
        lineup: &mut Lineup,
        views: &mut BTreeMap<String, View>,
        progress: &mut dyn FnMut(Step),
    ) -> Result<i64> {
        let (reached, rejected, watermark) = {
            let snapshot = self.store.states()?;
            let reached = snapshot.partitions(source)?.remove(FILES);
            let rejected = snapshot.rejected(source, FILES)?;
            (reached, rejected, snapshot.watermark(source)?)
        };
        let kept = watermark.micros().saturating_add(self.catalog.keep_previous_us());
        let mut left = self.targets(source, lineup)?;
        let until = reached.map_or(0, |reached| reached.position);
        while !left.is_empty() && until > 0 {
            let refill = Refill {
                catalog: self.catalog,
                store: self.store,
                source,
                partition: FILES,
                until,
                rejected: rejected.clone(),
                watermark,
                targets: left.clone(),
                options: self.options.clone(),
            };
            let mut reader = (self.open)(self.catalog.source(source)?, until)?;
            let contents = refill.run(&mut *reader, progress)?;
            left = self.adopt(&left, &contents, until, lineup)?;
        }
        let version = filling(&lineup.record, self.artifact)?;
        let active = lineup.record.artifacts[self.artifact].active.as_ref();
        for (name, view) in version.views.iter().filter(|(_, view)| view.source == *source) {
            let before = active.and_then(|active| active.views.get(name));
            let adopted = before.is_some_and(|before| before.set == view.set);
            views.insert(name.clone(), if adopted { View::Adopted } else { View::Filled });
        }
        Ok(kept)
    }

    /// The artifact's views of `source`. Each has a state set to fill, or none if its rows are to
    /// be compared with those of the active version first.
    fn targets(&self, source: &str, lineup: &Lineup) -> Result<Vec<Target>> {
        let version = filling(&lineup.record, self.artifact)?;
        let active = lineup.record.artifacts[self.artifact].active.as_ref();
        let mut targets = Vec::new();
        for (name, view) in version.views.iter().filter(|(_, view)| view.source == *source) {
            let index = self.catalog.view_index(name);
            let index = index.ok_or_else(|| Error::bug("a version's view is not declared"))?;
            let before = active.and_then(|active| active.views.get(name));
            let shared = before.is_some_and(|before| before.set == view.set);
            let set = if shared { None } else { view.set };
            let generation = view.identity.generation;
            targets.push(Target { view: index, generation, set, stopped: false });
        }
        Ok(targets)
    }

    /// Adopts the states of each view whose rows equal those of the active version. Returns the
    /// views whose rows differ, each with a new state set to fill.
    fn adopt(
        &self,
        targets: &[Target],
        contents: &[u128],
        until: u64,
        lineup: &mut Lineup,
    ) -> Result<Vec<Target>> {
        let mut batch = StateBatch::new();
        let mut left = Vec::new();
        let mut names: Vec<(usize, &Target)> = targets.iter().enumerate().collect();
        // The sums over rows come in the order of the views' names.
        names.sort_by_key(|(_, it)| &self.catalog.views()[it.view].declaration().name);
        for ((_, target), sum) in names.into_iter().zip(contents) {
            if target.set.is_some() {
                continue;
            }
            let name = &self.catalog.views()[target.view].declaration().name;
            let active = lineup.record.artifacts[self.artifact].active.as_ref();
            let before = active.and_then(|active| active.views.get(name));
            let before = before.ok_or_else(|| Error::bug("a shared set without its owner"))?;
            let known = self.store.states()?.rows_content(&before.identity.generation, FILES)?;
            let own = RowsContent { position: until, sum: *sum };
            if known == own {
                batch.rows_content(&target.generation, FILES, own)?;
                continue;
            }
            let number: SetNumber = lineup.record.new_set();
            let lineage = lineup.record.artifacts.get_mut(self.artifact);
            let version = lineage.and_then(|lineage| lineage.filling.as_mut());
            if let Some(view) = version.and_then(|version| version.views.get_mut(name)) {
                view.set = Some(number);
            }
            lineup.touch();
            left.push(Target { set: Some(number), ..*target });
        }
        lineup.write(self.catalog, &mut batch)?;
        if !batch.is_empty() {
            self.store.commit_states(batch)?;
            lineup.written();
        }
        Ok(left)
    }
}

/// Deletes the states of the sets that no version names any more, a limited number of keys in each
/// commit, and then the artifacts that no version needs.
fn collect(store: &dyn Store) -> Result<()> {
    let mut record = store.states()?.generations()?;
    while let Some(set) = record.garbage.first().copied() {
        let garbage = store.states()?.garbage(set, DELETED_KEYS_MAX)?;
        let mut batch = StateBatch::new();
        if garbage.is_empty() {
            record.garbage.remove(&set);
            batch.generations(&record)?;
        }
        garbage.into_iter().try_for_each(|deleted| batch.delete(deleted))?;
        store.commit_states(batch)?;
    }
    let needed = record.digests();
    let unneeded = store.states()?.unneeded_artifacts(&|digest| needed.contains(digest))?;
    if unneeded.is_empty() {
        return Ok(());
    }
    let mut batch = StateBatch::new();
    unneeded.into_iter().try_for_each(|deleted| batch.delete(deleted))?;
    store.commit_states(batch).map(|_| ())
}
