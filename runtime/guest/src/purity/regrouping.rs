//! Merges made in another grouping: a state must not depend on how its rows were grouped (S1, S21).
//!
//! ```text
//! at once       merge(a b c d e)
//! in two parts  merge( merge(d a)  merge(c e b) )
//! ```
//!
//! Hosts often merge two states at a time, which shows no more than that their order does not
//! matter. So half of the groups that are drawn have the states of two groups; the law holds for any
//! states. A group with one state is merged with the state of no rows, which must not change it:
//! each state has one encoding, and the state of no rows is the identity. Invariant: groups are
//! drawn from a fixed seed. Deliberately absent: a proof. What holds for these states may not hold
//! for others.

use super::difference::hex;
use super::sample::Sampler;
use super::schedule::{REPEAT_ITEMS_MAX, Schedule};
use lockstep_core::aggregate::user::Part;
use lockstep_core::code::Code;
use lockstep_core::error::Error;
use lockstep_core::flat::GroupState;
use std::time::Duration;

/// The most states of a group that is merged again; a larger group is passed over.
const GROUP_STATES_MAX: usize = 256;

/// When merges of one aggregate are made again, and which.
#[derive(Debug, Default)]
pub(crate) struct Regroupings {
    schedule: Schedule,
    sampler: Sampler,
}

/// Groups that are merged at once and in two parts.
pub(crate) struct Drawn {
    pub(crate) groups: Vec<Vec<Part>>,
    /// For each group its two parts, one after the other.
    pub(crate) parts: Vec<Vec<Part>>,
}

impl Regroupings {
    /// Counts merges of so many states. Returns whether some are to be made again.
    pub(crate) fn counts(&mut self, states: usize) -> bool {
        self.schedule.counts(states)
    }

    /// Notes that some were made again, and how long that took.
    pub(crate) fn checked(&mut self, took: Duration) {
        self.schedule.repeated(took);
    }

    /// Draws groups from those that were merged without a failure, and cuts each, in disorder, into
    /// two parts.
    pub(crate) fn draw(&mut self, groups: &[Vec<Part>], merged: &[GroupState]) -> Drawn {
        let fits =
            |at: &usize| (1..=GROUP_STATES_MAX).contains(&groups[*at].len()) && merged[*at].is_ok();
        let known: Vec<usize> = (0..groups.len()).filter(fits).collect();
        let mut drawn = Drawn { groups: vec![], parts: vec![] };
        if known.is_empty() {
            return drawn;
        }
        let chosen = self.sampler.draw(known.len(), REPEAT_ITEMS_MAX).concat();
        for (at, group) in chosen.iter().enumerate() {
            let mut states = groups[known[*group]].clone();
            if at % 2 == 1 {
                states.extend_from_slice(&groups[known[chosen[at - 1]]]);
            }
            let (one, other) = match states.len() {
                1 => (vec![0], vec![]),
                count => self.sampler.split(count),
            };
            drawn.parts.extend([one, other].map(|part| {
                part.into_iter().map(|state| states[state].clone()).collect::<Vec<Part>>()
            }));
            drawn.groups.push(states);
        }
        drawn
    }
}

/// A group that has another state in another grouping.
#[derive(Debug)]
pub(crate) struct Broken {
    states: usize,
    first: String,
    again: String,
}

/// The first of the groups whose state in two parts, `again`, is not the one that it has at once;
/// `parts` are the states of its two parts. A group that fails at once is passed over: an aggregate
/// may refuse states, and a state may be too long.
pub(crate) fn regrouped_differently(
    groups: &[Vec<Part>],
    at_once: &[GroupState],
    parts: &[(GroupState, GroupState)],
    again: &[GroupState],
) -> Option<Broken> {
    let shown = |state: &GroupState| match state {
        Ok(state) => format!("the state {}", hex(state)),
        Err(reason) => format!("{reason:?}"),
    };
    let all = groups.iter().zip(at_once).zip(parts.iter().zip(again));
    all.into_iter().find_map(|((group, first), ((one, other), again))| {
        // A part that fails fails the whole, and the whole did not fail.
        let again = [one, other].into_iter().find(|part| part.is_err()).unwrap_or(again);
        let (states, broken) = (group.len(), first.is_ok() && first != again);
        broken.then(|| Broken { states, first: shown(first), again: shown(again) })
    })
}

impl Broken {
    /// The error of an aggregate of an artifact.
    pub(crate) fn error(self, artifact: &str, aggregate: &str) -> Error {
        let Broken { states, first, again } = self;
        let how = match states {
            1 => "one state gives {first}, and with the state of no rows {again}",
            _ => "{states} states give {first} at once, and {again} in two parts, in another order",
        };
        let how = how.replace("{states}", &states.to_string());
        let how = how.replace("{first}", &first).replace("{again}", &again);
        Error::input(format!(
            "artifact {artifact}: aggregate {aggregate} breaks a law of merging: {how}; a merge must \
             not depend on order and grouping, and a state has one encoding; check it with \
             lockstep_sdk::laws"
        ))
        .with_code(Code::Impure {
            view: None,
            function: format!("aggregate {aggregate}"),
            position: None,
            column: None,
            first,
            again,
        })
    }
}
