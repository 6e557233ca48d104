//! The sweep: the point-in-time join of sorted rows with sorted questions, in one pass per key. A
//! question is one key and one `as_of`, as a row of the spine or a request asks it.
//!
//! Rows are sorted by entity and event time, questions by entity and `as_of`. As `as_of` increases,
//! no bound of a window decreases, so each bound is a cursor that only moves forward over the rows.
//! Most features are computed a column at a time (`columnwise`). For
//! the others the state of each slot follows the moving range: counts and integer sums are
//! differences of running totals; other sums add and subtract rows exactly; extremes keep a queue;
//! states that only a guest can merge use a merge tree; everything else uses two stacks.
//!
//! If a question may see only the rows that had arrived by its time, the sliding ranges end before
//! the first row that had not; the few later rows that had arrived, and the late rows, are added
//! for that question alone. A cut sweep holds only the rows from some time on, and one state of the
//! earlier rows for windows without a start.
//!
//! Invariant: an answer has the bits of S1, because any grouping of merges gives the same bits; it
//! shares no step with the tiles of the online host. A sweep has no state beyond its arguments, so
//! it can run wherever its Arrow batches are. Deliberately absent: I/O, threads, and how the rows
//! were sorted.

mod column;
mod columnwise;
mod cursor;
mod cut;
mod entity;
mod extreme_queue;
mod merge_tree;
mod picks;
mod plan;
mod prefix;
mod search;
mod slide;
mod spans;
mod stacks;
#[cfg(test)]
pub(crate) mod tests;
mod windows;

pub use entity::Entity;
pub use plan::Sweep;
