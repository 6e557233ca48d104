//! Runs on-demand transforms in the guest: they compute features at request time from request
//! columns and stored features.
//!
//! Invariant: each row that is sent yields exactly one row or is refused, and the result depends on
//! that row alone, with the guarantees of `transformer.rs`. Deliberately absent: where the stored
//! features come from.

use super::artifact::Artifact;
use super::clock::Deadline;
use super::instance::Call;
use super::isolate::Caller;
use super::outcomes::{Answer, check_columns};
use super::purity::RepeatCost;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use lockstep_core::error::{Error, Result};
use lockstep_core::event::arrow_schema;
use lockstep_core::flat::{ViewRows, take_outcome};
use lockstep_core::manifest::OnDemand;
use lockstep_core::value::Column;
use std::{fmt, iter};

/// Runs the on-demand transforms of one artifact on a warm instance.
pub struct OnDemandRunner {
    caller: Caller,
    transforms: Vec<OnDemandAnswer>,
}

/// The input of an on-demand transform, and what its outcome must look like.
struct OnDemandAnswer {
    name: String,
    input_columns: Vec<Column>,
    input_schema: SchemaRef,
    schema: SchemaRef,
}

impl OnDemandRunner {
    /// Starts an instance of the artifact.
    pub fn new(artifact: &Artifact) -> Result<OnDemandRunner> {
        let transforms = artifact.manifest().on_demand.iter().map(OnDemandAnswer::new).collect();
        Ok(OnDemandRunner { caller: Caller::new(artifact)?, transforms })
    }

    /// The artifact that it runs.
    pub fn artifact(&self) -> &Artifact {
        self.caller.artifact()
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

    /// What it has cost to repeat calls.
    pub fn repeat_cost(&self) -> RepeatCost {
        self.caller.repeat_cost()
    }

    /// The input columns of transform `transform`: its request columns, then its stored features.
    pub fn input_schema(&self, transform: usize) -> Result<&SchemaRef> {
        Ok(&self.answer(transform)?.input_schema)
    }

    /// The declarations of the columns of [`OnDemandRunner::input_schema`].
    pub(super) fn input_columns(&self, transform: usize) -> Result<&[Column]> {
        Ok(&self.answer(transform)?.input_columns)
    }

    /// The outputs of transform number `transform` of the manifest, for each of `rows`.
    pub fn compute(&mut self, transform: usize, rows: &RecordBatch) -> Result<ViewRows> {
        let answer = self.answer(transform)?;
        check_columns(&answer.input_schema, rows, format_args!("on-demand {}", answer.name))?;
        if rows.num_rows() == 0 {
            return Ok(ViewRows::empty(&answer.schema));
        }
        let answer = &self.transforms[transform];
        let call = Call::Compute { transform: transform as u32 };
        let mut outcomes = Vec::new();
        match self.caller.rows_warm(call, iter::once(answer), rows, &mut outcomes)? {
            true => outcomes.pop().ok_or_else(|| Error::bug("a call without its one outcome")),
            false => self.caller.rows_isolated(call, answer, rows),
        }
    }

    fn answer(&self, transform: usize) -> Result<&OnDemandAnswer> {
        self.transforms.get(transform).ok_or_else(|| {
            Error::bug(format!(
                "on-demand transform {transform} of an artifact with {}",
                self.transforms.len()
            ))
        })
    }
}

impl fmt::Debug for OnDemandRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnDemandRunner").field("artifact", self.artifact()).finish_non_exhaustive()
    }
}

impl OnDemandAnswer {
    fn new(on_demand: &OnDemand) -> OnDemandAnswer {
        let features = on_demand.features.iter().map(|input| Column {
            name: input.name.clone(),
            data_type: input.data_type.clone(),
            nullable: input.nullable,
            description: String::new(),
        });
        let columns: Vec<Column> = on_demand.request.iter().cloned().chain(features).collect();
        OnDemandAnswer {
            name: on_demand.name.clone(),
            input_schema: arrow_schema(&columns),
            input_columns: columns,
            schema: arrow_schema(&on_demand.outputs),
        }
    }
}

impl Answer for OnDemandAnswer {
    fn asked(&self) -> (String, Option<String>) {
        (format!("on-demand transform {}", self.name), None)
    }

    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn take(&self, bytes: &mut &[u8], events: usize) -> Result<ViewRows> {
        take_each_once(bytes, &self.schema, events)
    }
}

/// Reads an outcome in which each of `items` yields exactly one row or is refused.
pub(super) fn take_each_once(
    bytes: &mut &[u8],
    schema: &SchemaRef,
    items: usize,
) -> Result<ViewRows> {
    let outcome = take_outcome(bytes, schema, items)?;
    if let Some(pair) = outcome.source_rows.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Error::input(format!("row {} is answered twice", pair[0])));
    }
    let answered = outcome.source_rows.len() + outcome.refused.len();
    if answered != items {
        return Err(Error::input(format!("{answered} rows of {items} are answered")));
    }
    Ok(outcome)
}
