//! Limits on what one window may ask for.
//!
//! Invariant: a window within these limits has a bounded state and a bounded answer. Deliberately
//! absent: checking them (`check`), and limits of aggregates, which are in `feature`.

/// Most windows in a series.
pub const SERIES_COUNT_MAX: u32 = 1000;
/// Most sessions that may lie in a lookback: `lookback / gap`.
pub const SESSIONS_MAX: i64 = 10_000;
/// Most rows of `last n`.
pub const LAST_ROWS_MAX: u32 = 1000;
/// Most whole periods of a calendar in one window.
pub const CALENDAR_PERIODS_MAX: u32 = 1000;
