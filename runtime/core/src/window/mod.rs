//! Windows: which rows a feature is computed over, as declared (S3 to S5).
//!
//! A feature declares a [`Window`]; its [`Span`]s are the intervals that it reads: `count` of them
//! for a series, otherwise one. Windows of the last rows and of sessions read a sliding span and
//! select rows from it. Invariant: a window that passed [`Window::check`] has bounds at every
//! `as_of` (`span`). Deliberately absent: which events have arrived, which only the store knows;
//! calendars and time zones.

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
