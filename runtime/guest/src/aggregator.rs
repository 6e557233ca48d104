//! Runs user-defined aggregates in the guest (S21).
//!
//! Invariant: the result for an input, a group or a state depends on it alone: the same bytes on a
//! fresh instance, on a warm one, and among any others in a call. A failure affects only the item
//! that failed. A returned state is within the limit that the manifest declares. A group with many
//! states is merged in rounds, which the laws of an aggregate allow (S1), so that the size of a
//! call does not grow with the data. Now and then merges are made again in another grouping, which
//! must give the same bytes. Deliberately absent: threads, because each worker has its own
//! aggregator.

use super::artifact::Artifact;
use super::clock::Deadline;
use super::isolate::{Caller, Work};
use super::purity::{Regroupings, RepeatCost, differing_states, regrouped_differently};
use super::steps::{Finalize, Finalized, Lift, Merge};
use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::SchemaRef;
use lockstep_core::aggregate::user::Part;
use lockstep_core::error::{Error, Result};
use lockstep_core::event::arrow_schema;
use lockstep_core::flat::GroupState;
use lockstep_core::fold::UserCalls;
use lockstep_core::manifest::UserAggregate;
use lockstep_core::value::Column;
use std::fmt;
use std::time::Instant;

/// Most inputs, groups or states in one call.
const CALL_ITEMS_MAX: usize = 1024;
/// Most bytes of states in one call, unless a single group has more.
const CALL_BYTES_MAX: usize = 4 << 20;
/// Most bytes of a group's states that are merged in one round, unless two states are larger.
const ROUND_BYTES_MAX: usize = 1 << 20;
/// Most states of a group that are merged in one round.
const ROUND_STATES_MAX: usize = 4096;

/// Runs the aggregates of one artifact on a warm instance.
pub struct Aggregator {
    caller: Caller,
    aggregates: Vec<Declared>,
    /// For each aggregate the state of no rows, once it has been computed.
    zeros: Vec<Option<GroupState>>,
    /// For each aggregate when merges are made again in another grouping.
    regroupings: Vec<Regroupings>,
}

/// The declared types of one aggregate, and the schemas of its calls.
struct Declared {
    name: String,
    input: SchemaRef,
    output: SchemaRef,
    state_bytes_max: usize,
}

