//! Admission: decides which events of a source count, and keeps what is set aside.
//!
//! An event that is *set aside* is kept with the reason, but outside the feature values (S8). Also
//! here: the column that records when each event arrived.
//!
//! Invariant: training sets, backfills and streams decide alike, because all of them decide here.
//! Deliberately absent: reading events, and mapping them to rows.

mod admit;
mod allowance;
pub mod arrivals;
mod counted;
mod refused;
pub mod set_aside;

pub use admit::{Admission, Admitted, EVENT_ID_BYTES_MAX, admit};
pub(crate) use allowance::Allowance;
pub(crate) use counted::{Arrived, Counted};
pub(crate) use refused::refused;
