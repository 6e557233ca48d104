//! Which generations of each view a store holds, and which one is active, that is, serves requests
//! (S23).
//!
//! ```text
//! registered -> filling -> active -> previous -> collected
//!                              ^--------'   going back, while its sets are fed
//! ```
//!
//! A version is an artifact together with a generation for each of its views. Each generation is
//! mapped to a numbered *state set*, whose number is part of the key of its states; two generations
//! with the same rows and the same declaration share one set. Invariant: the stored record names
//! every set in use, and all views of an artifact switch to a version in one commit. Deliberately
//! absent: when a version is completely filled, which the caller knows.

use crate::layout;
use crate::{Snapshot, WriteBatch};
use lockstep_core::Code;
use lockstep_core::error::{Error, Result};
use lockstep_core::generation::Generation;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The version of the stored form. A record of version 1 is one without stopped views.
pub const FORMAT: u32 = 2;
/// The oldest version that can be read.
const FORMAT_MIN: u32 = 1;

/// The number of a state set.
pub type SetNumber = u32;

/// Every version that a store holds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Generations {
    /// [`FORMAT`].
    pub format: u32,
    /// The number for the next set. Numbers are never reused.
    pub next_set: SetNumber,
    /// The versions of each artifact, by its name in the project file.
    pub artifacts: BTreeMap<String, Lineage>,
    /// Sets that no version names any more, whose states are still to be deleted.
    pub garbage: BTreeSet<SetNumber>,
}

impl Default for Generations {
    fn default() -> Generations {
        let (artifacts, garbage) = Default::default();
        Generations { format: FORMAT, next_set: 0, artifacts, garbage }
    }
}

/// The versions of one artifact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Lineage {
    /// The version that serves requests.
    pub active: Option<Version>,
    /// The version that served before. Its states are still updated, so that going back takes one
    /// commit.
    pub previous: Option<Version>,
    /// For each source of the previous version, the watermark after which that version is no longer
    /// kept, in microseconds.
    pub previous_until: BTreeMap<String, i64>,
    /// The version that is being filled.
    pub filling: Option<Version>,
}

/// An artifact with the generations of its views.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// The artifact's digest.
    pub digest: String,
    /// Its views by name.
    pub views: BTreeMap<String, ViewVersion>,
}

/// A view of a version.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ViewVersion {
    /// Its identity.
    pub identity: Generation,
    /// The source whose events it reads.
    pub source: String,
    /// The set of its states. `None` for a view of a previous version whose rows differ from those
    /// of the active one: its states are gone, and going back recomputes them.
    pub set: Option<SetNumber>,
    /// Where and why the view has stopped, if it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stop>,
}

/// Where and why a view has stopped. Its set holds the events before the position, and the view is
/// not fed until something has changed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// The partition of its source in which it stopped.
    pub partition: String,
    /// The set holds the partition's events before this position.
    pub position: u64,
    /// Whether the cause was the machine's, so that the view is tried again.
    pub retry: bool,
    /// Why, for people.
    pub reason: String,
}

impl Version {
    /// Whether it computes the same values as `other`: the same artifact and the same generations.
    pub fn is(&self, other: &Version) -> bool {
        let identities = |version: &Version| {
            let views = version.views.iter();
            views.map(|(name, view)| (name.clone(), view.identity)).collect::<Vec<_>>()
        };
        self.digest == other.digest && identities(self) == identities(other)
    }
}

impl Lineage {
    /// All its versions.
    pub fn versions(&self) -> impl Iterator<Item = &Version> {
        [&self.active, &self.previous, &self.filling].into_iter().flatten()
    }
}

impl Generations {
    /// Reads the record; for an empty store, an empty one.
    pub fn read(snapshot: &dyn Snapshot) -> Result<Generations> {
        let Some(bytes) = snapshot.get(layout::GENERATIONS)? else {
            return Ok(Generations::default());
        };
        let damaged = |error: serde_json::Error| {
            Error::restore("the store's record of generations is damaged; restore the store, or fill a new one")
                .because(error)
        };
        #[derive(Deserialize)]
        struct Form {
            format: u32,
        }
        let Form { format } = serde_json::from_slice(&bytes).map_err(damaged)?;
        if !(FORMAT_MIN..=FORMAT).contains(&format) {
            return Err(Error::input(format!(
                "the store's record of generations has format {format}, and this build reads formats \
                 {FORMAT_MIN} to {FORMAT}; use a matching lockstep, or fill a new store with `lockstep backfill`"
            ))
            .with_code(Code::StoreFormat { found: format }));
        }
        let mut read: Generations = serde_json::from_slice(&bytes).map_err(damaged)?;
        read.format = FORMAT;
        Ok(read)
    }

    /// Adds the record to a batch.
    pub fn write(&self, batch: &mut WriteBatch) -> Result<()> {
        let bytes = serde_json::to_vec(self)
            .map_err(|error| Error::bug("generations have no JSON").because(error))?;
        batch.put(layout::GENERATIONS, bytes)
    }

