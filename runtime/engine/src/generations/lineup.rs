//! The line-up of a store: the versions of artifacts that it feeds with events.
//!
//! A host is opened with the *wanted* artifacts, those that the project names now. The *active*
//! version of an artifact is the one from which requests are served. It may still be an older one,
//! which the store keeps by its digest; then the wanted version is *pending* until it has caught
//! up. The *previous* version was active before, and is fed as well, so that going back to it is
//! one commit. The states of each view are in a *state set*, a numbered part of the store.
//!
//! Invariant: nothing here commits. Changes wait in the record of versions and go into the next
//! commit, together with the events of that commit. Deliberately absent: filling a version that has
//! to catch up, which is `catch_up`.

use super::version::{artifacts, check_judgement, judgement, version};
use crate::catalog::Catalog;
use crate::guests::Guests;
use lockstep_core::error::{Error, Result};
use lockstep_core::event::SourceSchema;
use lockstep_core::generation::Sha;
use lockstep_core::time::Time;
use lockstep_guest::Artifact;
use lockstep_store::generations::{Generations, SetNumber, Stop, Version};
use lockstep_store::unfinished::Unfinished;
use lockstep_store::{StateBatch, StateSnapshot};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The versions that a store feeds with events.
#[derive(Debug)]
pub(crate) struct Lineup {
    /// The record of all versions. Its changes wait for the next commit.
    pub(crate) record: Generations,
    changed: bool,
    /// For each source, the settings by which its events are admitted, if the store has not
    /// recorded them yet.
    judgements: BTreeMap<String, String>,
    /// The active versions, from which requests are served.
    pub(crate) active: Fed,
    /// The versions that were active before.
    pub(crate) previous: Option<Fed>,
    /// The names of the artifacts whose wanted version has to catch up.
    pub(crate) pending: Vec<String>,
    /// The columns to read of each source, joined over the active and the previous versions; empty
    /// if there is no previous version.
    schemas: BTreeMap<String, Arc<SourceSchema>>,
}

/// Versions of artifacts that are loaded and fed.
#[derive(Debug)]
pub(crate) struct Fed {
    pub(crate) catalog: Arc<Catalog>,
    /// One for each view of the catalogue.
    pub(crate) views: Vec<FedView>,
    pub(crate) guests: Guests,
}

/// A view that is fed with events.
#[derive(Clone, Debug)]
pub(crate) struct FedView {
    /// Its artifact's name.
    pub(crate) artifact: String,
    pub(crate) generation: Sha,
    /// The state set that holds its states. None for a previous version whose rows have parted
    /// from, that is, come to differ from, those of the active version with which it shared a set.
    pub(crate) set: Option<SetNumber>,
    /// Whether its rows are folded into the set. They are not if an active generation folds the
    /// same rows into it, or if the view has stopped.
    pub(crate) folds: bool,
    /// Where and why it has stopped, if it has.
    pub(crate) stopped: Option<Stop>,
}

impl Lineup {
    /// The line-up of a store, given the wanted artifacts.
    ///
    /// # Errors
    /// If the store admitted its events by other settings, or an artifact that it keeps is damaged.
    pub(crate) fn open(wanted: &Arc<Catalog>, snapshot: &StateSnapshot<'_>) -> Result<Lineup> {
        let mut record = snapshot.generations()?;
        let before = record.clone();
        let judgements = judgements(wanted, snapshot)?;
        let named = artifacts(wanted);
        forget_unnamed(&mut record, &named);
        let mut pending = Vec::new();
        for (name, at) in &named {
            let version = version(wanted, *at);
            let until = kept_until(&version, wanted, snapshot);
            if !settle(&mut record, name, version, until, snapshot)? {
                pending.push(name.to_string());
            }
        }
        record.expire(&|source| snapshot.watermark(source).map_or(i64::MIN, Time::micros));
        let active = Fed::of(wanted, &record, Which::Active, snapshot)?;
        let previous = Fed::of(wanted, &record, Which::Previous, snapshot)?;
        let active = active.ok_or_else(|| Error::bug("a store without artifacts"))?;
        let mut lineup = Lineup {
            changed: record != before,
            record,
            judgements,
            active,
            previous,
            pending,
            schemas: BTreeMap::new(),
        };
        lineup.read_columns()?;
        Ok(lineup)
    }

