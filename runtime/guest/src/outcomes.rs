//! Sends a batch of rows to a guest as one flat batch, and reads one or several outcomes in reply.
//!
//! Invariant: an outcome covers each row of the batch by the rules of `wit/transform.wit`; if a
//! batch was sent in parts, their outcomes are joined as if it had been sent whole. Deliberately
//! absent: the further rules of a view or an on-demand transform.

use super::fault::Subject;
use super::instance::Call;
use super::isolate::{Caller, Work};
use super::purity::differing_rows;
use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::SchemaRef;
use lockstep_core::error::{Error, Result};
use lockstep_core::flat::{Refused, ViewRows, encode};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Reads the outcome of a number of events from the front of a reply.
pub(super) trait Answer {
    /// The function that gives it, as messages name it, and its view if it is that of a view.
    fn asked(&self) -> (String, Option<String>);
    /// The schema of its rows.
    fn schema(&self) -> &SchemaRef;
    /// Reads one outcome; an error means that the guest violated the interface.
    fn take(&self, bytes: &mut &[u8], events: usize) -> Result<ViewRows>;
}

/// Events that need one outcome for each of `answers`.
struct Outcomes<'a, I> {
    call: Call,
    answers: I,
    events: &'a RecordBatch,
}

impl<'a, A: Answer + 'a, I: ExactSizeIterator<Item = &'a A> + Clone> Work for Outcomes<'_, I> {
    type Outcome = Vec<ViewRows>;

    fn subject(&self) -> Subject {
        Subject::Transform
    }

    fn call(&self) -> Call {
        self.call
    }

    fn items(&self) -> usize {
        self.events.num_rows()
    }

    fn write(&self, range: Range<usize>, out: &mut Vec<u8>) -> Result<()> {
        if range == (0..self.events.num_rows()) {
            // Nearly every call takes this branch; slicing would allocate each column anew.
            return encode(self.events, out);
        }
        encode(&self.events.slice(range.start, range.len()), out)
    }

    fn write_chosen(&self, items: &[usize], out: &mut Vec<u8>) -> Result<()> {
        encode(&chosen_rows(self.events, items)?, out)
    }

    #[inline]
    fn take(&self, bytes: &mut &[u8], items: usize, outcomes: &mut Vec<ViewRows>) -> Result<()> {
        outcomes.reserve_exact(self.answers.len());
        for answer in self.answers.clone() {
            outcomes.push(answer.take(bytes, items)?);
        }
        Ok(())
    }

    fn refused(&self, reason: String, exhausted: bool) -> Vec<ViewRows> {
        let answers = self.answers.clone();
        let refused =
            |answer: &A| ViewRows::refused_alone(answer.schema(), reason.clone(), exhausted);
        answers.map(refused).collect()
    }

    fn asked(&self) -> Option<(String, Option<String>)> {
        let mut answers = self.answers.clone();
        let only = answers.next().filter(|_| answers.len() == 0);
        only.map(Answer::asked)
    }

    fn check_same(
        &self,
        artifact: &str,
        first: &Vec<ViewRows>,
        items: &[usize],
        again: &Vec<ViewRows>,
    ) -> Result<()> {
        for (answer, (first, again)) in self.answers.clone().zip(first.iter().zip(again)) {
            if let Some(difference) = differing_rows(first, items, again)? {
                let (function, view) = answer.asked();
                return Err(difference.error(artifact, function, view));
            }
        }
        Ok(())
    }
}

/// These rows of a batch, in this order.
pub(super) fn chosen_rows(batch: &RecordBatch, rows: &[usize]) -> Result<RecordBatch> {
    let rows: UInt32Array = rows.iter().map(|row| Some(*row as u32)).collect();
    take_record_batch(batch, &rows)
        .map_err(|error| Error::bug("rows cannot be taken from a batch").because(error))
}

impl Caller {
    /// Tries once on the warm instance: the outcome for each of `answers` is stored in `outcomes`,
    /// which is empty. Returns false if the guest failed in any way; then each must be computed
    /// with [`Caller::rows_isolated`].
    pub(super) fn rows_warm<'a, A: Answer + 'a>(
        &mut self,
        call: Call,
        answers: impl ExactSizeIterator<Item = &'a A> + Clone,
        events: &RecordBatch,
        outcomes: &mut Vec<ViewRows>,
    ) -> Result<bool> {
        let work = Outcomes { call, answers, events };
        self.warm(&work, 0..work.items(), outcomes)
    }

    /// One outcome, computed on fresh instances; events that fail are refused.
    pub(super) fn rows_isolated(
        &mut self,
        call: Call,
        answer: &impl Answer,
        events: &RecordBatch,
    ) -> Result<ViewRows> {
        let work = Outcomes { call, answers: std::iter::once(answer), events };
        let parts = self.isolated(&work, 0..work.items())?;
        let parts = parts.into_iter().flat_map(|(start, outcomes)| {
            outcomes.into_iter().map(move |outcome| (start, outcome))
        });
        joined(answer.schema(), parts.collect())
    }
}

/// Joins the outcomes of consecutive parts, each given with the row of the batch at which it
/// starts.
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
    if Arc::ptr_eq(declared, batch.schema_ref()) {
        // Arrow checked the columns against the schema when the batch was made.
        return Ok(());
    }
    if declared.fields().len() != batch.num_columns() {
        return Err(Error::bug(format!(
            "{what}: {} columns are sent instead of the {} declared",
            batch.num_columns(),
            declared.fields().len()
        )));
    }
    for (field, column) in declared.fields().iter().zip(batch.columns()) {
        let column = column.as_ref();
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
