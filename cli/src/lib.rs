//! The implementation of the `lockstep` command, as a library so that tests build artifacts in the
//! same way.
//!
//! Deliberately absent: the work of the commands, which is in `lockstep_runtime`.

pub mod arguments;
pub mod build;
pub mod commands;
pub mod guests;
pub mod inspect;
pub mod meaning;
pub mod outcome;
pub mod output;
pub mod progress_bar;
pub mod scaffold;
pub mod terminal;
