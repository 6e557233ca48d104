//! Repeats calls of one caller, and counts what that costs.
//!
//! Invariant: a repeat changes no answer and no instance that gives answers. What depends on the
//! machine (time, memory, the stack) proves nothing, so a repeat that ends so is passed over.
//! Deliberately absent: which answers are equal, which the work knows.

use super::difference::Difference;
use super::sample::Sampler;
use super::schedule::{REPEAT_ITEMS_MAX, Schedule};
use crate::artifact::Artifact;
use crate::fault::Fault;
use crate::instance::{Call, Instance, Step};
use crate::isolate::{Work, ask_for};
use lockstep_core::error::{ErrorKind, Result};
use std::ops::Range;
use std::time::{Duration, Instant};

/// What repeats have cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RepeatCost {
    /// Calls that were repeated.
    pub repeats: u64,
    /// The time that it took, instances and comparisons included.
    pub time: Duration,
}

/// What a repeat has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeated {
    /// Nothing against the answers.
    Same,
    /// The guest failed, at something that it had answered before, and the call is for several
    /// views, so that it is not known at which.
    Failed,
}

/// The checks of one caller.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    /// One for each function that is called, so that none is passed over because of another.
    schedules: Vec<Schedule>,
    sampler: Sampler,
    cost: RepeatCost,
}

impl Checks {
    /// Counts a call with so many items. Returns whether it is to be repeated.
    #[inline]
    pub(crate) fn counts(&mut self, call: Call, items: usize) -> bool {
        match self.schedules.get_mut(place(call)) {
            Some(schedule) => schedule.counts(items),
            None => true,
        }
    }

    /// What the repeats have cost so far.
    pub(crate) fn cost(&self) -> RepeatCost {
        self.cost
    }

    /// Adds what another check of the same guest cost.
    pub(crate) fn add_cost(&mut self, took: Duration) {
        self.cost.repeats += 1;
        self.cost.time += took;
    }

    /// Sends some of the items in `range`, whose outcome is `first`, again.
    ///
    /// # Errors
    /// With the code [`Code::Impure`](lockstep_core::Code::Impure) if the answers differ.
    #[cold]
    pub(crate) fn repeat<W: Work>(
        &mut self,
        artifact: &Artifact,
        work: &W,
        range: Range<usize>,
        first: &W::Outcome,
        buffer: &mut Vec<u8>,
        ticks: u64,
    ) -> Result<Repeated> {
        let started = Instant::now();
        let place = place(work.call());
        if self.schedules.len() <= place {
            self.schedules.resize_with(place + 1, Schedule::default);
        }
        let sample = self.sampler.draw(range.len(), REPEAT_ITEMS_MAX);
        let repeated = repeat(artifact, work, range.start, first, &sample, buffer, ticks);
        let took = started.elapsed();
        if repeated.is_ok() {
            // Otherwise the next call is repeated, too: another view may not be pure either.
            self.schedules[place].repeated(took);
        }
        self.add_cost(took);
        repeated
    }
}

/// The number of a function among those that one caller calls: several views together are one
/// function, and each view alone is one.
#[inline]
fn place(call: Call) -> usize {
    match call {
        Call::Map { views } if views.is_power_of_two() => 1 + views.trailing_zeros() as usize,
        Call::Map { .. } => 0,
        Call::Compute { transform } => transform as usize,
        Call::Aggregate { step, aggregate } => step as usize + Step::ALL.len() * aggregate as usize,
    }
}

fn repeat<W: Work>(
    artifact: &Artifact,
    work: &W,
    start: usize,
    first: &W::Outcome,
    sample: &[Vec<usize>],
    buffer: &mut Vec<u8>,
    ticks: u64,
) -> Result<Repeated> {
    let mut instance = match Instance::new(artifact, false, 0) {
        Ok(instance) => instance,
        Err(Fault::Host(error)) if error.kind != ErrorKind::Retry => return Err(error),
        Err(_) => return Ok(Repeated::Same),
    };
    for items in sample {
        let placed: Vec<usize> = items.iter().map(|item| start + item).collect();
        let mut again = W::Outcome::default();
        match ask_for(&mut instance, work, &placed, buffer, &mut again, ticks) {
            Ok(()) => {
                let same = work.check_same(artifact.name(), first, items, &again);
                same.map_err(|error| error.moved(|item| start as u64 + item))?;
            }
            Err(Fault::Host(error)) if error.kind == ErrorKind::Retry => break,
            Err(Fault::Starved(_)) => break,
            Err(Fault::Host(error)) => return Err(error),
            Err(fault) if fault.is_resource() || matches!(fault, Fault::Oversize(_)) => break,
            Err(fault) => {
                let Some((function, view)) = work.asked() else { return Ok(Repeated::Failed) };
                let failed = Difference::failed(placed[0], fault.reason(work.subject()));
                return Err(failed.error(artifact.name(), function, view));
            }
        }
    }
    Ok(Repeated::Same)
}
