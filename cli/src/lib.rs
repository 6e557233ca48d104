//! The inside of the `lockstep` command, as a library so that tests build artifacts the same way.

pub mod allocator;
pub mod arguments;
pub mod build;
pub mod commands;
pub mod destination;
pub mod inspect;
pub mod meaning;
pub mod memory;
pub mod outcome;
pub mod output;
pub mod provenance;
pub mod scaffold;
pub mod workspace;
