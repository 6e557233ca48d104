//! The kinds of states, one for each kind of slot, and the zero of each.
//!
//! Invariant: a slot's kind determines the kind of its state. Deliberately absent: what a kind
//! holds, which is in its own module.

use crate::aggregate::arg_extreme::ArgExtreme;
use crate::aggregate::co_moments::CoMoments;
use crate::aggregate::decay::Decayed;
use crate::aggregate::decimal_sum::DecimalSum;
use crate::aggregate::distinct::Distinct;
use crate::aggregate::float_sum::FloatSum;
use crate::aggregate::histogram::Histogram;
use crate::aggregate::hll::HyperLogLog;
use crate::aggregate::int_sum::IntSum;
use crate::aggregate::keyed::Keyed;
use crate::aggregate::last_rows::LastRows;
use crate::aggregate::latest_event::LatestEvent;
use crate::aggregate::moments::Moments;
use crate::aggregate::ordered::Placed;
use crate::aggregate::percentile::Percentile;
use crate::aggregate::places::Places;
use crate::aggregate::product::Product;
use crate::aggregate::sessions::Sessions;
use crate::aggregate::slot::{Slot, SlotKind};
use crate::aggregate::top::Top;
use crate::aggregate::user::UserState;
use crate::aggregate::vector::VectorSum;
use crate::value::Value;

/// The state of one slot.
#[derive(Clone, Debug)]
pub enum State {
    /// A count.
    Count(u64),
    /// A sum of integers.
    IntSum(IntSum),
    /// A sum of decimals.
    DecimalSum(DecimalSum),
    /// A sum of floats.
    FloatSum(FloatSum),
    /// The least or greatest value; null if there is none.
    Extreme(Value),
    /// The first or last value.
    Ordered(Option<Box<Placed>>),
    /// The row where a column is least or greatest.
    ArgExtreme(Option<Box<ArgExtreme>>),
    /// A product of integers.
    Product(Product),
    /// Integers joined bit by bit.
    Bits(u64),
    /// The event time of the first or last input, in microseconds.
    EventTime(Option<i64>),
    /// Power sums of numbers.
    Moments(Box<Moments>),
    /// Power sums of pairs.
    CoMoments(Box<CoMoments>),
    /// The first or last values.
    Places(Places),
    /// The least or greatest values.
    Top(Top),
    /// The distinct values.
    Distinct(Distinct),
    /// How often each value occurs.
    Histogram(Histogram),
    /// Registers of a cardinality sketch.
    HyperLogLog(HyperLogLog),
    /// Bins of a percentile sketch.
    Percentile(Percentile),
    /// A decayed sum.
    Decayed(Box<Decayed>),
    /// A sum of vectors.
    Vector(VectorSum),
    /// States of a user-defined aggregate.
    User(UserState),
    /// States by the value of a column.
    Keyed(Keyed),
    /// States of the last rows.
    LastRows(LastRows),
    /// States of the latest event.
    LatestEvent(LatestEvent),
    /// States of sessions.
    Sessions(Sessions),
}

impl Slot {
    /// The state of no rows.
    pub fn zero(&self) -> State {
        match &self.kind {
            SlotKind::Count { .. } => State::Count(0),
            SlotKind::IntSum { .. } => State::IntSum(IntSum::default()),
            SlotKind::DecimalSum { .. } => State::DecimalSum(DecimalSum::default()),
            SlotKind::FloatSum { .. } => State::FloatSum(FloatSum::zero()),
            SlotKind::Extreme { .. } => State::Extreme(Value::Null),
            SlotKind::Ordered { .. } => State::Ordered(None),
            SlotKind::ArgExtreme { .. } => State::ArgExtreme(None),
            SlotKind::Product { .. } => State::Product(Product::one()),
            SlotKind::Bits { operation, .. } => State::Bits(operation.zero()),
            SlotKind::EventTime { .. } => State::EventTime(None),
            SlotKind::Moments { order, .. } => State::Moments(Box::new(Moments::zero(*order))),
            SlotKind::CoMoments { .. } => State::CoMoments(Box::new(CoMoments::zero())),
            SlotKind::Places { .. } => State::Places(Places::zero()),
            SlotKind::Top { .. } => State::Top(Top::zero()),
            SlotKind::Distinct { .. } => State::Distinct(Distinct::zero()),
            SlotKind::Histogram { .. } => State::Histogram(Histogram::zero()),
            SlotKind::HyperLogLog { .. } => State::HyperLogLog(HyperLogLog::zero()),
            SlotKind::Percentile { .. } => State::Percentile(Percentile::zero()),
            SlotKind::Decayed { half_life_us, .. } => {
                State::Decayed(Box::new(Decayed::zero(*half_life_us)))
            }
            SlotKind::Vector { .. } => State::Vector(VectorSum::zero()),
            SlotKind::User { .. } => State::User(UserState::zero()),
            SlotKind::Keyed { .. } => State::Keyed(Keyed::zero()),
            SlotKind::LastRows { .. } => State::LastRows(LastRows::zero()),
            SlotKind::LatestEvent { .. } => State::LatestEvent(LatestEvent::zero()),
            SlotKind::Sessions { .. } => State::Sessions(Sessions::zero()),
        }
    }
}
