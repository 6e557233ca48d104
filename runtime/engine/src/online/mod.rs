//! The online host (`host`), its requests (`request`), and on-demand transforms (`on_demand`).
//!
//! Invariant: a request is answered exactly, from one commit of the store, or fails. Deliberately
//! absent: writing to the store.

mod host;
pub mod on_demand;
pub mod request;

pub use host::{AsOf, OnlineHost};