impl Aggregator {
    /// Starts an instance of the artifact, whose manifest declares aggregates.
    pub fn new(artifact: &Artifact) -> Result<Aggregator> {
        let aggregates = artifact.manifest().aggregates.iter().map(Declared::new);
        let aggregates: Vec<Declared> = aggregates.collect();
        let zeros = vec![None; aggregates.len()];
        let regroupings = aggregates.iter().map(|_| Regroupings::default()).collect();
        Ok(Aggregator { caller: Caller::new(artifact)?, aggregates, zeros, regroupings })
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

    /// For each row of `column`, the state of that row alone, or why the guest failed on it. The
    /// column has the aggregate's input type and no nulls.
    pub fn lift(&mut self, aggregate: usize, column: &ArrayRef) -> Result<Vec<GroupState>> {
        let declared = self.aggregates.get(aggregate).ok_or_else(undeclared)?;
        let expected = declared.input.field(0).data_type();
        if column.data_type() != expected || column.null_count() > 0 {
            return Err(Error::bug(format!(
                "aggregate {}: a column of {} with {} nulls is sent instead of {expected} without",
                declared.name,
                column.data_type(),
                column.null_count()
            )));
        }
        let inputs = RecordBatch::try_new(declared.input.clone(), vec![column.clone()])
            .map_err(|error| Error::bug("a column of the declared type").because(error))?;
        let Declared { name, state_bytes_max: limit, .. } = declared;
        let work = Lift { aggregate, name, inputs: &inputs, limit: *limit };
        run(&mut self.caller, &work, |_| 0)
    }

    /// For each group its states merged into one, or why the guest failed on it. A group without
    /// states gets the state of no rows.
    ///
    /// # Errors
    /// With the code [`Code::Impure`](lockstep_core::Code::Impure) if a repeat, or another grouping
    /// of some of the states, gives other bytes.
    pub fn merge(&mut self, aggregate: usize, groups: &[Vec<Part>]) -> Result<Vec<GroupState>> {
        let states: usize = groups.iter().map(Vec::len).sum();
        match self.regroupings.get_mut(aggregate).is_some_and(|it| it.counts(states)) {
            true => self.merge_and_regroup(aggregate, groups),
            false => self.merge_once(aggregate, groups),
        }
    }

    /// As [`Aggregator::merge`], and merges some of the groups again in another grouping.
    #[cold]
    pub(super) fn merge_and_regroup(
        &mut self,
        aggregate: usize,
        groups: &[Vec<Part>],
    ) -> Result<Vec<GroupState>> {
        let merged = self.merge_once(aggregate, groups)?;
        let started = Instant::now();
        self.check_regrouped(aggregate, groups, &merged)?;
        let took = started.elapsed();
        self.regroupings[aggregate].checked(took);
        self.caller.add_check_cost(took);
        Ok(merged)
    }

    /// Makes the state of one input, and merges one pair, in calls of their own, and compares them
    /// with the states that they had first.
    pub(super) fn check_again(
        &mut self,
        aggregate: usize,
        (inputs, pairs): (&ArrayRef, &[Vec<Part>]),
        (states, merged): (&[Part], &[GroupState]),
        at: usize,
    ) -> Result<()> {
        let again = self.merge_once(aggregate, &pairs[at..=at])?;
        let merge = differing_states(merged, &[at], &again);
        let again = self.lift(aggregate, &inputs.slice(at, 1))?;
        let state: Vec<GroupState> = vec![Ok(states[at].clone())];
        let lift = differing_states(&state, &[0], &again);
        let Some(found) = merge.or(lift) else { return Ok(()) };
        let name = format!("aggregate {}", self.aggregates[aggregate].name);
        Err(found.nowhere().error(self.artifact().name(), name, None))
    }

    /// Merges some of the groups again, in two steps, and compares (S21).
    fn check_regrouped(
        &mut self,
        aggregate: usize,
        groups: &[Vec<Part>],
        merged: &[GroupState],
    ) -> Result<()> {
        let drawn = self.regroupings[aggregate].draw(groups, merged);
        let at_once = self.merge_once(aggregate, &drawn.groups)?;
        let mut parts = self.merge_once(aggregate, &drawn.parts)?.into_iter();
        let pairs = drawn.groups.iter().map(|_| (parts.next(), parts.next()));
        let pairs: Vec<(GroupState, GroupState)> =
            pairs.map_while(|(one, other)| Some((one?, other?))).collect();
        let whole = |(one, other): &(GroupState, GroupState)| {
            [one, other].into_iter().flatten().cloned().collect::<Vec<Part>>()
        };
        let again = self.merge_once(aggregate, &pairs.iter().map(whole).collect::<Vec<_>>())?;
        let name = &self.aggregates[aggregate].name;
        match regrouped_differently(&drawn.groups, &at_once, &pairs, &again) {
            Some(broken) => Err(broken.error(self.artifact().name(), name)),
            None => Ok(()),
        }
    }

    fn merge_once(&mut self, aggregate: usize, groups: &[Vec<Part>]) -> Result<Vec<GroupState>> {
        let declared = self.aggregates.get(aggregate).ok_or_else(undeclared)?;
        let (limit, name) = (declared.state_bytes_max, declared.name.as_str());
        let mut merged: Vec<GroupState> = vec![Ok([].into()); groups.len()];
        let mut open: Vec<(usize, Vec<Part>)> = groups.iter().cloned().enumerate().collect();
        while !open.is_empty() {
            let cut: Vec<(usize, Vec<&[Part]>)> =
                open.iter().map(|(group, states)| (*group, rounds(states))).collect();
            let runs: Vec<&[Part]> = cut.iter().flat_map(|(_, runs)| runs.clone()).collect();
            let bytes = |run: usize| bytes_of(runs[run]);
            let work = Merge { aggregate, name, groups: &runs, limit };
            let mut states = run(&mut self.caller, &work, bytes)?.into_iter();
            let mut next = Vec::new();
            for (group, runs) in &cut {
                let mut parts = states.by_ref().take(runs.len()).collect::<Vec<GroupState>>();
                match parts.iter().position(Result::is_err) {
                    Some(failed) => merged[*group] = parts.swap_remove(failed),
                    None if parts.len() == 1 => merged[*group] = parts.remove(0),
                    None => next.push((*group, parts.into_iter().flatten().collect())),
                }
            }
            open = next;
        }
        Ok(merged)
    }

    /// The value of each state, or why the guest failed on it; a state of `None` is that of no
    /// rows.
    pub fn finalize(
        &mut self,
        aggregate: usize,
        states: &[Option<Part>],
    ) -> Result<Vec<Finalized>> {
        let zero = match states.iter().any(Option::is_none) {
            true => self.zero(aggregate)?,
            false => Ok([].into()),
        };
        let known = |state: &Option<Part>| match (state, &zero) {
            (Some(state), _) | (None, Ok(state)) => Some(state.clone()),
            (None, Err(_)) => None,
        };
        let sent: Vec<Part> = states.iter().filter_map(known).collect();
        let declared = self.aggregates.get(aggregate).ok_or_else(undeclared)?;
        let Declared { name, output, .. } = declared;
        let work = Finalize { aggregate, name, states: &sent, output };
        let values = run(&mut self.caller, &work, |state| sent[state].len())?;
        let mut values = values.into_iter();
        let value = |state: &Option<Part>| match (state, &zero) {
            (None, Err(reason)) => Err(reason.clone()),
            _ => values.next().expect("each state that is sent has an outcome"),
        };
        Ok(states.iter().map(value).collect())
    }

    /// The state of no rows.
    fn zero(&mut self, aggregate: usize) -> Result<GroupState> {
        if let Some(zero) = &self.zeros[aggregate] {
            return Ok(zero.clone());
        }
        let zero = self.merge(aggregate, &[vec![]])?.remove(0);
        Ok(self.zeros[aggregate].insert(zero).clone())
    }
}

fn undeclared() -> Error {
    Error::bug("an aggregate that its artifact does not declare")
}

impl UserCalls for Aggregator {
    fn merge(&mut self, aggregate: usize, groups: &[Vec<Part>]) -> Result<Vec<GroupState>> {
        let merged = Aggregator::merge(self, aggregate, groups)?;
        if let Some(Err(reason)) = merged.iter().rfind(|state| state.is_err()) {
            self.artifact().failed_merges().add(aggregate, reason);
        }
        Ok(merged)
    }

