//! Builds a view's plan from its declaration.
//!
//! Invariant: features that need the same state share one slot, at every level of nesting; the
//! order of slots follows the declaration.

use super::finalize::Finalizer;
use super::gathered::{InOrder, OfCounts, OfDistinct};
use super::kept_entries::{ComparedBy, KeptEntries};
use super::operand::Operand;
use super::plain::{CoStatistic, Joined, Plain, Statistic, Sum, SumKind};
use super::plan::{FeaturePlan, FoldPlan, Lift};
use crate::aggregate::bits::BitOperation;
use crate::aggregate::extreme::End;
use crate::aggregate::moments::Order;
use crate::aggregate::ordered::Side;
use crate::aggregate::places::Placing;
use crate::aggregate::quantile::WHOLE_MILLIONTHS;
use crate::aggregate::{Slot, SlotKind};
use crate::error::{Error, Result};
use crate::feature::{self, Aggregate, EntryOrder, Feature, OperandAggregate, Top};
use crate::manifest::UserAggregate;
use crate::value::{Column, DataType};
use crate::view::FeatureView;
use crate::window::Window;
use std::sync::Arc;

impl FoldPlan {
    /// The plan of a valid view; `aggregates` are the user-defined aggregates of its artifact.
    pub fn new(view: Arc<FeatureView>, aggregates: &[UserAggregate]) -> Result<FoldPlan> {
        let mut builder = Builder { view: &view, aggregates, lifts: vec![] };
        let (mut slots, mut spans, mut features) = (vec![], vec![], vec![]);
        for feature in &view.features {
            let (data_type, nullable) = feature.data_type(&view, aggregates)?;
            let finalizer = builder.feature(&mut slots, feature)?;
            let column = Column {
                name: feature.name.clone(),
                data_type,
                nullable,
                description: String::new(),
            };
            features.push(FeaturePlan {
                column,
                spans: feature
                    .window
                    .spans()
                    .into_iter()
                    .map(|span| index_or_push(&mut spans, span))
                    .collect(),
                series: matches!(feature.window, Window::Series { .. }),
                finalizer,
            });
        }
        let lifts = builder.lifts;
        Ok(FoldPlan { view, slots, spans, features, lifts })
    }
}

struct Builder<'a> {
    view: &'a FeatureView,
    aggregates: &'a [UserAggregate],
    lifts: Vec<Lift>,
}