    /// Allocates a number for a new set.
    pub fn new_set(&mut self) -> SetNumber {
        let number = self.next_set;
        self.next_set += 1;
        number
    }

    /// The digests of all artifacts that some version needs.
    pub fn digests(&self) -> BTreeSet<&str> {
        let versions = self.artifacts.values().flat_map(Lineage::versions);
        versions.map(|version| version.digest.as_str()).collect()
    }

    /// The sets that some version names.
    pub fn sets(&self) -> BTreeSet<SetNumber> {
        let versions = self.artifacts.values().flat_map(Lineage::versions);
        versions.flat_map(|version| version.views.values().filter_map(|view| view.set)).collect()
    }

    /// Marks as garbage the sets in `before` that no version names any more.
    pub fn discard_unnamed(&mut self, before: &BTreeSet<SetNumber>) {
        let named = self.sets();
        self.garbage.extend(before.difference(&named));
    }

    /// Makes the filling version of `artifact` the active one. The version that was active is kept
    /// until `until`, by source; an older one is dropped.
    pub fn switch(&mut self, artifact: &str, until: BTreeMap<String, i64>) {
        let before = self.sets();
        let lineage = self.artifacts.entry(artifact.to_string()).or_default();
        if let Some(next) = lineage.filling.take() {
            lineage.previous = lineage.active.replace(next);
            lineage.previous_until = until;
        }
        self.discard_unnamed(&before);
    }

    /// Makes the previous version of `artifact` active again, and keeps the other as previous.
    /// Returns false, and changes nothing, if one of its views has no states any more.
    pub fn go_back(&mut self, artifact: &str, until: BTreeMap<String, i64>) -> bool {
        let Some(lineage) = self.artifacts.get_mut(artifact) else { return false };
        let whole = |version: &Version| version.views.values().all(|view| view.set.is_some());
        if !lineage.previous.as_ref().is_some_and(whole) {
            return false;
        }
        std::mem::swap(&mut lineage.active, &mut lineage.previous);
        lineage.previous_until = until;
        true
    }

    /// Drops the previous versions that need not be kept any longer: those for which every source's
    /// watermark has passed the recorded one.
    pub fn expire(&mut self, watermark: &dyn Fn(&str) -> i64) {
        let before = self.sets();
        for lineage in self.artifacts.values_mut() {
            let passed = |(source, until): (&String, &i64)| watermark(source) >= *until;
            if lineage.previous.is_some() && lineage.previous_until.iter().all(passed) {
                lineage.previous = None;
                lineage.previous_until.clear();
            }
        }
        self.discard_unnamed(&before);
    }

    /// Records that a view of the active version of `artifact` has stopped.
    pub fn stop(&mut self, artifact: &str, view: &str, stop: Stop) {
        if let Some(view) = self.active_view(artifact, view) {
            view.stopped = Some(stop);
        }
    }

    /// Records that a view of the active version of `artifact`, which had stopped, has been filled
    /// anew in another set.
    pub fn resume(&mut self, artifact: &str, view: &str, set: SetNumber) {
        let before = self.sets();
        if let Some(view) = self.active_view(artifact, view) {
            (view.set, view.stopped) = (Some(set), None);
        }
        self.discard_unnamed(&before);
    }

    fn active_view(&mut self, artifact: &str, view: &str) -> Option<&mut ViewVersion> {
        let active = self.artifacts.get_mut(artifact)?.active.as_mut()?;
        active.views.get_mut(view)
    }

