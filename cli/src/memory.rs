//! How much memory a run over a whole log may take, and where rows wait that find no room in it.
//!
//! Invariant: neither changes a bit of what a run makes. Deliberately absent: event ids, of which a
//! run keeps all in memory.

use crate::allocator::expect_memory;
use bytesize::ByteSize;
use clap::Args;
use lockstep_core::{Code, Error, Result};
use lockstep_engine::shuffle::SpillOptions;
use std::path::{Path, PathBuf};
use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// The least memory that a run may be given: guests, readers and row groups of few columns take
/// about half.
const MEMORY_MIN: u64 = 128 << 20;

/// The memory of a run.
#[derive(Clone, Debug, Default, Args)]
pub struct Memory {
    /// Memory for the whole run, as in 512MiB; above it rows wait on the disk [default: half the
    /// machine's]
    #[arg(long, value_name = "SIZE")]
    memory_max: Option<ByteSize>,
    /// Where rows wait that find no room in memory [default: beside
    /// the output]
    #[arg(long, value_name = "DIR")]
    spill_dir: Option<PathBuf>,
}

impl Memory {
    /// The folder for what has to wait, if one was named.
    pub fn spill_dir(&self) -> Option<&Path> {
        self.spill_dir.as_deref()
    }

    /// Tells the allocator how much the run may take; to be called before there are threads.
    pub fn tell_allocator(&self) {
        expect_memory(usize::try_from(self.bytes_max()).unwrap_or(usize::MAX));
    }

    fn bytes_max(&self) -> u64 {
        self.memory_max.map_or_else(|| half_of_memory().max(MEMORY_MIN), |given| given.as_u64())
    }

    /// When and where to spill, for a run that writes `output`.
    pub fn spill_options(&self, output: &Path) -> Result<SpillOptions> {
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
        let memory_max = self.bytes_max();
        if memory_max < MEMORY_MIN {
            return Err(Error::input(format!(
                "--memory-max must be at least {}",
                ByteSize::b(MEMORY_MIN)
            )));
        }
        let memory_max = usize::try_from(memory_max).unwrap_or(usize::MAX);
        Ok(SpillOptions { memory_max, folder })
    }
}

/// Half of what this machine, or the container that this runs in, may use.
fn half_of_memory() -> u64 {
    let refresh = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(refresh);
    let total = system.total_memory();
    system.cgroup_limits().map_or(total, |limits| limits.total_memory.min(total)) / 2
}
