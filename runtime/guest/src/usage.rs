//! What one instance uses, and a record of how it tried to exceed its limits.
//!
//! Invariant: what is held of the memory of all guests is given back when the instance is dropped.
//! A guest that asks for more than it may have traps: if growing failed softly instead, a guest
//! could see how much an earlier call, or another guest, has used. Deliberately absent: the limits
//! themselves.

use super::limits::{
    CALL_GROWS_MAX, GUEST_MEMORIES_MAX, GUEST_MEMORY_MAX_BYTES, GUEST_TABLE_ELEMENTS_MAX,
    GUEST_TABLES_MAX, INSTANCES_MAX,
};
use super::memory::GuestMemory;
use wasmtime::ResourceLimiter;

/// The host's state for one instance.
#[derive(Debug)]
pub(super) struct Usage {
    /// The memory of all guests.
    memory: GuestMemory,
    /// Bytes that are held of it.
    held_bytes: usize,
    /// Bytes of linear memory granted so far.
    pub(super) memory_bytes: usize,
    /// Attempts to grow a memory or a table in this call.
    grows: usize,
    /// Why the guest was stopped, if it was not by a trap.
    pub(super) stopped: Option<Stopped>,
    /// Whether the guest's code counts fuel.
    pub(super) metered: bool,
    /// Bytes logged in this call.
    pub(super) logged_bytes: usize,
    /// The last message that the guest logged in this call.
    pub(super) message: Option<String>,
}

/// Why growing stopped a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// It asked for more than one guest may have.
    Greed,
    /// It tried to grow too often.
    Grows,
    /// All guests together have what they may have.
    NoRoom,
    /// The system refused memory that the limits allow.
    Starved,
}

impl Usage {
    /// The state of a fresh instance, for which `reserved_bytes` of `memory` were taken.
    pub(super) fn new(memory: GuestMemory, reserved_bytes: usize, metered: bool) -> Usage {
        Usage {
            memory,
            held_bytes: reserved_bytes,
            memory_bytes: 0,
            grows: 0,
            stopped: None,
            metered,
            logged_bytes: 0,
            message: None,
        }
    }

    /// A call begins.
    #[inline]
    pub(super) fn start_call(&mut self) {
        (self.message, self.logged_bytes, self.grows) = (None, 0, 0);
    }

    /// Gives back what was reserved and is not used.
    pub(super) fn give_back_reserve(&mut self) {
        self.memory.give_back(self.held_bytes - self.memory_bytes);
        self.held_bytes = self.memory_bytes;
    }

    fn stop(&mut self, why: Stopped, message: &'static str) -> wasmtime::Result<bool> {
        self.stopped = Some(why);
        Err(wasmtime::Error::msg(message))
    }

    /// Counts one attempt to grow.
    fn grow(&mut self) -> bool {
        self.grows += 1;
        self.grows <= CALL_GROWS_MAX
    }

    fn failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        // The engine's own refusals (more than the type allows) are the same everywhere.
        if !of_the_system(&error) {
            return Ok(());
        }
        self.stopped = Some(Stopped::Starved);
        Err(error)
    }
}

impl Drop for Usage {
    fn drop(&mut self) {
        self.memory.give_back(self.held_bytes);
    }
}

/// Whether the operating system caused an error: a refused mapping, thread or allocation.
pub(super) fn of_the_system(error: &wasmtime::Error) -> bool {
    error.chain().any(|cause| {
        #[cfg(unix)]
        if cause.is::<rustix::io::Errno>() {
            return true;
        }
        cause.is::<std::io::Error>() || cause.is::<wasmtime::OutOfMemory>()
    })
}

impl ResourceLimiter for Usage {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if !self.grow() {
            return self.stop(Stopped::Grows, "memory grows too often");
        }
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let total = self.memory_bytes.saturating_add(desired.saturating_sub(current));
        if total > GUEST_MEMORY_MAX_BYTES {
            return self.stop(Stopped::Greed, "the memory limit is reached");
        }
        let more = total.saturating_sub(self.held_bytes);
        if more > 0 && !self.memory.take(more) {
            return self.stop(Stopped::NoRoom, "the memory of all guests is used up");
        }
        self.held_bytes += more;
        self.memory_bytes = total;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.failed(error)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if !self.grow() {
            return self.stop(Stopped::Grows, "a table grows too often");
        }
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        if desired > GUEST_TABLE_ELEMENTS_MAX {
            return self.stop(Stopped::Greed, "the table limit is reached");
        }
        Ok(true)
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.failed(error)
    }

    fn instances(&self) -> usize {
        INSTANCES_MAX
    }

    fn tables(&self) -> usize {
        GUEST_TABLES_MAX
    }

    fn memories(&self) -> usize {
        GUEST_MEMORIES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(max_bytes: usize) -> (GuestMemory, Usage) {
        let memory = GuestMemory::new(max_bytes);
        (memory.clone(), Usage::new(memory, 0, false))
    }

    /// Goal: what the system refuses is never blamed on the guest, whatever words the engine adds;
    /// what the engine itself refuses is an ordinary answer. Method: errors as wasmtime makes them.
    #[test]
    fn a_failed_mapping_is_the_systems() {
        let system = [
            wasmtime::Error::from(std::io::Error::from(std::io::ErrorKind::OutOfMemory))
                .context("mmap failed"),
            #[cfg(unix)]
            wasmtime::Error::from(rustix::io::Errno::NOMEM).context("mmap failed to allocate 9"),
            wasmtime::Error::from(wasmtime::OutOfMemory::new(9)),
        ];
        for error in system {
            assert!(of_the_system(&error), "{error:?}");
            let (_, mut usage) = usage(GUEST_MEMORY_MAX_BYTES);
            assert!(usage.memory_grow_failed(error).is_err());
            assert_eq!(usage.stopped, Some(Stopped::Starved));
        }
        let (_, mut usage) = usage(GUEST_MEMORY_MAX_BYTES);
        let own = || wasmtime::Error::msg("Memory maximum size exceeded").context("growing");
        assert!(usage.memory_grow_failed(own()).is_ok() && usage.table_grow_failed(own()).is_ok());
        assert_eq!(usage.stopped, None);
    }

    /// Goal: guests give back what they held, and one that finds no room is stopped, for a reason
    /// that is not its own. Method: two guests that each need more than half.
    #[test]
    fn guests_share_their_memory() {
        const PAGE: usize = 64 << 10;
        let (memory, mut first) = usage(GUEST_MEMORY_MAX_BYTES);
        let mut second = Usage::new(memory.clone(), 0, false);
        let need = GUEST_MEMORY_MAX_BYTES / 2 + PAGE;
        assert!(first.memory_growing(0, need, None).unwrap());
        assert!(second.memory_growing(0, need, None).is_err());
        assert_eq!((second.stopped, memory.held_bytes()), (Some(Stopped::NoRoom), need));
        drop(first);
        assert!(second.memory_growing(0, need, None).unwrap());
        drop(second);
        assert_eq!(memory.held_bytes(), 0);
    }

    /// Goal: growing is counted, also when it fails softly, and the count begins anew with each
    /// call.
    #[test]
    fn growing_is_counted() {
        let (_, mut usage) = usage(GUEST_MEMORY_MAX_BYTES);
        for _ in 0..2 {
            usage.start_call();
            for _ in 0..CALL_GROWS_MAX {
                assert!(!usage.memory_growing(0, 2, Some(1)).unwrap());
            }
        }
        assert!(usage.table_growing(0, 1, None).is_err());
        assert_eq!(usage.stopped, Some(Stopped::Grows));
    }
}