    fn failed_merge(&self, aggregate: usize) -> Option<String> {
        self.artifact().failed_merges().last(aggregate)
    }

    fn finalize(&mut self, aggregate: usize, states: &[Option<Part>]) -> Result<Vec<Finalized>> {
        Aggregator::finalize(self, aggregate, states)
    }
}

impl fmt::Debug for Aggregator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aggregator").field("artifact", self.artifact()).finish_non_exhaustive()
    }
}

impl Declared {
    fn new(user: &UserAggregate) -> Declared {
        let input = Column {
            name: "input".to_string(),
            data_type: user.input.clone(),
            nullable: false,
            description: String::new(),
        };
        Declared {
            name: user.name.clone(),
            input: arrow_schema(&[input]),
            output: arrow_schema(std::slice::from_ref(&user.output)),
            state_bytes_max: user.state_bytes_max as usize,
        }
    }
}

/// The outcomes of all items of some work, in as many calls as needed. `bytes` is the size of an
/// item in a call.
fn run<T, W: Work<Outcome = Vec<std::result::Result<T, String>>>>(
    caller: &mut Caller,
    work: &W,
    bytes: impl Fn(usize) -> usize,
) -> Result<W::Outcome> {
    let mut outcomes = Vec::with_capacity(work.items());
    let mut start = 0;
    while start < work.items() {
        let (mut end, mut sum) = (start + 1, bytes(start));
        while end < work.items().min(start + CALL_ITEMS_MAX) && sum + bytes(end) <= CALL_BYTES_MAX {
            sum += bytes(end);
            end += 1;
        }
        let mut outcome = Vec::new();
        match caller.warm(work, start..end, &mut outcome)? {
            true => outcomes.append(&mut outcome),
            false => {
                let parts = caller.isolated(work, start..end)?;
                outcomes.extend(parts.into_iter().flat_map(|(_, outcome)| outcome));
            }
        }
        start = end;
    }
    Ok(outcomes)
}

fn bytes_of(states: &[Part]) -> usize {
    states.iter().map(|state| state.len()).sum()
}

/// A group's states, cut into the runs that one round merges. There are fewer runs than states if
/// there are two or more states.
fn rounds(states: &[Part]) -> Vec<&[Part]> {
    let (mut runs, mut start, mut sum) = (Vec::new(), 0, 0usize);
    for (at, state) in states.iter().enumerate() {
        let full = at - start >= ROUND_STATES_MAX || sum + state.len() > ROUND_BYTES_MAX;
        if full && at - start >= 2 {
            runs.push(&states[start..at]);
            (start, sum) = (at, 0);
        }
        sum += state.len();
    }
    runs.push(&states[start..]);
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: each round reduces any group toward one state, in bounded calls, and keeps the order.
    #[test]
    fn rounds_end() {
        for (count, length) in
            [(0, 1), (1, 1), (2, 1), (5000, 1), (40, 1 << 16), (3, 2 << 20), (5, 1 << 20)]
        {
            let states: Vec<Part> = vec![vec![7; length].into(); count];
            let runs = rounds(&states);
            assert_eq!(runs.concat().len(), count);
            assert!(runs.len() < count.max(2), "{count} of {length} bytes");
            let bounded = |run: &&[Part]| {
                run.len() <= ROUND_STATES_MAX
                    && (run.len() <= 2 || bytes_of(run) <= ROUND_BYTES_MAX)
            };
            assert!(runs.iter().all(bounded));
        }
    }
}
