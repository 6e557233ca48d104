//! The memory budget of waiting rows, which decides when they move to the disk.
//!
//! Memory is divided into thirds: for rows and answers that wait, for what is being swept, and for
//! guests, readers and writers. Invariant: memory that was counted is released when it moves to the
//! disk. Deliberately absent: the last third; guests, readers and writers limit themselves.

use super::blocks::{BLOCK_BYTES_MAX, Blocks};
use super::spill::no_room;
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The memory limit of a run, and where rows go that exceed it.
#[derive(Clone, Debug)]
pub struct SpillOptions {
    /// Bytes of memory for the whole run.
    pub memory_max: usize,
    /// The folder of the intermediate files.
    pub folder: PathBuf,
}

/// The number of parts into which memory is divided.
const THIRDS: usize = 3;
/// Blocks that are still being filled get this fraction of the memory for waiting rows.
const FILLING: usize = 4;

/// The memory that waiting rows take, and its limit.
#[derive(Debug)]
pub(crate) struct Room {
    used: AtomicUsize,
    pub(crate) spill: Option<SpillOptions>,
}

impl Room {
    pub(crate) fn new(spill: Option<SpillOptions>) -> Room {
        Room { used: AtomicUsize::new(0), spill }
    }

    /// Whether waiting rows and answers take more than their third.
    pub(crate) fn is_short(&self) -> bool {
        self.third().is_some_and(|third| self.used.load(Ordering::Relaxed) > third)
    }

    /// A third of the memory, if it has a limit.
    fn third(&self) -> Option<usize> {
        self.spill.as_ref().map(|spill| spill.memory_max / THIRDS)
    }

    /// The bytes of a block, if this many are filled at once.
    pub(crate) fn block_bytes(&self, filled: usize) -> usize {
        self.third().map_or(BLOCK_BYTES_MAX, |third| third / FILLING / filled.max(1))
    }

    /// The bytes that each of this many workers may sweep at once, if there is a limit.
    pub(crate) fn sweep_bytes(&self, workers: usize) -> Option<usize> {
        self.third().map(|third| third / workers.max(1))
    }

    pub(crate) fn take(&self, bytes: usize) {
        self.used.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Moves blocks to the disk if memory is short.
    pub(crate) fn relieve(&self, blocks: &mut [Blocks]) -> Result<()> {
        match &self.spill {
            Some(spill) if self.is_short() => blocks.iter_mut().try_for_each(|blocks| {
                self.give_back(blocks.spill(&spill.folder)?);
                Ok(())
            }),
            _ => Ok(()),
        }
    }

    /// Makes blocks of the remaining rows; returns whether any are on the disk.
    pub(crate) fn seal(&self, mut all: Vec<&mut Blocks>) -> Result<bool> {
        let mut spilled = false;
        for blocks in &mut all {
            self.take(blocks.seal()?);
            spilled |= blocks.is_spilled();
        }
        if let (true, Some(spill)) = (spilled || self.is_short(), &self.spill) {
            // The next step needs the memory.
            for blocks in all {
                self.give_back(blocks.spill(&spill.folder)?);
            }
            spilled = true;
        }
        Ok(spilled)
    }

    /// Fails if the answers for this many spine rows, of at least this many bytes each, fit neither
    /// in memory nor on the disk; `free` returns the free space there.
    pub(crate) fn check(
        &self,
        spine_rows: usize,
        row_bytes: u64,
        free: &dyn Fn(&Path) -> std::io::Result<u64>,
    ) -> Result<()> {
        let Some(spill) = &self.spill else { return Ok(()) };
        let bytes = row_bytes.saturating_mul(spine_rows as u64);
        if bytes <= (spill.memory_max / THIRDS) as u64 {
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
        ))
        .with_code(Code::NoRoom {
            folder: spill.folder.display().to_string(),
            needed_bytes: bytes,
            free_bytes: free,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a job whose answers fit nowhere is refused before the work starts, with the space that
    /// it needs; one that fits in a third of the memory, or on the disk, is accepted.
    #[test]
    fn answers_without_room_are_refused() {
        let spill = SpillOptions { memory_max: 96 << 20, folder: "there".into() };
        let room = Room::new(Some(spill));
        let with_free = |mebibytes: u64| move |_: &Path| Ok(mebibytes << 20);
        let rows = 1 << 20;
        assert!(room.check(rows, 32, &with_free(0)).is_ok());
        assert!(room.check(rows, 33, &with_free(33)).is_ok());
        let Error { message: error, code, .. } = room.check(rows, 33, &with_free(32)).unwrap_err();
        let folder = "there".to_string();
        let (needed_bytes, free_bytes) = (33 << 20, 32 << 20);
        assert_eq!(code, Code::NoRoom { folder, needed_bytes, free_bytes });
        for word in
            ["there", "1048576 spine rows", "at least 33 MiB", "32 MiB are free", "--spill-dir"]
        {
            assert!(error.contains(word), "{word}: {error}");
        }
        assert!(Room::new(None).check(usize::MAX, u64::MAX, &with_free(0)).is_ok());
    }
}
