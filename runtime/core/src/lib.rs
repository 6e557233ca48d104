//! The pure core of Lockstep: what a feature value means, and how it is computed.
//!
//! Invariant: no function here does I/O, reads a clock or starts a thread; a result depends on the
//! arguments alone. The crate builds for `wasm32-unknown-unknown`, which CI checks. Deliberately
//! absent: running guests (`lockstep-guest`), files (`lockstep-source`) and stores
//! (`lockstep-store`).
#![cfg_attr(not(test), deny(unused_crate_dependencies))] // Unused code is removed.

pub mod array;
pub mod cell;
pub mod code;
pub mod digits;
pub mod error;
pub mod event;
pub mod failure;
pub mod feature;
pub mod generation;
pub mod json;
pub mod key;
pub mod manifest;
pub mod name;
pub mod near;
pub mod notation;
pub mod shown;
pub mod time;
pub mod value;
pub mod view;
pub mod window;

pub mod flat;

pub mod aggregate;
pub mod fold;
pub mod row;
pub mod sweep;
pub mod tile;
pub mod view_plan;

pub use code::{CallCause, Code};
pub use error::{Error, ErrorKind, Result};
