//! The online host (`host`), its requests (`request`), and on-demand transforms (`on_demand`).

mod host;
pub mod on_demand;
pub mod request;

pub use host::{AsOf, OnlineHost};
