//! Typed state storage: what hosts keep in a store, in the words of the contract.
//!
//! ```text
//! StateSnapshot   the states that cover these windows of a key, and everything else, at one commit
//! StateBatch      states, ids, verdicts, set-aside events and positions, committed together
//! ```
//!
//! Invariant: this is the only way by which hosts read and write a store, so where things lie
//! (`layout`) is known to this crate alone. Deliberately absent: the byte-level store itself, which
//! tests and backends see.

use crate::base::Base;
use crate::batch::WriteBatch;
use crate::contract::{Snapshot, Store};
use crate::generations::{Generations, SetNumber};
use crate::key::prefix_end;
use crate::layout;
use crate::progress::{self, Progress};
use crate::rejected::Rejected;
use crate::set_progress::{self, RowsContent, set_position, write_set_position};
use crate::tiles::{self, Deltas, TileReads, Wanted};
use crate::unfinished::Unfinished;
use bytes::Bytes;
use lockstep_core::error::Result;
use lockstep_core::fold::{Merged, ViewGuests};
use lockstep_core::generation::Sha;
use lockstep_core::key::EntityKey;
use lockstep_core::tile::Retention;
use lockstep_core::time::Time;
use lockstep_core::view_plan::ViewPlan;
use std::collections::BTreeMap;
use std::ops::Deref;

/// Typed state storage above any store of bytes.
pub trait StateStore {
    /// The state after the newest commit. As for [`Store::read`], drop it soon.
    ///
    /// # Errors
    /// If the store has failed.
    fn states(&self) -> Result<StateSnapshot<'_>>;

    /// Commits a batch, and returns the commit's number once it is durable.
    ///
    /// # Errors
    /// If the store has failed, or fails now.
    fn commit_states(&self, batch: StateBatch) -> Result<u64>;
}

impl<S: Store + ?Sized> StateStore for S {
    fn states(&self) -> Result<StateSnapshot<'_>> {
        Ok(StateSnapshot(self.read()?))
    }

    fn commit_states(&self, batch: StateBatch) -> Result<u64> {
        self.commit(batch.0)
    }
}

/// One state of a store.
pub struct StateSnapshot<'a>(Box<dyn Snapshot + 'a>);

