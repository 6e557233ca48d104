//! The bulk backfill: a store that holds nothing of a source yet, filled from the source's log.
//!
//! ```text
//! events -> admission -> mapper -> blocks by partition -> partitions in rounds -> tiles -> store
//!               ids ------------------------------------------------------------------> store
//! ```
//!
//! The log is read once, as for a training set, but every key is wanted. Then its last watermark is
//! known, and with it what the store keeps, so each tile is made once, from all its rows, and
//! written once, in the order of keys: first the ids, then view after view in rounds of partitions
//! whose tiles fit in memory together. A round is folded while the one before it is written.
//!
//! Invariant: the store that it leaves has the export of the one that streaming the log would have
//! left (S24). From before the log is read until the last commit the store carries a mark, and
//! hosts refuse it. A rerun reads and maps the log again, and goes on writing behind the last
//! commit. Deliberately absent: stores that hold events of the source already, which the streaming
//! host fills; a limit on the memory of the ids of a source that has them.

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
