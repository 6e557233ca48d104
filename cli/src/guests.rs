//! The engine on which the command runs guests.
//!
//! Invariant: the command itself compiles no component: it starts itself again as a compiler, whose
//! time and memory the system limits. A program that uses this crate as a library compiles within
//! its own process, unless it calls [`compile_in_a_child`] and serves [`COMPILER_ARGUMENT`] as the
//! command does. Deliberately absent: what a guest is asked.

use lockstep_runtime::{Compiler, Engine, EngineConfig, Result, cached_engine_with};
use std::sync::OnceLock;

/// The only argument of the command as a compiler.
pub const COMPILER_ARGUMENT: &str = "--compile-one-component";

static COMPILER: OnceLock<Compiler> = OnceLock::new();

/// Lets engines of this process compile in a process of its own executable, if it has a path.
pub fn compile_in_a_child() {
    if let Ok(program) = std::env::current_exe() {
        let _ = COMPILER.set(Compiler { program, arguments: vec![COMPILER_ARGUMENT.into()] });
    }
}

fn config() -> EngineConfig {
    EngineConfig {
        compiler: COMPILER.get().cloned(),
        notify: Some(|notice| eprintln!("lockstep: {notice}")),
        ..EngineConfig::default()
    }
}

/// An engine that keeps compiled artifacts.
pub(crate) fn cached() -> Result<Engine> {
    cached_engine_with(config())
}

/// An engine that compiles each artifact.
pub(crate) fn fresh() -> Result<Engine> {
    Engine::new(config())
}
