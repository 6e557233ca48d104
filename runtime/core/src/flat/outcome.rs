//! The outcome of one view or on-demand transform for a batch of events: the rows it made, the
//! event that each row came from, and the events it refused.
//!
//! Invariant: in an outcome that this returns, source rows are indices into the batch and never
//! decrease, an event is refused at most once, and no event is both emitted and refused.
//! Deliberately absent: the further rules of a view (null keys) and of an on-demand transform
//! (exactly one row for each event).

use super::decode::{decode, take_items, take_u32};
use super::limits::{BATCH_ROWS_MAX, REASON_BYTES_MAX};
use crate::error::{Error, Result};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

/// An event that a view refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The event's row in the batch.
    pub row: u32,
    /// Why: a text of at most [`REASON_BYTES_MAX`] bytes.
    pub reason: String,
    /// Whether the guest used up its fuel, its memory or its stack for the event. Such events are
    /// costly, so a host may give up on a view that meets many of them.
    pub exhausted: bool,
}

/// What a view, or an on-demand transform, made of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewRows {
    /// The rows, in the order of their events.
    pub rows: RecordBatch,
    /// For each row, the event that it came from; never decreasing.
    pub source_rows: Vec<u32>,
    /// The events that were refused, ascending.
    pub refused: Vec<Refused>,
}

impl ViewRows {
    /// No rows of `schema`, and nothing refused.
    pub fn empty(schema: &SchemaRef) -> ViewRows {
        let rows = RecordBatch::new_empty(schema.clone());
        ViewRows { rows, source_rows: Vec::new(), refused: Vec::new() }
    }

    /// No rows of `schema`: the only event of the batch was refused.
    pub fn refused_alone(
        schema: &SchemaRef,
        reason: impl Into<String>,
        exhausted: bool,
    ) -> ViewRows {
        let refused = vec![Refused { row: 0, reason: reason.into(), exhausted }];
        ViewRows { refused, ..ViewRows::empty(schema) }
    }
}

/// Reads the outcome for `events` events, whose rows have `schema`, from the front of `bytes` and
/// removes it.
#[inline]
pub fn take_outcome(bytes: &mut &[u8], schema: &SchemaRef, events: usize) -> Result<ViewRows> {
    let refused = take_refused(bytes, events, "event")?;
    let source_rows = take_source_rows(bytes, events)?;
    let length = take_u32(bytes)?;
    let batch = take_items(bytes, length, 1, "of the batch")?;
    let rows = decode(schema, batch)?;
    if rows.num_rows() != source_rows.len() {
        return Err(Error::input(format!(
            "the batch has {} rows but {} source rows",
            rows.num_rows(),
            source_rows.len()
        )));
    }
    if !refused.is_empty()
        && let Some(row) = source_rows
            .iter()
            .find(|row| refused.binary_search_by_key(*row, |refused| refused.row).is_ok())
    {
        return Err(Error::input(format!("event {row} is both emitted and refused")));
    }
    Ok(ViewRows { rows, source_rows, refused })
}

/// Reads which of `items` items are refused, ascending, and why.
#[inline]
pub(super) fn take_refused(bytes: &mut &[u8], items: usize, item: &str) -> Result<Vec<Refused>> {
    let count = take_u32(bytes)?;
    if count == 0 {
        return Ok(Vec::new());
    }
    take_some_refused(bytes, count, items, item)
}

#[cold]
fn take_some_refused(
    bytes: &mut &[u8],
    count: usize,
    items: usize,
    item: &str,
) -> Result<Vec<Refused>> {
    if count > items {
        return Err(Error::input(format!("{count} {item}s are refused of {items}")));
    }
    let mut heads = take_items(bytes, count, 8, format_args!("refused {item}s"))?;
    let mut refused = Vec::with_capacity(count);
    for _ in 0..count {
        let (row, length) = (take_u32(&mut heads)?, take_u32(&mut heads)?);
        if row >= items {
            return Err(Error::input(format!("{item} {row} is refused, of {items} {item}s")));
        }
        let message = take_items(bytes, length, 1, "of a message")?;
        let reason = outcome_reason(message);
        refused.push(Refused { row: row as u32, reason, exhausted: false });
    }
    refused.sort_by_key(|refused| refused.row);
    match refused.windows(2).find(|pair| pair[0].row == pair[1].row) {
        Some(pair) => Err(Error::input(format!("{item} {} is refused twice", pair[0].row))),
        None => Ok(refused),
    }
}

/// What stands at the end of a text that was cut.
const CUT: &str = "…";

/// The text of a message of at most [`REASON_BYTES_MAX`] bytes; a longer one is cut at a character
/// boundary, with a mark at its end.
pub fn outcome_reason(message: &[u8]) -> String {
    let kept = &message[..message.len().min(REASON_BYTES_MAX)];
    let mut text = String::from_utf8_lossy(kept).into_owned();
    if kept.len() < message.len() || text.len() > REASON_BYTES_MAX {
        text.truncate(text.floor_char_boundary(REASON_BYTES_MAX - CUT.len()));
        text.push_str(CUT);
    }
    text
}

#[inline]
fn take_source_rows(bytes: &mut &[u8], events: usize) -> Result<Vec<u32>> {
    let count = take_u32(bytes)?;
    if count > BATCH_ROWS_MAX {
        return Err(Error::input(format!(
            "the outcome has {count} rows, above the limit of {BATCH_ROWS_MAX}"
        )));
    }
    let items = take_items(bytes, count, 4, "source rows")?;
    let source_rows: Vec<u32> =
        items.as_chunks::<4>().0.iter().map(|item| u32::from_le_bytes(*item)).collect();
    if let Some(pair) = source_rows.windows(2).find(|pair| pair[0] > pair[1]) {
        return Err(Error::input(format!("source row {} comes after {}", pair[1], pair[0])));
    }
    match source_rows.last() {
        Some(&last) if last as usize >= events => {
            Err(Error::input(format!("source row {last} lies outside a batch of {events} events")))
        }
        _ => Ok(source_rows),
    }
}
