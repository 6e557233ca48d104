//! The windows of one entity, moved forward over its rows from question to question.
//!
//! Invariant: after each question the state of a span is that of the rows that its window holds.
//! Deliberately absent: how one slot follows the range (`slide`), and features that are computed
//! columnwise.

use super::column::AnswerColumn;
use super::entity::{Entity, add_before};
use super::merge_tree::MergeTree;
use super::prefix::Prefix;
use super::search::before;
use super::slide::Slide;
use super::spans::SpanSlots;
use crate::error::Result;
use crate::fold::{FoldPlan, Merged, UserCalls, ViewState};
use crate::row::Rows;
use crate::time::Time;
use std::ops::Range;
use std::rc::Rc;

/// Questions that are sent to a guest together; their states are in memory at once.
const QUESTIONS_MAX: usize = 256;

/// The windows of one entity, as they were at the last question.
pub(super) struct Windows<'a> {
    plan: &'a FoldPlan,
    spans: &'a [SpanSlots],
    /// The slots of [`Entity::before`].
    before_slots: &'a [usize],
    /// The output columns and the features that are computed question by question.
    features: &'a [(usize, usize)],
    rows: &'a Rows,
    /// The states of every span; those of spans that no feature reads stay empty.
    question: Merged,
    /// For each of the sweep's spans, the rows that are in its states.
    held: Vec<Range<usize>>,
    /// For each of the sweep's spans, how each of its sliding slots follows the range.
    slides: Vec<Vec<Slide>>,
    arrived: Option<&'a [i64]>,
    /// The first row that had not arrived at the time of the last question.
    frontier: usize,
    /// The states of spans before rows outside the sliding ranges were added, to restore later.
    before: Vec<(usize, ViewState)>,
}

impl<'a> Windows<'a> {
    pub(super) fn new(
        plan: &'a FoldPlan,
        before_slots: &'a [usize],
        spans: &'a [SpanSlots],
        features: &'a [(usize, usize)],
        rows: &'a Rows,
        arrived: Option<&'a [i64]>,
        prefixes: &[Option<Rc<Prefix>>],
    ) -> Windows<'a> {
        let slides = |slots: &SpanSlots| {
            let slide = |at: &usize| Slide::new(&plan.slots[*at], rows, prefixes[*at].as_ref());
            slots.sliding.iter().map(slide).collect()
        };
        Windows {
            plan,
            spans,
            before_slots,
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

    /// Appends the answers to the questions about `entity`.
    pub(super) fn sweep(
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
            // Rows from the frontier on are examined one by one.
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

    /// Adds the rows of each window that its sliding range leaves out: late rows, and rows after
    /// the first that had not arrived.
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

    /// Undoes [`Windows::add_others`].
    fn put_back(&mut self) {
        for (span, states) in self.before.drain(..) {
            self.question.states[span] = states;
        }
    }

    /// For the entity's rows, the merge tree of the states that only the guest can merge.
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
