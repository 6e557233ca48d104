//! The point-in-time join of sorted rows and sorted questions, in one pass a key.
//!
//! Rows are sorted by entity and event time, questions by entity and `as_of`. A window's bounds
//! never go back as `as_of` goes on, so each is a cursor that moves forward over the rows, and each
//! slot slides: sums take rows away exactly, extremes keep a queue, everything else two stacks.
//! Invariant: an answer has the bits of S1, since any grouping of merges gives them; it shares no
//! step with the tiles of the online host. A sweep has no state beside its arguments, so one runs
//! wherever its Arrow batches are. Deliberately absent: I/O, threads, how rows came to be sorted.

mod column;
mod extreme_queue;
mod prefix;
mod slide;
mod stacks;

use self::column::AnswerColumn;
use self::prefix::Prefix;
use self::slide::Slide;
use crate::error::Result;
use crate::fold::{FoldPlan, Merged, UserCalls, ViewState};
use crate::host::merge_tree::MergeTree;
use crate::row::Rows;
use crate::time::Time;
use arrow::array::ArrayRef;
use std::ops::Range;
use std::rc::Rc;

/// Questions that are put to a guest together: their states are in memory at once.
const QUESTIONS_MAX: usize = 256;

/// One entity: its rows and the questions about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// Its rows, ascending in event time.
    pub rows: Range<usize>,
    /// Its questions, ascending in `as_of`.
    pub questions: Range<usize>,
}

/// How to answer some features of a view.
#[derive(Debug)]
pub struct Sweep<'a> {
    plan: &'a FoldPlan,
    features: &'a [usize],
    spans: Vec<SpanSlots>,
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
        let mut spans = Vec::new();
        for span in 0..plan.spans.len() {
            let slots = plan.slots_over(span, features.iter().copied());
            let (guest, sliding) = slots.into_iter().partition(|slot| has_lift(plan, *slot));
            spans.push(SpanSlots { span, sliding, guest });
        }
        spans.retain(|slots| !slots.sliding.is_empty() || !slots.guest.is_empty());
        Sweep { plan, features, spans }
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
    /// the questions' times; `named` names an entity by its index, for messages.
    pub fn run(
        &self,
        rows: &Rows,
        entities: &[Entity],
        as_of: &[i64],
        guest: &mut dyn UserCalls,
        named: &dyn Fn(usize) -> String,
    ) -> Result<Vec<ArrayRef>> {
        let types = self.features.iter().map(|feature| &self.plan.features[*feature].column);
        let types: Vec<_> = types.map(|column| &column.data_type).collect();
        let mut columns: Vec<AnswerColumn> =
            types.iter().map(|data_type| AnswerColumn::new(data_type, as_of.len())).collect();
        let mut windows = Windows::new(self, rows);
        for (at, entity) in entities.iter().enumerate() {
            windows
                .sweep(entity, as_of, guest, &mut columns)
                .map_err(|error| error.at(named(at)))?;
        }
        columns.into_iter().zip(types).map(|(column, of)| column.finish(of)).collect()
    }
}

fn has_lift(plan: &FoldPlan, slot: usize) -> bool {
    let mut has = false;
    plan.slots[slot].visit_lifts(&mut |_| has = true);
    has
}

/// The windows of one entity at the question that was asked last.
struct Windows<'a> {
    sweep: &'a Sweep<'a>,
    rows: &'a Rows,
    /// The states of every span; spans without features stay empty.
    question: Merged,
    /// For each of the sweep's spans: the rows it holds.
    held: Vec<Range<usize>>,
    /// For each of the sweep's spans and sliding slots.
    slides: Vec<Vec<Slide>>,
}

