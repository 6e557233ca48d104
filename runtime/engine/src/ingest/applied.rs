//! What a commit did.

use lockstep_core::event::SetAside;

/// What one batch did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Events admitted.
    pub events: u64,
    /// Identical copies dropped.
    pub duplicates: u64,
    /// Events set aside, for their source or for a view.
    pub set_aside: u64,
    /// The one of them with the least position, for people.
    pub first_set_aside: Option<SetAside>,
    /// The views of a previous version to which there is no way back any more.
    pub parted: Vec<Parted>,
    /// The commit sequence at which the batch became visible.
    pub sequence: u64,
}

/// A view whose rows under the previous version have parted from those under the active one: going
/// back computes its states anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parted {
    /// The artifact's name.
    pub artifact: String,
    /// The view.
    pub view: String,
    /// The partition in which it shows.
    pub partition: String,
    /// The position before which it shows.
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
