//! The bulk backfill: fills a store that holds nothing of a source yet from the source's log.
//!
//! ```text
//! events -> admission -> mapper -> blocks by partition -> partitions in rounds -> tiles -> store
//!               ids ------------------------------------------------------------------> store
//! ```
//!
//! The log is read once. Admission decides which events count, the mapper makes the views' rows,
//! and the rows wait in blocks, divided into partitions by their keys. After the whole log is read,
//! its last watermark (how far it has come in event time) is known, and with it what the store
//! keeps. So each tile, which is the stored state of one entity's rows in a span of time, is made
//! and written once, from all its rows. Entries are written in the order of their keys: first the
//! ids, then one view after another. A view is written in rounds; a round is as many partitions as
//! fit in memory together, and is folded while the round before it is written.
//!
//! Invariant: the store has the export that streaming the same log would have left (S24). From
//! before the log is read until the last commit the store carries a mark, and hosts refuse it. A
//! rerun reads and maps the log again, and goes on writing after the last commit. Deliberately
//! absent: stores that hold events of the source already, which the streaming host fills; a limit
//! on the memory for event ids.

mod fill;
mod options;
mod reading;
mod rounds;
mod step;
mod writer;

pub use fill::Backfill;
pub(crate) use fill::{Refill, Target};
pub use options::Options;
pub use step::Step;