    /// The columns to read of `source`: those that any version fed by the store needs.
    pub(crate) fn schema(&self, source: &str) -> Result<&Arc<SourceSchema>> {
        match self.schemas.get(source) {
            Some(schema) => Ok(schema),
            None => self.active.catalog.source(source),
        }
    }

    /// All versions that are fed, the active ones first.
    pub(crate) fn fed(&mut self) -> impl Iterator<Item = &mut Fed> {
        [Some(&mut self.active), self.previous.as_mut()].into_iter().flatten()
    }

    /// Records that a view of the active versions (`at` is 0) or of the previous ones has stopped.
    /// A previous version that has stopped cannot be gone back to without computing it anew.
    pub(crate) fn stop(&mut self, at: usize, view: usize, stop: Stop) {
        let fed = match (at, &mut self.previous) {
            (0, _) => &mut self.active,
            (_, Some(previous)) => previous,
            (_, None) => return,
        };
        let of = &mut fed.views[view];
        let name = &fed.catalog.views()[view].declaration().name;
        (of.folds, of.stopped) = (false, Some(stop.clone()));
        match at {
            0 => self.record.stop(&of.artifact, name, stop),
            _ => {
                of.set = None;
                self.record.part(&of.artifact, name);
            }
        }
        self.changed = true;
    }

    /// Whether the record has changed and is not written yet.
    pub(crate) fn is_changed(&self) -> bool {
        self.changed
    }

    /// Notes that the record has changed.
    pub(crate) fn touch(&mut self) {
        self.changed = true;
    }

    /// Adds the changes to a batch: the settings of admission, the artifacts that the record names,
    /// and the record.
    pub(crate) fn write(&self, wanted: &Catalog, batch: &mut StateBatch) -> Result<()> {
        for (source, judgement) in &self.judgements {
            batch.judgement(source, judgement)?;
        }
        if !self.changed {
            return Ok(());
        }
        let needed = self.record.digests();
        for (_, artifact) in wanted.artifacts() {
            if needed.contains(artifact.digest()) {
                batch.artifact(artifact.digest(), artifact.bytes())?;
            }
        }
        batch.generations(&self.record)
    }

    /// Must be called after a batch with [`Lineup::write`] is committed.
    pub(crate) fn written(&mut self) {
        self.changed = false;
        self.judgements.clear();
    }

    /// Joins the columns that all versions read. If the columns of the previous versions contradict
    /// those of the active ones, the previous versions are dropped.
    fn read_columns(&mut self) -> Result<()> {
        self.schemas.clear();
        let Some(previous) = &self.previous else { return Ok(()) };
        let joined = join(&self.active.catalog, &previous.catalog);
        match joined {
            Ok(schemas) => self.schemas = schemas,
            Err(_) => {
                let before = self.record.sets();
                for lineage in self.record.artifacts.values_mut() {
                    lineage.previous = None;
                    lineage.previous_until.clear();
                }
                self.record.discard_unnamed(&before);
                self.previous = None;
                self.changed = true;
            }
        }
        Ok(())
    }
}

/// Which versions to load.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Active,
    Previous,
}

