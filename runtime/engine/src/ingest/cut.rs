//! A batch that is committed in several parts, because the size of a commit is limited.
//!
//! Invariant: the parts follow each other in the order of positions, and together they are the
//! batch. Deliberately absent: the choice of a part's size, which the caller makes.

use lockstep_core::event::EventBatch;

/// A partition's batch, of which a first part may be committed already.
pub(super) struct Cut<'a> {
    pub(super) partition: &'a str,
    batch: &'a EventBatch,
    /// The positions of all its events, set-aside ones included, in ascending order.
    events: Vec<u64>,
    /// How many of them are committed.
    done: usize,
    /// Whether the whole batch is committed.
    ended: bool,
}

impl<'a> Cut<'a> {
    pub(super) fn new(partition: &'a str, batch: &'a EventBatch) -> Cut<'a> {
        let set_aside = batch.set_aside.iter().map(|event| event.position);
        let mut events: Vec<u64> = batch.positions.iter().copied().chain(set_aside).collect();
        events.sort_unstable();
        Cut { partition, batch, events, done: 0, ended: false }
    }

    /// The next part, of at most `events_max` events.
    pub(super) fn next(&self, events_max: usize) -> EventBatch {
        let position = |at: usize| self.events.get(at).copied().unwrap_or(self.batch.next_position);
        let end = match events_max {
            0 => position(self.done),
            most => position(self.done + most),
        };
        self.batch.between(position(self.done), end)
    }

    /// Records that `part` is committed.
    pub(super) fn passed(&mut self, part: &EventBatch) {
        self.done += part.events();
        self.ended = part.next_position >= self.batch.next_position;
    }

    pub(super) fn is_done(&self) -> bool {
        self.ended
    }
}
