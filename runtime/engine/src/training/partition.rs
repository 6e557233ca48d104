//! A partition's rows and questions, sorted for a sweep.
//!
//! Invariant: each key about which there is a question becomes one entity, with all its rows in
//! order of event time and all its questions in order of `as_of`. Rows of other keys are left out.
//! Deliberately absent: how a partition is read (`shuffle`) or cut (`stretches`).

use super::questions::{Questions, Sorted};
use crate::shuffle::blocks::Part;
use crate::shuffle::gather::{Ids, Pieces};
use crate::shuffle::layout::Layout;
use arrow::array::RecordBatch;
use arrow::buffer::ScalarBuffer;
use lockstep_core::error::Result;
use lockstep_core::row::Rows;
use lockstep_core::sweep::Entity;
use std::ops::Range;

/// A partition, or a stretch of one, ready to be swept.
#[derive(Debug)]
pub(super) struct Partition {
    pub(super) rows: Rows,
    /// The arrival time of each row, if arrivals matter.
    pub(super) arrived: Option<ScalarBuffer<i64>>,
    pub(super) entities: Vec<Entity>,
    /// The `as_of` of each question.
    pub(super) as_of: Vec<i64>,
    /// The spine row of each question.
    pub(super) spine_rows: Vec<u32>,
    /// The id of each entity's key.
    pub(super) ids: Vec<u32>,
}

impl Partition {
    /// All of a view's rows and questions in these parts. `ids` must be empty.
    pub(super) fn whole(
        layout: &Layout,
        spine: &[Part<'_>],
        rows: &[Part<'_>],
        ids: &mut Ids,
    ) -> Result<Partition> {
        let questions = Questions::all(spine, ids)?;
        let mut pieces = Pieces::default();
        for part in rows {
            pieces.add(part, &part.load()?, |_, key| ids.get(key).copied())?;
        }
        let mut events = pieces.sorted(ids.len());
        let late = |id: usize| match (layout.has_arrivals(), events.range(id)) {
            (true, own) => own.start + events.late_last(own),
            (false, own) => own.end,
        };
        let late: Vec<usize> = (0..ids.len()).map(late).collect();
        let batch = events.in_order(layout)?;
        let entity = |id: usize, questions| {
            let own = events.range(id);
            Entity { rows: own.start..late[id], late: late[id]..own.end, questions, before: None }
        };
        Partition::new(layout, &batch, questions.sorted(ids.len()), entity)
    }

    /// A partition of these questions and of rows that are already sorted. `entity` returns the
    /// entity for an id and the range of the questions about it.
    pub(super) fn new(
        layout: &Layout,
        rows: &RecordBatch,
        questions: Sorted,
        entity: impl Fn(usize, Range<usize>) -> Entity,
    ) -> Result<Partition> {
        let (mut entities, mut ids) = (vec![], vec![]);
        for (id, range) in questions.ranges().enumerate().filter(|(_, range)| !range.is_empty()) {
            entities.push(entity(id, range));
            ids.push(id as u32);
        }
        let (rows, arrived) = layout.rows(rows)?;
        let Sorted { as_of, spine_rows, .. } = questions;
        Ok(Partition { rows, arrived, entities, as_of, spine_rows, ids })
    }
}
