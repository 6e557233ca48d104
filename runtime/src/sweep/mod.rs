//! The point-in-time join of sorted rows and sorted questions, in one pass a key.
//!
//! Rows are sorted by entity and event time, questions by entity and `as_of`. A window's bounds
//! never go back as `as_of` goes on, so each is a cursor that moves forward over the rows, and each
//! slot slides: counts and integer sums are differences of running totals, other sums take rows
//! away exactly, extremes keep a queue, states that a guest merges a merge tree, everything else
//! two stacks. The commonest features are computed a column at a time. Where only rows count that
//! had arrived by then, the ranges end before the first that had not; the few behind it and the
//! late ones are added for one question. A sweep that is cut has only the rows from some time on,
//! and for windows without a start one state of those before. Invariant: an answer has the bits of
//! S1, since any grouping of merges gives them; it shares no step with the tiles of the online
//! host. A sweep has no state beside its arguments, so one runs wherever its Arrow batches are.
//! Deliberately absent: I/O, threads, how rows came to be sorted.

mod column;
mod columnwise;
mod cursor;
mod cut;
mod extreme_queue;
mod merge_tree;
mod prefix;
mod shared_extremes;
mod slide;
mod stacks;

use self::column::AnswerColumn;
use self::columnwise::{Columns, Columnwise};
use self::cut::add_before;
use self::merge_tree::MergeTree;
use self::prefix::Prefix;
use self::slide::Slide;
use crate::aggregate::{Slot, States};
use crate::error::Result;
use crate::fold::{FoldPlan, Merged, UserCalls, ViewState};
use crate::row::Rows;
use crate::time::Time;
use arrow::array::ArrayRef;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

/// Questions that are put to a guest together: their states are in memory at once.
const QUESTIONS_MAX: usize = 256;

/// One entity: its rows and the questions about it.
#[derive(Clone, Debug)]
pub struct Entity {
    /// Its rows, ascending in event time.
    pub rows: Range<usize>,
    /// More of its rows, ascending too, which are looked at one by one: those that arrived late.
    pub late: Range<usize>,
    /// Its questions, ascending in `as_of`.
    pub questions: Range<usize>,
    /// Where the sweep is cut: the states of its rows before those, of the slots of
    /// [`Sweep::before_slots`], if it has any.
    pub before: Option<Arc<States>>,
}

/// How to answer some features of a view.
#[derive(Debug)]
pub struct Sweep<'a> {
    plan: &'a FoldPlan,
    features: &'a [usize],
    /// Those that are computed columnwise where every row counts.
    columnwise: Vec<Columnwise>,
    /// The places of the others.
    asked: Vec<usize>,
    /// What the others read.
    asked_spans: Vec<SpanSlots>,
    /// What all of them read.
    spans: Vec<SpanSlots>,
    /// Where the sweep is cut: the slots that some of them read over a span without a start.
    before: Vec<usize>,
}

/// A span that some feature reads, and which slots it needs there.
#[derive(Debug)]
struct SpanSlots {
    span: usize,
    /// Slots that slide.
    sliding: Vec<usize>,
    /// Slots whose states only a guest merges.
    guest: Vec<usize>,
}

