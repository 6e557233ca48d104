//! Slots: the partial aggregates that make up a view's state.
//!
//! Invariant: a slot depends on the view's declaration alone, and two features that need the same
//! state share it. A filter applies before everything else in its slot. Deliberately absent:
//! windows.

use super::bits::BitOperation;
use super::extreme::End;
use super::moments::Order;
use super::ordered::Side;
use super::places::Placing;

/// One part of a view's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// What it holds.
    pub kind: SlotKind,
    /// Only rows in which this bool column is true are added.
    pub filter: Option<usize>,
}

/// What a slot holds. Columns are indices in the view; a null input is skipped (S16).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlotKind {
    /// A count of rows, or of a column's values.
    Count {
        /// The column; `None` counts rows.
        column: Option<usize>,
    },
    /// An exact sum of integers.
    IntSum {
        /// The column.
        column: usize,
    },
    /// An exact sum of decimals.
    DecimalSum {
        /// The column.
        column: usize,
    },
    /// An exact sum of floats.
    FloatSum {
        /// The column.
        column: usize,
    },
    /// The least or greatest value.
    Extreme {
        /// Which.
        end: End,
        /// The column.
        column: usize,
    },
    /// The first or last value in row order.
    Ordered {
        /// Which.
        side: Side,
        /// Whether rows with a null count.
        nulls: bool,
        /// The column.
        column: usize,
    },
    /// The value of a column in the row where another is least or greatest.
    ArgExtreme {
        /// Which.
        end: End,
        /// The column of the value.
        column: usize,
        /// The other column.
        by: usize,
    },
    /// The product of integers.
    Product {
        /// The column.
        column: usize,
    },
    /// Integers joined bit by bit.
    Bits {
        /// How.
        operation: BitOperation,
        /// The column.
        column: usize,
    },
    /// The event time of the first or last input.
    EventTime {
        /// Which.
        side: Side,
        /// The column; `None` reads rows.
        column: Option<usize>,
    },
    /// Power sums of numbers.
    Moments {
        /// The highest power.
        order: Order,
        /// The column.
        column: usize,
    },
    /// Power sums of pairs of numbers, both present.
    CoMoments {
        /// The first column.
        column: usize,
        /// The second.
        other: usize,
    },
    /// The first or last values in row order, perhaps distinct ones.
    Places {
        /// Which, and how many.
        placing: Placing,
        /// The column.
        column: usize,
    },
    /// The least or greatest values.
    Top {
        /// Which.
        end: End,
        /// Most values.
        k: u32,
        /// The column.
        column: usize,
    },
    /// The distinct values.
    Distinct {
        /// Most values; more overflow (S18).
        limit: u32,
        /// The column.
        column: usize,
    },
    /// How often each value occurs.
    Histogram {
        /// Most distinct values; more overflow (S18).
        limit: u32,
        /// The column.
        column: usize,
    },
    /// Registers from which the number of distinct values is estimated (S19).
    HyperLogLog {
        /// The registers are two to this power.
        precision: u32,
        /// The column.
        column: usize,
    },
    /// Bins from which percentiles are read (S19).
    Percentile {
        /// The column.
        column: usize,
    },
    /// An exponentially decayed sum, or count of inputs (S20).
    Decayed {
        /// The time in which a weight halves.
        half_life_us: i64,
        /// Whether each input counts as one.
        ones: bool,
        /// The column; `None` reads rows.
        column: Option<usize>,
    },
    /// The sum of vectors.
    Vector {
        /// Elements of each.
        length: u32,
        /// Elements are multiples of two to this power.
        grid: i32,
        /// The column.
        column: usize,
    },
    /// States of a user-defined aggregate, which the guest merges.
    User {
        /// The index of the lift in the plan.
        lift: usize,
    },
    /// For each value of a column, the states of `inner` over the rows with that value.
    Keyed {
        /// The column; rows in which it is null are skipped.
        by: usize,
        /// Most values; more overflow (S18).
        limit: u32,
        /// The slots of each value.
        inner: Vec<Slot>,
    },
    /// The states of `inner` over each of the last rows in row order.
    LastRows {
        /// How many rows.
        rows: u32,
        /// The slots of each row.
        inner: Vec<Slot>,
    },
    /// The states of `inner` over the rows of the latest event.
    LatestEvent {
        /// The slots of the event.
        inner: Vec<Slot>,
    },
    /// The states of `inner` over each session, which is a sequence of rows close in time.
    Sessions {
        /// The greatest distance between neighbours.
        gap_us: i64,
        /// The slots of each session.
        inner: Vec<Slot>,
    },
}

/// The states of the slots of a view, or of a part of one: one [`super::State`] for each slot.
pub type States = Box<[super::State]>;

/// The states of no rows.
pub fn zeros(slots: &[Slot]) -> States {
    slots.iter().map(Slot::zero).collect()
}

impl Slot {
    /// Calls `visit` with each column that updates of this slot read, including those of inner
    /// slots.
    pub fn visit_columns(&self, visit: &mut dyn FnMut(usize)) {
        self.filter.iter().for_each(|filter| visit(*filter));
        match &self.kind {
            SlotKind::Count { column }
            | SlotKind::EventTime { column, .. }
            | SlotKind::Decayed { column, .. } => column.iter().for_each(|column| visit(*column)),
            SlotKind::IntSum { column }
            | SlotKind::DecimalSum { column }
            | SlotKind::FloatSum { column }
            | SlotKind::Extreme { column, .. }
            | SlotKind::Ordered { column, .. }
            | SlotKind::Product { column }
            | SlotKind::Bits { column, .. }
            | SlotKind::Moments { column, .. }
            | SlotKind::Places { column, .. }
            | SlotKind::Top { column, .. }
            | SlotKind::Distinct { column, .. }
            | SlotKind::Histogram { column, .. }
            | SlotKind::HyperLogLog { column, .. }
            | SlotKind::Percentile { column }
            | SlotKind::Vector { column, .. } => visit(*column),
            SlotKind::CoMoments { column, other }
            | SlotKind::ArgExtreme { column, by: other, .. } => {
                visit(*column);
                visit(*other);
            }
            SlotKind::Keyed { by, .. } => visit(*by),
            SlotKind::User { .. }
            | SlotKind::LastRows { .. }
            | SlotKind::LatestEvent { .. }
            | SlotKind::Sessions { .. } => {}
        }
        self.inner().iter().for_each(|inner| inner.visit_columns(visit));
    }

    /// Whether updates depend on the order of rows (S15).
    pub fn looks_at_order(&self) -> bool {
        let own = matches!(
            self.kind,
            SlotKind::Ordered { .. }
                | SlotKind::ArgExtreme { .. }
                | SlotKind::Places { .. }
                | SlotKind::LastRows { .. }
                | SlotKind::LatestEvent { .. }
        );
        own || self.inner().iter().any(Slot::looks_at_order)
    }

    /// Calls `visit` with the lift of each user-defined state in states of this slot.
    pub fn visit_lifts(&self, visit: &mut dyn FnMut(usize)) {
        if let SlotKind::User { lift } = self.kind {
            visit(lift);
        }
        self.inner().iter().for_each(|inner| inner.visit_lifts(visit));
    }
}
