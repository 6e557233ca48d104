//! The memory that waiting rows take, and when they go to the disk.
//!
//! Invariant: what is taken is given back when a block moves to a spill. Deliberately absent: what
//! guests, readers and the work on one partition take, for which half of the memory is left.

use super::SpillOptions;
use super::answers::Answers;
use super::blocks::Blocks;
use super::spill::no_room;
use crate::error::{Error, Result};
use arrow::array::ArrayRef;
use std::path::Path;
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

    /// Adds answers, and moves those of their view to the disk if memory is short.
    pub(super) fn answer(
        &self,
        answers: &mut Answers,
        spine_rows: Vec<u32>,
        columns: Vec<ArrayRef>,
    ) -> Result<()> {
        self.take(answers.push(spine_rows, columns)?);
        if let (true, Some(spill)) = (self.is_short(), &self.spill) {
            self.give_back(answers.spill(&spill.folder)?);
        }
        Ok(())
    }

    /// Fails if the answers to so many spine rows, of at least so many bytes each, find no room in
    /// memory nor on the disk, of which `free` tells what is left.
    pub(super) fn check(
        &self,
        spine_rows: usize,
        row_bytes: u64,
        free: &dyn Fn(&Path) -> std::io::Result<u64>,
    ) -> Result<()> {
        let Some(spill) = &self.spill else { return Ok(()) };
        let bytes = row_bytes.saturating_mul(spine_rows as u64);
        if bytes <= spill.memory_max as u64 / 2 {
            return Ok(());
        }
        let free = free(&spill.folder).map_err(|error| no_room(&spill.folder, error))?;
        if bytes <= free {
            return Ok(());
        }
        Err(Error::input(format!(
            "{}: the features of {spine_rows} spine rows take at least {} MiB, and {} MiB are free \
             there; make room, name another folder with --spill-dir, or raise --memory-max",
            spill.folder.display(),
            bytes >> 20,
            free >> 20
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a job whose answers fit nowhere is refused before the work, with what it takes; one
    /// that fits in half of the memory, or on the disk, is not.
    #[test]
    fn answers_without_room_are_refused() {
        let spill = SpillOptions { memory_max: 64 << 20, folder: "there".into() };
        let room = Room::new(Some(spill));
        let with_free = |mebibytes: u64| move |_: &Path| Ok(mebibytes << 20);
        let rows = 1 << 20;
        assert!(room.check(rows, 32, &with_free(0)).is_ok());
        assert!(room.check(rows, 33, &with_free(33)).is_ok());
        let error = room.check(rows, 33, &with_free(32)).unwrap_err().message;
        for word in
            ["there", "1048576 spine rows", "at least 33 MiB", "32 MiB are free", "--spill-dir"]
        {
            assert!(error.contains(word), "{word}: {error}");
        }
        assert!(Room::new(None).check(usize::MAX, u64::MAX, &with_free(0)).is_ok());
    }
}
