//! The writer of a backfill: writes entries in the order of their keys, in commits that each carry
//! a mark of how far it has come. The entries come in numbered sections: first the event ids, then
//! one section for each round of states.
//!
//! Invariant: the mark of a commit states exactly which entries the store holds, so a rerun skips
//! them and no key is written twice. Set-aside events (kept with the reason, outside the values)
//! are the exception: they are written while the log is read, and count as written only if the log
//! was read to its end. Deliberately absent: making the entries.

use super::fill::Filled;
use crate::admission::set_aside;
use lockstep_core::error::{Error, Result};
use lockstep_core::event::SetAside;
use lockstep_store::generations::SetNumber;
use lockstep_store::progress::Progress;
use lockstep_store::rejected::Rejected;
use lockstep_store::set_progress::RowsContent;
use lockstep_store::unfinished::{Log, Unfinished};
use lockstep_store::{Entry, Marking, StateBatch, StateStore as _, Store};
use std::collections::HashMap;

/// The most bytes of a commit, unless a single entry is larger. It is far below the store's limit:
/// larger commits are no faster, and leave sled with more to clean up.
pub(super) const COMMIT_BYTES_MAX: usize = 1 << 20;

/// Writes one source's backfill into a store.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    store: &'a dyn Store,
    marking: Marking<'a>,
    mark: Unfinished,
    /// The state set of each view that is filled, by the view's name.
    sets: HashMap<String, SetNumber>,
    /// Where an earlier run stopped: the section, and the last key written in it.
    written: (u64, Option<Vec<u8>>),
    batch: StateBatch,
    /// The last key that was added to the batch in this section.
    last: Option<Vec<u8>>,
    pub(super) commit_bytes_max: usize,
}

