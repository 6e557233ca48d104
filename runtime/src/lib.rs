//! Lockstep runs feature transforms, compiled once to a Wasm component, with the same bits in a
//! batch backfill, a streaming host and an embedded online server.

pub mod atomic_file;
pub mod error;
pub mod event;
pub mod feature;
pub mod key;
pub mod manifest;
pub mod name;
pub mod time;
pub mod value;
pub mod view;
pub mod window;

pub mod component;
pub mod flat;
pub mod source;

pub mod aggregate;
pub mod fold;
pub mod row;
pub mod sweep;
pub mod tile;

pub mod store;

pub mod admission;
pub mod arrivals;
pub mod catalog;
pub mod clock;
pub mod guests;
pub mod host;
pub mod parity;
pub mod project;
pub mod service;
pub mod vector;

pub use error::{Error, ErrorKind, Result};
