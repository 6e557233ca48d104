//! Calls that survive a misbehaving guest (S8, S9).
//!
//! Invariant: an event is refused only for what it does alone on a fresh instance under the budget
//! of `limits.rs`, twice: without the meter and with it. So a refusal does not depend on the batch
//! that the event came in, on what the instance had done before, or on how fast the machine is.
//! A batch that failed is cut in two on fresh instances, again and again, until the parts that
//! work are answered and single events remain; after a timeout it is cut into more parts, so that
//! an endless event costs few deadlines, and a batch that was merely long costs few calls.
//!
//! Deliberately absent: a limit on how many events of a batch may fail.

use super::artifact::Artifact;
use super::fault::Fault;
use super::instance::{Call, Instance};
use crate::error::{Error, ErrorKind, Result};
use crate::flat::{Refused, ViewRows, encode};
use arrow::array::{Array, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use std::fmt;
use std::ops::Range;

/// Parts that a batch is cut into after a timeout.
const PARTS_AFTER_TIMEOUT: usize = 16;
/// Parts that a batch is cut into after any other fault.
const PARTS_AFTER_FAULT: usize = 2;

/// Reads the outcome of so many events off the front of an answer.
pub(super) trait Answer {
    /// The schema of its rows.
    fn schema(&self) -> &SchemaRef;
    /// Takes one outcome; an error is a lie of the guest.
    fn take(&self, bytes: &mut &[u8], events: usize) -> Result<ViewRows>;
}

/// A guest to call, and the batch that is being sent to it.
pub(super) struct Caller {
    artifact: Artifact,
    warm: Option<Instance>,
    fresh_each_call: bool,
    buffer: Vec<u8>,
}

impl Caller {
    /// Starts a warm instance.
    pub(super) fn new(artifact: &Artifact) -> Result<Caller> {
        let warm = Some(Instance::new(artifact, false)?);
        Ok(Caller { artifact: artifact.clone(), warm, fresh_each_call: false, buffer: Vec::new() })
    }

    /// The artifact called.
    pub(super) fn artifact(&self) -> &Artifact {
        &self.artifact
    }

    /// Whether each call gets an instance of its own.
    pub(super) fn fresh_each_call(&mut self, fresh: bool) {
        self.fresh_each_call = fresh;
    }

    /// One try on the warm instance: the outcome of each of `answers`, or `None` if the guest
    /// failed in any way and each of them must be asked for by [`Caller::isolated`].
    pub(super) fn all(
        &mut self,
        call: Call,
        answers: &[&dyn Answer],
        events: &RecordBatch,
    ) -> Result<Option<Vec<ViewRows>>> {
        let mut instance = match self.warm.take() {
            Some(instance) if !self.fresh_each_call => instance,
            _ => Instance::new(&self.artifact, false)?,
        };
        match ask(&mut instance, call, answers, events, &mut self.buffer) {
            Ok(rows) => {
                self.warm = Some(instance);
                Ok(Some(rows))
            }
            Err(Fault::Host(error)) => Err(error),
            // The instance is dead or has lied; it is dropped.
            Err(_) => Ok(None),
        }
    }

    /// The outcome of one view on fresh instances, with the events that fail refused.
    pub(super) fn isolated(
        &mut self,
        call: Call,
        answer: &dyn Answer,
        events: &RecordBatch,
    ) -> Result<ViewRows> {
        let whole = 0..events.num_rows();
        let mut waiting: Vec<Range<usize>> = vec![whole];
        let mut parts: Vec<(usize, ViewRows)> = Vec::new();
        while let Some(range) = waiting.pop() {
            let part = events.slice(range.start, range.len());
            match self.fresh(call, answer, &part, false) {
                Ok(rows) => parts.push((range.start, rows)),
                Err(Fault::Host(error)) => return Err(error),
                Err(fault) if range.len() == 1 => {
                    parts.push((range.start, self.judge(call, answer, &part, &fault)?));
                }
                Err(Fault::Timeout) => waiting.extend(cut(range, PARTS_AFTER_TIMEOUT)),
                Err(_) => waiting.extend(cut(range, PARTS_AFTER_FAULT)),
            }
        }
        joined(answer.schema(), parts)
    }

    /// Decides about one event that failed alone, by its rerun under fuel (S9).
    fn judge(
        &mut self,
        call: Call,
        answer: &dyn Answer,
        event: &RecordBatch,
        first: &Fault,
    ) -> Result<ViewRows> {
        let rerun = self.fresh(call, answer, event, true);
        verdict(self.artifact.name(), answer.schema(), first, rerun)
    }

    fn fresh(
        &mut self,
        call: Call,
        answer: &dyn Answer,
        events: &RecordBatch,
        metered: bool,
    ) -> Result<ViewRows, Fault> {
        // It started once, when this was made; that it does not now is the machine's failure.
        let mut instance = Instance::new(&self.artifact, metered).map_err(|error| {
            Fault::Host(match error.kind {
                ErrorKind::Input if !metered => Error::retry(error.message),
                _ => error,
            })
        })?;
        let mut rows = ask(&mut instance, call, &[answer], events, &mut self.buffer)?;
        rows.pop().ok_or_else(|| Fault::Host(Error::bug("one answer gives one outcome")))
    }
}

/// What counts of an event that failed with `first`, alone on a fresh instance, and then did `rerun`
/// under fuel. Only a deterministic cause refuses it: what does not repeat stops the partition,
/// except that resources, which depend on the machine, are judged by the rerun alone (S9).
fn verdict(
    artifact: &str,
    schema: &SchemaRef,
    first: &Fault,
    rerun: Result<ViewRows, Fault>,
) -> Result<ViewRows> {
    match rerun {
        Ok(rows) if first.is_resource() => Ok(rows),
        Ok(_) => Err(Error::retry(format!(
            "artifact {artifact}: {} for an event, but not when it was run again; a transform must \
             do the same each time, so this points at the machine: run it again",
            first.reason()
        ))),
        Err(Fault::Host(error)) => Err(error),
        Err(fault) => Ok(ViewRows::refused_alone(schema, fault.reason())),
    }
}

/// One call: the outcome of each of `answers`, and nothing behind them.
fn ask(
    instance: &mut Instance,
    call: Call,
    answers: &[&dyn Answer],
    events: &RecordBatch,
    buffer: &mut Vec<u8>,
) -> Result<Vec<ViewRows>, Fault> {
    encode(events, buffer).map_err(|error| match error.kind {
        ErrorKind::Input => Fault::Oversize(error.message),
        _ => Fault::Host(error),
    })?;
    let answered = instance.call(call, buffer)?;
    let mut rest = &answered[..];
    let lie = |error: Error| match error.kind {
        ErrorKind::Input => Fault::Lie(error.to_string()),
        _ => Fault::Host(error),
    };
    let outcomes = answers.iter().map(|answer| answer.take(&mut rest, events.num_rows()));
    let outcomes: Vec<ViewRows> = outcomes.collect::<Result<_>>().map_err(lie)?;
    match rest.len() {
        0 => Ok(outcomes),
        left => Err(Fault::Lie(format!("{left} bytes are left over behind the last outcome"))),
    }
}

/// The range in `parts` parts or fewer, none of them empty, the last first.
fn cut(range: Range<usize>, parts: usize) -> impl Iterator<Item = Range<usize>> {
    let length = range.len().div_ceil(parts);
    let starts = range.clone().step_by(length).collect::<Vec<usize>>();
    starts.into_iter().rev().map(move |start| start..range.end.min(start + length))
}

/// One outcome of consecutive parts, each with the row of the batch that it starts at.
fn joined(schema: &SchemaRef, mut parts: Vec<(usize, ViewRows)>) -> Result<ViewRows> {
    if let [(0, _)] = parts[..] {
        return Ok(parts.remove(0).1);
    }
    let rows = concat_batches(schema, parts.iter().map(|(_, part)| &part.rows))
        .map_err(|error| Error::bug("rows of one view do not join").because(error))?;
    let (mut source_rows, mut refused) = (Vec::with_capacity(rows.num_rows()), Vec::new());
    for (start, part) in parts {
        let start = start as u32;
        source_rows.extend(part.source_rows.iter().map(|row| row + start));
        refused.extend(part.refused.into_iter().map(|one| Refused { row: one.row + start, ..one }));
    }
    Ok(ViewRows { rows, source_rows, refused })
}

/// Checks that a host sends what the guest's manifest declares.
pub(super) fn check_columns(
    declared: &SchemaRef,
    batch: &RecordBatch,
    what: fmt::Arguments<'_>,
) -> Result<()> {
    if declared.fields().len() != batch.num_columns() {
        return Err(Error::bug(format!(
            "{what}: {} columns are sent instead of the {} declared",
            batch.num_columns(),
            declared.fields().len()
        )));
    }
    for (field, column) in declared.fields().iter().zip(batch.columns()) {
        if field.data_type() != column.data_type() {
            return Err(Error::bug(format!(
                "{what}: column {:?} is sent as {} instead of {}",
                field.name(),
                column.data_type(),
                field.data_type()
            )));
        }
        if !field.is_nullable() && column.null_count() > 0 {
            return Err(Error::bug(format!(
                "{what}: column {:?} is not nullable but has nulls",
                field.name()
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::datatypes::Schema;
    use std::sync::Arc;

    /// The verdict on an event that failed with `first` and then did `rerun`.
    fn judged(first: &Fault, rerun: Result<(), Fault>) -> Result<ViewRows> {
        let schema = Arc::new(Schema::empty());
        verdict("a.wasm", &schema, first, rerun.map(|()| ViewRows::empty(&schema)))
    }

    /// Goal: a failure that does not repeat under fuel is the machine's, and stops the partition
    /// with an error that says to run it again (S9). No guest can show this, since it would have
    /// to do two things on the same bytes.
    #[test]
    fn s09_a_fault_that_does_not_repeat_stops_the_partition() {
        let text = || "on purpose".to_string();
        for first in [Fault::Trap(text()), Fault::Lie(text()), Fault::Oversize(text())] {
            let error = judged(&first, Ok(())).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Retry);
            let text = error.to_string();
            assert!(text.contains("a.wasm") && text.contains("on purpose"), "{text}");
        }
    }

    /// Goal: after a timeout, memory or stack failure only the rerun counts (S9).
    #[test]
    fn s09_resource_failures_are_judged_by_the_rerun_alone() {
        for first in [Fault::Timeout, Fault::Fuel, Fault::Memory, Fault::Stack] {
            let kept = judged(&first, Ok(())).unwrap();
            assert_eq!(kept.refused, []);
            let refused = judged(&first, Err(Fault::Trap("later".into()))).unwrap().refused;
            assert_eq!(refused.len(), 1);
            assert_eq!(refused[0].reason, "the transform failed: later");
        }
    }

    /// Goal: a failure of the host in the rerun is no verdict on the event (S9).
    #[test]
    fn s09_a_host_that_fails_judges_nothing() {
        for first in [Fault::Timeout, Fault::Trap(String::new())] {
            let error = judged(&first, Err(Fault::Host(Error::retry("no memory")))).unwrap_err();
            assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Retry, "no memory"));
        }
    }

    /// Goal: parts cover the range once and get shorter, so that a cut ends.
    #[test]
    fn parts_cover_their_range() {
        for (length, parts) in [(2, 2), (3, 2), (17, 16), (5, 16), (1025, 16)] {
            let mut cuts: Vec<Range<usize>> = cut(7..7 + length, parts).collect();
            cuts.reverse();
            assert!(cuts.len() <= parts);
            assert!(cuts.iter().all(|part| !part.is_empty() && part.len() < length));
            assert!(cuts.into_iter().flatten().eq(7..7 + length));
        }
    }
}