impl<'a> Writer<'a> {
    /// A writer that goes on from `mark`.
    pub(super) fn new(
        store: &'a dyn Store,
        marking: Marking<'a>,
        mark: Unfinished,
    ) -> Result<Writer<'a>> {
        let after = mark.after.as_deref().map(bytes_of).transpose()?;
        Ok(Writer {
            store,
            marking,
            sets: HashMap::new(),
            written: (mark.section, after.clone()),
            last: after,
            mark,
            batch: StateBatch::new(),
            commit_bytes_max: COMMIT_BYTES_MAX,
        })
    }

    /// Marks the store before anything is read, so that a host does not take it for an empty one.
    /// `with` adds to the same commit.
    pub(super) fn begin(
        &mut self,
        with: &mut dyn FnMut(&mut StateBatch) -> Result<()>,
    ) -> Result<()> {
        let marked = match self.marking {
            Marking::First(source) => self.store.states()?.unfinished(source)?.is_some(),
            Marking::Later(source) => self.store.states()?.unfinished_refill(source)?.is_some(),
        };
        if marked {
            return Ok(());
        }
        let mut batch = StateBatch::new();
        batch.mark(self.marking, &self.mark)?;
        with(&mut batch)?;
        self.store.commit_states(batch).map(|_| ())
    }

    /// Removes the mark, if the log is empty.
    pub(super) fn leave_empty(mut self) -> Result<u64> {
        self.batch.unmark(self.marking)?;
        self.store.commit_states(self.batch)
    }

    /// Writes what is waiting, and leaves the mark.
    pub(super) fn pause(mut self) -> Result<()> {
        self.commit()
    }

    /// Adds to the next commit.
    pub(super) fn with(
        &mut self,
        add: &mut dyn FnMut(&mut StateBatch) -> Result<()>,
    ) -> Result<()> {
        add(&mut self.batch)
    }

    /// Sets which state sets are filled, by the views' names.
    pub(super) fn fills(&mut self, sets: HashMap<String, SetNumber>) {
        self.sets = sets;
    }

    fn source(&self) -> &'a str {
        match self.marking {
            Marking::First(source) | Marking::Later(source) => source,
        }
    }

    /// The partition that is read.
    pub(super) fn partition(&self) -> &str {
        &self.mark.partition
    }

    /// Removes the set-aside events of an earlier run that did not read to the end of the log,
    /// since the files may have changed.
    pub(super) fn forget_set_aside(&mut self) -> Result<()> {
        if self.mark.log.is_some() {
            return Ok(());
        }
        let old = self.store.states()?.all_set_aside(self.source(), &self.mark.partition)?;
        for deleted in old.into_iter() {
            self.make_room(deleted.len())?;
            self.batch.delete(deleted)?;
        }
        Ok(())
    }

    /// Adds the records of one event that was set aside, for its source or for views.
    pub(super) fn set_aside(&mut self, of_one_event: &[SetAside]) -> Result<()> {
        if self.mark.log.is_some() {
            return Ok(());
        }
        let records = set_aside::records(of_one_event);
        let records = records.ok_or_else(|| Error::bug("one event's records have no limit"))?;
        self.make_room(records.iter().map(Vec::len).sum())?;
        let partition = self.mark.partition.clone();
        let set = |view: &str| self.sets.get(view).copied();
        let source = self.source();
        set_aside::write(&mut self.batch, (source, &partition), of_one_event, records, &set)
    }

    /// Records what was read. Returns what the first run recorded, whose rounds are used. Fails if
    /// this run read something else.
    pub(super) fn read(&mut self, log: Log) -> Result<&Log> {
        match &self.mark.log {
            None => {
                self.mark.log = Some(log.clone());
                self.commit()?;
            }
            Some(old) if (&old.progress, &old.content) == (&log.progress, &log.content) => {}
            Some(old) => {
                return Err(Error::input(format!(
                    "an interrupted backfill of source {} read {} events up to position {}, and \
                     these files hold others ({} events up to position {}); bring those files \
                     back, or delete the store and backfill anew",
                    self.source(),
                    old.progress.events,
                    old.progress.position,
                    log.progress.events,
                    log.progress.position
                )));
            }
        }
        self.mark.log.as_ref().ok_or_else(|| Error::bug("a mark without its log"))
    }

    /// Whether an earlier run read the log to its end.
    pub(super) fn knows_log(&self) -> bool {
        self.mark.log.is_some()
    }

    /// Whether an earlier run wrote all of this section.
    pub(super) fn is_written(&self, section: u64) -> bool {
        section < self.written.0
    }

    /// Writes a section, whose entries come in the order of their keys.
    pub(super) fn section(
        &mut self,
        section: u64,
        entries: impl IntoIterator<Item = Entry>,
    ) -> Result<()> {
        if self.is_written(section) {
            return Ok(());
        }
        let after = if section == self.written.0 { self.written.1.take() } else { None };
        for entry in entries {
            if after.as_ref().is_some_and(|after| entry.place() <= &after[..]) {
                continue;
            }
            self.make_room(entry.len())?;
            self.last = Some(entry.place().to_vec());
            self.batch.entry(entry)?;
        }
        (self.mark.section, self.last) = (section + 1, None);
        Ok(())
    }

    /// Makes the last commit: the remaining entries, the positions of the state sets, and for a
    /// first reading its results; the mark is removed. Returns the commit's number.
    pub(super) fn finish(mut self, last: Last, filled: &[Filled]) -> Result<u64> {
        let log = self.mark.log.take().ok_or_else(|| Error::bug("a backfill read nothing"))?;
        let (source, partition) = (self.source(), &self.mark.partition);
        self.batch.unmark(self.marking)?;
        let position = log.progress.position;
        if let Last::First { progress, rejected } = last {
            self.batch.progress(source, partition, &progress)?;
            self.batch.rejected(source, partition, &rejected)?;
        }
        let before = self.store.states()?;
        for filled in filled {
            self.batch.position(filled.set, partition, position)?;
            self.batch.sealed(&before, filled.set, filled.sealed)?;
            let content = RowsContent { position, sum: filled.content };
            self.batch.rows_content(&filled.generation, partition, content)?;
        }
        drop(before);
        self.store.commit_states(self.batch)
    }

    /// Commits if the next entry does not fit into the commit.
    fn make_room(&mut self, bytes: usize) -> Result<()> {
        let full = self.batch.bytes() + bytes > self.commit_bytes_max;
        if full && !self.batch.is_empty() { self.commit() } else { Ok(()) }
    }

    fn commit(&mut self) -> Result<()> {
        self.mark.after = self.last.as_deref().map(hex_of);
        self.batch.mark(self.marking, &self.mark)?;
        self.store.commit_states(std::mem::take(&mut self.batch)).map(|_| ())
    }
}

/// What the last commit writes apart from the states.
pub(super) enum Last {
    /// After a first reading: how far it came, and the positions that do not count.
    First { progress: Progress, rejected: Rejected },
    /// After a later reading: nothing.
    Later,
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes_of(hex: &str) -> Result<Vec<u8>> {
    let pair = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
    let bytes = (0..hex.len()).step_by(2).map(pair).collect::<Option<Vec<u8>>>();
    bytes.ok_or_else(|| {
        Error::restore("the store's mark of a backfill is damaged; delete it and backfill anew")
    })
}
