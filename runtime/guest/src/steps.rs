//! The three steps of a user-defined aggregate, as work for a guest: a state for each input, a state
//! for each group of states, a value for each state (`wit/aggregate.wit`).
//!
//! Invariant: an item is answered by itself, so any of them may be sent again in another order, and
//! the states of a group in another order too. Deliberately absent: which items go into a call.

use super::fault::Subject;
use super::instance::{Call, Step};
use super::isolate::Work;
use super::on_demand::take_each_once;
use super::outcomes::chosen_rows;
use super::purity::{differing_states, differing_values};
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use lockstep_core::aggregate::user::Part;
use lockstep_core::error::Result;
use lockstep_core::flat::{GroupState, encode, put_ends, put_states, take_states};
use lockstep_core::row::TypedColumn;
use lockstep_core::value::Value;
use std::ops::Range;

/// A value, or why the guest failed on it.
pub(super) type Finalized = std::result::Result<Value, String>;

/// Writes inputs, each of which is a group of its own.
fn write_inputs(inputs: &RecordBatch, out: &mut Vec<u8>) -> Result<()> {
    encode(inputs, out)?;
    let mut ends = Vec::with_capacity(4 * (inputs.num_rows() + 1));
    put_ends((0..inputs.num_rows()).map(|_| 1), &mut ends)?;
    out.splice(0..0, ends);
    Ok(())
}

/// Writes groups of states, those of each group in the order that `ordered` gives.
fn write_groups(
    groups: &[&[Part]],
    ordered: impl Fn(&[Part]) -> Vec<&Part>,
    out: &mut Vec<u8>,
) -> Result<()> {
    out.clear();
    put_ends(groups.iter().map(|group| group.len()), out)?;
    let states: Vec<&Part> = groups.iter().flat_map(|group| ordered(group)).collect();
    put_states(states.into_iter().map(|state| &state[..]), out)
}

/// A state for each input.
pub(super) struct Lift<'a> {
    pub(super) aggregate: usize,
    pub(super) name: &'a str,
    pub(super) inputs: &'a RecordBatch,
    pub(super) limit: usize,
}

impl Work for Lift<'_> {
    type Outcome = Vec<GroupState>;

    fn subject(&self) -> Subject {
        Subject::Aggregate
    }

    fn call(&self) -> Call {
        Call::Aggregate { step: Step::Update, aggregate: self.aggregate as u32 }
    }

    fn items(&self) -> usize {
        self.inputs.num_rows()
    }

    fn write(&self, range: Range<usize>, out: &mut Vec<u8>) -> Result<()> {
        write_inputs(&self.inputs.slice(range.start, range.len()), out)
    }

    fn write_chosen(&self, items: &[usize], out: &mut Vec<u8>) -> Result<()> {
        write_inputs(&chosen_rows(self.inputs, items)?, out)
    }

    fn take(&self, bytes: &mut &[u8], items: usize, states: &mut Vec<GroupState>) -> Result<()> {
        *states = take_states(bytes, items, self.limit)?;
        Ok(())
    }

    fn refused(&self, reason: String, _: bool) -> Vec<GroupState> {
        vec![Err(reason)]
    }

    fn asked(&self) -> Option<(String, Option<String>)> {
        Some((format!("aggregate {}", self.name), None))
    }

    fn check_same(
        &self,
        artifact: &str,
        first: &Vec<GroupState>,
        items: &[usize],
        again: &Vec<GroupState>,
    ) -> Result<()> {
        match differing_states(first, items, again) {
            Some(found) => Err(found.error(artifact, format!("aggregate {}", self.name), None)),
            None => Ok(()),
        }
    }
}

/// A state for each group of states.
pub(super) struct Merge<'a> {
    pub(super) aggregate: usize,
    pub(super) name: &'a str,
    pub(super) groups: &'a [&'a [Part]],
    pub(super) limit: usize,
}