impl StateSnapshot<'_> {
    /// The number of the commit that this state follows; 0 for an empty new store.
    pub fn sequence(&self) -> u64 {
        self.0.sequence()
    }

    /// The state as bytes.
    pub fn bytes(&self) -> &dyn Snapshot {
        &*self.0
    }

    /// Which generations there are, and which one of each view answers.
    pub fn generations(&self) -> Result<Generations> {
        Generations::read(&*self.0)
    }

    /// Something that differs whenever [`StateSnapshot::generations`] does, and is quick to compare.
    pub fn generations_mark(&self) -> Result<Option<Bytes>> {
        self.0.get(layout::GENERATIONS)
    }

    /// The artifact with this digest, if the store keeps it.
    pub fn artifact(&self, digest: &str) -> Result<Option<Bytes>> {
        self.0.get(&layout::artifact(digest))
    }

    /// What the events of a source were judged by at their admission.
    pub fn judgement(&self, source: &str) -> Result<Option<Bytes>> {
        self.0.get(&layout::judged(source))
    }

    /// The files that were read of a source.
    pub fn base(&self, source: &str) -> Result<Option<Base>> {
        Base::read(&*self.0, source)
    }

    /// How far admission is in a source partition.
    pub fn progress(&self, source: &str, partition: &str) -> Result<Progress> {
        Progress::read(&*self.0, source, partition)
    }

    /// The progress of each partition of a source, by name.
    pub fn partitions(&self, source: &str) -> Result<BTreeMap<String, Progress>> {
        progress::partitions(&*self.0, source)
    }

    /// The watermark of a source; `Time::MIN` before any event.
    pub fn watermark(&self, source: &str) -> Result<Time> {
        progress::watermark(&*self.0, source)
    }

    /// The mark of a first backfill of a source that has not come to its end.
    pub fn unfinished(&self, source: &str) -> Result<Option<Unfinished>> {
        Unfinished::read(&*self.0, source)
    }

    /// The mark of a later reading of a source that has not come to its end.
    pub fn unfinished_refill(&self, source: &str) -> Result<Option<Unfinished>> {
        Unfinished::read_at(&*self.0, &layout::refill(source), source)
    }

    /// What is remembered of an event id of a source partition.
    pub fn admitted(&self, source: &str, partition: &str, id: &[u8]) -> Result<Option<Bytes>> {
        self.0.get(&layout::event_id(source, partition, id))
    }

    /// The positions of a source partition whose events do not count.
    pub fn rejected(&self, source: &str, partition: &str) -> Result<Rejected> {
        Rejected::read(&*self.0, source, partition)
    }

    /// The position up to which a state set holds a partition of its source.
    pub fn position(&self, set: SetNumber, partition: &str) -> Result<u64> {
        set_position(&*self.0, set, partition)
    }

    /// What a state set keeps when its source's watermark is `watermark` (S12); without a set, what
    /// a new one would keep.
    pub fn retention(
        &self,
        set: Option<SetNumber>,
        view: &ViewPlan,
        watermark: Time,
    ) -> Result<Retention> {
        match set {
            Some(set) => set_progress::retention(&*self.0, set, view, watermark),
            None => Ok(view.ladder.retention(watermark)),
        }
    }

    /// The content of a generation's rows of a partition.
    pub fn rows_content(&self, generation: &Sha, partition: &str) -> Result<RowsContent> {
        RowsContent::read(&*self.0, generation, partition)
    }

    /// Merges, for each span that is wanted, the states of a key that cover its window as of a time.
    ///
    /// # Errors
    /// If the store no longer holds a boundary of a window exactly (S12): `oldest` gives the oldest
    /// time that is answerable for all views that are asked together.
    #[expect(clippy::too_many_arguments, reason = "one read has these parts")]
    pub fn covering(
        &self,
        set: SetNumber,
        view: &ViewPlan,
        retention: &Retention,
        key: &EntityKey,
        wanted: &Wanted,
        as_of: Time,
        reads: &mut TileReads,
        oldest: &dyn Fn() -> Result<Time>,
    ) -> Result<Merged> {
        tiles::read((&*self.0, set, view), retention, key, wanted, as_of, reads, oldest)
    }

    /// Some of the keys of a state set that no version needs any more, at most so many.
    pub fn garbage(&self, set: SetNumber, keys_max: usize) -> Result<Garbage> {
        let mut keys: Vec<Vec<u8>> = Vec::new();
        let prefixes =
            [layout::tiles_of(set).to_vec(), layout::set_position(set, ""), layout::sealed(set)];
        for prefix in prefixes {
            self.0.scan(&prefix, &prefix_end(&prefix), &mut |key, _| {
                keys.push(key.to_vec());
                Ok(keys.len() < keys_max)
            })?;
        }
        Ok(Garbage(keys))
    }

    /// The artifacts that are kept and that `needed` does not name.
    pub fn unneeded_artifacts(&self, needed: &dyn Fn(&str) -> bool) -> Result<Garbage> {
        let mut keys: Vec<Vec<u8>> = Vec::new();
        let prefix = layout::artifact("");
        self.0.scan_prefix(&prefix, &mut |key, _| {
            if !std::str::from_utf8(&key[prefix.len()..]).is_ok_and(needed) {
                keys.push(key.to_vec());
            }
            Ok(true)
        })?;
        Ok(Garbage(keys))
    }

    /// The records of all events of a source partition that were set aside.
    pub fn all_set_aside(&self, source: &str, partition: &str) -> Result<Garbage> {
        let mut keys: Vec<Vec<u8>> = Vec::new();
        self.0.scan_prefix(&layout::set_aside_of(source, partition), &mut |key, _| {
            keys.push(key.to_vec());
            Ok(true)
        })?;
        Ok(Garbage(keys))
    }
}

/// Things that are to be deleted.
#[derive(Debug)]
pub struct Garbage(Vec<Vec<u8>>);

impl Garbage {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for Garbage {
    type Item = Deleted;
    type IntoIter = std::iter::Map<std::vec::IntoIter<Vec<u8>>, fn(Vec<u8>) -> Deleted>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().map(Deleted as fn(Vec<u8>) -> Deleted)
    }
}

/// One thing that is to be deleted.
#[derive(Debug)]
pub struct Deleted(Vec<u8>);

impl Deleted {
    /// The bytes of its place.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether its place has none, which no place has.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A state or an id on its way into a store, in the order of its place there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    place: Vec<u8>,
    value: Vec<u8>,
}

impl Entry {
    /// An entry for a place.
    pub(crate) fn new(place: Vec<u8>, value: Vec<u8>) -> Entry {
        Entry { place, value }
    }

    /// What is remembered of an event id of a source partition.
    pub fn id(source: &str, partition: &str, id: &[u8], admitted: Vec<u8>) -> Entry {
        Entry::new(layout::event_id(source, partition, id), admitted)
    }

    /// Its place, as bytes that order entries.
    pub fn place(&self) -> &[u8] {
        &self.place
    }

