//! Mapping: guests turn admitted events into rows of views.
//!
//! Invariant: the rows of an event do not depend on the batch in which it is mapped (S7).
//! Deliberately absent: admission and folding.

mod lacking;
mod lift;
mod mapper;
mod refusal;
mod stopped;

pub use mapper::{CALL_ROWS_MAX, Mapped, Mapper, Mapping};
pub(crate) use stopped::stops;
pub use stopped::{HOST_RETRIES_MAX, Stopped};
