//! Runs the transforms of views in the guest: they map events to rows (S7, S8, S9).
//!
//! Invariant: the result for an event and a view depends on that event alone: the same rows, bit
//! for bit, on a fresh instance, on a warm one, and inside any batch; what one view does to the
//! guest has no effect on another view. If a row's key has a null that its view does not allow, all
//! rows of its event are refused. Deliberately absent: threads, because each worker has its own
//! transformer.

use super::artifact::Artifact;
use super::clock::Deadline;
use super::instance::Call;
use super::isolate::Caller;
use super::outcomes::{Answer, check_columns};
use super::purity::RepeatCost;
use arrow::array::{Array, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use lockstep_core::event::arrow_schema;
use lockstep_core::flat::{Refused, ViewRows, take_outcome};
use lockstep_core::view::FeatureView;
use std::fmt;

/// Runs the views of one artifact on a warm instance.
pub struct Transformer {
    caller: Caller,
    views: Vec<ViewAnswer>,
}

/// What a view's outcome must look like.
struct ViewAnswer {
    name: String,
    event: String,
    event_schema: SchemaRef,
    schema: SchemaRef,
    /// Key columns whose type allows nulls, although the view does not.
    full_keys: Vec<usize>,
}

impl Transformer {
    /// Starts an instance of the artifact.
    pub fn new(artifact: &Artifact) -> Result<Transformer> {
        let views = artifact.manifest().views.iter().map(ViewAnswer::new).collect();
        Ok(Transformer { caller: Caller::new(artifact)?, views })
    }

    /// The artifact that it runs.
    pub fn artifact(&self) -> &Artifact {
        self.caller.artifact()
    }

    /// The columns of the events that a view of the manifest reads. For batches that have this very
    /// schema, types need not be compared.
    pub fn event_schema(&self, view: usize) -> Result<&SchemaRef> {
        let view = self.views.get(view).map(|view| &view.event_schema);
        view.ok_or_else(|| Error::bug("there is no such view in the manifest"))
    }

    /// Sets the time by which calls must have ended; by default there is none.
    pub fn until(&mut self, until: Option<&Deadline>) {
        self.caller.until(until);
    }

    /// The bytes of memory that its warm instance holds.
    pub fn memory_bytes(&self) -> usize {
        self.caller.memory_bytes()
    }

    /// Sets whether each call gets a fresh instance instead of the warm one; off by default.
    pub fn fresh_each_call(&mut self, fresh: bool) {
        self.caller.fresh_each_call(fresh);
    }

    /// Sets how many events a view may refuse in one call before the rest of them is not tried any
    /// more. Then the whole result must be dropped.
    pub fn refusals_max(&mut self, refusals_max: Option<u64>) {
        self.caller.refusals_max(refusals_max);
    }

    /// What it has cost to repeat calls.
    pub fn repeat_cost(&self) -> RepeatCost {
        self.caller.repeat_cost()
    }

    /// The rows of each of `views`, in that order.
    ///
    /// `views` are indices in the manifest without repetition, all of one event declaration, and
    /// `events` has that declaration's columns in its order. An event that a view fails on is
    /// among that view's refused, with the reason. An error with the code
    /// [`Code::Impure`](lockstep_core::Code::Impure) names a view whose rows depend on more than
    /// the event; the others of the call may be asked again without it. Any other error means that
    /// the run must stop: the machine failed, or the call does not fit the manifest.
    pub fn map(&mut self, views: &[usize], events: &RecordBatch) -> Result<Vec<ViewRows>> {
        let mut outcomes = Vec::new();
        self.map_into(views, events, &mut outcomes)?;
        Ok(outcomes)
    }

    /// As [`Transformer::map`], but into `outcomes`, whose memory is reused from call to call. Its
    /// old content is replaced; after an error its content is meaningless.
    pub fn map_into(
        &mut self,
        views: &[usize],
        events: &RecordBatch,
        outcomes: &mut Vec<ViewRows>,
    ) -> Result<()> {
        outcomes.clear();
        if self.together(views, events, outcomes)? {
            return Ok(());
        }
        outcomes.clear();
        for &view in views {
            outcomes.push(self.alone(view, events)?);
        }
        Ok(())
    }

    /// As [`Transformer::map`], with the error of one view kept apart from the others' rows.
    ///
    /// # Errors
    /// If the call does not fit the manifest.
    pub fn map_each(
        &mut self,
        views: &[usize],
        events: &RecordBatch,
        outcomes: &mut Vec<ViewRows>,
    ) -> Result<Vec<(usize, Error)>> {
        let (mut left, mut failed) = (views.to_vec(), Vec::new());
        loop {
            outcomes.clear();
            match self.together(&left, events, outcomes) {
                Ok(true) => return Ok(failed),
                Ok(false) => break,
                Err(error) => match self.blamed(&error).filter(|view| left.contains(view)) {
                    Some(view) => {
                        left.retain(|other| *other != view);
                        failed.push((view, error));
                    }
                    None => break,
                },
            }
        }
        self.checked(&left, events)?;
        outcomes.clear();
        for &view in &left {
            match self.alone(view, events) {
                Ok(rows) => outcomes.push(rows),
                Err(error) => failed.push((view, error)),
            }
        }
        Ok(failed)
    }

    /// The view that is not pure according to this error.
    fn blamed(&self, error: &Error) -> Option<usize> {
        let Code::Impure { view: Some(name), .. } = &error.code else { return None };
        self.views.iter().position(|view| view.name == *name)
    }

    /// Tries all views in one call on the warm instance. Returns false if the guest failed in any
    /// way.
    #[inline]
    fn together(
        &mut self,
        views: &[usize],
        events: &RecordBatch,
        outcomes: &mut Vec<ViewRows>,
    ) -> Result<bool> {
        let chosen = self.checked(views, events)?;
        if events.num_rows() == 0 {
            outcomes.extend(views.iter().map(|&at| ViewRows::empty(&self.views[at].schema)));
            return Ok(true);
        }
        let mut sorted = Vec::new();
        let ascending = if views.is_sorted() {
            views
        } else {
            sorted.extend_from_slice(views);
            sorted.sort_unstable();
            &sorted[..]
        };
        let declared = &self.views;
        let answers = ascending.iter().map(|&at| &declared[at]);
        let call = Call::Map { views: chosen };
        if !self.caller.rows_warm(call, answers, events, outcomes)? {
            return Ok(false);
        }
        if ascending != views {
            let answered = ascending.iter().copied().zip(outcomes.drain(..));
            let mut answered: Vec<(usize, ViewRows)> = answered.collect();
            answered.sort_by_key(|(at, _)| views.iter().position(|view| view == at));
            outcomes.extend(answered.into_iter().map(|(_, outcome)| outcome));
        }
        Ok(true)
    }

    /// The rows of one view, computed on fresh instances.
    fn alone(&mut self, view: usize, events: &RecordBatch) -> Result<ViewRows> {
        self.caller.rows_isolated(Call::Map { views: 1 << view }, &self.views[view], events)
    }

    /// The bit set of `views`, after checking that they and `events` fit the manifest.
    fn checked(&self, views: &[usize], events: &RecordBatch) -> Result<u64> {
        let mut chosen = 0u64;
        let mut first: Option<&ViewAnswer> = None;
        for &at in views {
            let view = self.views.get(at).ok_or_else(|| {
                Error::bug(format!("view {at} of an artifact with {}", self.views.len()))
            })?;
            if chosen & 1 << at != 0 {
                return Err(Error::bug(format!("view {} is asked for twice", view.name)));
            }
            chosen |= 1 << at;
            match first {
                None => {
                    check_columns(&view.event_schema, events, format_args!("view {}", view.name))?;
                    first = Some(view);
                }
                Some(first)
                    if first.event != view.event || first.event_schema != view.event_schema =>
                {
                    return Err(Error::bug(format!(
                        "views {} and {} read different events in one call",
                        first.name, view.name
                    )));
                }
                Some(_) => {}
            }
        }
        Ok(chosen)
    }
}

impl fmt::Debug for Transformer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transformer").field("artifact", self.artifact()).finish_non_exhaustive()
    }
}

