//! What a guest may use, and the record of what it asked for in vain.
//!
//! Invariant: the limits are part of the contract (S9): an event that alone on a fresh instance
//! needs more is bad, on every host. So they are constants and no setting. Deliberately absent:
//! the limits of a batch, which `flat.rs` owns.

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
/// Most fuel (about one unit a Wasm instruction) that one event may use.
///
/// A call that outlives [`CALL_TICKS_MAX`] is judged by this and nothing else. It is more than a
/// machine can execute in that time, so an event that a slow host judged is not one that a fast
/// host would have let pass.
pub const CALL_FUEL_MAX: u64 = 10_000_000_000;
/// Milliseconds between two ticks of the epoch.
pub const EPOCH_TICK_MS: u64 = 50;
/// Ticks after which a call is stopped and its events are judged one by one.
pub const CALL_TICKS_MAX: u64 = 10;
/// Most bytes that a guest may log in one call: to read them costs the host time, and the guest
/// no fuel.
pub const CALL_LOG_MAX_BYTES: usize = 1 << 20;
/// Most bytes of an artifact's file.
pub const ARTIFACT_BYTES_MAX: u64 = 64 << 20;
/// Most bytes of a manifest.
pub const MANIFEST_BYTES_MAX: usize = 1 << 20;

/// The host's side of one instance.
#[derive(Debug, Default)]
pub(super) struct Guest {
    /// Bytes of linear memory granted so far.
    memory_bytes: usize,
    /// The guest asked for more than a limit.
    pub(super) denied: bool,
    /// The operating system refused what the limits allow: no fault of the guest.
    pub(super) starved: bool,
    /// Bytes logged in this call.
    pub(super) logged_bytes: usize,
    /// The last message that the guest logged in this call.
    pub(super) message: Option<String>,
}

impl ResourceLimiter for Guest {
    /// Denial traps: were it answered with -1, a guest could act on how much an earlier call used.
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
