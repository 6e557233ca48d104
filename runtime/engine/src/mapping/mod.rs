//! Mapping: guests turn admitted events into rows of views.

mod lacking;
mod lift;
mod mapper;
mod refusal;

pub use mapper::{CALL_ROWS_MAX, Mapped, Mapper};
