//! The online host (`host`), its requests (`request`), on-demand transforms (`on_demand`),
//! and the guests that requests share (`pool`).
//!
//! Invariant: a request is answered exactly, from one commit of the store, or fails. Deliberately
//! absent: writing to the store.

mod host;
pub mod on_demand;
mod pool;
pub mod request;

pub use host::{AsOf, OnlineHost};
pub use pool::{POOL_GUESTS_BYTES_MAX, POOL_IDLE_MAX, POOL_REQUESTS_MAX, POOL_RUNNING_MAX};
