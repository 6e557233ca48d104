//! The probe: asks an artifact about made-up events before anyone uses it, as `lockstep build` does.
//!
//! Each function is asked about all of its events at once, then about a few at a time for thousands
//! of calls, and must answer each time as at first. So a guest that counts its calls is found, also
//! one that answers as it should for the first thousand of them. Aggregates make states of their
//! inputs and merge them in many groupings.
//!
//! Invariant: the made-up events depend on the declared types alone. Deliberately absent: real
//! events, which hosts have; a transform that does nothing for made-up ones is checked there.

use super::difference::differing_rows;
use super::made_up;
use super::sample::Sampler;
use crate::aggregator::Aggregator;
use crate::artifact::Artifact;
use crate::on_demand::OnDemandRunner;
use crate::outcomes::chosen_rows;
use crate::transformer::Transformer;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use lockstep_core::aggregate::user::Part;
use lockstep_core::array::array_of;
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use lockstep_core::flat::ViewRows;
use lockstep_core::value::{Column, DataType};
use std::time::{Duration, Instant};

/// The calls of each function with a few events.
pub const PROBE_CALLS: usize = 4096;
/// The time after which a function is not asked any more.
pub const PROBE_TIME_MAX: Duration = Duration::from_secs(2);

/// The events that are made up for each function.
const EVENTS: usize = 200;
/// Rounds of merging, each with groups of more states.
const MERGE_ROUNDS: usize = 12;

/// Asks all functions of an artifact about made-up events. Returns an error with the code
/// [`Code::Impure`] for each that is not pure.
///
/// # Errors
/// If the artifact does not start, or the machine fails.
pub fn probe(artifact: &Artifact) -> Result<Vec<Error>> {
    let manifest = artifact.manifest();
    let mut found = Vec::new();
    for (at, view) in manifest.views.iter().enumerate() {
        let mut transformer = Transformer::new(artifact)?;
        let schema = transformer.event_schema(at)?.clone();
        let asked = Asked { artifact: artifact.name(), function: format!("view {}", view.name) };
        let mut map = |events: &RecordBatch| Ok(transformer.map(&[at], events)?.remove(0));
        let often = asked.often(&view.event.columns, &schema, at, &mut map);
        found.extend(verdict(often)?);
    }
    for (at, on_demand) in manifest.on_demand.iter().enumerate() {
        let mut runner = OnDemandRunner::new(artifact)?;
        let schema = runner.input_schema(at)?.clone();
        let columns = runner.input_columns(at)?.to_vec();
        let function = format!("on-demand transform {}", on_demand.name);
        let asked = Asked { artifact: artifact.name(), function };
        let mut compute = |rows: &RecordBatch| runner.compute(at, rows);
        found.extend(verdict(asked.often(&columns, &schema, at, &mut compute))?);
    }
    for (at, user) in manifest.aggregates.iter().enumerate() {
        found.extend(verdict(merge_often(artifact, at, &user.input))?);
    }
    Ok(found)
}

/// The error, if it is that a function is not pure. One that does not end is none of the build's,
/// since the events are made up.
fn verdict(asked: Result<()>) -> Result<Option<Error>> {
    let Err(mut error) = asked else { return Ok(None) };
    match &mut error.code {
        Code::Impure { position, .. } => {
            *position = None;
            Ok(Some(error.at("asked about made-up values")))
        }
        Code::LimitReached { .. } => Ok(None),
        _ => Err(error),
    }
}

/// A function that is asked.
struct Asked<'a> {
    artifact: &'a str,
    function: String,
}

impl Asked<'_> {
    /// Asks about made-up rows with these columns: all at once, then a few at a time.
    fn often(
        &self,
        columns: &[Column],
        schema: &SchemaRef,
        seed: usize,
        ask: &mut dyn FnMut(&RecordBatch) -> Result<ViewRows>,
    ) -> Result<()> {
        let started = Instant::now();
        let Some(events) = made_up_rows(columns, schema, seed)? else { return Ok(()) };
        let first = ask(&events)?;
        let refused = |item: &usize| {
            first.refused.binary_search_by_key(&(*item as u32), |refused| refused.row).is_ok()
        };
        let answered: Vec<usize> = (0..events.num_rows()).filter(|item| !refused(item)).collect();
        if answered.is_empty() {
            return Ok(());
        }
        let few = (0..PROBE_CALLS).map(|call| {
            let item = |at: usize| answered[(call * 37 + at * 11) % answered.len()];
            (0..1 + call % 3).map(item).collect::<Vec<usize>>()
        });
        // And one call that is longer than any before.
        let many = (0..8 * answered.len()).map(|at| answered[at % answered.len()]).collect();
        for items in few.chain([many]) {
            if started.elapsed() > PROBE_TIME_MAX {
                break;
            }
            let again = ask(&chosen_rows(&events, &items)?)?;
            if let Some(found) = differing_rows(&first, &items, &again)? {
                return Err(found.error(self.artifact, self.function.clone(), None));
            }
        }
        Ok(())
    }
}

fn made_up_rows(
    columns: &[Column],
    schema: &SchemaRef,
    seed: usize,
) -> Result<Option<RecordBatch>> {
    let mut arrays = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        let values = made_up::values(&column.data_type, column.nullable, EVENTS, seed + at);
        let Some(values) = values else { return Ok(None) };
        arrays.push(array_of(&column.data_type, values.iter())?);
    }
    RecordBatch::try_new(schema.clone(), arrays)
        .map(Some)
        .map_err(|error| Error::bug("made-up rows do not fit their columns").because(error))
}

/// Makes states of made-up inputs and merges them in many groupings.
fn merge_often(artifact: &Artifact, aggregate: usize, input: &DataType) -> Result<()> {
    let started = Instant::now();
    let Some(mut inputs) = made_up::values(input, false, EVENTS, 0) else { return Ok(()) };
    let mut aggregator = Aggregator::new(artifact)?;
    let lifted = aggregator.lift(aggregate, &array_of(input, inputs.iter())?)?;
    let mut has_state = lifted.iter().map(|state| state.is_ok());
    inputs.retain(|_| has_state.next().unwrap_or(false));
    let column = array_of(input, inputs.iter())?;
    let states: Vec<Part> = lifted.into_iter().flatten().collect();
    if states.is_empty() {
        return Ok(());
    }
    let mut sampler = Sampler::default();
    for round in 0..MERGE_ROUNDS {
        let most = 2 + (round * round).min(states.len());
        let mut group = || sampler.draw(states.len(), most).concat();
        let groups: Vec<Vec<Part>> = (0..32)
            .map(|at| {
                group().into_iter().take(1 + at % most).map(|it| states[it].clone()).collect()
            })
            .collect();
        let merged = aggregator.merge_and_regroup(aggregate, &groups)?;
        let merged: Vec<Option<Part>> = merged.into_iter().map(Result::ok).collect();
        aggregator.finalize(aggregate, &merged)?;
    }
    let pair =
        |at: usize| vec![states[at % states.len()].clone(), states[at * 7 % states.len()].clone()];
    let pairs: Vec<Vec<Part>> = (0..states.len()).map(pair).collect();
    let first = aggregator.merge(aggregate, &pairs)?;
    for call in 0..PROBE_CALLS {
        if started.elapsed() > PROBE_TIME_MAX {
            break;
        }
        let at = call * 37 % pairs.len();
        aggregator.check_again(aggregate, (&column, &pairs), (&states, &first), at)?;
    }
    Ok(())
}
