//! Isolation: calls that survive a misbehaving guest (S8, S9).
//!
//! Invariant: an item (an event, or a group of states) is refused only for what it does alone on a
//! fresh instance within the limits of `limits.rs`, in two runs: one ordinary and one metered. So a
//! refusal does not depend on the batch that the item came in, on what the instance had done
//! before, or on the speed of the machine. A batch that failed is cut in two on fresh instances,
//! repeatedly, until the parts that work have outcomes and only single items remain. After a
//! timeout it is cut into more parts, so that an endless item costs few deadlines and a batch that
//! was merely long costs few calls.
//!
//! After [`ENDLESS_ITEMS_MAX`] items in a row that did not end, the caller gives up, since each costs
//! seconds. Deliberately absent: what an item is.

use super::artifact::Artifact;
use super::clock::Deadline;
use super::fault::{Fault, Subject};
use super::instance::{Call, Instance};
use super::limits::{
    CALL_TICKS_MAX, EPOCH_TICK_MS, GUEST_MEMORY_MAX_BYTES, MEMORY_WAIT_MS, RERUN_TICKS_MAX,
};
use super::purity::{Checks, RepeatCost, Repeated};
use lockstep_core::code::{CallCause, Code};
use lockstep_core::error::{Error, ErrorKind, Result};
use std::ops::Range;
use std::time::Duration;

/// Parts that a batch is cut into after a timeout.
const PARTS_AFTER_TIMEOUT: usize = 16;
/// Parts that a batch is cut into after any other fault.
const PARTS_AFTER_FAULT: usize = 2;

/// Items in a row that may use up their fuel or their time; then a caller gives up.
pub const ENDLESS_ITEMS_MAX: u32 = 3;

/// A request to a guest for several items, each of which it could also process alone.
pub(super) trait Work {
    /// The outcome of some consecutive items; the default is that of no items.
    type Outcome: Default;

    /// What the reasons are about.
    fn subject(&self) -> Subject;

    /// The function to call.
    fn call(&self) -> Call;

    /// How many items there are.
    fn items(&self) -> usize;

    /// Writes the items in `range` to `out`, replacing its content. An error of kind
    /// [`Input`](ErrorKind::Input) says that they do not fit in one call.
    fn write(&self, range: Range<usize>, out: &mut Vec<u8>) -> Result<()>;

    /// Writes these items, in this order, to `out`, replacing its content. An item may come several
    /// times. What must not matter to an answer, such as the order of a group's states, may differ
    /// from [`Work::write`].
    fn write_chosen(&self, items: &[usize], out: &mut Vec<u8>) -> Result<()>;

    /// Reads the outcome of `items` items from the front of a reply into `outcome`, which is empty.
    /// An error means that the guest violated the interface.
    fn take(&self, bytes: &mut &[u8], items: usize, outcome: &mut Self::Outcome) -> Result<()>;

    /// The outcome of one item that is refused with this reason; `exhausted` says whether it used
    /// up the guest's fuel, memory or stack.
    fn refused(&self, reason: String, exhausted: bool) -> Self::Outcome;

    /// The one function of the artifact that is asked, as messages name it, and the view that it
    /// answers for. None if several are asked at once.
    fn asked(&self) -> Option<(String, Option<String>)>;

    /// Compares the outcome `again` of these items of a call with what `first`, the outcome of the
    /// whole call, has of them. An error with the code [`Code::Impure`](lockstep_core::Code::Impure)
    /// says where they differ.
    fn check_same(
        &self,
        artifact: &str,
        first: &Self::Outcome,
        items: &[usize],
        again: &Self::Outcome,
    ) -> Result<()>;
}

/// A warm guest, and the buffer of the items that are sent to it.
pub(super) struct Caller {
    artifact: Artifact,
    warm: Option<Instance>,
    fresh_each_call: bool,
    /// The time by which calls must have ended, if there is one.
    until: Option<Deadline>,
    buffer: Vec<u8>,
    checks: Checks,
    /// Whether the guest failed at a repeat of the last call, so that each part is repeated.
    suspect: bool,
    /// Items in a row that did not end.
    endless: u32,
    /// How many items may be refused in one call before the rest is not tried any more.
    refusals_max: Option<u64>,
}

