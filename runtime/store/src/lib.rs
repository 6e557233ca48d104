//! Stores: an ordered map of byte keys to byte values, changed by atomic, durable, numbered
//! commits.
//!
//! The contract, which one suite of laws (`tests/it/store.rs`) checks on every backend through the
//! traits [`Store`] and [`Snapshot`]:
//!
//! ```text
//! state(0) = {}        state(n) = state(n - 1) with batch n applied        commit(batch n) = n
//! ```
//!
//! Invariant: a snapshot is `state(n)` for one `n`, never part of a commit. When `commit` returns
//! `n`, `state(n)` survives a crash; if it fails, the store holds `state(n)` or `state(n - 1)`, and
//! opening it again tells which. A read returns what was written, or an error.
//!
//! Deliberately absent: what keys and values mean (`layout`), transactions that read, concurrent
//! writers (commits are serial), and reverse scans, for which the backend's cursor is unreliable.
#![cfg_attr(not(test), deny(unused_crate_dependencies))] // Unused code is removed.

pub mod base;
mod batch;
pub mod bulk;
pub mod canonical;
mod cell;
mod contract;
mod deadline;
mod directory;
mod envelope;
pub mod export;
pub mod generations;
mod key;
pub mod layout;
pub mod memory;
pub mod progress;
mod record;
pub mod rejected;
pub mod set_progress;
pub mod sled;
mod state_store;
pub mod tiles;
pub mod unfinished;

pub use batch::{BATCH_BYTES_MAX, BATCH_KEYS_MAX, VALUE_BYTES_MAX, WriteBatch};
pub use bytes::Bytes;
pub use contract::{Snapshot, Store, Verified, Verify, Visit};
pub use key::{KEY_BYTES_MAX, KEY_END, prefix_end};
pub use state_store::{Deleted, Entry, Garbage, Marking, StateBatch, StateSnapshot, StateStore};
