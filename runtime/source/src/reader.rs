//! The interface of event readers, and the options of their callers.
//!
//! Invariant: the options decide where reading starts and how much is read at once, never what an
//! event is. Deliberately absent: formats and files.

use super::absent::{Absence, Notices};
use super::groups::PassedOver;
use super::limits::{BATCH_ROWS_DEFAULT, BATCH_ROWS_MAX};
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use lockstep_core::event::EventBatch;
use lockstep_core::time::Interval;

/// How events are read.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// Most rows of a batch, from 1 to [`BATCH_ROWS_MAX`].
    pub batch_rows: usize,
    /// The position of the first event to be read.
    pub start_position: u64,
    /// The event times that are needed; Parquet row groups without any of them are skipped. In a
    /// source with event ids, row groups are skipped only at the end, because an event may decide
    /// about a later one with the same id (S10). Other events outside the range are still read.
    pub time_range: Option<Interval>,
    /// Whether a file is refused that lacks a declared column which may be null.
    pub strict_columns: bool,
    /// Where such columns are told if they are read as null.
    pub notices: Notices,
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions {
            batch_rows: BATCH_ROWS_DEFAULT,
            start_position: 0,
            time_range: None,
            strict_columns: false,
            notices: Notices::default(),
        }
    }
}

impl ReadOptions {
    /// Refuses invalid options.
    pub(super) fn check(&self) -> Result<()> {
        if (1..=BATCH_ROWS_MAX).contains(&self.batch_rows) {
            return Ok(());
        }
        Err(Error::input(format!(
            "a batch of {} rows is not possible; choose 1 to {BATCH_ROWS_MAX}",
            self.batch_rows
        ))
        .with_code(Code::limit("BATCH_ROWS_MAX", BATCH_ROWS_MAX)))
    }

    /// What is done about absent columns.
    pub(super) fn absence(&self) -> Absence {
        Absence { strict: self.strict_columns, notices: self.notices.clone() }
    }
}

/// Reads the events of a source partition in the order of their positions.
pub trait EventReader: Send {
    /// The next batch, which may consist only of events set aside; `None` after the last one. After
    /// an error the reader returns only errors.
    fn next(&mut self) -> Result<Option<EventBatch>>;

    /// What was skipped so far because [`ReadOptions::time_range`] does not need it.
    fn passed_over(&self) -> PassedOver {
        PassedOver::default()
    }
}

/// A reader of a single input, whose positions start at 0.
pub(super) trait Part: EventReader {
    /// The position to read from next.
    fn position(&self) -> u64;
}
