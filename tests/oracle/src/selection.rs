//! Which rows of one key a feature reads (S3, S4), and what a rate divides by.
//!
//! The filter comes first, then the window's span, then the last rows or the session within it.
//! Invariant: a selection is in row order (S15), whatever the order of the rows given. Deliberately
//! absent: nulls in the column that is read; aggregates skip them (S16).

use crate::row::Row;
use crate::value::Value;
use crate::window::{Span, Window};

/// The rows that a feature reads at one question.
#[derive(Clone, Debug)]
pub(crate) struct Selection<'a> {
    /// In row order.
    pub rows: Vec<&'a Row>,
    /// The effective `as_of`.
    pub as_of: i64,
    /// Microseconds that a rate divides by; `None` for a lifetime.
    pub length_us: Option<i128>,
}

impl<'a> Selection<'a> {
    /// The rows of `all` that a window takes within `span`, one of its spans at `as_of`.
    pub(crate) fn new(
        all: &'a [Row],
        filter: Option<usize>,
        window: Window,
        span: Span,
        as_of: i64,
    ) -> Selection<'a> {
        let inside = |row: &&Row| span.holds(row.event_time) && passes(row, filter);
        let mut rows: Vec<&Row> = all.iter().filter(inside).collect();
        rows.sort_by(|a, b| a.order(b));
        let mut length_us = span.length_us();
        match window {
            Window::LastRows { rows: most, skip, .. } => {
                rows.truncate(rows.len().saturating_sub(skip));
                rows.drain(..rows.len().saturating_sub(most));
            }
            Window::LatestEvent { .. } => {
                if let Some(last) = rows.last().copied() {
                    let event = |row: &Row| (row.event_time, row.event_id.clone());
                    rows.retain(|row| event(row) == event(last));
                }
            }
            Window::Session { gap_us, open, .. } => {
                let closed_by = if open { None } else { Some(span.hi) };
                rows = latest_session(&rows, gap_us, closed_by);
                let times = rows.first().zip(rows.last());
                length_us = times.map(|(a, b)| i128::from(b.event_time) - i128::from(a.event_time));
            }
            _ => {}
        }
        Selection { rows, as_of, length_us }
    }

    /// The same question over other rows, given in row order.
    pub(crate) fn over(&self, rows: Vec<&'a Row>) -> Selection<'a> {
        Selection { rows, ..*self }
    }
}

/// Whether the filter's column is true; a null is not.
pub(crate) fn passes(row: &Row, filter: Option<usize>) -> bool {
    filter.is_none_or(|column| matches!(row.values[column], Value::Bool(true)))
}

/// The latest session, or the latest that is closed at `hi`. Neighbours at most `gap_us` apart are
/// of one session. It is closed if `last + gap < hi`.
fn latest_session<'a>(rows: &[&'a Row], gap_us: i64, hi: Option<i64>) -> Vec<&'a Row> {
    let joined = |a: &&Row, b: &&Row| {
        i128::from(b.event_time) - i128::from(a.event_time) <= i128::from(gap_us)
    };
    let closed = |session: &&[&Row]| {
        let last = session.last().expect("a session is not empty").event_time;
        hi.is_none_or(|hi| i128::from(last) + i128::from(gap_us) < i128::from(hi))
    };
    rows.chunk_by(joined).rfind(closed).unwrap_or_default().to_vec()
}
