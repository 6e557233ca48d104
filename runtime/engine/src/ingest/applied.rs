//! What one or several commits did, for reports.
//!
//! Invariant: the counts cover only what is durable. Deliberately absent: how far a source was
//! read, which the store's progress records.

use lockstep_core::Code;
use lockstep_core::error::{Error, ErrorKind};
use lockstep_core::event::SetAside;
use std::time::Duration;

/// What adding one or several batches did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Events admitted.
    pub events: u64,
    /// Identical copies dropped.
    pub duplicates: u64,
    /// Events set aside, for their source or for a view.
    pub set_aside: u64,
    /// One of them, for messages: the first by position in the first partition that has any.
    pub first_set_aside: Option<SetAside>,
    /// The views whose previous version can no longer be restored in one commit.
    pub parted: Vec<Parted>,
    /// The views that have stopped. They hold the events before the position given, and no others.
    pub stopped: Vec<StoppedView>,
    /// Whether a backfill ended early, because more events were set aside than may be. Its source is
    /// not filled then.
    pub is_over: bool,
    /// The time that all threads together spent in calls to transforms.
    pub guest_time: Duration,
    /// The part of it that went into repeats of calls, which check that transforms are pure (S7).
    pub repeat_time: Duration,
    /// The number of the commit that made the last of the events visible.
    pub sequence: u64,
}

/// A view whose previous version now makes other rows than the active one. Going back to the
/// previous version would compute the view's states anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parted {
    /// The artifact's name.
    pub artifact: String,
    /// The view.
    pub view: String,
    /// The partition in which the rows differ.
    pub partition: String,
    /// The rows differ somewhere before this position.
    pub position: u64,
}

/// A view that has stopped, so that its features have no values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoppedView {
    /// The artifact's name.
    pub artifact: String,
    /// The view.
    pub view: String,
    /// The partition in which it stopped.
    pub partition: String,
    /// The view holds the partition's events before this position.
    pub position: u64,
    /// Why, for people.
    pub reason: String,
    /// Why, for programs.
    pub code: Code,
    /// Who has to act.
    pub kind: ErrorKind,
}

impl StoppedView {
    pub(crate) fn new(
        (artifact, view): (&str, &str),
        (partition, position): (&str, u64),
        error: &Error,
    ) -> StoppedView {
        StoppedView {
            artifact: artifact.to_string(),
            view: view.to_string(),
            partition: partition.to_string(),
            position,
            reason: error.to_string(),
            code: error.code.clone(),
            kind: error.kind,
        }
    }

    /// The error that stopped it.
    pub fn error(&self) -> Error {
        let StoppedView { view, partition, position, reason, code, kind, .. } = self;
        Error::new(
            *kind,
            format!(
                "view {view} has stopped at position {position} of partition {partition}: {reason}"
            ),
        )
        .with_code(code.clone())
    }
}

impl Applied {
    pub(super) fn add(&mut self, other: Applied) {
        self.events += other.events;
        self.duplicates += other.duplicates;
        self.set_aside += other.set_aside;
        if self.first_set_aside.is_none() {
            self.first_set_aside = other.first_set_aside;
        }
        self.parted.extend(other.parted);
        self.stopped.extend(other.stopped);
        self.is_over |= other.is_over;
        self.guest_time += other.guest_time;
        self.repeat_time += other.repeat_time;
        self.sequence = self.sequence.max(other.sequence);
    }
}
