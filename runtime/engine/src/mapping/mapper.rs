//! The mapper: it turns a source's events into rows of views, a step that all hosts share.
//!
//! Views of one artifact with the same event declaration are computed by one call to the guest.
//! Invariant: the rows do not depend on how events are divided into calls (S7), and every row that
//! is returned can be folded: an event with a row that cannot be is refused for its view (S8). A
//! view that fails by itself (it is not pure, it does not end, or the machine failed for it again
//! and again) stops, and others go on. Deliberately absent: admission, folding, I/O.

use super::lacking::{lacking, split};
use super::lift::lift;
use super::refusal::{bad_vectors, long_keys, refuse};
use super::stopped::{HOST_RETRIES_MAX, Stopped, stops};
use crate::catalog::Catalog;
use crate::clock::Stopwatch;
use arrow::array::RecordBatch;
use lockstep_core::error::{Error, ErrorKind, Result};
use lockstep_core::event::SourceSchema;
use lockstep_core::failure::Failure;
use lockstep_core::row::Rows;
use lockstep_core::view::EventDeclaration;
use lockstep_guest::{Aggregator, Refused, Transformer, ViewRows};
use std::collections::BTreeMap;
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

/// What became of some events.
#[derive(Debug, Default)]
pub struct Mapping {
    /// The rows of each view, from one or several calls.
    pub mapped: Vec<Mapped>,
    /// The views that stopped at these events. They have no rows of them, and are not asked again.
    pub stopped: Vec<Stopped>,
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

    /// What it has cost to repeat calls.
    pub fn repeat_time(&self) -> Duration {
        let of = |group: &Group| {
            let aggregator = group.aggregator.iter().map(Aggregator::repeat_cost);
            aggregator
                .chain([group.transformer.repeat_cost()])
                .map(|cost| cost.time)
                .sum::<Duration>()
        };
        self.groups.iter().map(of).sum()
    }

    /// Sets how many events a view may refuse in one call before the rest of them is not tried any
    /// more. Then the whole result must be dropped.
    pub fn refusals_max(&mut self, refusals_max: Option<u64>) {
        self.groups.iter_mut().for_each(|group| group.transformer.refusals_max(refusals_max));
    }

    /// Asks a view (its index in the catalogue) no more.
    pub fn stop(&mut self, view: usize) {
        self.groups.iter_mut().for_each(|group| group.views.retain(|(at, _)| *at != view));
    }

    /// Maps `events`, whose columns are those of the source's schema; `failures` are their bad
    /// values.
    pub fn map(
        &mut self,
        catalog: &Catalog,
        events: &RecordBatch,
        failures: &[Failure],
    ) -> Result<Mapping> {
        let mut mapping = Mapping::default();
        for start in (0..events.num_rows()).step_by(CALL_ROWS_MAX) {
            let rows = CALL_ROWS_MAX.min(events.num_rows() - start);
            let records = events.slice(start, rows);
            let before = |row: usize| failures.partition_point(|it| (it.row as usize) < row);
            let failures = &failures[before(start)..before(start + rows)];
            let part = Part { records, failures, offset: start as u32 };
            for group in self.groups.iter_mut().filter(|group| !group.views.is_empty()) {
                self.guest_time += group.map(catalog, &part, &mut mapping)?;
            }
        }
        for stopped in &mapping.stopped {
            mapping.mapped.retain(|mapped| mapped.view != stopped.view);
            self.stop(stopped.view);
        }
        Ok(mapping)
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

/// The events of one call that a group's views see, and where they come from.
struct Seen<'a> {
    events: RecordBatch,
    /// For each event its row in the call; `None` if the views see all.
    kept: Option<Vec<u32>>,
    /// The events that they do not see, and why.
    lacking: BTreeMap<u32, String>,
    part: &'a Part<'a>,
}

impl Seen<'_> {
    /// The row in the whole batch of an event that the views see.
    fn place(&self, row: u32) -> u32 {
        self.part.offset + self.kept.as_ref().map_or(row, |kept| kept[row as usize])
    }
}

