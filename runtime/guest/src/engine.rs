//! The engine: how guests are compiled and stopped, and where compiled code is cached.
//!
//! Invariant: two hosts of one build compile a guest to code with the same results, because every
//! Wasm feature whose result may differ (relaxed SIMD, threads) is off. A guest is compiled in two
//! forms. Both stop a call by epochs, a counter that the clock of limits increments. The metered
//! form also counts fuel, for the rerun of S9; it is compiled when it is first needed. Threads,
//! garbage collection and exceptions are not even compiled into this build of wasmtime.
//!
//! Stopping endless calls has a known price. wasmtime can stop a guest only by epochs or by fuel;
//! both add a check to every function and loop. The cost of epochs, measured by alternating runs
//! with and without them on the example's artifact (best of 60 rounds): 0.3 to 1 ns per row for
//! `pair_mentions`, 3 to 4 for `user_activity`, 4 to 6 for all three views, and 50 to 120 ns for a
//! call with one row. The host was a development build on a busy machine, so only the differences
//! mean anything. A host that hangs for ever on one bad event costs more than that, so epochs are
//! on.
//!
//! Deliberately absent: NaN canonicalisation inside a guest that is not `strict` (3 to 5 times
//! slower on float code; the flat batch does it at the edge), pooled instances (warm ones are
//! reused, so instantiation is not on the hot path) and asynchronous calls.

use super::cache::Cache;
use super::clock::Clock;
use super::compiler::Compiler;
use super::limits::{CACHE_BYTES_MAX, GUEST_STACK_MAX_BYTES};
use super::memory::GuestMemory;
use super::usage::of_the_system;
use lockstep_core::error::{Error, Result};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use wasmtime::component::Component;

/// What a host chooses about its engine.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// A directory for compiled artifacts, created if it is missing; with `None` every load
    /// compiles. Code in it is executed, so a directory that somebody else could change is not
    /// used.
    pub cache_dir: Option<PathBuf>,
    /// The most bytes of all entries of the cache; the oldest are deleted.
    pub cache_bytes_max: u64,
    /// Whether an endless call is stopped. Off only to measure what that costs.
    pub interruptible: bool,
    /// The clock of limits; with `None` one that ticks by itself.
    pub clock: Option<Clock>,
    /// The memory of all guests; by default that of the process, which engines share.
    pub memory: GuestMemory,
    /// A process of its own that compiles; with `None` this process does.
    pub compiler: Option<Compiler>,
    /// Called with a notice for the user, at most once for each cause.
    pub notify: Option<fn(&str)>,
}

impl Default for EngineConfig {
    fn default() -> Self {
        EngineConfig {
            cache_dir: None,
            cache_bytes_max: CACHE_BYTES_MAX,
            interruptible: true,
            clock: None,
            memory: GuestMemory::of_the_process(),
            compiler: None,
            notify: None,
        }
    }
}

/// Compiles and runs artifacts. A clone refers to the same engine.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    config: EngineConfig,
    clock: Clock,
    /// Created when first needed; indexed by [`Flavour::index`].
    flavours: [OnceLock<wasmtime::Engine>; 4],
    /// Opened when first needed; none if it cannot be used.
    cache: OnceLock<Option<Cache>>,
}

/// How a guest's code is compiled.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flavour {
    /// NaNs are made canonical inside the guest (S23).
    pub(super) strict: bool,
    /// Fuel is counted.
    pub(super) metered: bool,
}

impl Flavour {
    fn index(self) -> usize {
        usize::from(self.strict) + 2 * usize::from(self.metered)
    }
}

impl Engine {
    /// An engine for this machine.
    pub fn new(config: EngineConfig) -> Result<Engine> {
        let clock = match &config.clock {
            Some(clock) => clock.clone(),
            None => Clock::of_the_machine()?,
        };
        let flavours = Default::default();
        let engine = Engine(Arc::new(Inner { config, clock, flavours, cache: OnceLock::new() }));
        // The usual flavour is created now, so that a machine that cannot run guests fails here.
        engine.flavour(Flavour::default())?;
        Ok(engine)
    }

    /// The engine of this flavour.
    pub(super) fn flavour(&self, flavour: Flavour) -> Result<&wasmtime::Engine> {
        let place = &self.0.flavours[flavour.index()];
        if place.get().is_none() {
            let engine = wasmtime_engine(flavour, self.interruptible())?;
            // Another thread may have been first; its engine is equivalent, and this one is
            // dropped.
            if place.set(engine).is_ok() {
                self.0.clock.drive(place.get().expect("it was just set"));
            }
        }
        Ok(place.get().expect("it was just set"))
    }

    /// The compiled code of an artifact: from the cache, or compiled now.
    pub(super) fn component(
        &self,
        flavour: Flavour,
        wasm: &[u8],
        digest: &str,
    ) -> Result<Component> {
        let engine = self.flavour(flavour)?;
        let entry = self.cache().map(|cache| cache.entry(digest, engine));
        if let Some(component) = entry.as_ref().and_then(|entry| entry.load(engine)) {
            return Ok(component);
        }
        let component = match &self.0.config.compiler {
            Some(compiler) => {
                let code = compiler.compile(flavour, self.interruptible(), wasm)?;
                // SAFETY: the code is what the compiler's process made of these bytes: it came
                // with a code of authentication for a key that only that process was given.
                unsafe { Component::deserialize(engine, code) }
            }
            None => Component::from_binary(engine, wasm),
        };
        let component = component.map_err(not_compiled)?;
        if let Some(entry) = entry {
            entry.store(&component);
        }
        Ok(component)
    }

    fn cache(&self) -> Option<&Cache> {
        let config = &self.0.config;
        let opened = self.0.cache.get_or_init(|| {
            let dir = config.cache_dir.as_deref()?;
            match Cache::open(dir, config.cache_bytes_max) {
                Ok(cache) => Some(cache),
                Err(why) => {
                    if let Some(notify) = config.notify {
                        notify(&format!(
                            "compiled artifacts are not kept: {why}; artifacts are compiled anew \
                             each time"
                        ));
                    }
                    None
                }
            }
        });
        opened.as_ref()
    }

    /// The clock of limits.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// The memory of all guests.
    pub(super) fn memory(&self) -> &GuestMemory {
        &self.0.config.memory
    }

    /// Whether calls have a deadline.
    pub(super) fn interruptible(&self) -> bool {
        self.0.config.interruptible
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("config", &self.0.config).finish_non_exhaustive()
    }
}

/// A wasmtime engine with these settings; two of them make and run the same code.
pub(super) fn wasmtime_engine(flavour: Flavour, interruptible: bool) -> Result<wasmtime::Engine> {
    let mut settings = wasmtime::Config::new();
    settings
        .concurrency_support(false)
        .max_wasm_stack(GUEST_STACK_MAX_BYTES)
        .wasm_backtrace_max_frames(None)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_tail_call(false)
        .cranelift_nan_canonicalization(flavour.strict)
        .consume_fuel(flavour.metered)
        .epoch_interruption(interruptible);
    wasmtime::Engine::new(&settings).map_err(|error| {
        Error::bug("the WebAssembly engine does not run on this machine").because(error)
    })
}

/// Why a component that is within its limits was not compiled.
pub(super) fn not_compiled(error: wasmtime::Error) -> Error {
    match of_the_system(&error) {
        true => Error::retry("the system has no memory left for compiling it").because(error),
        false => Error::input(
            "it is not a component that this build runs; run `lockstep build` in its crate",
        )
        .because(error),
    }
}