impl<'a> Windows<'a> {
    fn new(sweep: &'a Sweep<'a>, rows: &'a Rows) -> Windows<'a> {
        let slots = sweep.plan.slots.iter().enumerate();
        let needed = sweep.slots();
        let prefixes: Vec<Option<Rc<Prefix>>> = slots
            .map(|(at, slot)| {
                needed.contains(&at).then(|| Prefix::of(slot, rows).map(Rc::new)).flatten()
            })
            .collect();
        let slides = |slots: &SpanSlots| {
            let slide =
                |at: &usize| Slide::new(&sweep.plan.slots[*at], rows, prefixes[*at].as_ref());
            slots.sliding.iter().map(slide).collect()
        };
        Windows {
            sweep,
            rows,
            question: Merged::empty(sweep.plan, Time::MIN),
            held: vec![0..0; sweep.spans.len()],
            slides: sweep.spans.iter().map(slides).collect(),
        }
    }

    fn sweep(
        &mut self,
        entity: &Entity,
        as_of: &[i64],
        guest: &mut dyn UserCalls,
        columns: &mut [AnswerColumn],
    ) -> Result<()> {
        self.restart(entity.rows.start);
        if self.sweep.plan.lifts.is_empty() {
            for &micros in &as_of[entity.questions.clone()] {
                self.advance(entity, Time::saturating(micros));
                for (column, &feature) in columns.iter_mut().zip(self.sweep.features) {
                    column.read(self.sweep.plan, feature, &self.question)?;
                }
            }
            return Ok(());
        }
        let tree = self.guest_states(entity, guest)?;
        let mut asked = Vec::new();
        for questions in as_of[entity.questions.clone()].chunks(QUESTIONS_MAX) {
            for &micros in questions {
                self.advance(entity, Time::saturating(micros));
                self.take_guest_states(entity, &tree);
                asked.push(self.question.clone());
            }
            let answers = self.sweep.plan.answers(self.sweep.features, &mut asked, guest)?;
            for answer in answers {
                for (column, answer) in columns.iter_mut().zip(answer) {
                    column.push(answer.value)?;
                }
            }
            asked.clear();
        }
        Ok(())
    }

    /// Empties every window, before the first row of an entity.
    fn restart(&mut self, first: usize) {
        for ((slots, held), slides) in
            self.sweep.spans.iter().zip(&mut self.held).zip(&mut self.slides)
        {
            *held = first..first;
            let states = &mut self.question.states[slots.span];
            for (slide, &slot) in slides.iter_mut().zip(&slots.sliding) {
                slide.restart(&self.sweep.plan.slots[slot], first, &mut states[slot]);
            }
        }
    }

    /// Moves every window on to `as_of`.
    fn advance(&mut self, entity: &Entity, as_of: Time) {
        let plan = self.sweep.plan;
        self.question.effective = plan.view.effective(as_of);
        for ((slots, held), slides) in
            self.sweep.spans.iter().zip(&mut self.held).zip(&mut self.slides)
        {
            let span = &plan.spans[slots.span];
            let interval = span.interval(self.question.effective, plan.view.origin_us);
            self.question.intervals[slots.span] = interval;
            let times = &self.rows.event_times()[..entity.rows.end];
            let start = before(times, held.start, interval.start.micros());
            let end = before(times, held.end.max(start), interval.end.micros());
            let moved = start..end;
            if moved == *held {
                continue;
            }
            let states = &mut self.question.states[slots.span];
            for (slide, &slot) in slides.iter_mut().zip(&slots.sliding) {
                slide.advance(&plan.slots[slot], self.rows, held, &moved, &mut states[slot]);
            }
            *held = moved;
        }
    }

    /// The states of all ranges of the entity's rows that only the guest merges.
    fn guest_states(&self, entity: &Entity, guest: &mut dyn UserCalls) -> Result<MergeTree<'a>> {
        let plan = self.sweep.plan;
        let mut slots: Vec<usize> =
            self.sweep.spans.iter().flat_map(|slots| slots.guest.iter().copied()).collect();
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
        for (slots, held) in self.sweep.spans.iter().zip(&self.held) {
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
mod tests;