    /// Its bytes, place and value.
    pub fn len(&self) -> usize {
        self.place.len() + self.value.len()
    }

    /// Whether it has none, which no entry has.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The mark of a backfill, and where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marking<'a> {
    /// Of a first backfill of a source, which no host reads meanwhile.
    First(&'a str),
    /// Of a later reading, which only new generations wait for.
    Later(&'a str),
}

impl Marking<'_> {
    fn place(self) -> Vec<u8> {
        match self {
            Marking::First(source) => layout::unfinished(source),
            Marking::Later(source) => layout::refill(source),
        }
    }
}

/// What becomes visible and durable together.
#[derive(Clone, Debug, Default)]
pub struct StateBatch(WriteBatch);

impl Deref for StateBatch {
    type Target = WriteBatch;

    fn deref(&self) -> &WriteBatch {
        &self.0
    }
}

impl StateBatch {
    /// A batch without writes. It still makes a commit.
    pub fn new() -> StateBatch {
        StateBatch::default()
    }

    /// Adds a state or an id.
    pub fn entry(&mut self, entry: Entry) -> Result<()> {
        self.0.put(entry.place, entry.value)
    }

    /// Deletes a thing.
    pub fn delete(&mut self, deleted: Deleted) -> Result<()> {
        self.0.delete(deleted.0)
    }

    /// Merges what a batch of rows adds with the states that `snapshot` holds.
    pub fn states(
        &mut self,
        deltas: Deltas,
        snapshot: &StateSnapshot<'_>,
        views: &[(SetNumber, &ViewPlan)],
        retentions: &[Retention],
        guests: &mut dyn ViewGuests,
    ) -> Result<()> {
        deltas.write(snapshot.bytes(), views, retentions, guests, &mut self.0)
    }

    /// Remembers an event id.
    pub fn id(
        &mut self,
        source: &str,
        partition: &str,
        id: &[u8],
        admitted: Vec<u8>,
    ) -> Result<()> {
        self.entry(Entry::id(source, partition, id, admitted))
    }

    /// Adds positions whose events do not count.
    pub fn rejected(&mut self, source: &str, partition: &str, of: &Rejected) -> Result<()> {
        of.write(source, partition, &mut self.0)
    }

    /// Keeps the record of an event that was set aside, for its source or for a view.
    pub fn set_aside(
        &mut self,
        (source, partition): (&str, &str),
        position: u64,
        view: Option<(SetNumber, &str)>,
        record: Vec<u8>,
    ) -> Result<()> {
        self.0.put(layout::set_aside(source, partition, position, view), record)
    }

    /// Says how far admission is in a source partition.
    pub fn progress(&mut self, source: &str, partition: &str, of: &Progress) -> Result<()> {
        self.0.put(layout::source(source, partition), of.encode()?)
    }

    /// Says how far a state set is in a partition.
    pub fn position(&mut self, set: SetNumber, partition: &str, position: u64) -> Result<()> {
        write_set_position(set, partition, position, &mut self.0)
    }

    /// Says from when on a state set answers every question; `snapshot` is the state before.
    pub fn sealed(
        &mut self,
        snapshot: &StateSnapshot<'_>,
        set: SetNumber,
        sealed: Time,
    ) -> Result<()> {
        set_progress::write_sealed(snapshot.bytes(), set, sealed, &mut self.0)
    }

    /// Records the content of a generation's rows of a partition.
    pub fn rows_content(
        &mut self,
        generation: &Sha,
        partition: &str,
        content: RowsContent,
    ) -> Result<()> {
        content.write(generation, partition, &mut self.0)
    }

    /// Replaces the record of generations.
    pub fn generations(&mut self, generations: &Generations) -> Result<()> {
        generations.write(&mut self.0)
    }

    /// Keeps an artifact by its digest.
    pub fn artifact(&mut self, digest: &str, bytes: &[u8]) -> Result<()> {
        self.0.put(layout::artifact(digest), bytes)
    }

    /// Records what the events of a source are judged by.
    pub fn judgement(&mut self, source: &str, judgement: &str) -> Result<()> {
        self.0.put(layout::judged(source), judgement.as_bytes())
    }

    /// Records the files that were read of a source.
    pub fn base(&mut self, source: &str, base: &Base) -> Result<()> {
        base.write(source, &mut self.0)
    }

    /// Marks a backfill as not finished.
    pub fn mark(&mut self, marking: Marking<'_>, mark: &Unfinished) -> Result<()> {
        self.0.put(marking.place(), mark.encode()?)
    }

    /// Removes the mark of a backfill.
    pub fn unmark(&mut self, marking: Marking<'_>) -> Result<()> {
        self.0.delete(marking.place())
    }
}
