//! The engine of Lockstep: its hosts, the parts that make training sets, fill stores, add events to
//! them and serve requests, all by running the same compiled transforms.
//!
//! Invariant: each host uses the same core, so all of them compute the same bits. Deliberately
//! absent: reading arguments and printing.
#![cfg_attr(not(test), deny(unused_crate_dependencies))] // Unused code is removed.

pub mod admission;
pub mod backfill;
pub mod catalog;
pub mod clock;
pub mod export;
pub mod generations;
pub mod guests;
pub mod ingest;
pub mod inputs;
pub mod mapping;
pub mod online;
pub mod parity;
pub mod project;
pub mod service;
pub mod shape;
pub mod shuffle;
pub mod training;
pub mod vector;