impl Caller {
    /// Starts a warm instance.
    pub(super) fn new(artifact: &Artifact) -> Result<Caller> {
        let mut caller = Caller {
            artifact: artifact.clone(),
            warm: None,
            fresh_each_call: false,
            until: None,
            buffer: Vec::new(),
            checks: Checks::default(),
            suspect: false,
            endless: 0,
            refusals_max: None,
        };
        caller.warm = Some(caller.start_warm()?);
        Ok(caller)
    }

    /// The artifact that is called.
    pub(super) fn artifact(&self) -> &Artifact {
        &self.artifact
    }

    /// Sets whether each call gets a fresh instance.
    pub(super) fn fresh_each_call(&mut self, fresh: bool) {
        self.fresh_each_call = fresh;
    }

    /// Sets the time by which calls must have ended; none if there is no such time.
    pub(super) fn until(&mut self, until: Option<&Deadline>) {
        self.until = until.cloned();
    }

    /// The bytes that its warm instance holds.
    pub(super) fn memory_bytes(&self) -> usize {
        self.warm.as_ref().map_or(0, Instance::memory_bytes)
    }

    /// Sets how many items [`Caller::isolated`] may refuse; after one more, it leaves the rest out.
    /// The caller must then drop the whole outcome.
    pub(super) fn refusals_max(&mut self, refusals_max: Option<u64>) {
        self.refusals_max = refusals_max;
    }

    /// What it has cost to repeat calls.
    pub(super) fn repeat_cost(&self) -> RepeatCost {
        self.checks.cost()
    }

    /// Adds what another check of the same guest cost.
    pub(super) fn add_check_cost(&mut self, took: Duration) {
        self.checks.add_cost(took);
    }

    /// Tries the items in `range` once on the warm instance and stores their outcome in `outcome`,
    /// which must be empty. Returns false if the guest failed in any way; then `outcome` is
    /// meaningless, and the items must be processed with [`Caller::isolated`].
    pub(super) fn warm<W: Work>(
        &mut self,
        work: &W,
        range: Range<usize>,
        outcome: &mut W::Outcome,
    ) -> Result<bool> {
        if self.fresh_each_call {
            self.warm = None;
        }
        self.suspect = false;
        if self.warm.is_none() {
            self.warm = Some(self.start_warm()?);
        }
        let ticks = self.ticks(CALL_TICKS_MAX);
        let instance = self.warm.as_mut().expect("it was just started");
        match ask(instance, work, range.clone(), &mut self.buffer, outcome, ticks) {
            Ok(()) if self.checks.counts(work.call(), range.len()) => {
                self.suspect = self.repeat(work, range, outcome)? == Repeated::Failed;
                if self.suspect {
                    self.warm = None;
                }
                Ok(!self.suspect)
            }
            Ok(()) => Ok(true),
            Err(fault) => {
                // The instance is unusable, or has violated the interface.
                self.warm = None;
                self.check_host(fault)?;
                Ok(false)
            }
        }
    }

    /// Starts a warm instance, after waiting for memory if there is none.
    fn start_warm(&self) -> Result<Instance> {
        match Instance::new(&self.artifact, false, 0) {
            Ok(instance) => Ok(instance),
            Err(Fault::NoRoom) => {
                let mut instance = self.start(false)?;
                instance.give_back_reserve();
                Ok(instance)
            }
            Err(fault) => Err(self.of_host(fault)),
        }
    }

    /// Starts an instance with all the memory that it may need, after waiting for its turn.
    fn start(&self, metered: bool) -> Result<Instance> {
        let memory = self.artifact.engine().memory();
        let patience = Deadline::after(self.artifact.engine().clock(), MEMORY_WAIT_MS);
        let until = self.until.as_ref().unwrap_or(&patience);
        if !memory.wait(GUEST_MEMORY_MAX_BYTES, until) {
            return Err(self.of_host(Fault::NoRoom));
        }
        let started = Instance::new(&self.artifact, metered, GUEST_MEMORY_MAX_BYTES);
        started.map_err(|fault| self.of_host(fault))
    }

    /// Fails if a fault is the host's, or if there is no time left.
    fn check_host(&self, fault: Fault) -> Result<Fault> {
        if let Some(until) = &self.until {
            until.check()?;
        }
        match fault {
            Fault::Host(_) | Fault::Starved(_) => Err(self.of_host(fault)),
            fault => Ok(fault),
        }
    }

