//! What one or several commits did, for reports.
//!
//! Invariant: the counts cover only what is durable. Deliberately absent: how far a source was
//! read, which the store's progress records.

use lockstep_core::event::SetAside;

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

impl Applied {
    pub(super) fn add(&mut self, other: Applied) {
        self.events += other.events;
        self.duplicates += other.duplicates;
        self.set_aside += other.set_aside;
        if self.first_set_aside.is_none() {
            self.first_set_aside = other.first_set_aside;
        }
        self.parted.extend(other.parted);
        self.sequence = self.sequence.max(other.sequence);
    }
}
