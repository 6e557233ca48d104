//! Finalizers: they turn merged states into one value (docs/FEATURES.md has each formula).
//!
//! Invariant: a value depends only on the states, `as_of` and the bounds of the span. Values that
//! only a guest can compute are collected in a first pass and filled in by a second, so that the
//! guest is called once.

use super::answer::{Answer, Status, or_overflow};
use super::kept_entries::KeptEntries;
use super::operand::count_of;
use super::plain::Plain;
use super::plan::FoldPlan;
use super::user::UserCalls;
use crate::aggregate::user::{Part, UserState};
use crate::aggregate::{Slot, State, States, zeros};
use crate::error::{Error, Result};
use crate::value::Value;

/// What a value depends on besides the states, in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// The requested `as_of`, with the view's boundary and delay applied.
    pub as_of: i64,
    /// The start of the span.
    pub lo: i64,
    /// Its end.
    pub hi: i64,
}

/// How a feature is computed from the states of one span. Numbers are indices of slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finalizer {
    /// One value, computed from some slots.
    Plain(Plain),
    /// A map with one value for each distinct value of a column.
    Keyed { slot: usize, inner: Plain, kept: Option<KeptEntries> },
    /// A value over the last n rows, without the newest `skip`.
    LastRows { slot: usize, skip: u32, inner: Box<Finalizer> },
    /// A value over the rows of the latest event.
    LatestEvent { slot: usize, inner: Box<Finalizer> },
    /// A value over the latest session, or the latest that is closed after such a gap.
    Session { slot: usize, closed_after: Option<i64>, inner: Box<Finalizer> },
}

impl Finalizer {
    /// The slots that it reads.
    pub(super) fn slots(&self) -> Vec<usize> {
        match self {
            Finalizer::Plain(plain) => plain.slots(),
            Finalizer::Keyed { slot, .. }
            | Finalizer::LastRows { slot, .. }
            | Finalizer::LatestEvent { slot, .. }
            | Finalizer::Session { slot, .. } => vec![*slot],
        }
    }

    /// The value over one span.
    pub(super) fn answer(
        &self,
        slots: &[Slot],
        states: &[State],
        context: Context,
        users: &mut UserValues,
    ) -> Result<Answer> {
        match self {
            Finalizer::Plain(plain) => plain.answer(states, context, users),
            Finalizer::Keyed { slot, inner, kept } => {
                let State::Keyed(keyed) = &states[*slot] else { unreachable!("the plan's slot") };
                let Some(entries) = keyed.entries() else {
                    return Ok(or_overflow(None));
                };
                let entries: Vec<(&Value, &States)> = entries.collect();
                let answers = entries.iter().map(|(_, own)| inner.answer(own, context, users));
                let answers: Vec<Answer> = answers.collect::<Result<_>>()?;
                let kept = match kept {
                    None => (0..entries.len()).collect(),
                    Some(kept) => {
                        let count = |entry: usize, slot| count_of(entries[entry].1, slot);
                        let Some(kept) = kept.of(&answers, count) else {
                            return Ok(or_overflow(None));
                        };
                        kept
                    }
                };
                let status = Status::of_parts(kept.iter().map(|entry| &answers[*entry]));
                let mut answers = answers;
                let pairs = kept.into_iter().map(|entry| {
                    (
                        entries[entry].0.clone(),
                        std::mem::replace(&mut answers[entry].value, Value::Null),
                    )
                });
                Ok(Answer { value: Value::Map(pairs.collect()), status })
            }
            Finalizer::LastRows { slot, skip, inner } => {
                let State::LastRows(last) = &states[*slot] else { unreachable!("the plan's slot") };
                let within = slots[*slot].inner();
                let mut merged = zeros(within);
                for states in last.states().rev().skip(*skip as usize) {
                    for ((slot, state), other) in within.iter().zip(&mut merged).zip(states) {
                        slot.merge(state, other);
                    }
                }
                // The guest merges its unit states later, when the state is settled.
                inner.answer(within, &merged, context, users)
            }
            Finalizer::LatestEvent { slot, inner } => {
                let State::LatestEvent(latest) = &states[*slot] else {
                    unreachable!("the plan's slot")
                };
                let within = slots[*slot].inner();
                match latest.states() {
                    Some(states) => inner.answer(within, states, context, users),
                    None => inner.answer(within, &zeros(within), context, users),
                }
            }
            Finalizer::Session { slot, closed_after, inner } => {
                let State::Sessions(sessions) = &states[*slot] else {
                    unreachable!("the plan's slot")
                };
                let within = slots[*slot].inner();
                let session = match closed_after {
                    Some(gap_us) => sessions.latest_closed(*gap_us, context.hi),
                    None => sessions.latest(),
                };
                match session {
                    None => {
                        let context = Context { lo: context.hi, ..context };
                        inner.answer(within, &zeros(within), context, users)
                    }
                    Some(session) => {
                        let context = Context { lo: session.first, hi: session.last, ..context };
                        inner.answer(within, &session.states, context, users)
                    }
                }
            }
        }
    }
}

