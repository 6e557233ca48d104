//! Answers: the values of features for many questions at once. A question is one key and one
//! `as_of`.
//!
//! Invariant: an answer depends on its question alone; answering many together only saves calls to
//! the guest. If a user-defined aggregate fails, the whole call fails with an error that names the
//! feature (S21); the value is never silently null.

use super::finalize::{Context, UserValues};
use super::plan::{FoldPlan, ViewState};
use super::quick::Quick;
use super::user::UserCalls;
use crate::error::{Error, Result};
use crate::time::{Interval, Time};
use crate::value::Value;

/// What is known of a feature's value besides the value itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The value is valid; a null comes from the data.
    Present,
    /// The value is null because the exact result does not fit its type or a bound was passed (S16,
    /// S18); or it is a list or map that contains such a null.
    Overflow,
}

impl Status {
    /// The status of a list or map of these parts: overflow if any part overflowed.
    pub(super) fn of_parts<'a>(parts: impl IntoIterator<Item = &'a Answer>) -> Status {
        let mut parts = parts.into_iter();
        match parts.any(|part| part.status == Status::Overflow) {
            true => Status::Overflow,
            false => Status::Present,
        }
    }
}

/// A feature's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The value.
    pub value: Value,
    /// Whether a null is due to overflow.
    pub status: Status,
}

/// A value that is there.
pub(super) fn present(value: Value) -> Answer {
    Answer { value, status: Status::Present }
}

/// A value, or null by overflow.
pub(super) fn or_overflow(value: Option<Value>) -> Answer {
    match value {
        Some(value) => present(value),
        None => Answer { value: Value::Null, status: Status::Overflow },
    }
}

/// One question, with the merged state of each of its spans.
#[derive(Clone, Debug)]
pub struct Merged {
    /// The requested `as_of`, with the view's boundary and delay applied.
    pub effective: Time,
    /// The interval of each span.
    pub intervals: Vec<Interval>,
    /// The state of each span.
    pub states: Vec<ViewState>,
}

impl Merged {
    /// The question about a key that has no rows.
    pub fn empty(plan: &FoldPlan, as_of: Time) -> Merged {
        let states = plan.spans.iter().map(|_| plan.zero()).collect();
        Merged { effective: plan.view.effective(as_of), intervals: plan.intervals(as_of), states }
    }
}

impl FoldPlan {
    /// For each question the answers of `features`, in that order. It first has the guest merge the
    /// states that are not merged yet.
    pub fn answers(
        &self,
        features: &[usize],
        questions: &mut [Merged],
        guest: &mut dyn UserCalls,
    ) -> Result<Vec<Vec<Answer>>> {
        self.settle(questions.iter_mut().flat_map(|question| &mut question.states), guest)?;
        let mut users = UserValues::collecting();
        let answers = self.read(features, questions, &mut users)?;
        if users.is_empty() {
            return Ok(answers);
        }
        let mut users = users.ask(self, guest)?;
        self.read(features, questions, &mut users)
    }

    fn read(
        &self,
        features: &[usize],
        questions: &[Merged],
        users: &mut UserValues,
    ) -> Result<Vec<Vec<Answer>>> {
        let one = |question: &Merged, feature: usize, users: &mut UserValues| {
            self.feature(feature, question, users).map_err(|error| {
                let name = &self.features[feature].column.name;
                error.at(format!("feature {}.{name}", self.view.name))
            })
        };
        let mut answers = Vec::with_capacity(questions.len());
        for question in questions {
            let row = features.iter().map(|&feature| one(question, feature, users));
            answers.push(row.collect::<Result<Vec<Answer>>>()?);
        }
        Ok(answers)
    }

    /// The answer of feature `feature` to a question, for a plan without user-defined aggregates.
    #[inline]
    pub fn answer(&self, feature: usize, question: &Merged) -> Result<Answer> {
        debug_assert!(self.lifts.is_empty(), "a guest has to be asked");
        self.feature(feature, question, &mut UserValues::collecting())
    }

    /// The value that [`FoldPlan::answer`] would return, if it is a number that needs no
    /// allocation.
    #[inline]
    pub fn quick(&self, feature: usize, question: &Merged) -> Option<Quick> {
        let (plain, span) = self.features[feature].plain()?;
        plain.quick(&question.states[span])
    }

    fn feature(&self, at: usize, question: &Merged, users: &mut UserValues) -> Result<Answer> {
        let feature = &self.features[at];
        let mut over = |span: &usize| {
            let Interval { start, end } = question.intervals[*span];
            let as_of = question.effective.micros();
            let context = Context { as_of, lo: start.micros(), hi: end.micros() };
            feature.finalizer.answer(&self.slots, &question.states[*span], context, users)
        };
        if !feature.series {
            let span = feature.spans.first();
            return over(span.ok_or_else(|| Error::bug("a feature without a span"))?);
        }
        let values: Vec<Answer> = feature.spans.iter().map(over).collect::<Result<_>>()?;
        let status = Status::of_parts(&values);
        let list = values.into_iter().map(|answer| answer.value).collect();
        Ok(Answer { value: Value::List(list), status })
    }
}
