//! The three hosts. Each owns its I/O and drives the same core.

pub mod batch;
mod lift;
pub mod mapper;
pub mod on_demand;
pub mod online;
mod refusal;
pub mod request;
pub mod set_aside;
pub mod stream;
