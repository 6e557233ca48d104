//! The engine of Lockstep: what the hosts do with events, guests and stores.
//!
//! Invariant: each host drives the same core, so all of them compute the same bits. Deliberately
//! absent: reading arguments and printing.
#![cfg_attr(not(test), deny(unused_crate_dependencies))] // What nobody uses is removed.

pub mod admission;
pub mod backfill;
pub mod catalog;
pub mod clock;
pub mod export;
pub mod generations;
pub mod guests;
pub mod ingest;
pub mod mapping;
pub mod online;
pub mod parity;
pub mod project;
pub mod service;
pub mod shape;
pub mod shuffle;
pub mod training;
pub mod vector;