impl Fed {
    /// Loads the versions of the wanted artifacts that the record names. Returns none if there are
    /// no previous versions and these were asked for.
    fn of(
        wanted: &Arc<Catalog>,
        record: &Generations,
        which: Which,
        snapshot: &StateSnapshot<'_>,
    ) -> Result<Option<Fed>> {
        let mut versions: BTreeMap<&str, &Version> = BTreeMap::new();
        for (name, lineage) in &record.artifacts {
            let version = match which {
                Which::Active => &lineage.active,
                Which::Previous => &lineage.previous,
            };
            versions.extend(version.as_ref().map(|version| (name.as_str(), version)));
        }
        if which == Which::Previous && versions.is_empty() {
            return Ok(None);
        }
        let catalog = load(wanted, &versions, snapshot)?;
        let folded: BTreeSet<SetNumber> = match which {
            Which::Active => BTreeSet::new(),
            Which::Previous => {
                let active =
                    record.artifacts.values().filter_map(|lineage| lineage.active.as_ref());
                active.flat_map(|it| it.views.values().filter_map(|view| view.set)).collect()
            }
        };
        let views = catalog.views().iter().map(|view| {
            let name = &catalog.artifacts()[view.artifact].0;
            let known = versions[name.as_str()].views.get(&view.declaration().name);
            let known =
                known.ok_or_else(|| Error::bug("a version lacks a view of its artifact"))?;
            let stopped = known.stopped.clone();
            let folds = known.set.is_some_and(|set| !folded.contains(&set)) && stopped.is_none();
            let generation = known.identity.generation;
            Ok(FedView { artifact: name.clone(), generation, set: known.set, folds, stopped })
        });
        let views = views.collect::<Result<_>>()?;
        let guests = Guests::new(&catalog)?;
        Ok(Some(Fed { catalog, views, guests }))
    }
}

/// The catalogue of these versions. It is the wanted one itself if all digests are equal; otherwise
/// it is made with the artifacts that the store keeps.
fn load(
    wanted: &Arc<Catalog>,
    versions: &BTreeMap<&str, &Version>,
    snapshot: &StateSnapshot<'_>,
) -> Result<Arc<Catalog>> {
    let own = |(name, artifact): &(String, Artifact)| {
        versions.get(name.as_str()).is_some_and(|version| version.digest == artifact.digest())
    };
    if wanted.artifacts().iter().all(own) {
        return Ok(wanted.clone());
    }
    let mut artifacts = Vec::new();
    for (name, artifact) in wanted.artifacts() {
        let Some(version) = versions.get(name.as_str()) else { continue };
        if version.digest == artifact.digest() {
            artifacts.push((name.clone(), artifact.clone()));
            continue;
        }
        let lost = || {
            Error::restore(format!(
                "the store lacks artifact {name}, {}, which its states were made with; restore the \
                 store, or fill a new one",
                version.digest
            ))
        };
        let bytes = snapshot.artifact(&version.digest)?.ok_or_else(lost)?;
        let kept = Artifact::of_bytes(artifact.engine(), name, bytes.to_vec())?;
        if kept.digest() != version.digest {
            return Err(lost());
        }
        artifacts.push((name.clone(), kept));
    }
    let mut catalog = Catalog::new(artifacts)?;
    catalog.adopt_settings(wanted)?;
    Ok(Arc::new(catalog))
}

/// Checks the settings of admission of each wanted source against those that the store has
/// recorded. Returns those that it has not recorded yet.
fn judgements(wanted: &Catalog, snapshot: &StateSnapshot<'_>) -> Result<BTreeMap<String, String>> {
    let mut new = BTreeMap::new();
    for source in wanted.sources().keys() {
        let now = judgement(wanted, source)?;
        match snapshot.judgement(source)? {
            Some(stored) => check_judgement(source, &stored, &now)?,
            None => {
                new.insert(source.clone(), now);
            }
        }
    }
    Ok(new)
}

/// Forgets artifacts that the project no longer names, and hands their state sets over for
/// deletion.
fn forget_unnamed(record: &mut Generations, named: &BTreeMap<&str, usize>) {
    let before = record.sets();
    record.artifacts.retain(|name, _| named.contains_key(name.as_str()));
    record.discard_unnamed(&before);
}

