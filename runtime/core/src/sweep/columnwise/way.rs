//! Which features are computed columnwise, and how.
//!
//! Invariant: whether a feature is depends on the plan alone. Deliberately absent: the computation.

use super::coding::{Coding, Domain};
use crate::aggregate::extreme::End;
use crate::aggregate::ordered::Side;
use crate::aggregate::{Slot, SlotKind};
use crate::fold::{FoldPlan, InOrder, KeptEntries, OfCounts, Plain, Sum, SumKind};
use crate::value::DataType;

/// How a feature is computed from the rows of its span.
#[derive(Clone, Debug)]
pub(super) enum Way {
    Count(usize),
    Sum {
        sum: usize,
        count: usize,
    },
    Mean {
        sum: usize,
        count: usize,
    },
    Extreme(usize),
    /// From how often each code occurs.
    Tally {
        coding: Coding,
        made: Made,
    },
    /// From rows in row order.
    Placed {
        sequence: Sequence,
        taken: Taken,
    },
    /// A map with a state for each value of a column.
    Map {
        slot: usize,
        inner: Plain,
        kept: Option<KeptEntries>,
    },
    /// From states that only a guest can merge.
    User {
        slot: usize,
        lift: usize,
    },
}

/// What is made of the counts of codes; with a limit, null by overflow if more codes occur.
#[derive(Clone, Debug)]
pub(super) enum Made {
    Unique {
        limit: u32,
    },
    Histogram {
        limit: u32,
    },
    Mode {
        limit: u32,
    },
    Entropy {
        limit: u32,
    },
    OfCounts {
        limit: u32,
        made: OfCounts,
    },
    /// The number of distinct values, from the ranks of registers.
    Registers,
    /// From the bins of a sketch.
    Percentile {
        millionths: u32,
    },
    /// The greatest or least values.
    Top {
        end: End,
        k: u32,
    },
}

/// Rows that count, in row order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sequence {
    pub(super) column: usize,
    /// Whether rows with a null count.
    pub(super) nulls: bool,
    pub(super) filter: Option<usize>,
}

/// What is taken of a sequence.
#[derive(Clone, Debug)]
pub(super) enum Taken {
    /// The first or last value.
    One(Side),
    /// The first or last n values, from that side on.
    Several { side: Side, n: u32 },
    /// The last n distinct values.
    LastDistinct { n: u32 },
    /// All values up to a limit.
    All { made: InOrder, limit: u32 },
}

/// A feature that is computed columnwise.
#[derive(Clone, Debug)]
pub(crate) struct Columnwise {
    /// The index of its output column.
    pub(crate) at: usize,
    /// Its name, for messages.
    pub(super) name: String,
    pub(super) span: usize,
    pub(super) way: Way,
}

impl Columnwise {
    /// How to compute feature `feature`, whose output column has index `at`; `None` if it cannot be
    /// computed columnwise.
    pub(crate) fn of(plan: &FoldPlan, feature: usize, at: usize) -> Option<Columnwise> {
        let planned = &plan.features[feature];
        let (way, span) = match (planned.plain(), planned.keyed()) {
            (Some((plain, span)), _) => (plain_way(plan, plain)?, span),
            (None, Some((slot, inner, kept, span))) => (map_way(plan, slot, inner, kept)?, span),
            (None, None) => return None,
        };
        Some(Columnwise { at, name: planned.column.name.clone(), span, way })
    }

    /// The span that it reads.
    pub(crate) fn span(&self) -> usize {
        self.span
    }

    /// The column whose values, or whose values as elements or keys, are its answers.
    pub(crate) fn source(&self, plan: &FoldPlan) -> Option<usize> {
        match &self.way {
            Way::Tally { coding, .. } => Some(coding.column),
            Way::Placed { sequence, .. } => Some(sequence.column),
            Way::Map { slot, .. } => match plan.slots[*slot].kind {
                SlotKind::Keyed { by, .. } => Some(by),
                _ => None,
            },
            _ => None,
        }
    }
}