impl Group {
    fn map(
        &mut self,
        catalog: &Catalog,
        part: &Part<'_>,
        mapping: &mut Mapping,
    ) -> Result<Duration> {
        let lacks = |error| Error::bug("a source's batch lacks its columns").because(error);
        let events = part.records.project(&self.projection).map_err(lacks)?;
        let failures = part.failures.iter().map(|failure| (failure.row - part.offset, failure));
        let lacking = lacking(&self.event, &self.projection, &events, failures);
        let (events, kept) = split(events, &lacking)?;
        let schema = self.transformer.event_schema(self.views[0].1)?.clone();
        let events = RecordBatch::try_new(schema, events.columns().to_vec()).map_err(lacks)?;
        let seen = Seen { events, kept, lacking, part };
        let indices: Vec<usize> = self.views.iter().map(|(_, index)| *index).collect();
        let called = Stopwatch::start();
        let failed = self.ask(&indices, &seen.events)?;
        let guest_time = called.elapsed();
        let mut answers = std::mem::take(&mut self.answers).into_iter();
        for (view, index) in self.views.clone() {
            let error = failed.iter().find(|(of, _)| *of == index).map(|(_, error)| error.clone());
            let mapped = match error {
                Some(error) => Err(error),
                None => {
                    let answer = answers.next();
                    let answer = answer.ok_or_else(|| Error::bug("a view without an answer"))?;
                    self.rows(catalog, view, answer, &seen)
                }
            };
            match mapped {
                Ok(mapped) => mapping.mapped.push(mapped),
                Err(error) if stops(&error) => {
                    let name = &catalog.views()[view].declaration().name;
                    let error = error.moved(|row| u64::from(seen.place(row as u32))).of_view(name);
                    mapping.stopped.push(Stopped { view, error });
                }
                Err(error) => return Err(error),
            }
        }
        self.views.retain(|(view, _)| mapping.stopped.iter().all(|it| it.view != *view));
        Ok(guest_time)
    }

    /// Asks for the rows of these views. A view for which the machine fails is asked again. Returns
    /// the views that have failed, with their errors.
    fn ask(&mut self, views: &[usize], events: &RecordBatch) -> Result<Vec<(usize, Error)>> {
        let mut failed = self.transformer.map_each(views, events, &mut self.answers)?;
        for _ in 0..HOST_RETRIES_MAX {
            if failed.iter().all(|(_, error)| error.kind != ErrorKind::Retry) {
                break;
            }
            let sound: Vec<usize> = views
                .iter()
                .copied()
                .filter(|view| failed.iter().all(|(it, _)| it != view))
                .collect();
            let mut answers: Vec<(usize, ViewRows)> =
                sound.into_iter().zip(self.answers.drain(..)).collect();
            for (view, error) in &mut failed {
                if error.kind == ErrorKind::Retry {
                    let again = self.transformer.map_each(&[*view], events, &mut self.answers)?;
                    match again.into_iter().next() {
                        Some((_, again)) => *error = again,
                        None => answers.extend(self.answers.drain(..).map(|rows| (*view, rows))),
                    }
                }
            }
            failed.retain(|(view, _)| answers.iter().all(|(answered, _)| answered != view));
            answers.sort_by_key(|(view, _)| views.iter().position(|it| it == view));
            self.answers = answers.into_iter().map(|(_, rows)| rows).collect();
        }
        Ok(failed)
    }

    /// The rows of one view, ready to be folded.
    fn rows(
        &mut self,
        catalog: &Catalog,
        view: usize,
        mut answer: ViewRows,
        seen: &Seen<'_>,
    ) -> Result<Mapped> {
        let Seen { events, lacking, part, .. } = seen;
        let plan = Arc::clone(&catalog.views()[view].plan.fold);
        let bad = long_keys(&plan, &answer, events)?;
        refuse(&mut answer, bad)?;
        let bad = bad_vectors(&plan, &answer)?;
        refuse(&mut answer, bad)?;
        let lifted = match &mut self.aggregator {
            Some(guest) => lift(guest, &plan, &mut answer)?,
            None => vec![],
        };
        let ordered = plan.looks_at_order();
        let mut rows = Rows::new(&plan.view, &answer.rows, &answer.source_rows, events, ordered)?;
        rows.set_lifted(lifted);
        let source_rows = answer.source_rows.iter().map(|row| seen.place(*row)).collect();
        let of_guest = answer.refused.into_iter().map(|r| Refused { row: seen.place(r.row), ..r });
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
        Ok(Mapped { view, rows, source_rows, refused })
    }
}