impl Builder<'_> {
    fn feature(&mut self, slots: &mut Vec<Slot>, feature: &Feature) -> Result<Finalizer> {
        let filter = feature.filter.as_ref().map(|name| self.column(name)).transpose()?;
        match feature.window {
            Window::LastRows { rows, skip, .. } => {
                let kind = SlotKind::LastRows { rows: rows + skip, inner: vec![] };
                let slot = nested(slots, kind, filter);
                let inner = Box::new(self.by(inner_of(slots, slot), feature, None)?);
                Ok(Finalizer::LastRows { slot, skip, inner })
            }
            Window::LatestEvent { .. } => {
                let slot = nested(slots, SlotKind::LatestEvent { inner: vec![] }, filter);
                let inner = Box::new(self.by(inner_of(slots, slot), feature, None)?);
                Ok(Finalizer::LatestEvent { slot, inner })
            }
            Window::Session { gap_us, open, .. } => {
                let kind = SlotKind::Sessions { gap_us, inner: vec![] };
                let slot = nested(slots, kind, filter);
                let inner = Box::new(self.by(inner_of(slots, slot), feature, None)?);
                let closed_after = (!open).then_some(gap_us);
                Ok(Finalizer::Session { slot, closed_after, inner })
            }
            _ => self.by(slots, feature, filter),
        }
    }

    fn by(
        &mut self,
        slots: &mut Vec<Slot>,
        feature: &Feature,
        filter: Option<usize>,
    ) -> Result<Finalizer> {
        let Some(by) = &feature.by else {
            return Ok(Finalizer::Plain(self.plain(slots, feature, filter)?));
        };
        let (by, limit, top) = (self.column(&by.column)?, by.limit, by.top);
        let slot = nested(slots, SlotKind::Keyed { by, limit, inner: vec![] }, filter);
        let inner = self.plain(inner_of(slots, slot), feature, None)?;
        let kept = top.map(|Top { n, of }| {
            let by = match of {
                EntryOrder::Value => ComparedBy::Value,
                EntryOrder::Key => ComparedBy::Key,
                EntryOrder::Count => {
                    let rows = Slot { kind: SlotKind::Count { column: None }, filter: None };
                    ComparedBy::Count(index_or_push(inner_of(slots, slot), rows))
                }
            };
            KeptEntries { n, by }
        });
        Ok(Finalizer::Keyed { slot, inner, kept })
    }

    fn plain(
        &mut self,
        slots: &mut Vec<Slot>,
        feature: &Feature,
        filter: Option<usize>,
    ) -> Result<Plain> {
        use Aggregate as A;
        let column = feature.column.as_ref().map(|name| self.column(name)).transpose()?;
        if let A::Ratio { numerator, denominator } = &feature.aggregate {
            let [a, b] = [numerator, denominator].map(|side| self.operand(slots, side));
            return Ok(Plain::Ratio([a?, b?]));
        }
        if let A::User { aggregate } = &feature.aggregate {
            let lift = self.lift(aggregate, column.ok_or_else(lacks_column)?)?;
            let kind = SlotKind::User { lift };
            return Ok(Plain::User { slot: index_or_push(slots, Slot { kind, filter }), lift });
        }
        let mut slot = |kind: SlotKind| index_or_push(slots, Slot { kind, filter });
        Ok(match (&feature.aggregate, column) {
            (A::Count, column) => Plain::Count(slot(SlotKind::Count { column })),
            (A::Rate { unit_us }, column) => {
                Plain::Rate { count: slot(SlotKind::Count { column }), unit_us: *unit_us }
            }
            (A::TimeSinceFirst, column) => {
                Plain::TimeSince(slot(SlotKind::EventTime { side: Side::First, column }))
            }
            (A::TimeSinceLast, column) => {
                Plain::TimeSince(slot(SlotKind::EventTime { side: Side::Last, column }))
            }
            (A::DecayedCount { half_life_us }, column) => {
                let half_life_us = *half_life_us;
                Plain::Decayed(slot(SlotKind::Decayed { half_life_us, ones: true, column }))
            }
            (_, None) => return Err(lacks_column()),
            (A::Sum, Some(column)) => Plain::Sum(self.sum(slots, column, filter)),
            (A::Mean, Some(column)) => Plain::Mean(self.sum(slots, column, filter)),
            (A::Min | A::All, Some(column)) => {
                Plain::Extreme(slot(SlotKind::Extreme { end: End::Min, column }))
            }
            (A::Max | A::Any, Some(column)) => {
                Plain::Extreme(slot(SlotKind::Extreme { end: End::Max, column }))
            }
            (A::First, Some(column)) => {
                Plain::Ordered(slot(SlotKind::Ordered { side: Side::First, nulls: false, column }))
            }
            (A::Last, Some(column)) => {
                Plain::Ordered(slot(SlotKind::Ordered { side: Side::Last, nulls: false, column }))
            }
            (A::FirstRow, Some(column)) => {
                Plain::Ordered(slot(SlotKind::Ordered { side: Side::First, nulls: true, column }))
            }
            (A::LastRow, Some(column)) => {
                Plain::Ordered(slot(SlotKind::Ordered { side: Side::Last, nulls: true, column }))
            }
            (A::Product, Some(column)) => {
                Plain::Product(self.joined(slots, filter, SlotKind::Product { column }, column))
            }
            (A::BitAnd, Some(column)) => self.bits(slots, filter, BitOperation::And, column),
            (A::BitOr, Some(column)) => self.bits(slots, filter, BitOperation::Or, column),
            (A::BitXor, Some(column)) => self.bits(slots, filter, BitOperation::Xor, column),
            (A::DecayedSum { half_life_us }, column) => {
                let half_life_us = *half_life_us;
                Plain::Decayed(slot(SlotKind::Decayed { half_life_us, ones: false, column }))
            }
            (_, Some(column)) => self.statistic(feature, column, &mut slot)?,
        })
    }

    /// The finalizer of an aggregate that has a slot of its own.
    fn statistic(
        &self,
        feature: &Feature,
        column: usize,
        slot: &mut dyn FnMut(SlotKind) -> usize,
    ) -> Result<Plain> {
        use Aggregate as A;
        let mut moments = |order: Order, statistic: Statistic| Plain::Moments {
            slot: slot(SlotKind::Moments { order, column }),
            statistic,
        };
        Ok(match &feature.aggregate {
            A::VarPop => moments(Order::Second, Statistic::VarPop),
            A::VarSamp => moments(Order::Second, Statistic::VarSamp),
            A::StddevPop => moments(Order::Second, Statistic::StddevPop),
            A::StddevSamp => moments(Order::Second, Statistic::StddevSamp),
            A::Skewness => moments(Order::Fourth, Statistic::Skewness),
            A::Kurtosis => moments(Order::Fourth, Statistic::Kurtosis),
            A::CovarPop { other }
            | A::CovarSamp { other }
            | A::Corr { other }
            | A::RegrSlope { other }
            | A::RegrIntercept { other }
            | A::RegrR2 { other } => {
                let slot = slot(SlotKind::CoMoments { column, other: self.column(other)? });
                let statistic = match feature.aggregate {
                    A::CovarPop { .. } => CoStatistic::CovarPop,
                    A::CovarSamp { .. } => CoStatistic::CovarSamp,
                    A::RegrSlope { .. } => CoStatistic::Slope,
                    A::RegrIntercept { .. } => CoStatistic::Intercept,
                    A::RegrR2 { .. } => CoStatistic::R2,
                    _ => CoStatistic::Corr,
                };
                Plain::CoMoments { slot, statistic }
            }
            A::FirstN { n } | A::LastN { n } | A::FirstDistinct { n } | A::LastDistinct { n } => {
                let distinct =
                    matches!(feature.aggregate, A::FirstDistinct { .. } | A::LastDistinct { .. });
                let first = matches!(feature.aggregate, A::FirstN { .. } | A::FirstDistinct { .. });
                let side = if first { Side::First } else { Side::Last };
                let placing = Placing { side, distinct, nulls: false, n: *n };
                Plain::Values(slot(SlotKind::Places { placing, column }))
            }
            A::FirstRows { n } | A::LastRows { n } => {
                let first = matches!(feature.aggregate, A::FirstRows { .. });
                let side = if first { Side::First } else { Side::Last };
                let placing = Placing { side, distinct: false, nulls: true, n: *n };
                Plain::Values(slot(SlotKind::Places { placing, column }))
            }
            A::List { limit } => in_order(slot, InOrder::List, *limit, column),
            A::Join { separator, limit } => {
                in_order(slot, InOrder::Join(separator.clone()), *limit, column)
            }
            A::ArgMin { by } => {
                let by = self.column(by)?;
                Plain::ArgExtreme(slot(SlotKind::ArgExtreme { end: End::Min, column, by }))
            }
            A::ArgMax { by } => {
                let by = self.column(by)?;
                Plain::ArgExtreme(slot(SlotKind::ArgExtreme { end: End::Max, column, by }))
            }
            A::TopK { k } => Plain::Values(slot(SlotKind::Top { end: End::Max, k: *k, column })),
            A::BottomK { k } => Plain::Values(slot(SlotKind::Top { end: End::Min, k: *k, column })),
            A::UniqueCount { limit } => {
                Plain::UniqueCount(slot(SlotKind::Distinct { limit: *limit, column }))
            }
            A::Histogram { limit } => {
                Plain::Histogram(slot(SlotKind::Histogram { limit: *limit, column }))
            }
            A::Mode { limit } => Plain::Mode(slot(SlotKind::Histogram { limit: *limit, column })),
            A::Entropy { limit } => {
                Plain::Entropy(slot(SlotKind::Histogram { limit: *limit, column }))
            }
            A::MostFrequent { n, limit } => {
                of_counts(slot, OfCounts::MostFrequent { n: *n }, *limit, column)
            }
            A::ModeShare { limit } => of_counts(slot, OfCounts::ModeShare, *limit, column),
            A::PercentileDisc { millionths, limit } => {
                of_counts(slot, OfCounts::Discrete { millionths: *millionths }, *limit, column)
            }
            A::PercentileCont { millionths, limit } => {
                of_counts(slot, OfCounts::Continuous { millionths: *millionths }, *limit, column)
            }
            A::Median { limit } => {
                let made = OfCounts::Continuous { millionths: WHOLE_MILLIONTHS / 2 };
                of_counts(slot, made, *limit, column)
            }
            A::Iqr { limit } => of_counts(slot, OfCounts::InterquartileRange, *limit, column),
            A::DistinctSum { limit }
            | A::DistinctMean { limit }
            | A::DistinctStddevPop { limit }
            | A::DistinctStddevSamp { limit } => {
                let kind = sum_kind(&self.view.columns[column].data_type);
                let made = match feature.aggregate {
                    A::DistinctSum { .. } => OfDistinct::Sum(kind),
                    A::DistinctMean { .. } => OfDistinct::Mean(kind),
                    A::DistinctStddevPop { .. } => OfDistinct::StddevPop,
                    _ => OfDistinct::StddevSamp,
                };
                Plain::OfDistinct { slot: slot(SlotKind::Distinct { limit: *limit, column }), made }
            }
            A::ApproxCountDistinct { precision } => {
                let precision = u32::from(*precision);
                let slot = slot(SlotKind::HyperLogLog { precision, column });
                Plain::ApproxCountDistinct { slot, precision }
            }
            A::ApproxPercentile { millionths } => {
                let slot = slot(SlotKind::Percentile { column });
                Plain::ApproxPercentile { slot, millionths: *millionths }
            }
            A::VectorSum { length, grid } | A::VectorMean { length, grid } => {
                let mean = matches!(feature.aggregate, A::VectorMean { .. });
                let (length, grid) = (*length, *grid);
                Plain::Vector { slot: slot(SlotKind::Vector { length, grid, column }), grid, mean }
            }
            other => return Err(Error::bug(format!("{} has no fold", other.name()))),
        })
    }

    fn sum(&self, slots: &mut Vec<Slot>, column: usize, filter: Option<usize>) -> Sum {
        let kind = sum_kind(&self.view.columns[column].data_type);
        let slot = match kind {
            SumKind::Decimal { .. } => SlotKind::DecimalSum { column },
            SumKind::Float => SlotKind::FloatSum { column },
            SumKind::Signed | SumKind::Unsigned => SlotKind::IntSum { column },
        };
        let sum = index_or_push(slots, Slot { kind: slot, filter });
        let counted = SlotKind::Count { column: Some(column) };
        Sum { sum, count: index_or_push(slots, Slot { kind: counted, filter }), kind }
    }

    fn bits(
        &self,
        slots: &mut Vec<Slot>,
        filter: Option<usize>,
        operation: BitOperation,
        column: usize,
    ) -> Plain {
        Plain::Bits(self.joined(slots, filter, SlotKind::Bits { operation, column }, column))
    }

    fn joined(
        &self,
        slots: &mut Vec<Slot>,
        filter: Option<usize>,
        kind: SlotKind,
        column: usize,
    ) -> Joined {
        let unsigned = self.view.columns[column].data_type.is_unsigned();
        let slot = index_or_push(slots, Slot { kind, filter });
        let counted = SlotKind::Count { column: Some(column) };
        Joined { slot, count: index_or_push(slots, Slot { kind: counted, filter }), unsigned }
    }

    fn operand(&self, slots: &mut Vec<Slot>, side: &feature::Operand) -> Result<Operand> {
        let filter = side.filter.as_ref().map(|name| self.column(name)).transpose()?;
        let column = side.column.as_ref().map(|name| self.column(name)).transpose()?;
        let aggregate = side.aggregate;
        if aggregate == OperandAggregate::Count {
            let kind = SlotKind::Count { column };
            let count = index_or_push(slots, Slot { kind, filter });
            return Ok(Operand { aggregate, sum: None, count, scale: 0 });
        }
        let Sum { sum, count, kind } = self.sum(slots, column.ok_or_else(lacks_column)?, filter);
        Ok(Operand { aggregate, sum: Some(sum), count, scale: kind.scale() })
    }

    fn lift(&mut self, name: &str, column: usize) -> Result<usize> {
        let aggregate = self.aggregates.iter().position(|known| known.name == name);
        let aggregate = aggregate.ok_or_else(|| Error::bug("an aggregate that is not there"))?;
        Ok(index_or_push(&mut self.lifts, Lift { aggregate, column, name: name.to_string() }))
    }

    fn column(&self, name: &str) -> Result<usize> {
        self.view.column_index(name).ok_or_else(|| {
            Error::bug(format!("a feature reads column {name:?}, which is not there"))
        })
    }
}

