//! The memory that a run over a whole log may take, and the folder where rows wait on the disk if
//! they do not fit in it.
//!
//! Invariant: neither changes a bit of what a run makes. Deliberately absent: a limit for event
//! ids, which a run keeps all in memory.

use crate::allocator::expect_memory;
use lockstep_core::{Code, Error, Result};
use lockstep_engine::shuffle::SpillOptions;
use std::path::{Path, PathBuf};
use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// The least memory that a run may be given, in bytes. Guests (running transforms), readers and row
/// groups with few columns take about half of it.
const MEMORY_BYTES_MIN: u64 = 128 << 20;

/// How much memory a run may take.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Bytes for the whole run, at least 128 MiB. Rows that do not fit wait on the disk. By default
    /// half of what the machine, or the container, has.
    pub bytes_max: Option<u64>,
    /// The folder for rows that do not fit in memory. By default that of the output.
    pub spill_dir: Option<PathBuf>,
}

impl Memory {
    /// Sets this process's allocator up for the memory that a run may take, so that it keeps or
    /// gives back freed buffers. The setting holds for the whole process and must be made before
    /// any thread starts, so it is for a program that makes one run. Nothing else in this crate
    /// calls this.
    pub fn tell_allocator(&self) {
        expect_memory(usize::try_from(self.limit_bytes()).unwrap_or(usize::MAX));
    }

    fn limit_bytes(&self) -> u64 {
        self.bytes_max.unwrap_or_else(|| half_of_memory().max(MEMORY_BYTES_MIN))
    }

    /// When rows are moved to the disk, and to which folder, for a run that writes `output`.
    pub(crate) fn spill_options(&self, output: &Path) -> Result<SpillOptions> {
        let beside = output.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = match &self.spill_dir {
            Some(folder) if !folder.is_dir() => {
                let message = "there is no such folder; make it, or correct --spill-dir";
                let place = folder.display().to_string();
                return Err(Error::input(message)
                    .at(&place)
                    .with_code(Code::NotFound { what: "folder", place }));
            }
            Some(folder) => folder.clone(),
            None => beside.unwrap_or(Path::new(".")).into(),
        };
        let bytes_max = self.limit_bytes();
        if bytes_max < MEMORY_BYTES_MIN {
            let least = MEMORY_BYTES_MIN as f64 / f64::from(1 << 20);
            return Err(Error::input(format!("--memory-max must be at least {least:.1} MiB")));
        }
        let memory_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        Ok(SpillOptions { memory_max, folder })
    }
}

/// Half of the memory that this machine, or the container in which this runs, may use, in bytes.
fn half_of_memory() -> u64 {
    let refresh = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(refresh);
    let total = system.total_memory();
    system.cgroup_limits().map_or(total, |limits| limits.total_memory.min(total)) / 2
}