impl<'a> Sweep<'a> {
    /// A sweep for `features` of a view.
    pub fn new(plan: &'a FoldPlan, features: &'a [usize]) -> Sweep<'a> {
        let places = features.iter().enumerate();
        let columnwise: Vec<Columnwise> =
            places.filter_map(|(at, feature)| Columnwise::of(plan, *feature, at)).collect();
        let mut sweep = Sweep {
            plan,
            features,
            columnwise,
            asked: vec![],
            asked_spans: vec![],
            spans: spans(plan, features),
            before: vec![],
        };
        sweep.ask_others();
        sweep
    }

    /// Sees to it that each feature is asked that is not computed columnwise.
    fn ask_others(&mut self) {
        let is_asked = |at: &usize| !self.columnwise.iter().any(|feature| feature.at == *at);
        self.asked = (0..self.features.len()).filter(is_asked).collect();
        let asked: Vec<usize> = self.asked.iter().map(|at| self.features[*at]).collect();
        self.asked_spans = spans(self.plan, &asked);
    }

    /// The slots that some of the features read.
    pub fn slots(&self) -> Vec<usize> {
        let slots = self.spans.iter().flat_map(|slots| slots.sliding.iter().chain(&slots.guest));
        let mut slots: Vec<usize> = slots.copied().collect();
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    /// The value of each feature for each question, in the order of the questions. `as_of` holds
    /// the questions' times; `named` names an entity by its index, for messages. With `arrived`,
    /// the time at which each row became known, a question sees only rows that had arrived by
    /// then.
    pub fn run(
        &self,
        rows: &Rows,
        arrived: Option<&[i64]>,
        entities: &[Entity],
        as_of: &[i64],
        guest: &mut dyn UserCalls,
        named: &dyn Fn(usize) -> String,
    ) -> Result<Vec<ArrayRef>> {
        let types = self.features.iter().map(|feature| &self.plan.features[*feature].column);
        let types: Vec<_> = types.map(|column| &column.data_type).collect();
        let mut columns: Vec<AnswerColumn> =
            types.iter().map(|data_type| AnswerColumn::new(data_type, as_of.len())).collect();
        let prefixes = self.prefixes(rows);
        // A question that does not see all rows is asked for all features.
        let mut whole = Columns::new(self.plan, rows, &self.columnwise, &prefixes);
        let asked: Vec<(usize, usize)> =
            self.asked.iter().map(|at| (*at, self.features[*at])).collect();
        let all: Vec<(usize, usize)> = self.features.iter().copied().enumerate().collect();
        let mut few = Windows::new(self, &self.asked_spans, &asked, rows, arrived, &prefixes);
        let mut every = Windows::new(self, &self.spans, &all, rows, arrived, &prefixes);
        for (at, entity) in entities.iter().enumerate() {
            let mut answer = || {
                if arrived.is_some() || !entity.late.is_empty() {
                    return every.sweep(entity, as_of, guest, &mut columns);
                }
                whole.answer(entity, as_of, &mut columns)?;
                few.sweep(entity, as_of, guest, &mut columns)
            };
            answer().map_err(|error| error.at(named(at)))?;
        }
        columns.into_iter().zip(types).map(|(column, of)| column.finish(of)).collect()
    }
}

impl Sweep<'_> {
    /// The running totals of the slots that have some.
    fn prefixes(&self, rows: &Rows) -> Vec<Option<Rc<Prefix>>> {
        let needed = self.slots();
        let slots = self.plan.slots.iter().enumerate();
        let prefix = |(at, slot): (usize, &Slot)| match needed.contains(&at) {
            true => Prefix::of(slot, rows).map(Rc::new),
            false => None,
        };
        slots.map(prefix).collect()
    }
}

/// The spans that some of `features` read.
fn spans(plan: &FoldPlan, features: &[usize]) -> Vec<SpanSlots> {
    let slots = (0..plan.spans.len()).map(|span| {
        let slots = plan.slots_over(span, features.iter().copied());
        let (guest, sliding) = slots.into_iter().partition(|slot| has_lift(plan, *slot));
        SpanSlots { span, sliding, guest }
    });
    slots.filter(|slots| !slots.sliding.is_empty() || !slots.guest.is_empty()).collect()
}

fn has_lift(plan: &FoldPlan, slot: usize) -> bool {
    let mut has = false;
    plan.slots[slot].visit_lifts(&mut |_| has = true);
    has
}

/// The windows of one entity at the question that was asked last.
struct Windows<'a> {
    plan: &'a FoldPlan,
    spans: &'a [SpanSlots],
    /// The slots of [`Entity::before`].
    before_slots: &'a [usize],
    /// The places of the features that are asked, and the features.
    features: &'a [(usize, usize)],
    rows: &'a Rows,
    /// The states of every span; spans without features stay empty.
    question: Merged,
    /// For each of the sweep's spans: the rows it holds.
    held: Vec<Range<usize>>,
    /// For each of the sweep's spans and sliding slots.
    slides: Vec<Vec<Slide>>,
    arrived: Option<&'a [i64]>,
    /// The first row that had not arrived when the last question was asked.
    frontier: usize,
    /// States of spans as they were before rows outside the sliding ranges were added.
    before: Vec<(usize, ViewState)>,
}