impl ViewAnswer {
    fn new(view: &FeatureView) -> ViewAnswer {
        let keys = view.key.iter().filter_map(|part| view.column_index(part));
        let full = |&at: &usize| !view.null_keys && view.columns[at].nullable;
        ViewAnswer {
            name: view.name.clone(),
            event: view.event.name.clone(),
            event_schema: arrow_schema(&view.event.columns),
            schema: arrow_schema(&view.columns),
            full_keys: keys.filter(full).collect(),
        }
    }

    /// Whether a row has a null in its key that its view does not allow.
    #[inline]
    fn has_null_keys(&self, outcome: &ViewRows) -> bool {
        self.full_keys.iter().any(|at| outcome.rows.column(*at).null_count() > 0)
    }

    /// Refuses the events of rows with such a key (S8).
    #[cold]
    fn without_null_keys(&self, mut outcome: ViewRows) -> Result<ViewRows> {
        let columns = self.full_keys.iter().map(|&at| (at, outcome.rows.column(at)));
        let nulls: Vec<_> = columns.filter(|(_, column)| column.null_count() > 0).collect();
        let mut refused: Vec<Refused> = Vec::new();
        for (row, &source_row) in outcome.source_rows.iter().enumerate() {
            let null = nulls.iter().find(|(_, column)| column.is_null(row));
            if let Some((at, _)) = null
                && refused.last().is_none_or(|last| last.row != source_row)
            {
                let name = self.schema.field(*at).name();
                let reason = format!(
                    "key column {name:?} is null; let the transform skip such events, or declare \
                     null_keys"
                );
                refused.push(Refused { row: source_row, reason, exhausted: false });
            }
        }
        let kept = |row: &u32| refused.binary_search_by_key(row, |refused| refused.row).is_err();
        let mask: BooleanArray = outcome.source_rows.iter().map(|row| Some(kept(row))).collect();
        outcome.rows = filter_record_batch(&outcome.rows, &mask)
            .map_err(|error| Error::bug("a mask of the rows' own length").because(error))?;
        outcome.source_rows.retain(kept);
        outcome.refused.extend(refused);
        outcome.refused.sort_by_key(|refused| refused.row);
        Ok(outcome)
    }
}

impl Answer for ViewAnswer {
    fn asked(&self) -> (String, Option<String>) {
        (format!("view {}", self.name), Some(self.name.clone()))
    }

    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    #[inline(always)]
    fn take(&self, bytes: &mut &[u8], events: usize) -> Result<ViewRows> {
        match take_outcome(bytes, &self.schema, events) {
            Ok(outcome) if self.has_null_keys(&outcome) => self.without_null_keys(outcome),
            outcome => outcome,
        }
    }
}
