//! The line-up of a store: the versions that it feeds.
//!
//! The artifacts that a host is opened with are the wanted ones. Of each, the version that answers
//! may still be an older one, which the store keeps by its digest; the one before that is fed as
//! well, so that going back is one commit. Invariant: nothing here commits. What changes waits in
//! the record and goes into the next commit, together with the events that follow. Deliberately
//! absent: filling a version that has to catch up (`catch_up`).

use super::version::{artifacts, check_judgement, judgement, version};
use crate::catalog::Catalog;
use crate::guests::Guests;
use lockstep_core::error::{Error, Result};
use lockstep_core::event::SourceSchema;
use lockstep_core::generation::Sha;
use lockstep_core::time::Time;
use lockstep_guest::Artifact;
use lockstep_store::generations::{Generations, SetNumber, Version};
use lockstep_store::unfinished::Unfinished;
use lockstep_store::{StateBatch, StateSnapshot};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The versions that a store feeds.
#[derive(Debug)]
pub(crate) struct Lineup {
    /// All versions; what has changed waits for the next commit.
    pub(crate) record: Generations,
    changed: bool,
    /// The judgements of sources that are not recorded yet.
    judgements: BTreeMap<String, String>,
    /// The versions that answer.
    pub(crate) active: Fed,
    /// The versions that answered before.
    pub(crate) previous: Option<Fed>,
    /// The artifacts whose wanted version has to catch up, by name.
    pub(crate) pending: Vec<String>,
    /// The columns with which each source is read.
    schemas: BTreeMap<String, Arc<SourceSchema>>,
}

/// Versions of artifacts, loaded.
#[derive(Debug)]
pub(crate) struct Fed {
    pub(crate) catalog: Arc<Catalog>,
    /// For each view of the catalogue.
    pub(crate) views: Vec<FedView>,
    pub(crate) guests: Guests,
}

/// A view that is fed.
#[derive(Clone, Debug)]
pub(crate) struct FedView {
    /// Its artifact's name.
    pub(crate) artifact: String,
    pub(crate) generation: Sha,
    /// The set of its states; none if its rows have parted from those of the active generation.
    pub(crate) set: Option<SetNumber>,
    /// Whether its rows are folded into the set; not if an active generation does so.
    pub(crate) folds: bool,
}

impl Lineup {
    /// The line-up of a store whose wanted artifacts are those of `wanted`.
    ///
    /// # Errors
    /// If the store's events were admitted otherwise, or an artifact that it keeps is damaged.
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

    /// The columns with which `source` is read: those of all versions that are fed.
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

    /// Whether the record has changed and is not written yet.
    pub(crate) fn is_changed(&self) -> bool {
        self.changed
    }

    /// Notes that the record has changed.
    pub(crate) fn touch(&mut self) {
        self.changed = true;
    }

    /// Puts what has changed into a batch: the record, and the artifacts that it names first.
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

    /// To be called when a batch with [`Lineup::write`] is committed.
    pub(crate) fn written(&mut self) {
        self.changed = false;
        self.judgements.clear();
    }

    /// Joins the columns of all versions. Where those of a previous version contradict the active
    /// ones, it is no longer fed.
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

/// Which versions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Active,
    Previous,
}

impl Fed {
    /// The versions of the wanted artifacts that the record names; none if there is none of the
    /// previous ones.
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
            let folds = known.set.is_some_and(|set| !folded.contains(&set));
            let generation = known.identity.generation;
            Ok(FedView { artifact: name.clone(), generation, set: known.set, folds })
        });
        let views = views.collect::<Result<_>>()?;
        let guests = Guests::new(&catalog)?;
        Ok(Some(Fed { catalog, views, guests }))
    }
}

/// The catalogue of these versions: the wanted one itself if they are its own, else with the
/// artifacts that the store keeps.
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
        let kept = Artifact::from_bytes(artifact.engine(), name, bytes.to_vec())?;
        if kept.digest() != version.digest {
            return Err(lost());
        }
        artifacts.push((name.clone(), kept));
    }
    let mut catalog = Catalog::new(artifacts)?;
    catalog.adopt_settings(wanted)?;
    Ok(Arc::new(catalog))
}

/// The judgements of the wanted sources that the store has not recorded, after a check of those that
/// it has.
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

/// Forgets artifacts that the project no longer names: their sets fall behind from now on.
fn forget_unnamed(record: &mut Generations, named: &BTreeMap<&str, usize>) {
    let before = record.sets();
    record.artifacts.retain(|name, _| named.contains_key(name.as_str()));
    record.discard_unnamed(&before);
}

/// For each source of a version the watermark until which the one before it is kept, if it answers
/// from now on.
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

/// Makes `wanted` the version of `name` that answers, if it is that already, if it was the previous
/// one, or if the store has read nothing of its sources. Otherwise it is registered as the one that
/// catches up; returns false.
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
        // Equal declarations may have equal rows: the states are shared until the rows say otherwise.
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

/// The columns of each source that either catalogue reads.
fn join(active: &Catalog, previous: &Catalog) -> Result<BTreeMap<String, Arc<SourceSchema>>> {
    let mut schemas = BTreeMap::new();
    for (source, schema) in active.sources() {
        let events = [active, previous].into_iter().flat_map(Catalog::views);
        let events = events.map(|view| &view.declaration().event);
        let mut joined = SourceSchema::union(events.filter(|event| event.source == *source))?;
        joined.arrived_at = schema.arrived_at.clone();
        schemas.insert(source.clone(), Arc::new(joined));
    }
    Ok(schemas)
}