impl<'a> Windows<'a> {
    fn new(
        sweep: &'a Sweep<'_>,
        spans: &'a [SpanSlots],
        features: &'a [(usize, usize)],
        rows: &'a Rows,
        arrived: Option<&'a [i64]>,
        prefixes: &[Option<Rc<Prefix>>],
    ) -> Windows<'a> {
        let plan = sweep.plan;
        let slides = |slots: &SpanSlots| {
            let slide = |at: &usize| Slide::new(&plan.slots[*at], rows, prefixes[*at].as_ref());
            slots.sliding.iter().map(slide).collect()
        };
        Windows {
            plan,
            spans,
            before_slots: &sweep.before,
            features,
            rows,
            question: Merged::empty(plan, Time::MIN),
            held: vec![0..0; spans.len()],
            slides: spans.iter().map(slides).collect(),
            arrived,
            frontier: 0,
            before: vec![],
        }
    }

    fn sweep(
        &mut self,
        entity: &Entity,
        as_of: &[i64],
        guest: &mut dyn UserCalls,
        columns: &mut [AnswerColumn],
    ) -> Result<()> {
        if self.features.is_empty() {
            return Ok(());
        }
        self.restart(entity);
        self.frontier = entity.rows.start;
        if self.plan.lifts.is_empty() {
            for &micros in &as_of[entity.questions.clone()] {
                self.advance(entity, Time::saturating(micros));
                self.add_others(entity, Time::saturating(micros));
                for &(at, feature) in self.features {
                    columns[at].read(self.plan, feature, &self.question)?;
                }
                self.put_back();
            }
            return Ok(());
        }
        let features: Vec<usize> = self.features.iter().map(|(_, feature)| *feature).collect();
        let tree = self.guest_states(entity, guest)?;
        let mut asked = Vec::new();
        for questions in as_of[entity.questions.clone()].chunks(QUESTIONS_MAX) {
            for &micros in questions {
                self.advance(entity, Time::saturating(micros));
                self.take_guest_states(entity, &tree);
                self.add_others(entity, Time::saturating(micros));
                asked.push(self.question.clone());
                self.put_back();
            }
            for answers in self.plan.answers(&features, &mut asked, guest)? {
                for (&(at, _), answer) in self.features.iter().zip(answers) {
                    columns[at].push(answer.value)?;
                }
            }
            asked.clear();
        }
        Ok(())
    }

    /// Empties every window, before the first row of an entity.
    fn restart(&mut self, entity: &Entity) {
        let first = entity.rows.start;
        for ((slots, held), slides) in self.spans.iter().zip(&mut self.held).zip(&mut self.slides) {
            *held = first..first;
            let states = &mut self.question.states[slots.span];
            for (slide, &slot) in slides.iter_mut().zip(&slots.sliding) {
                slide.restart(&self.plan.slots[slot], first, &mut states[slot]);
                if self.plan.spans[slots.span].length_us().is_none() {
                    add_before(self.plan, self.before_slots, entity, slot, states);
                }
            }
        }
    }

    /// Moves every window on to `as_of`.
    fn advance(&mut self, entity: &Entity, as_of: Time) {
        let plan = self.plan;
        self.question.effective = plan.view.effective(as_of);
        self.frontier = match self.arrived {
            None => entity.rows.end,
            Some(arrived) => {
                let waiting = |row: &usize| arrived[*row] > as_of.micros();
                (self.frontier..entity.rows.end).find(waiting).unwrap_or(entity.rows.end)
            }
        };
        for ((slots, held), slides) in self.spans.iter().zip(&mut self.held).zip(&mut self.slides) {
            let span = &plan.spans[slots.span];
            let interval = span.interval(self.question.effective, plan.view.origin_us);
            self.question.intervals[slots.span] = interval;
            let times = &self.rows.event_times()[..entity.rows.end];
            let start = before(times, held.start, interval.start.micros());
            let end = before(times, held.end.max(start), interval.end.micros());
            // Rows from the frontier on are looked at one by one.
            let moved = start..end.min(self.frontier).max(start);
            if moved == *held {
                continue;
            }
            let states = &mut self.question.states[slots.span];
            for (slide, &slot) in slides.iter_mut().zip(&slots.sliding) {
                let state = &mut states[slot];
                let anew = slide.advance(&plan.slots[slot], self.rows, held, &moved, state);
                if anew && span.length_us().is_none() {
                    add_before(plan, self.before_slots, entity, slot, states);
                }
            }
            *held = moved;
        }
    }

    /// Adds the rows of each window that its sliding range leaves out: late ones, and those behind
    /// one that has not arrived.
    fn add_others(&mut self, entity: &Entity, as_of: Time) {
        if entity.late.is_empty() && self.frontier == entity.rows.end {
            return;
        }
        let plan = self.plan;
        let times = self.rows.event_times();
        for slots in self.spans {
            let interval = self.question.intervals[slots.span];
            let within = |rows: Range<usize>| {
                let bound = |time: Time| {
                    let own = &times[rows.clone()];
                    rows.start + own.partition_point(|event| *event < time.micros())
                };
                let start = bound(interval.start);
                start..bound(interval.end).max(start)
            };
            let behind = within(self.frontier..entity.rows.end);
            let known =
                |row: &usize| self.arrived.is_none_or(|arrived| arrived[*row] <= as_of.micros());
            let mut others = behind.chain(within(entity.late.clone())).filter(known).peekable();
            if others.peek().is_none() {
                continue;
            }
            let states = &mut self.question.states[slots.span];
            self.before.push((slots.span, states.clone()));
            for row in others {
                plan.update(states, self.rows, row, &slots.sliding);
                plan.update(states, self.rows, row, &slots.guest);
            }
        }
    }

    /// Takes away what [`Windows::add_others`] added.
    fn put_back(&mut self) {
        for (span, states) in self.before.drain(..) {
            self.question.states[span] = states;
        }
    }

    /// The states of all ranges of the entity's rows that only the guest merges.
    fn guest_states(&self, entity: &Entity, guest: &mut dyn UserCalls) -> Result<MergeTree<'a>> {
        let plan = self.plan;
        let mut slots: Vec<usize> =
            self.spans.iter().flat_map(|slots| slots.guest.iter().copied()).collect();
        slots.sort_unstable();
        slots.dedup();
        let leaf = |row: usize| {
            let mut state: ViewState = plan.zero();
            plan.update(&mut state, self.rows, row, &slots);
            state
        };
        MergeTree::new(plan, entity.rows.clone().map(leaf).collect(), guest)
    }

    fn take_guest_states(&mut self, entity: &Entity, tree: &MergeTree<'_>) {
        for (slots, held) in self.spans.iter().zip(&self.held) {
            if slots.guest.is_empty() {
                continue;
            }
            let first = entity.rows.start;
            let mut merged = tree.merged(held.start - first..held.end - first, &slots.guest);
            let states = &mut self.question.states[slots.span];
            for &slot in &slots.guest {
                std::mem::swap(&mut states[slot], &mut merged[slot]);
            }
        }
    }
}

/// The first row at or after `from` whose time is at or after `bound`, found by doubling steps: the
/// next rows are the likeliest.
fn before(times: &[i64], from: usize, bound: i64) -> usize {
    let rest = &times[from..];
    let mut reach = 1;
    while reach <= rest.len() && rest[reach - 1] < bound {
        reach *= 2;
    }
    let passed = reach / 2;
    let within = &rest[passed..reach.min(rest.len())];
    from + passed + within.partition_point(|time| *time < bound)
}

#[cfg(test)]
pub(crate) mod tests;
