//! The mapper: it turns a source's events into rows of views, a step that all hosts share.
//!
//! Views of one artifact with the same event declaration are computed by one call to the guest.
//! Invariant: the rows do not depend on how events are divided into calls (S7), and every row that
//! is returned can be folded: an event with a row that cannot be is refused for its view (S8).
//! Deliberately absent: admission, folding, I/O.

use super::lacking::{lacking, split};
use super::lift::lift;
use super::refusal::{bad_vectors, long_keys, refuse};
use crate::catalog::Catalog;
use crate::clock::Stopwatch;
use arrow::array::RecordBatch;
use lockstep_core::error::{Error, Result};
use lockstep_core::event::SourceSchema;
use lockstep_core::failure::Failure;
use lockstep_core::row::Rows;
use lockstep_core::view::EventDeclaration;
use lockstep_guest::{Aggregator, Refused, Transformer, ViewRows};
use std::sync::Arc;
use std::time::Duration;

/// Events in one call to the guest: many small calls stay in cache and are faster than few large
/// ones.
pub const CALL_ROWS_MAX: usize = 1024;

/// Maps the events of one source.
#[derive(Debug)]
pub struct Mapper {
    groups: Vec<Group>,
    guest_time: Duration,
}

/// Views that share an artifact and an event declaration.
#[derive(Debug)]
struct Group {
    transformer: Transformer,
    /// The guest of the user-defined aggregates, if a view has any.
    aggregator: Option<Aggregator>,
    /// The indices of the declaration's columns in the source's schema.
    projection: Vec<usize>,
    event: EventDeclaration,
    /// For each view its index in the catalogue and its index in the manifest.
    views: Vec<(usize, usize)>,
    /// The result of the last call; empty between calls.
    answers: Vec<ViewRows>,
}

/// The rows that one call made for one view.
#[derive(Debug)]
pub struct Mapped {
    /// The view's index in the catalogue.
    pub view: usize,
    /// The rows.
    pub rows: Rows,
    /// The index of each row's event in the batch that was mapped.
    pub source_rows: Vec<u32>,
    /// The events that the view does not see, because it refused them or because a column that it
    /// declares is bad; `row` is the index in the batch that was mapped.
    pub refused: Vec<Refused>,
}

impl Mapper {
    /// Maps events of `source` through those of its views that `wanted` accepts.
    pub fn new(
        catalog: &Catalog,
        source: &SourceSchema,
        wanted: impl Fn(usize) -> bool,
    ) -> Result<Mapper> {
        let mut groups: Vec<(usize, Group)> = Vec::new();
        for (at, view) in catalog.views().iter().enumerate() {
            let event = &view.declaration().event;
            if event.source != source.source || !wanted(at) {
                continue;
            }
            let known = groups
                .iter_mut()
                .find(|(artifact, group)| *artifact == view.artifact && group.event == *event);
            let artifact = &catalog.artifacts()[view.artifact].1;
            let aggregator = || match view.plan.fold.lifts.is_empty() {
                true => Ok(None),
                false => Aggregator::new(artifact).map(Some),
            };
            if let Some((_, group)) = known {
                group.views.push((at, view.index));
                if group.aggregator.is_none() {
                    group.aggregator = aggregator()?;
                }
                continue;
            }
            let column = |name: &str| source.columns.iter().position(|c| c.name == name);
            let projection = event.columns.iter().map(|c| {
                column(&c.name).ok_or_else(|| Error::bug("a source schema lacks a declared column"))
            });
            let group = Group {
                transformer: Transformer::new(artifact)?,
                aggregator: aggregator()?,
                projection: projection.collect::<Result<_>>()?,
                event: event.clone(),
                views: vec![(at, view.index)],
                answers: vec![],
            };
            groups.push((view.artifact, group));
        }
        Ok(Mapper {
            groups: groups.into_iter().map(|(_, group)| group).collect(),
            guest_time: Duration::ZERO,
        })
    }

