//! The engine: how guests are compiled and stopped, and where compiled code is cached.
//!
//! Invariant: two hosts of one build compile a guest to code with the same results, because every
//! Wasm feature whose result may differ (relaxed SIMD, threads) is off. A guest is compiled in two
//! forms. The ordinary form stops a call by epochs, a counter that a host thread increments. The
//! metered form counts fuel, for the rerun of S9; it is compiled when it is first needed. Threads,
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

use super::limits::{EPOCH_TICK_MS, GUEST_STACK_MAX_BYTES};
use lockstep_core::error::{Error, Result};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// What a host chooses about its engine.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// A directory for compiled artifacts, created if it is missing; with `None` every load
    /// compiles. Code in it is executed, so on Unix a directory that others may write to is not
    /// used.
    pub cache_dir: Option<PathBuf>,
    /// Whether an endless call is stopped. Off only to measure what that costs.
    pub interruptible: bool,
}

impl Default for EngineConfig {
    fn default() -> Self {
        EngineConfig { cache_dir: None, interruptible: true }
    }
}

/// Compiles and runs artifacts. A clone refers to the same engine.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    config: EngineConfig,
    /// Created when first needed; indexed by [`Flavour::index`].
    flavours: [OnceLock<Running>; 4],
}

struct Running {
    engine: wasmtime::Engine,
    /// Dropping it ends the thread that increments the epoch.
    _ticking: Option<Sender<()>>,
}

/// How a guest's code is compiled.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flavour {
    /// NaNs are made canonical inside the guest (S23).
    pub(super) strict: bool,
    /// Fuel is counted, and no epoch stops the call.
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
        let engine = Engine(Arc::new(Inner { config, flavours: Default::default() }));
        // The usual flavour is created now, so that a machine that cannot run guests fails here.
        engine.flavour(Flavour::default())?;
        Ok(engine)
    }

    /// The engine of this flavour.
    pub(super) fn flavour(&self, flavour: Flavour) -> Result<&wasmtime::Engine> {
        let place = &self.0.flavours[flavour.index()];
        if place.get().is_none() {
            let interruptible = self.interruptible() && !flavour.metered;
            let engine = wasmtime_engine(flavour, interruptible)?;
            let ticking = interruptible.then(|| tick(&engine)).transpose()?;
            // Another thread may have been first; its engine is equivalent, and this one is
            // dropped.
            let _ = place.set(Running { engine, _ticking: ticking });
        }
        Ok(&place.get().expect("it was just set").engine)
    }

    /// Where compiled artifacts are kept.
    pub(super) fn cache_dir(&self) -> Option<&Path> {
        self.0.config.cache_dir.as_deref()
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

fn wasmtime_engine(flavour: Flavour, interruptible: bool) -> Result<wasmtime::Engine> {
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

/// Starts the thread that increments the engine's epoch. It ends with the engine.
fn tick(engine: &wasmtime::Engine) -> Result<Sender<()>> {
    let (sender, receiver) = mpsc::channel::<()>();
    let engine = engine.weak();
    let ticker = move || {
        let every = Duration::from_millis(EPOCH_TICK_MS);
        while receiver.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
            match engine.upgrade() {
                Some(engine) => engine.increment_epoch(),
                None => return,
            }
        }
    };
    std::thread::Builder::new()
        .name("lockstep-epoch".into())
        .spawn(ticker)
        .map_err(|error| Error::retry("cannot start the thread of the epoch").because(error))?;
    Ok(sender)
}
