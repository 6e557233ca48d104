//! Lockstep runs feature transforms, compiled once to a Wasm component, with the same bits in a
//! batch backfill, a streaming host and an embedded online server.

pub use lockstep_core::time::Time;
pub use lockstep_core::{Code, Error, ErrorKind, Result};
pub use lockstep_engine::online::{AsOf, OnlineHost};