/// The values of user-defined states, in the first or the second pass.
#[derive(Debug)]
pub enum UserValues {
    /// First pass: what to ask the guest. Each entry is a lift and the parts of a state; no parts
    /// mean no rows.
    Wanted(Vec<(usize, Vec<Part>)>),
    /// Second pass: the guest's replies, in the same order.
    Found(std::vec::IntoIter<std::result::Result<Value, String>>),
}

impl UserValues {
    /// Starts the first pass.
    pub fn collecting() -> UserValues {
        UserValues::Wanted(Vec::new())
    }

    /// Whether there is nothing to ask the guest.
    pub fn is_empty(&self) -> bool {
        matches!(self, UserValues::Wanted(wanted) if wanted.is_empty())
    }

    /// The value of a state; null in the first pass.
    pub fn value(&mut self, lift: usize, state: &UserState) -> Result<Value> {
        let parts = match state {
            UserState::Parts(parts) => parts,
            UserState::Failed(reason) => return Err(unmerged(reason.as_deref())),
        };
        match self {
            UserValues::Wanted(wanted) => {
                wanted.push((lift, parts.clone()));
                Ok(Value::Null)
            }
            UserValues::Found(found) => match found.next() {
                Some(Ok(value)) => Ok(value),
                Some(Err(reason)) => Err(Error::input(format!("the aggregate failed: {reason}"))),
                None => Err(Error::bug("both passes read the same states")),
            },
        }
    }

    /// Calls the guest and returns the values for the second pass.
    pub fn ask(self, plan: &FoldPlan, guest: &mut dyn UserCalls) -> Result<UserValues> {
        let UserValues::Wanted(wanted) = self else {
            return Err(Error::bug("the guest is asked once"));
        };
        let mut found: Vec<_> = wanted.iter().map(|_| Ok(Value::Null)).collect();
        for (at, lift) in plan.lifts.iter().enumerate() {
            let mine: Vec<usize> = (0..wanted.len()).filter(|i| wanted[*i].0 == at).collect();
            if mine.is_empty() {
                continue;
            }
            // The states of the last rows were only collected while they were read; merge them
            // first.
            let groups: Vec<Vec<Part>> = mine.iter().map(|&i| wanted[i].1.clone()).collect();
            let states = settled(lift.aggregate, groups, guest)?;
            let asked: Vec<Option<Part>> =
                states.iter().map(|state| state.clone().ok().flatten()).collect();
            let values = guest.finalize(lift.aggregate, &asked)?;
            if values.len() != mine.len() {
                return Err(Error::bug("the guest answers each state"));
            }
            for ((i, state), value) in mine.into_iter().zip(states).zip(values) {
                found[i] = state.and(value);
            }
        }
        Ok(UserValues::Found(found.into_iter()))
    }
}

/// The error of a value whose states were not merged.
fn unmerged(reason: Option<&str>) -> Error {
    Error::input(match reason {
        Some(reason) => format!("the guest failed to merge the states of its aggregate: {reason}"),
        None => {
            "the guest failed to merge the states of its aggregate before they were stored; the \
                 `stream` or `backfill` that did so has told why, and a training set of this key \
                 tells it again; fix the aggregate (S21)"
                .to_string()
        }
    })
}

impl FoldPlan {
    /// The merged state of each group of states under a lift: `None` for a group without states, or
    /// why the guest failed.
    pub fn merged(
        &self,
        lift: usize,
        groups: Vec<Vec<Part>>,
        guest: &mut dyn UserCalls,
    ) -> Result<Vec<std::result::Result<Option<Part>, String>>> {
        settled(self.lifts[lift].aggregate, groups, guest)
    }

    /// The value of each state under a lift.
    ///
    /// # Errors
    /// If the guest failed on a state, when it was merged or now.
    pub fn finalized(
        &self,
        lift: usize,
        states: Vec<std::result::Result<Option<Part>, String>>,
        guest: &mut dyn UserCalls,
    ) -> Result<Vec<Value>> {
        let failed = |reason| Error::input(format!("the aggregate failed: {reason}"));
        let states = states.into_iter().collect::<std::result::Result<Vec<_>, String>>();
        let states = states.map_err(failed)?;
        let values = guest.finalize(self.lifts[lift].aggregate, &states)?;
        if values.len() != states.len() {
            return Err(Error::bug("the guest answers each state"));
        }
        values.into_iter().map(|value| value.map_err(failed)).collect()
    }
}

/// The merged state of each group; `None` for a group without parts.
fn settled(
    aggregate: usize,
    groups: Vec<Vec<Part>>,
    guest: &mut dyn UserCalls,
) -> Result<Vec<std::result::Result<Option<Part>, String>>> {
    let several: Vec<Vec<Part>> = groups.iter().filter(|parts| parts.len() > 1).cloned().collect();
    let mut merged = match several.is_empty() {
        true => Vec::new(),
        false => guest.merge(aggregate, &several)?,
    }
    .into_iter();
    let states = groups.into_iter().map(|mut parts| match parts.len() {
        0 => Ok(None),
        1 => Ok(parts.pop()),
        _ => match merged.next() {
            Some(merged) => merged.map(Some).map_err(|reason| unmerged(Some(&reason)).message),
            None => Err("the guest has merged fewer groups than it was given".to_string()),
        },
    });
    Ok(states.collect())
}
