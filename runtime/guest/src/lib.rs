//! Guests: WebAssembly components that an author wrote and that a host must not trust.
//!
//! Invariant: only this crate names wasmtime. Whatever a guest does, the worst result is that its
//! own event is set aside for its own view (S8, S9): a guest cannot read the host's memory, run for
//! ever, or make the host allocate without limit, and no reply is used before it was checked.
//! Deliberately absent: any import except a write-only log, and any knowledge of where events come
//! from.
#![cfg_attr(not(test), deny(unused_crate_dependencies))] // Unused code is removed.

mod aggregator;
mod artifact;
mod cache;
mod clock;
mod compiler;
mod engine;
mod failed_merges;
mod fault;
mod instance;
mod isolate;
mod limits;
mod line;
mod memory;
mod on_demand;
mod outcomes;
mod private;
mod purity;
mod seal;
mod section;
mod steps;
mod structure;
mod transformer;
mod usage;

pub use aggregator::Aggregator;
pub use artifact::{
    AGGREGATE_INTERFACE, Artifact, LOG_INTERFACE, ON_DEMAND_INTERFACE, TRANSFORM_INTERFACE,
};
pub use clock::{Clock, Deadline};
pub use compiler::{Compiler, serve_compiler};
pub use engine::{Engine, EngineConfig};
pub use failed_merges::FailedMerges;
pub use isolate::ENDLESS_ITEMS_MAX;
pub use limits::*;
pub use line::Line;
pub use lockstep_core::flat::{Refused, ViewRows};
pub use memory::GuestMemory;
pub use on_demand::OnDemandRunner;
pub use purity::{
    PROBE_CALLS, PROBE_TIME_MAX, REPEAT_EVERY_MAX, REPEAT_ITEMS_MAX, RepeatCost, probe,
};
pub use section::{MANIFEST_SECTION, custom_sections};
pub use transformer::Transformer;
