//! The limits of what a component may cost: when it is loaded, when it is called, and in memory.
//!
//! Invariant: docs/LIMITS.md has a row for each constant here, and a test reaches it. What decides
//! about one event (fuel, memory, stack, messages) is part of the contract (S9): an event that
//! needs more when alone on a fresh instance is bad, on every host, so these are constants and no
//! settings. Deliberately absent: the limits of a batch, which are in `lockstep_core::flat`.

/// Most bytes of an artifact's file.
pub const ARTIFACT_BYTES_MAX: u64 = 16 << 20;
/// Most bytes of a manifest.
pub const MANIFEST_BYTES_MAX: usize = 1 << 20;
/// Most sections of a component, those of what it contains included.
pub const SECTIONS_MAX: usize = 400;
/// Most core modules in a component: the author's, and two that adapt its imports.
pub const MODULES_MAX: usize = 3;
/// Most components within a component; each gives the functions of one interface their types.
pub const COMPONENTS_MAX: usize = 8;
/// Most instances that a component makes, of core modules and of components within it.
pub const INSTANCES_MAX: usize = 32;
/// Most items of one kind at the level of components: types, aliases, imports, exports, functions.
pub const COMPONENT_ITEMS_MAX: usize = 200;
/// Most bytes of a section with types of components. Types nest, and are read by recursion.
pub const COMPONENT_TYPE_BYTES_MAX: usize = 1 << 10;
/// Most types of a core module.
pub const TYPES_MAX: usize = 5_000;
/// Most parameters and results of one type of a core module.
pub const TYPE_VALUES_MAX: usize = 200;
/// Most imports of a core module.
pub const IMPORTS_MAX: usize = 100;
/// Most exports of a core module.
pub const EXPORTS_MAX: usize = 1_000;
/// Most global variables of a core module.
pub const GLOBALS_MAX: usize = 1_000;
/// Most segments of data and of table elements.
pub const SEGMENTS_MAX: usize = 10_000;
/// Most bytes of a name in a component.
pub const WASM_NAME_BYTES_MAX: usize = 1 << 10;
/// Most functions of all core modules.
pub const FUNCTIONS_MAX: usize = 20_000;
/// Most bytes of the code of all core modules.
pub const CODE_BYTES_MAX: usize = 4 << 20;
/// Most bytes of one function.
pub const FUNCTION_BYTES_MAX: usize = 128 << 10;
/// Most local variables and parameters of one function.
pub const FUNCTION_LOCALS_MAX: usize = 5_000;
/// Most blocks within one another in one function.
pub const FUNCTION_DEPTH_MAX: usize = 2_000;
/// Most targets of all `br_table` instructions of one function.
pub const FUNCTION_TARGETS_MAX: usize = 20_000;
/// Most microseconds that compiling all functions may take, by a model of the compiler's worst
/// cases. What compilers of Rust make takes far less.
pub const COMPILE_COST_US_MAX: usize = 10_000_000;
/// Most steps of control flow of all functions, each times the local variables of its function.
pub const COMPILE_FLOW_MAX: usize = 1_000_000;
/// Most values that blocks and branches of all functions carry, besides local variables.
pub const COMPILE_CARRIED_MAX: usize = 5_000;
/// Most seconds of CPU time for compiling an artifact in a process of its own.
pub const COMPILE_CPU_SECONDS_MAX: u64 = 10;
/// Most bytes of memory for compiling an artifact in a process of its own.
pub const COMPILE_MEMORY_BYTES_MAX: u64 = 1 << 30;

/// Most bytes of all linear memories of one instance.
pub const GUEST_MEMORY_MAX_BYTES: usize = 256 << 20;
/// Most linear memories of one instance.
pub const GUEST_MEMORIES_MAX: usize = 1;
/// Most elements of one table.
pub const GUEST_TABLE_ELEMENTS_MAX: usize = 100_000;
/// Most tables of one instance.
pub const GUEST_TABLES_MAX: usize = 16;
/// Most bytes of native stack in a guest's call.
pub const GUEST_STACK_MAX_BYTES: usize = 512 << 10;
/// Most attempts to grow a memory or a table in one call.
pub const CALL_GROWS_MAX: usize = 10_000;
/// Most fuel (approximately one unit for each Wasm instruction) that one event may use.
///
/// A call that exceeds [`CALL_TICKS_MAX`] is judged by this alone. It is more fuel than a machine
/// can use within that time, so a slow host does not refuse an event that a fast host would accept.
pub const CALL_FUEL_MAX: u64 = 2_000_000_000;
/// Fuel for a message that a guest logs.
pub const LOG_FUEL: u64 = 2_000;
/// Most bytes that a guest may log in one call.
pub const CALL_LOG_MAX_BYTES: usize = 1 << 20;
/// Milliseconds between two ticks of the clock of limits.
pub const EPOCH_TICK_MS: u64 = 10;
/// Ticks after which a call is stopped and its events are judged one by one.
pub const CALL_TICKS_MAX: u64 = 10;
/// Ticks after which the metered rerun of one event is stopped. Then the host has failed, and
/// nothing is known about the event (S9).
pub const RERUN_TICKS_MAX: u64 = 500;

/// Most bytes of memory of all guests of a process together.
pub const GUESTS_MEMORY_MAX_BYTES: usize = 2 << 30;
/// Milliseconds for which a guest that is about to start waits for memory.
pub const MEMORY_WAIT_MS: u64 = 10_000;

/// Most bytes of all entries of a cache of compiled artifacts.
pub const CACHE_BYTES_MAX: u64 = 512 << 20;