/// For each source of `version`, the watermark (the progress in event time) up to which the version
/// before it is kept if `version` becomes active now.
fn kept_until(
    version: &Version,
    wanted: &Catalog,
    snapshot: &StateSnapshot<'_>,
) -> BTreeMap<String, i64> {
    let sources = version.views.values().map(|view| &view.source);
    let until = |source: &String| {
        let reached = snapshot.watermark(source).map_or(i64::MIN, Time::micros);
        (source.clone(), reached.saturating_add(wanted.keep_previous_us()))
    };
    sources.map(until).collect()
}

/// Makes `wanted` the active version of `name`, and returns true, if it is active already, if it
/// was the previous one and going back is still possible, or if there is no active version and the
/// store has read nothing of its sources. Otherwise registers it as the version that has to catch
/// up, and returns false.
fn settle(
    record: &mut Generations,
    name: &str,
    mut wanted: Version,
    until: BTreeMap<String, i64>,
    snapshot: &StateSnapshot<'_>,
) -> Result<bool> {
    let before = record.sets();
    let lineage = record.artifacts.entry(name.to_string()).or_default();
    if lineage.active.as_ref().is_some_and(|active| active.is(&wanted)) {
        lineage.filling = None;
        record.discard_unnamed(&before);
        return Ok(true);
    }
    let previous = lineage.previous.as_ref();
    if previous.is_some_and(|previous| previous.is(&wanted)) {
        lineage.filling = None;
        record.discard_unnamed(&before);
        if record.go_back(name, until) {
            return Ok(true);
        }
    }
    let lineage = record.artifacts.entry(name.to_string()).or_default();
    if lineage.filling.as_ref().is_some_and(|filling| filling.is(&wanted)) {
        return Ok(false);
    }
    let mut read = false;
    for source in wanted.views.values().map(|view| &view.source) {
        let unfinished = snapshot.unfinished(source)?.is_some();
        if unfinished && lineage.active.is_some() {
            return Err(Unfinished::refusal(source));
        }
        read |= unfinished || !snapshot.partitions(source)?.is_empty();
    }
    let active = lineage.active.clone();
    for (view_name, view) in &mut wanted.views {
        let same = active.as_ref().and_then(|active| active.views.get(view_name)).filter(|known| {
            known.identity.declaration == view.identity.declaration
                && (known.identity.generation == view.identity.generation
                    || !view.identity.merges_by_guest)
        });
        // Equal declarations may give equal rows, so the states are shared until the rows are found
        // to differ.
        view.set = same.and_then(|known| known.set);
    }
    let fresh: Vec<String> = wanted
        .views
        .iter()
        .filter(|(_, view)| view.set.is_none())
        .map(|(view_name, _)| view_name.clone())
        .collect();
    for view_name in fresh {
        let number = record.new_set();
        if let Some(view) = wanted.views.get_mut(&view_name) {
            view.set = Some(number);
        }
    }
    let lineage = record.artifacts.entry(name.to_string()).or_default();
    let at_once = lineage.active.is_none() && !read;
    match at_once {
        true => lineage.active = Some(wanted),
        false => lineage.filling = Some(wanted),
    }
    record.discard_unnamed(&before);
    Ok(at_once)
}

/// The columns of each source that the active catalogue reads, joined over both catalogues.
fn join(active: &Catalog, previous: &Catalog) -> Result<BTreeMap<String, Arc<SourceSchema>>> {
    let mut schemas = BTreeMap::new();
    for (source, schema) in active.sources() {
        let events = [active, previous].into_iter().flat_map(Catalog::views);
        let events = events.map(|view| &view.declaration().event);
        let mut joined = SourceSchema::union(events.filter(|event| event.source == *source))?;
        joined.arrived_at = schema.arrived_at.clone();
        joined.notation = schema.notation.clone();
        schemas.insert(source.clone(), Arc::new(joined));
    }
    Ok(schemas)
}
