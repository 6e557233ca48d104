//! Guests that cost more than they may: which cases there are, and whether a host holds.
//!
//! Invariant: a case is held only if the host answers, names the limit, and gives the neighbours of
//! the misdeed the same bits as without it. Both `cargo test` and `make figures ONLY=evil` run the
//! same table. Deliberately absent: lies and traps, which cost nothing; `tests/it/sandbox` has
//! them.

mod calls;
pub mod components;
mod loading;
mod pool;

use crate::artifacts::wasm;
use lockstep_guest::{Clock, EngineConfig, GuestMemory};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

/// Something that a guest does, and the host that it does it to.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What it does.
    pub name: &'static str,
    /// The host: `load`, or where it is called.
    pub host: &'static str,
    /// The constant of the limit that stops it.
    pub limit: &'static str,
    run: fn(&Case, Time) -> Result<(), String>,
}

/// Which clock the limits of time go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// The machine's.
    Real,
    /// One that runs as fast as it can while a case waits for it, whatever the machine does.
    Fast,
}

/// The variable for the evil guest's file, in a process that is not to build it.
pub const GUEST_FILE: &str = "LOCKSTEP_EVIL_GUEST";

/// The evil guest's file.
pub fn guest_file() -> PathBuf {
    std::env::var_os(GUEST_FILE).map_or_else(|| wasm("tests/guests/evil"), PathBuf::from)
}

/// All cases.
pub fn cases() -> Vec<Case> {
    [loading::cases(), calls::cases(), pool::cases()].concat()
}

impl Case {
    /// Runs the case. The error says how it escaped: a wrong answer, or none that names the limit.
    pub fn run(&self, time: Time) -> Result<(), String> {
        (self.run)(self, time)
    }
}

/// Settings of an engine with a memory of its own.
fn config(memory_bytes: usize) -> EngineConfig {
    EngineConfig { memory: GuestMemory::new(memory_bytes), ..EngineConfig::default() }
}

/// What the thread that moves a clock counts to between two ticks: a guest that shares the processor
/// with it gets as much done, which is enough to start within its ticks and too little to use up its
/// fuel.
const COUNTS_PER_TICK: u32 = 30_000;

/// Does something while `clock`, which is moved by hand, ticks.
fn ticking<T>(clock: &Clock, work: impl FnOnce() -> T) -> T {
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                clock.advance(1);
                let mut count = 0;
                while count < COUNTS_PER_TICK {
                    count = std::hint::black_box(count + 1);
                }
                std::thread::yield_now();
            }
        });
        let done = work();
        ended.store(true, Ordering::Relaxed);
        done
    })
}

/// Whether an error or a reason says what stopped the guest.
fn names(text: &str, word: &str) -> Result<(), String> {
    match text.contains(word) {
        true => Ok(()),
        false => Err(format!("{text:?} does not say {word:?}")),
    }
}