/// What a sum of a column of numbers sums.
fn sum_kind(data_type: &DataType) -> SumKind {
    match data_type {
        DataType::Decimal { scale, .. } => SumKind::Decimal { scale: *scale },
        data_type if data_type.is_float() => SumKind::Float,
        data_type if data_type.is_unsigned() => SumKind::Unsigned,
        _ => SumKind::Signed,
    }
}

/// A value made of all values in row order. The state keeps one value more than the limit.
fn in_order(
    slot: &mut dyn FnMut(SlotKind) -> usize,
    made: InOrder,
    limit: u32,
    column: usize,
) -> Plain {
    let n = limit.saturating_add(1);
    let placing = Placing { side: Side::First, distinct: false, nulls: false, n };
    Plain::InOrder { slot: slot(SlotKind::Places { placing, column }), made, limit }
}

/// A value made of a histogram.
fn of_counts(
    slot: &mut dyn FnMut(SlotKind) -> usize,
    made: OfCounts,
    limit: u32,
    column: usize,
) -> Plain {
    Plain::OfCounts { slot: slot(SlotKind::Histogram { limit, column }), made }
}

fn lacks_column() -> Error {
    Error::bug("an aggregate lacks its column")
}

/// The slot of this kind, which may contain other slots; added if it does not exist yet.
fn nested(slots: &mut Vec<Slot>, kind: SlotKind, filter: Option<usize>) -> usize {
    let alike = |known: &SlotKind| match (known, &kind) {
        (SlotKind::Keyed { by, limit, .. }, SlotKind::Keyed { by: b, limit: l, .. }) => {
            (by, limit) == (b, l)
        }
        (SlotKind::LastRows { rows: a, .. }, SlotKind::LastRows { rows: b, .. }) => a == b,
        (SlotKind::LatestEvent { .. }, SlotKind::LatestEvent { .. }) => true,
        (SlotKind::Sessions { gap_us: a, .. }, SlotKind::Sessions { gap_us: b, .. }) => a == b,
        _ => false,
    };
    let known = slots.iter().position(|slot| slot.filter == filter && alike(&slot.kind));
    known.unwrap_or_else(|| {
        slots.push(Slot { kind, filter });
        slots.len() - 1
    })
}

fn inner_of(slots: &mut [Slot], slot: usize) -> &mut Vec<Slot> {
    match &mut slots[slot].kind {
        SlotKind::Keyed { inner, .. }
        | SlotKind::LastRows { inner, .. }
        | SlotKind::LatestEvent { inner }
        | SlotKind::Sessions { inner, .. } => inner,
        kind => unreachable!("{kind:?} holds no slots"),
    }
}

fn index_or_push<T: PartialEq>(items: &mut Vec<T>, item: T) -> usize {
    items.iter().position(|known| *known == item).unwrap_or_else(|| {
        items.push(item);
        items.len() - 1
    })
}
