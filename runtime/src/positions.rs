//! Readers that wrap another reader and change its positions: one adds an offset, one stops at an
//! end.
//!
//! Invariant: the events and their order are those of the wrapped reader. Deliberately absent:
//! opening files.

use lockstep_core::Result;
use lockstep_core::event::EventBatch;
use lockstep_source::{EventReader, PassedOver};

/// A reader whose positions begin at `first`.
pub(crate) struct OffsetReader {
    /// The position of the first event.
    pub(crate) first: u64,
    /// The wrapped reader, whose positions count from 0.
    pub(crate) reader: Box<dyn EventReader>,
}

impl EventReader for OffsetReader {
    fn next(&mut self) -> Result<Option<EventBatch>> {
        let Some(mut batch) = self.reader.next()? else { return Ok(None) };
        batch.shift(self.first);
        Ok(Some(batch))
    }

    fn passed_over(&self) -> PassedOver {
        self.reader.passed_over()
    }
}

/// A reader that ends before a position.
struct PrefixReader {
    end: u64,
    reader: Box<dyn EventReader>,
}

/// The events of `reader` before the position `end`, or all of them.
pub(crate) fn up_to(reader: Box<dyn EventReader>, end: Option<u64>) -> Box<dyn EventReader> {
    match end {
        Some(end) => Box::new(PrefixReader { end, reader }),
        None => reader,
    }
}

impl EventReader for PrefixReader {
    fn next(&mut self) -> Result<Option<EventBatch>> {
        let Some(mut batch) = self.reader.next()? else { return Ok(None) };
        if batch.next_position > self.end {
            batch = batch.between(0, self.end);
        }
        let empty = batch.positions.is_empty() && batch.set_aside.is_empty();
        Ok(if empty { None } else { Some(batch) })
    }

    fn passed_over(&self) -> PassedOver {
        self.reader.passed_over()
    }
}
