//! Mapping: from admitted events to the rows of views, by guests.

mod lacking;
mod lift;
mod mapper;
mod refusal;

pub use mapper::{CALL_ROWS_MAX, Mapped, Mapper};
