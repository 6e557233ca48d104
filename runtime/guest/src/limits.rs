//! The limits of a guest, and a record of how it tried to exceed them.
//!
//! Invariant: the limits are part of the contract (S9): an event that needs more when alone on a
//! fresh instance is bad, on every host. So they are constants, not settings. Deliberately absent:
//! the limits of a batch, which are in `lockstep_core::flat`.

use wasmtime::ResourceLimiter;

/// Most bytes of all linear memories of one instance.
pub const GUEST_MEMORY_MAX_BYTES: usize = 256 << 20;
/// Most linear memories of one instance.
pub const GUEST_MEMORIES_MAX: usize = 4;
/// Most elements of one table.
pub const GUEST_TABLE_ELEMENTS_MAX: usize = 100_000;
/// Most tables of one instance.
pub const GUEST_TABLES_MAX: usize = 16;
/// Most core instances within one component instance.
pub const GUEST_INSTANCES_MAX: usize = 32;
/// Most bytes of native stack in a guest's call.
pub const GUEST_STACK_MAX_BYTES: usize = 512 << 10;
/// Most fuel (approximately one unit for each Wasm instruction) that one event may use.
///
/// A call that exceeds [`CALL_TICKS_MAX`] is judged by this alone. It is more fuel than a machine
/// can use within that time, so a slow host does not refuse an event that a fast host would accept.
pub const CALL_FUEL_MAX: u64 = 10_000_000_000;
/// Milliseconds between two ticks of the epoch.
pub const EPOCH_TICK_MS: u64 = 50;
/// Ticks after which a call is stopped and its events are judged one by one.
pub const CALL_TICKS_MAX: u64 = 10;
/// Ticks after which the metered rerun of one event is stopped. Then the host has failed, and
/// nothing is known about the event (S9).
pub const RERUN_TICKS_MAX: u64 = 100;
/// Most bytes that a guest may log in one call: reading them costs the host time, but the guest no
/// fuel.
pub const CALL_LOG_MAX_BYTES: usize = 1 << 20;
/// Most bytes of an artifact's file.
pub const ARTIFACT_BYTES_MAX: u64 = 64 << 20;
/// Most bytes of a manifest.
pub const MANIFEST_BYTES_MAX: usize = 1 << 20;

/// The host's state for one instance.
#[derive(Debug, Default)]
pub(super) struct Guest {
    /// Bytes of linear memory granted so far.
    memory_bytes: usize,
    /// Whether the guest asked for more than a limit.
    pub(super) denied: bool,
    /// Whether the operating system refused memory that the limits allow, which is not the guest's
    /// fault.
    pub(super) starved: bool,
    /// Bytes logged in this call.
    pub(super) logged_bytes: usize,
    /// The last message that the guest logged in this call.
    pub(super) message: Option<String>,
}

impl ResourceLimiter for Guest {
    /// Denial traps: if growth returned -1 instead, a guest could see how much an earlier call
    /// used.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let total = self.memory_bytes.saturating_add(desired.saturating_sub(current));
        if total > GUEST_MEMORY_MAX_BYTES {
            self.denied = true;
            return Err(wasmtime::Error::msg("the memory limit is reached"));
        }
        self.memory_bytes = total;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        // The engine's own refusals (more than the memory's type allows) are plain messages and
        // the same everywhere; the system's are typed errors.
        if error.is::<&'static str>() || error.is::<String>() {
            return Ok(());
        }
        self.starved = true;
        Err(error)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        if desired > GUEST_TABLE_ELEMENTS_MAX {
            self.denied = true;
            return Err(wasmtime::Error::msg("the table limit is reached"));
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        GUEST_INSTANCES_MAX
    }

    fn tables(&self) -> usize {
        GUEST_TABLES_MAX
    }

    fn memories(&self) -> usize {
        GUEST_MEMORIES_MAX
    }
}
