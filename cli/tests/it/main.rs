//! The `lockstep` command as a process of its own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod json_errors;
mod pipes;
mod questions;
mod readme;
