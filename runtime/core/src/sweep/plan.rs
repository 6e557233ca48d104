//! The plan of a sweep: which features it computes, and how: columnwise, or question by question.
//!
//! Invariant: every feature is computed in one of the two ways, and both give the same bits.
//! Deliberately absent: sweeps that are cut by time (`cut`).

use super::column::AnswerColumn;
use super::columnwise::{Columns, Columnwise};
use super::entity::Entity;
use super::prefix::Prefix;
use super::spans::{SpanSlots, spans};
use super::windows::Windows;
use crate::aggregate::Slot;
use crate::error::Result;
use crate::fold::{FoldPlan, UserCalls};
use crate::row::{Rows, TypedColumn};
use crate::value::DataType;
use arrow::array::ArrayRef;
use std::collections::BTreeMap;
use std::rc::Rc;

/// How to answer some features of a view.
#[derive(Debug)]
pub struct Sweep<'a> {
    pub(super) plan: &'a FoldPlan,
    pub(super) features: &'a [usize],
    /// The features that are computed columnwise when every row counts.
    pub(super) columnwise: Vec<Columnwise>,
    /// The indices in `features` of those that are computed question by question.
    asked: Vec<usize>,
    /// The spans and slots that those features read.
    asked_spans: Vec<SpanSlots>,
    /// The spans and slots that all features read.
    pub(super) spans: Vec<SpanSlots>,
    /// In a cut sweep: the slots that some feature reads over a span without a start.
    pub(super) before: Vec<usize>,
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

    /// Assigns every feature that is not computed columnwise to be computed question by question.
    pub(super) fn ask_others(&mut self) {
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
    /// the questions' times; `named` describes the entity of an index, for messages. With
    /// `arrived`, the time at which each row became known, a question sees only rows that had
    /// arrived by its time.
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
        let sources = self.columnwise.iter().filter_map(|feature| {
            let source = feature.source(self.plan)?;
            Some((feature.at, &rows.columns()[source]))
        });
        let sources: BTreeMap<usize, &TypedColumn> = sources.collect();
        let column = |(at, data_type): (usize, &&DataType)| {
            AnswerColumn::new(data_type, as_of.len(), sources.get(&at).copied())
        };
        let mut columns: Vec<AnswerColumn> = types.iter().enumerate().map(column).collect();
        let prefixes = self.prefixes(rows);
        // For questions that do not see all rows, every feature is computed question by question.
        let mut whole = Columns::new(self.plan, rows, &self.columnwise, &prefixes);
        let asked: Vec<(usize, usize)> =
            self.asked.iter().map(|at| (*at, self.features[*at])).collect();
        let all: Vec<(usize, usize)> = self.features.iter().copied().enumerate().collect();
        let (plan, before) = (self.plan, &self.before[..]);
        let mut few =
            Windows::new(plan, before, &self.asked_spans, &asked, rows, arrived, &prefixes);
        let mut every = Windows::new(plan, before, &self.spans, &all, rows, arrived, &prefixes);
        for (at, entity) in entities.iter().enumerate() {
            let mut answer = || {
                if arrived.is_some() || !entity.late.is_empty() {
                    return every.sweep(entity, as_of, guest, &mut columns);
                }
                whole.answer(entity, as_of, guest, &mut columns)?;
                few.sweep(entity, as_of, guest, &mut columns)
            };
            answer().map_err(|error| error.at(named(at)))?;
        }
        columns.into_iter().zip(types).map(|(column, of)| column.finish(of)).collect()
    }
}

impl Sweep<'_> {
    /// The running totals of the slots that have them.
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
