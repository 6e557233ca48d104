//! The memory that waiting rows take, and when they go to the disk.
//!
//! Invariant: what is taken is given back when a block moves to a spill. Deliberately absent: what
//! guests, readers and the work on one partition take, for which half of the memory is left.

use super::SpillOptions;
use super::blocks::Blocks;
use crate::error::Result;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The memory that waiting rows take.
#[derive(Debug)]
pub(super) struct Room {
    used: AtomicUsize,
    pub(super) spill: Option<SpillOptions>,
}

impl Room {
    pub(super) fn new(spill: Option<SpillOptions>) -> Room {
        Room { used: AtomicUsize::new(0), spill }
    }

    /// Half of the memory is for waiting rows; the other half for what is worked on.
    pub(super) fn is_short(&self) -> bool {
        let used = self.used.load(Ordering::Relaxed);
        self.spill.as_ref().is_some_and(|spill| used > spill.memory_max / 2)
    }

    pub(super) fn take(&self, bytes: usize) {
        self.used.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Moves blocks to the disk if memory is short.
    pub(super) fn relieve(&self, blocks: &mut [Blocks]) -> Result<()> {
        match &self.spill {
            Some(spill) if self.is_short() => blocks.iter_mut().try_for_each(|blocks| {
                self.give_back(blocks.spill(&spill.folder)?);
                Ok(())
            }),
            _ => Ok(()),
        }
    }

    /// Makes blocks of what is left over; answers whether any is on the disk.
    pub(super) fn seal(&self, mut all: Vec<&mut Blocks>) -> Result<bool> {
        let mut spilled = false;
        for blocks in &mut all {
            self.take(blocks.seal()?);
            spilled |= blocks.is_spilled();
        }
        if let (true, Some(spill)) = (spilled || self.is_short(), &self.spill) {
            // What comes next needs the room.
            for blocks in all {
                self.give_back(blocks.spill(&spill.folder)?);
            }
            spilled = true;
        }
        Ok(spilled)
    }
}