    /// Runs each call on a fresh guest instance: slow, for tests of S7.
    pub fn fresh_each_call(&mut self, fresh: bool) {
        for group in &mut self.groups {
            group.transformer.fresh_each_call(fresh);
            group.aggregator.iter_mut().for_each(|guest| guest.fresh_each_call(fresh));
        }
    }

    /// The total time of calls to the guests' transforms, including the crossing between host and
    /// guest.
    pub fn guest_time(&self) -> Duration {
        self.guest_time
    }

    /// Maps `events`, whose columns are those of the source's schema; `failures` are their bad
    /// values.
    pub fn map(
        &mut self,
        catalog: &Catalog,
        events: &RecordBatch,
        failures: &[Failure],
    ) -> Result<Vec<Mapped>> {
        let mut mapped = Vec::new();
        for start in (0..events.num_rows()).step_by(CALL_ROWS_MAX) {
            let rows = CALL_ROWS_MAX.min(events.num_rows() - start);
            let records = events.slice(start, rows);
            let before = |row: usize| failures.partition_point(|it| (it.row as usize) < row);
            let failures = &failures[before(start)..before(start + rows)];
            let part = Part { records, failures, offset: start as u32 };
            for group in &mut self.groups {
                self.guest_time += group.map(catalog, &part, &mut mapped)?;
            }
        }
        Ok(mapped)
    }
}

/// The events of one call to each guest.
struct Part<'a> {
    records: RecordBatch,
    /// The failures of its rows; their row numbers refer to the whole batch.
    failures: &'a [Failure],
    /// The index of its first row in the batch.
    offset: u32,
}

impl Group {
    fn map(
        &mut self,
        catalog: &Catalog,
        part: &Part<'_>,
        mapped: &mut Vec<Mapped>,
    ) -> Result<Duration> {
        let lacks = |error| Error::bug("a source's batch lacks its columns").because(error);
        let events = part.records.project(&self.projection).map_err(lacks)?;
        let failures = part.failures.iter().map(|failure| (failure.row - part.offset, failure));
        let lacking = lacking(&self.event, &self.projection, &events, failures);
        let (events, kept) = split(events, &lacking)?;
        let schema = self.transformer.event_schema(self.views[0].1)?.clone();
        let events = RecordBatch::try_new(schema, events.columns().to_vec()).map_err(lacks)?;
        let indices: Vec<usize> = self.views.iter().map(|(_, index)| *index).collect();
        let called = Stopwatch::start();
        self.transformer.map_into(&indices, &events, &mut self.answers)?;
        let guest_time = called.elapsed();
        for (&(view, _), mut answer) in self.views.iter().zip(self.answers.drain(..)) {
            let plan = Arc::clone(&catalog.views()[view].plan.fold);
            let bad = long_keys(&plan, &answer, &events)?;
            refuse(&mut answer, bad)?;
            let bad = bad_vectors(&plan, &answer)?;
            refuse(&mut answer, bad)?;
            let lifted = match &mut self.aggregator {
                Some(guest) => lift(guest, &plan, &mut answer)?,
                None => vec![],
            };
            let ordered = plan.looks_at_order();
            let (made, from) = (&answer.rows, &answer.source_rows);
            let mut rows = Rows::new(&plan.view, made, from, &events, ordered)?;
            rows.set_lifted(lifted);
            let place = |row: u32| part.offset + kept.as_ref().map_or(row, |it| it[row as usize]);
            let source_rows = answer.source_rows.iter().map(|row| place(*row)).collect();
            let of_guest = answer.refused.into_iter().map(|r| Refused { row: place(r.row), ..r });
            let mut refused: Vec<Refused> = of_guest.collect();
            if !lacking.is_empty() {
                let columns = lacking.iter().map(|(row, reason)| (part.offset + row, reason));
                refused.extend(columns.map(|(row, why)| Refused {
                    row,
                    reason: why.clone(),
                    exhausted: false,
                }));
                refused.sort_by_key(|refused| refused.row);
            }
            mapped.push(Mapped { view, rows, source_rows, refused });
        }
        Ok(guest_time)
    }
}
