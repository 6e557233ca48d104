//! The memory of all guests together.
//!
//! Invariant: what guests hold never exceeds the limit. A guest that runs takes memory without
//! waiting, or is refused: if it waited while it held some, two of them could wait for each other.
//! Only a guest that is about to start waits in line, for all that it may need. Deliberately
//! absent: the limit of one guest, which is in `limits.rs`.

use super::clock::Deadline;
use super::limits::{GUEST_MEMORY_MAX_BYTES, GUESTS_MEMORY_MAX_BYTES};
use super::line::Line;
use std::sync::LazyLock;

/// The memory that guests may hold together. A clone refers to the same memory.
#[derive(Clone, Debug)]
pub struct GuestMemory(Line);

impl GuestMemory {
    /// Memory of at most `max_bytes`, and at least what one guest may need.
    pub fn new(max_bytes: usize) -> GuestMemory {
        GuestMemory(Line::new(max_bytes.max(GUEST_MEMORY_MAX_BYTES)))
    }

    /// The memory of this process, of [`GUESTS_MEMORY_MAX_BYTES`], which engines share by default.
    pub fn of_the_process() -> GuestMemory {
        static MEMORY: LazyLock<GuestMemory> =
            LazyLock::new(|| GuestMemory::new(GUESTS_MEMORY_MAX_BYTES));
        MEMORY.clone()
    }

    /// What guests hold now, in bytes.
    pub fn held_bytes(&self) -> usize {
        self.0.taken()
    }

    /// How many callers wait for memory now.
    pub fn waiting(&self) -> usize {
        self.0.waiting()
    }

    /// Takes `bytes` at once, or returns false.
    pub(super) fn take(&self, bytes: usize) -> bool {
        self.0.take(bytes)
    }

    /// Waits in line for `bytes`, until the deadline; returns whether it got them.
    pub(super) fn wait(&self, bytes: usize, until: &Deadline) -> bool {
        self.0.wait(bytes, Some(until))
    }

    /// Gives `bytes` back.
    pub(super) fn give_back(&self, bytes: usize) {
        self.0.give_back(bytes);
    }
}
