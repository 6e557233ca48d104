//! The point-in-time join of sorted rows and sorted questions, in one pass a key.
//!
//! Rows are sorted by entity and event time, questions by entity and `as_of`. A window's bounds
//! never go back as `as_of` goes on, so each is a cursor that moves forward over the rows, and each
//! slot slides: counts and integer sums are differences of running totals, other sums take rows
//! away exactly, extremes keep a queue, states that a guest merges a merge tree, everything else
//! two stacks. The commonest features are computed a column at a time. Where only rows count that
//! had arrived by then, the ranges end before the first that had not; the few behind it and the
//! late ones are added for one question. A sweep that is cut has only the rows from some time on,
//! and for windows without a start one state of those before. Invariant: an answer has the bits of
//! S1, since any grouping of merges gives them; it shares no step with the tiles of the online
//! host. A sweep has no state beside its arguments, so one runs wherever its Arrow batches are.
//! Deliberately absent: I/O, threads, how rows came to be sorted.

mod column;
mod columnwise;
mod cursor;
mod cut;
mod entity;
mod extreme_queue;
mod merge_tree;
mod plan;
mod prefix;
mod search;
mod shared_extremes;
mod slide;
mod spans;
mod stacks;
#[cfg(test)]
pub(crate) mod tests;
mod windows;

pub use entity::Entity;
pub use plan::Sweep;