    /// Records that a view of the previous version no longer has the same rows as the active one,
    /// with which it shared a set.
    pub fn part(&mut self, artifact: &str, view: &str) {
        let lineage = self.artifacts.get_mut(artifact);
        let previous = lineage.and_then(|lineage| lineage.previous.as_mut());
        if let Some(view) = previous.and_then(|version| version.views.get_mut(view)) {
            view.set = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;
    use crate::memory::MemoryStore;
    use lockstep_core::generation::Sha;

    fn view(text: &str, set: Option<SetNumber>) -> ViewVersion {
        let identity = Generation {
            declaration: Sha::of(b"d"),
            generation: Sha::of(text.as_bytes()),
            merges_by_guest: false,
        };
        ViewVersion { identity, source: "s".into(), set, stopped: None }
    }

    fn version(digest: &str, sets: &[SetNumber]) -> Version {
        let views = sets.iter().enumerate();
        let views = views.map(|(at, set)| (format!("v{at}"), view(digest, Some(*set))));
        Version { digest: digest.into(), views: views.collect() }
    }

    /// Goal: versions are filled, switched, reverted and collected, and a set that a version still
    /// names is never garbage. Method: the history of one artifact, whose second version shares a
    /// set with the first.
    #[test]
    fn s23_versions_switch_and_go_back() {
        let until = || BTreeMap::from([("s".to_string(), 100)]);
        let mut all = Generations::default();
        let filling = Some(version("one", &[0, 1]));
        all.artifacts.insert("a".into(), Lineage { filling, ..Lineage::default() });
        all.switch("a", until());
        assert_eq!(all.artifacts["a"].active, Some(version("one", &[0, 1])));
        all.artifacts.get_mut("a").unwrap().filling = Some(version("two", &[0, 2]));
        all.switch("a", until());
        assert_eq!(all.digests(), BTreeSet::from(["one", "two"]));
        assert!(all.garbage.is_empty());
        assert!(all.go_back("a", until()));
        assert_eq!(all.artifacts["a"].active, Some(version("one", &[0, 1])));
        all.expire(&|_| 99);
        assert!(all.artifacts["a"].previous.is_some());
        all.expire(&|_| 100);
        assert_eq!((all.artifacts["a"].previous.clone(), all.garbage.clone()), (None, [2].into()));
        assert!(!all.go_back("a", until()));
        all.artifacts.get_mut("a").unwrap().filling = Some(version("three", &[3, 1]));
        all.switch("a", until());
        all.part("a", "v1");
        assert!(!all.go_back("a", until()), "the way back has ended");
        assert_eq!(all.sets(), [0, 1, 3].into());
    }

    /// Goal: the record reads back, and one of another format is refused with its format number.
    #[test]
    fn generations_read_back() {
        let store = MemoryStore::new();
        let mut all = Generations::default();
        assert_eq!(Generations::read(&*store.read().unwrap()).unwrap(), all);
        let active = Some(version("one", &[0]));
        all.artifacts.insert("a".into(), Lineage { active, ..Lineage::default() });
        let mut batch = WriteBatch::new();
        all.write(&mut batch).unwrap();
        store.commit(batch).unwrap();
        assert_eq!(Generations::read(&*store.read().unwrap()).unwrap(), all);
        all.format = 7;
        let mut batch = WriteBatch::new();
        all.write(&mut batch).unwrap();
        store.commit(batch).unwrap();
        let error = Generations::read(&*store.read().unwrap()).unwrap_err();
        assert_eq!(error.code, Code::StoreFormat { found: 7 });
    }

    /// Goal: the stored bytes do not change without a version (docs/FORMAT.md). Method: a record with
    /// every member, as text.
    #[test]
    fn the_layout_is_the_golden_one() {
        let mut all = Generations { next_set: 3, garbage: [1].into(), ..Generations::default() };
        let mut previous = version("old", &[0]);
        previous.views.get_mut("v0").unwrap().set = None;
        let lineage = Lineage {
            active: Some(version("new", &[2])),
            previous: Some(previous),
            previous_until: BTreeMap::from([("s".to_string(), -7)]),
            filling: None,
        };
        all.artifacts.insert("a".into(), lineage);
        let declaration = "18ac3e7343f016890c510e93f935261169d9e3f565436429830faf0934f4f8e4";
        let view = |generation: &str, set: &str| {
            format!(
                r#"{{"identity":{{"declaration":"{declaration}","generation":"{generation}","merges_by_guest":false}},"source":"s","set":{set}}}"#
            )
        };
        let new = view("11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437", "2");
        let old = view("cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4", "null");
        let text = String::from_utf8(serde_json::to_vec(&all).unwrap()).unwrap();
        let golden = format!(
            r#"{{"format":2,"next_set":3,"artifacts":{{"a":{{"active":{{"digest":"new","views":{{"v0":{new}}}}},"previous":{{"digest":"old","views":{{"v0":{old}}}}},"previous_until":{{"s":-7}},"filling":null}}}},"garbage":[1]}}"#
        );
        assert_eq!(text, golden);
    }

    /// Goal: the stored bytes of a stopped view do not change without a version, and a record of the
    /// version before, which has none, is read (docs/FORMAT.md).
    #[test]
    fn a_stopped_view_has_the_golden_bytes() {
        let mut all = Generations::default();
        let lineage = Lineage { active: Some(version("one", &[0])), ..Lineage::default() };
        all.artifacts.insert("a".into(), lineage);
        let before = serde_json::to_string(&all).unwrap();
        let (partition, reason) = ("files".to_string(), "why".to_string());
        all.stop("a", "v0", Stop { partition, position: 7, retry: true, reason });
        let stopped =
            r#","stopped":{"partition":"files","position":7,"retry":true,"reason":"why"}}"#;
        let text = serde_json::to_string(&all).unwrap();
        let golden = before.replace("\"set\":0}", &format!("\"set\":0{stopped}"));
        assert_eq!(text, golden);
        let read = |text: &str| {
            let store = MemoryStore::new();
            let mut batch = WriteBatch::new();
            batch.put(layout::GENERATIONS, text).unwrap();
            store.commit(batch).unwrap();
            Generations::read(&*store.read().unwrap()).unwrap()
        };
        assert_eq!(read(&text), all);
        all.resume("a", "v0", 4);
        assert_eq!((all.sets(), all.garbage.clone()), ([4].into(), [0].into()));
        let old = read(&before.replace("\"format\":2", "\"format\":1"));
        assert_eq!(serde_json::to_string(&old).unwrap(), before);
    }
}
