//! Windows: which rows a feature is computed over, as declared (S3 to S5).
//!
//! A feature declares a [`Window`]; its [`Span`]s are the intervals that it reads: `count` of them
//! for a series, otherwise one. Windows of the last rows and of sessions read a sliding span and
//! select rows from it. Invariant: a window that passed [`Window::check`] has bounds at every
//! `as_of` (`span`). Deliberately absent: which events have arrived, which only the store knows.

mod bound;
mod calendar;
mod check;
mod duration;
mod kind;
mod limits;
#[cfg(test)]
pub(crate) mod samples;
mod span;
mod zone;

pub(crate) use bound::{Bound, Walk};
pub use calendar::{Calendar, CalendarUnit, Weekday};
pub use duration::{duration, hop_us, parse_duration};
pub use kind::Window;
pub use limits::{CALENDAR_PERIODS_MAX, LAST_ROWS_MAX, SERIES_COUNT_MAX, SESSIONS_MAX};
pub use span::Span;
pub use zone::{Zone, database_version};