fn plain_way(plan: &FoldPlan, plain: &Plain) -> Option<Way> {
    let counted = |slot: usize| matches!(plan.slots[slot].kind, SlotKind::Count { .. });
    let signed = |it: Sum| it.kind == SumKind::Signed;
    let tally = |slot: usize, domain: Domain, made: &dyn Fn(u32) -> Made| {
        let Slot { kind, filter } = &plan.slots[slot];
        let (column, limit) = match kind {
            SlotKind::Distinct { limit, column } | SlotKind::Histogram { limit, column } => {
                (*column, *limit)
            }
            SlotKind::HyperLogLog { column, .. }
            | SlotKind::Percentile { column }
            | SlotKind::Top { column, .. } => (*column, u32::MAX),
            _ => return None,
        };
        let coding = Coding { domain, column, filter: *filter };
        Some(Way::Tally { coding, made: made(limit) })
    };
    Some(match *plain {
        Plain::Count(slot) if counted(slot) => Way::Count(slot),
        Plain::Sum(it) if signed(it) && counted(it.count) => {
            Way::Sum { sum: it.sum, count: it.count }
        }
        Plain::Mean(it) if signed(it) && counted(it.count) => {
            Way::Mean { sum: it.sum, count: it.count }
        }
        Plain::Extreme(slot) => match plan.slots[slot].kind {
            SlotKind::Extreme { column, .. }
                if matches!(
                    plan.view.columns[column].data_type,
                    DataType::Int64 | DataType::Float64
                ) =>
            {
                Way::Extreme(slot)
            }
            _ => return None,
        },
        Plain::UniqueCount(slot) => tally(slot, Domain::Values, &|limit| Made::Unique { limit })?,
        Plain::Histogram(slot) => tally(slot, Domain::Values, &|limit| Made::Histogram { limit })?,
        Plain::Mode(slot) => tally(slot, Domain::Values, &|limit| Made::Mode { limit })?,
        Plain::Entropy(slot) => tally(slot, Domain::Values, &|limit| Made::Entropy { limit })?,
        Plain::OfCounts { slot, made } => {
            tally(slot, Domain::Values, &|limit| Made::OfCounts { limit, made })?
        }
        Plain::ApproxCountDistinct { slot, precision } => {
            tally(slot, Domain::Registers { precision }, &|_| Made::Registers)?
        }
        Plain::ApproxPercentile { slot, millionths } => {
            tally(slot, Domain::Bins, &|_| Made::Percentile { millionths })?
        }
        Plain::Values(slot) => match plan.slots[slot].kind {
            SlotKind::Top { end, k, .. } => tally(slot, Domain::Values, &|_| Made::Top { end, k })?,
            SlotKind::Places { placing, column } => {
                let taken = match (placing.distinct, placing.side) {
                    (false, side) => Taken::Several { side, n: placing.n },
                    (true, Side::Last) if !placing.nulls => Taken::LastDistinct { n: placing.n },
                    (true, _) => return None,
                };
                let filter = plan.slots[slot].filter;
                Way::Placed { sequence: Sequence { column, nulls: placing.nulls, filter }, taken }
            }
            _ => return None,
        },
        Plain::Ordered(slot) => match plan.slots[slot].kind {
            SlotKind::Ordered { side, nulls, column } => {
                let sequence = Sequence { column, nulls, filter: plan.slots[slot].filter };
                Way::Placed { sequence, taken: Taken::One(side) }
            }
            _ => return None,
        },
        Plain::InOrder { slot, ref made, limit } => match plan.slots[slot].kind {
            SlotKind::Places { placing, column } if !placing.distinct => {
                let filter = plan.slots[slot].filter;
                let sequence = Sequence { column, nulls: placing.nulls, filter };
                Way::Placed { sequence, taken: Taken::All { made: made.clone(), limit } }
            }
            _ => return None,
        },
        Plain::User { slot, lift } => Way::User { slot, lift },
        _ => return None,
    })
}

fn map_way(plan: &FoldPlan, slot: usize, inner: &Plain, kept: Option<KeptEntries>) -> Option<Way> {
    let SlotKind::Keyed { inner: slots, .. } = &plan.slots[slot].kind else { return None };
    let way = || Way::Map { slot, inner: inner.clone(), kept };
    read_slots(inner, kept).into_iter().all(|at| slots[at].retracts()).then(way)
}

/// The slots of a key's states that a map reads.
pub(super) fn read_slots(inner: &Plain, kept: Option<KeptEntries>) -> Vec<usize> {
    let mut slots = inner.slots();
    slots.extend(kept.and_then(KeptEntries::count_slot));
    slots
}
