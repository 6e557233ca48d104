//! The online host: one request, one feature vector.

mod host;
pub mod on_demand;
pub mod request;

pub use host::{AsOf, OnlineHost};
