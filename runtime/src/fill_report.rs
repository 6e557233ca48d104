//! The report of a backfill or a stream: what it did to the store.
//!
//! Invariant: the counts cover all sources that were read. Deliberately absent: progress during the
//! run.

use lockstep_core::event::SetAside;
use lockstep_engine::generations::CaughtUp;
use lockstep_engine::ingest::{Applied, Parted, StoppedView};
use std::time::Duration;

/// What a backfill or a stream did, over all sources that it read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FillReport {
    /// Events admitted.
    pub events: u64,
    /// Identical copies of events that were dropped.
    pub duplicates: u64,
    /// Events set aside, for their source or for a view. The store keeps them with their reasons.
    pub set_aside: u64,
    /// The first of them that was found.
    pub first_set_aside: Option<SetAside>,
    /// The artifacts that had changed and whose new version is active now, and how each of their
    /// views caught up with the store.
    pub caught_up: Vec<CaughtUp>,
    /// Views whose previous version can no longer be restored in one commit, because its rows have
    /// come to differ from those of the active version.
    pub parted: Vec<Parted>,
    /// The views that stopped during the run. Others went on.
    pub stopped: Vec<StoppedView>,
    /// Whether the run ended early, because more events were set aside than may be. A source that
    /// was filled in bulk is not filled then; the same run, allowed more, fills it.
    pub is_over: bool,
    /// The time that all threads of a bulk run together spent in calls to transforms.
    pub guest_time: Duration,
    /// The part of it that went into repeats of calls, which check that transforms are pure (S7).
    pub repeat_time: Duration,
    /// The position that the store has reached in the source that was read last.
    pub position: u64,
}

impl FillReport {
    /// Adds what commits did to the store.
    pub(crate) fn add(&mut self, applied: &Applied) {
        self.events += applied.events;
        self.duplicates += applied.duplicates;
        self.set_aside += applied.set_aside;
        if self.first_set_aside.is_none() {
            self.first_set_aside = applied.first_set_aside.clone();
        }
        self.parted.extend(applied.parted.iter().cloned());
        self.stopped.extend(applied.stopped.iter().cloned());
        self.is_over |= applied.is_over;
        self.guest_time += applied.guest_time;
        self.repeat_time += applied.repeat_time;
    }

    /// Adds the report of a source that was read after the others.
    pub(crate) fn merge(&mut self, next: FillReport) {
        self.events += next.events;
        self.duplicates += next.duplicates;
        self.set_aside += next.set_aside;
        self.first_set_aside = self.first_set_aside.take().or(next.first_set_aside);
        self.parted.extend(next.parted);
        self.stopped.extend(next.stopped);
        self.is_over |= next.is_over;
        self.guest_time += next.guest_time;
        self.repeat_time += next.repeat_time;
        self.position = next.position;
    }
}