    /// The error of a fault that is not an event's.
    fn of_host(&self, fault: Fault) -> Error {
        if let Some(until) = self.until.as_ref().filter(|until| until.is_over()) {
            return until.exceeded();
        }
        let name = self.artifact.name();
        match fault {
            Fault::Host(error) => error,
            Fault::Starved(error) => call_failed(
                name,
                CallCause::Memory,
                "the system has no memory left for a guest; run fewer at a time",
            )
            .because(error),
            _ => call_failed(
                name,
                CallCause::Memory,
                "all guests together have the memory that they may have, \
                 GUESTS_MEMORY_MAX_BYTES; run fewer at a time",
            ),
        }
    }

    /// The outcomes of the items in `range` on fresh instances, in consecutive parts, each with the
    /// index of its first item. An item that fails becomes its own part, refused.
    ///
    /// # Errors
    /// With the code [`Code::LimitReached`] if too many items in a row do not end.
    pub(super) fn isolated<W: Work>(
        &mut self,
        work: &W,
        range: Range<usize>,
    ) -> Result<Vec<(usize, W::Outcome)>> {
        let mut waiting: Vec<Range<usize>> = vec![range];
        let mut parts: Vec<(usize, W::Outcome)> = Vec::new();
        let mut refusals = 0;
        while let Some(range) = waiting.pop() {
            if self.refusals_max.is_some_and(|most| refusals > most) {
                break;
            }
            match self.fresh(work, range.clone(), false)? {
                Ok(outcome) => {
                    self.endless = 0;
                    if self.checks.counts(work.call(), range.len()) || self.suspect {
                        self.repeat(work, range.clone(), &outcome)?;
                    }
                    parts.push((range.start, outcome));
                }
                Err(fault) if range.len() == 1 => {
                    refusals += 1;
                    parts.push((range.start, self.judge(work, range.start, &fault)?));
                }
                Err(Fault::Timeout) => waiting.extend(cut(range, PARTS_AFTER_TIMEOUT)),
                Err(_) => waiting.extend(cut(range, PARTS_AFTER_FAULT)),
            }
        }
        Ok(parts)
    }

    /// The ticks that a call may take, of which there are at most so many.
    #[inline]
    fn ticks(&self, most: u64) -> u64 {
        match &self.until {
            None => most,
            Some(until) => until.ticks_left().min(most),
        }
    }

    /// Sends some of the items in `range`, whose outcome is given, again (S7).
    fn repeat<W: Work>(
        &mut self,
        work: &W,
        range: Range<usize>,
        outcome: &W::Outcome,
    ) -> Result<Repeated> {
        // A repeat that is cut off proves nothing, so it has the time of a rerun.
        let ticks = self.ticks(RERUN_TICKS_MAX);
        self.checks.repeat(&self.artifact, work, range, outcome, &mut self.buffer, ticks)
    }

    /// Decides about one item that failed alone, by its metered rerun (S9).
    fn judge<W: Work>(&mut self, work: &W, item: usize, first: &Fault) -> Result<W::Outcome> {
        let rerun = self.fresh(work, item..item + 1, true)?;
        self.endless = match &rerun {
            Err(Fault::Fuel) => self.endless + 1,
            // What runs out of time says nothing about the event.
            Err(Fault::Timeout) => self.endless,
            _ => 0,
        };
        if self.endless >= ENDLESS_ITEMS_MAX {
            // The next call may be about other items.
            self.endless = 0;
            return Err(self.gives_up(work));
        }
        verdict(self.artifact.name(), work, first, rerun)
    }

    #[cold]
    fn gives_up<W: Work>(&self, work: &W) -> Error {
        let what = work.asked().map_or("a transform".to_string(), |(function, _)| function);
        Error::input(format!(
            "artifact {}: {what} did not end for {ENDLESS_ITEMS_MAX} events in a row, so it is not \
             asked any more; correct the loop, and build again",
            self.artifact.name()
        ))
        .with_code(Code::limit("ENDLESS_ITEMS_MAX", ENDLESS_ITEMS_MAX as usize))
    }

    /// One call on a fresh instance; the error is the host's.
    fn fresh<W: Work>(
        &mut self,
        work: &W,
        range: Range<usize>,
        metered: bool,
    ) -> Result<Result<W::Outcome, Fault>> {
        // An instance started when this caller was made; a failure now is the machine's.
        let mut instance = self.start(metered).map_err(|error| match error.kind {
            ErrorKind::Input if !metered => error.with_kind(ErrorKind::Retry),
            _ => error,
        })?;
        let ticks = self.ticks(if metered { RERUN_TICKS_MAX } else { CALL_TICKS_MAX });
        let mut outcome = W::Outcome::default();
        match ask(&mut instance, work, range, &mut self.buffer, &mut outcome, ticks) {
            Ok(()) => Ok(Ok(outcome)),
            Err(fault) => Ok(Err(self.check_host(fault)?)),
        }
    }
}

