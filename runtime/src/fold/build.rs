//! Making a plan from a declaration.
//!
//! Invariant: equal needs share a slot, at every depth; the order of slots follows the declaration.

use super::finalize::{Finalizer, Plain};
use super::{FeaturePlan, FoldPlan, Lift};
use crate::aggregate::extreme::End;
use crate::aggregate::ordered::Side;
use crate::aggregate::{Slot, SlotKind};
use crate::error::{Error, Result};
use crate::feature::{Aggregate, Feature};
use crate::manifest::UserAggregate;
use crate::value::Column;
use crate::view::FeatureView;
use crate::window::Window;
use std::sync::Arc;

impl FoldPlan {
    /// The plan of a valid view; `aggregates` are the user-defined ones of its artifact.
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
            Window::LastRows { rows, .. } => {
                let kind = SlotKind::LastRows { rows, inner: vec![] };
                let slot = nested(slots, kind, filter);
                let inner = Box::new(self.by(inner_of(slots, slot), feature, None)?);
                Ok(Finalizer::LastRows { slot, inner })
            }
            Window::Session { gap_us, .. } => {
                let kind = SlotKind::Sessions { gap_us, inner: vec![] };
                let slot = nested(slots, kind, filter);
                let inner = Box::new(self.by(inner_of(slots, slot), feature, None)?);
                Ok(Finalizer::Session { slot, gap_us, inner })
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
        let (by, limit) = (self.column(&by.column)?, by.limit);
        let slot = nested(slots, SlotKind::Keyed { by, limit, inner: vec![] }, filter);
        let inner = self.plain(inner_of(slots, slot), feature, None)?;
        Ok(Finalizer::Keyed { slot, inner })
    }

    fn plain(
        &mut self,
        slots: &mut Vec<Slot>,
        feature: &Feature,
        filter: Option<usize>,
    ) -> Result<Plain> {
        let column = feature.column.as_ref().map(|name| self.column(name)).transpose()?;
        let needed =
            || column.ok_or_else(|| Error::bug(format!("feature {} lacks a column", feature.name)));
        let mut slot = |kind: SlotKind| index_or_push(slots, Slot { kind, filter });
        Ok(match &feature.aggregate {
            Aggregate::Count => Plain::Count(slot(SlotKind::Count { column })),
            Aggregate::Sum | Aggregate::Mean => {
                let mean = feature.aggregate == Aggregate::Mean;
                let column = needed()?;
                let float = self.view.columns[column].data_type.is_float();
                let sum = slot(match float {
                    true => SlotKind::FloatSum { column },
                    false => SlotKind::IntSum { column },
                });
                let count = slot(SlotKind::Count { column: Some(column) });
                match (mean, float) {
                    (false, false) => Plain::IntSum { sum, count },
                    (false, true) => Plain::FloatSum { sum, count },
                    (true, false) => Plain::IntMean { sum, count },
                    (true, true) => Plain::FloatMean { sum, count },
                }
            }
            Aggregate::Min | Aggregate::All => {
                Plain::Extreme(slot(SlotKind::Extreme { end: End::Min, column: needed()? }))
            }
            Aggregate::Max | Aggregate::Any => {
                Plain::Extreme(slot(SlotKind::Extreme { end: End::Max, column: needed()? }))
            }
            Aggregate::First => {
                Plain::Ordered(slot(SlotKind::Ordered { side: Side::First, column: needed()? }))
            }
            Aggregate::Last => {
                Plain::Ordered(slot(SlotKind::Ordered { side: Side::Last, column: needed()? }))
            }
            Aggregate::TimeSinceFirst => {
                Plain::TimeSince(slot(SlotKind::EventTime { side: Side::First, column }))
            }
            Aggregate::TimeSinceLast => {
                Plain::TimeSince(slot(SlotKind::EventTime { side: Side::Last, column }))
            }
            Aggregate::User { aggregate } => {
                let at = self.aggregates.iter().position(|known| known.name == *aggregate);
                let lift = Lift {
                    aggregate: at.ok_or_else(|| Error::bug("an aggregate that is not there"))?,
                    column: needed()?,
                    name: aggregate.clone(),
                };
                let lift = index_or_push(&mut self.lifts, lift);
                Plain::User { slot: slot(SlotKind::User { lift }), lift }
            }
            other => return Err(Error::bug(format!("{} has no fold yet", other.name()))),
        })
    }

    fn column(&self, name: &str) -> Result<usize> {
        self.view.column_index(name).ok_or_else(|| {
            Error::bug(format!("a feature reads column {name:?}, which is not there"))
        })
    }
}

/// The slot of this kind, whatever lies in it.
fn nested(slots: &mut Vec<Slot>, kind: SlotKind, filter: Option<usize>) -> usize {
    let alike = |known: &SlotKind| match (known, &kind) {
        (SlotKind::Keyed { by, limit, .. }, SlotKind::Keyed { by: b, limit: l, .. }) => {
            (by, limit) == (b, l)
        }
        (SlotKind::LastRows { rows: a, .. }, SlotKind::LastRows { rows: b, .. }) => a == b,
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
