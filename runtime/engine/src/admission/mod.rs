//! Admission: which events of a source count, when they arrived, and what is set aside.
//!
//! Invariant: training sets, backfills and streams decide alike, since all of them decide here.

mod admit;
pub mod arrivals;
mod counted;
mod refused;
pub mod set_aside;

pub use admit::{Admission, Admitted, EVENT_ID_BYTES_MAX, admit};
pub(crate) use counted::{Arrived, Counted};
pub(crate) use refused::refused;