/// The verdict on an item that failed with `first` when alone on a fresh instance, and then did
/// `rerun` under fuel. Only a deterministic cause refuses the item. A failure that does not repeat
/// stops the partition, except that for resources, which depend on the machine, only the rerun
/// counts (S9). A rerun that runs out of time before it runs out of fuel says nothing about the
/// event either.
fn verdict<W: Work>(
    artifact: &str,
    work: &W,
    first: &Fault,
    rerun: Result<W::Outcome, Fault>,
) -> Result<W::Outcome> {
    match rerun {
        Ok(outcome) if first.is_resource() => Ok(outcome),
        Ok(_) => Err(call_failed(
            artifact,
            CallCause::Host,
            &format!(
                "{} for an event, but not when it was run again; a transform must do the same each \
             time, so this points at the machine: run it again",
                first.reason(work.subject())
            ),
        )),
        Err(fault @ Fault::Timeout) => Err(call_failed(
            artifact,
            CallCause::Time,
            &format!(
                "{} within {} ms, and has not used up its fuel; run it again on a faster or less busy \
             machine, or make it cheaper",
                fault.reason(work.subject()),
                RERUN_TICKS_MAX * EPOCH_TICK_MS
            ),
        )),
        Err(fault) => Ok(work.refused(fault.reason(work.subject()), fault.is_resource())),
    }
}

/// The error of a call that failed for a cause that is not its event's.
fn call_failed(artifact: &str, cause: CallCause, what: &str) -> Error {
    let code = Code::CallFailed { artifact: artifact.to_string(), cause };
    Error::retry(format!("artifact {artifact}: {what}")).with_code(code)
}

/// One call: stores the outcome of the items in `range` in `outcome`, and checks that nothing
/// follows it.
#[inline]
fn ask<W: Work>(
    instance: &mut Instance,
    work: &W,
    range: Range<usize>,
    buffer: &mut Vec<u8>,
    outcome: &mut W::Outcome,
    ticks: u64,
) -> Result<(), Fault> {
    let items = range.len();
    work.write(range, buffer).map_err(unsent)?;
    answer(instance, work, items, buffer, outcome, ticks)
}

/// As [`ask`], for these items in this order.
pub(super) fn ask_for<W: Work>(
    instance: &mut Instance,
    work: &W,
    items: &[usize],
    buffer: &mut Vec<u8>,
    outcome: &mut W::Outcome,
    ticks: u64,
) -> Result<(), Fault> {
    work.write_chosen(items, buffer).map_err(unsent)?;
    answer(instance, work, items.len(), buffer, outcome, ticks)
}

fn unsent(error: Error) -> Fault {
    match error.kind {
        ErrorKind::Input => Fault::Oversize(error.message),
        _ => Fault::Host(error),
    }
}

/// Sends what is in `buffer`, which are so many items, and reads their outcome.
#[inline]
fn answer<W: Work>(
    instance: &mut Instance,
    work: &W,
    items: usize,
    buffer: &[u8],
    outcome: &mut W::Outcome,
    ticks: u64,
) -> Result<(), Fault> {
    let answered = instance.call(work.call(), buffer, ticks)?;
    let mut rest = answered;
    work.take(&mut rest, items, outcome).map_err(|error| match error.kind {
        ErrorKind::Input => Fault::Lie(error.to_string()),
        _ => Fault::Host(error),
    })?;
    match rest.len() {
        0 => Ok(()),
        left => Err(Fault::Lie(format!("{left} bytes are left over behind the last outcome"))),
    }
}

/// Cuts the range into at most `parts` parts, none of them empty, the last one first.
fn cut(range: Range<usize>, parts: usize) -> impl Iterator<Item = Range<usize>> {
    let length = range.len().div_ceil(parts);
    let starts = range.clone().step_by(length).collect::<Vec<usize>>();
    starts.into_iter().rev().map(move |start| start..range.end.min(start + length))
}

#[cfg(test)]
mod tests;
