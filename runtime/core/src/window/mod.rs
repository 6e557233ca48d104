//! Windows: what a feature's rows are, as declared (S3 to S5).
//!
//! A feature's [`Window`] is declared; its [`Span`]s are the intervals that it reads: one, or
//! `count` for a series. The last rows and sessions read a sliding span and pick rows from it.
//! Invariant: a window that passed [`Window::check`] has bounds at every `as_of` (`span`).
//! Deliberately absent: which events have arrived, which is the store's knowledge; calendars and
//! time zones.

mod bound;
mod check;
mod duration;
mod kind;
mod limits;
#[cfg(test)]
pub(crate) mod samples;
mod span;

pub(crate) use bound::{Bound, Walk};
pub use duration::{duration, hop_us, parse_duration};
pub use kind::Window;
pub use limits::{LAST_ROWS_MAX, SERIES_COUNT_MAX, SESSIONS_MAX};
pub use span::Span;