impl Work for Merge<'_> {
    type Outcome = Vec<GroupState>;

    fn subject(&self) -> Subject {
        Subject::Aggregate
    }

    fn call(&self) -> Call {
        Call::Aggregate { step: Step::Merge, aggregate: self.aggregate as u32 }
    }

    fn items(&self) -> usize {
        self.groups.len()
    }

    fn write(&self, range: Range<usize>, out: &mut Vec<u8>) -> Result<()> {
        write_groups(&self.groups[range], |group| group.iter().collect(), out)
    }

    /// The order of a group's states must not matter, so it is reversed.
    fn write_chosen(&self, items: &[usize], out: &mut Vec<u8>) -> Result<()> {
        let groups: Vec<&[Part]> = items.iter().map(|item| self.groups[*item]).collect();
        write_groups(&groups, |group| group.iter().rev().collect(), out)
    }

    fn take(&self, bytes: &mut &[u8], items: usize, states: &mut Vec<GroupState>) -> Result<()> {
        *states = take_states(bytes, items, self.limit)?;
        Ok(())
    }

    fn refused(&self, reason: String, _: bool) -> Vec<GroupState> {
        vec![Err(reason)]
    }

    fn asked(&self) -> Option<(String, Option<String>)> {
        Some((format!("aggregate {}", self.name), None))
    }

    fn check_same(
        &self,
        artifact: &str,
        first: &Vec<GroupState>,
        items: &[usize],
        again: &Vec<GroupState>,
    ) -> Result<()> {
        match differing_states(first, items, again) {
            Some(found) => {
                Err(found.nowhere().error(artifact, format!("aggregate {}", self.name), None))
            }
            None => Ok(()),
        }
    }
}

/// A value for each state.
pub(super) struct Finalize<'a> {
    pub(super) aggregate: usize,
    pub(super) name: &'a str,
    pub(super) states: &'a [Part],
    pub(super) output: &'a SchemaRef,
}

impl Work for Finalize<'_> {
    type Outcome = Vec<Finalized>;

    fn subject(&self) -> Subject {
        Subject::Aggregate
    }

    fn call(&self) -> Call {
        Call::Aggregate { step: Step::Finalize, aggregate: self.aggregate as u32 }
    }

    fn items(&self) -> usize {
        self.states.len()
    }

    fn write(&self, range: Range<usize>, out: &mut Vec<u8>) -> Result<()> {
        out.clear();
        put_states(self.states[range].iter().map(|state| &state[..]), out)
    }

    fn write_chosen(&self, items: &[usize], out: &mut Vec<u8>) -> Result<()> {
        out.clear();
        put_states(items.iter().map(|item| &self.states[*item][..]), out)
    }

    fn take(&self, bytes: &mut &[u8], items: usize, values: &mut Vec<Finalized>) -> Result<()> {
        let outcome = take_each_once(bytes, self.output, items)?;
        let column = TypedColumn::new(outcome.rows.column(0))?;
        values.resize(items, Ok(Value::Null));
        for (row, source) in outcome.source_rows.iter().enumerate() {
            values[*source as usize] = Ok(column.value(row));
        }
        for refused in outcome.refused {
            values[refused.row as usize] = Err(refused.reason);
        }
        Ok(())
    }

    fn refused(&self, reason: String, _: bool) -> Vec<Finalized> {
        vec![Err(reason)]
    }

    fn asked(&self) -> Option<(String, Option<String>)> {
        Some((format!("aggregate {}", self.name), None))
    }

    fn check_same(
        &self,
        artifact: &str,
        first: &Vec<Finalized>,
        items: &[usize],
        again: &Vec<Finalized>,
    ) -> Result<()> {
        match differing_values(first, items, again) {
            Some(found) => {
                Err(found.nowhere().error(artifact, format!("aggregate {}", self.name), None))
            }
            None => Ok(()),
        }
    }
}
