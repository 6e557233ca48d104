//! The outcome of one view or on-demand transform for a batch: rows and refusals.
//!
//! Invariant: a source row has rows or a refusal, never both, and source rows never decrease,
//! because a transform handles one row after another. Deliberately absent: the meaning of the
//! columns.

use crate::column::Build;
use crate::record::Row;
use crate::writer::{batch_bytes, put, put_items, write_batch};
use std::any::Any;
use std::fmt::Debug;

/// Most bytes of a refusal's reason; the host keeps no more.
pub(crate) const REASON_MAX_BYTES: usize = 4 << 10;

/// The rows of one batch, from when they are made until they are written.
#[derive(Debug, Default)]
pub struct Outcome<B> {
    /// The source row that is being handled.
    source: u32,
    sources: Vec<[u8; 4]>,
    refused: Vec<(u32, String)>,
    columns: B,
}

impl<B: Build> Outcome<B> {
    /// Removes the content and keeps the memory.
    pub fn clear(&mut self) {
        self.sources.clear();
        self.refused.clear();
        self.columns.clear();
    }

    /// Moves to source row `row`.
    #[inline]
    pub fn turn_to(&mut self, row: usize) {
        self.source = row as u32;
    }

    /// Adds a row.
    #[inline]
    pub fn push<R: Row<Builder = B>>(&mut self, row: R) {
        self.sources.push(self.source.to_le_bytes());
        row.push(&mut self.columns);
    }

    /// Refuses the source row.
    #[cold]
    pub fn refuse(&mut self, reason: String) {
        self.refused.push((self.source, cut(reason)));
    }
}

/// What stands at the end of a text that was cut.
const CUT: &str = "…";

/// Cuts a reason at its limit.
pub(crate) fn cut(reason: String) -> String {
    marked(reason, REASON_MAX_BYTES)
}

/// Cuts a text at `bytes_max` bytes, with a mark at the end if it was longer.
pub(crate) fn marked(mut text: String, bytes_max: usize) -> String {
    if text.len() > bytes_max {
        text.truncate(text.floor_char_boundary(bytes_max - CUT.len()));
        text.push_str(CUT);
    }
    text
}

/// An [`Outcome`] with columns of any kind.
pub trait Written: Any + Debug {
    /// The number of bytes that [`Written::write`] writes.
    fn bytes(&self) -> usize;

    /// Writes the outcome, in the layout of `wit/transform.wit`, to the front of `out`; returns the
    /// rest.
    fn write<'o>(&self, out: &'o mut [u8]) -> &'o mut [u8];
}

impl<B: Build> Written for Outcome<B> {
    fn bytes(&self) -> usize {
        let messages: usize = self.refused.iter().map(|(_, reason)| 8 + reason.len()).sum();
        4 + messages + 4 + self.sources.len() * 4 + 4 + batch_bytes(&self.columns)
    }

    fn write<'o>(&self, mut out: &'o mut [u8]) -> &'o mut [u8] {
        put(&mut out, &(self.refused.len() as u32).to_le_bytes());
        for (row, reason) in &self.refused {
            put(&mut out, &row.to_le_bytes());
            put(&mut out, &(reason.len() as u32).to_le_bytes());
        }
        for (_, reason) in &self.refused {
            put(&mut out, reason.as_bytes());
        }
        put(&mut out, &(self.sources.len() as u32).to_le_bytes());
        put_items(&mut out, &self.sources);
        let length = batch_bytes(&self.columns);
        put(&mut out, &(length as u32).to_le_bytes());
        let (batch, rest) = out.split_at_mut(length);
        write_batch(&self.columns, self.sources.len(), batch);
        rest
    }
}

/// Where a transform keeps its outcome's memory from call to call.
pub type Scratch = Option<Box<dyn Written>>;

/// The outcome in `scratch`, emptied. The caller puts it back when it is filled.
#[inline]
pub(crate) fn emptied<B: Build>(scratch: &mut Scratch) -> Box<Outcome<B>> {
    let kept = scratch.take().map(|kept| kept as Box<dyn Any>);
    // Downcast once: the result is stored to memory, and reading it back at once would wait for
    // that.
    let kept = kept.and_then(|kept| kept.downcast::<Outcome<B>>().ok());
    let mut outcome = kept.unwrap_or_default();
    outcome.clear();
    outcome
}
