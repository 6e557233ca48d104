//! The encoding of the state of one slot (S14).
//!
//! Invariant: an encoding marks its own end, whatever byte follows, so the states of a view can be
//! concatenated. Values do not, so each is preceded by its length. Deliberately absent: the layout
//! of each kind, which is in its own module.

#[cfg(test)]
mod tests;

use super::kind::State;
use crate::aggregate::arg_extreme;
use crate::aggregate::bits;
use crate::aggregate::bytes::{put_unsigned, unsigned};
use crate::aggregate::co_moments::CoMoments;
use crate::aggregate::decay::Decayed;
use crate::aggregate::decimal_sum::DecimalSum;
use crate::aggregate::distinct::Distinct;
use crate::aggregate::encoded::{put_optional, take_optional};
use crate::aggregate::float_sum::FloatSum;
use crate::aggregate::histogram::Histogram;
use crate::aggregate::hll::HyperLogLog;
use crate::aggregate::int_sum::IntSum;
use crate::aggregate::keyed::Keyed;
use crate::aggregate::last_rows::LastRows;
use crate::aggregate::latest_event::LatestEvent;
use crate::aggregate::moments::Moments;
use crate::aggregate::ordered;
use crate::aggregate::percentile::Percentile;
use crate::aggregate::places::Places;
use crate::aggregate::product::Product;
use crate::aggregate::sessions::Sessions;
use crate::aggregate::slot::{Slot, SlotKind};
use crate::aggregate::top::Top;
use crate::aggregate::user::UserState;
use crate::aggregate::vector::VectorSum;
use crate::value::Value;

impl Slot {
    /// Appends the canonical encoding.
    pub fn encode(&self, state: &State, out: &mut Vec<u8>) {
        match state {
            State::Count(count) => put_unsigned(u128::from(*count), out),
            State::IntSum(sum) => sum.encode(out),
            State::DecimalSum(sum) => sum.encode(out),
            State::FloatSum(sum) => sum.encode(out),
            State::Extreme(value) => put_optional(value, out),
            State::Ordered(placed) => ordered::encode(placed.as_deref(), out),
            State::ArgExtreme(row) => arg_extreme::encode(row.as_deref(), out),
            State::Product(product) => product.encode(out),
            State::Bits(bits) => bits::encode(*bits, out),
            State::EventTime(time) => Value::from(time.map(Value::Timestamp)).encode(out),
            State::Moments(moments) => moments.encode(out),
            State::CoMoments(moments) => moments.encode(out),
            State::Places(places) => places.encode(out),
            State::Top(top) => top.encode(out),
            State::Distinct(distinct) => distinct.encode(out),
            State::Histogram(histogram) => histogram.encode(out),
            State::HyperLogLog(sketch) => match self.kind {
                SlotKind::HyperLogLog { precision, .. } => sketch.encode(precision, out),
                _ => unreachable!("a plan made a sketch for {self:?}"),
            },
            State::Percentile(sketch) => sketch.encode(out),
            State::Decayed(decayed) => decayed.encode(out),
            State::Vector(sum) => sum.encode(out),
            State::User(state) => state.encode(out),
            State::Keyed(keyed) => keyed.encode(self.inner(), out),
            State::LastRows(last) => last.encode(self.inner(), out),
            State::LatestEvent(latest) => latest.encode(self.inner(), out),
            State::Sessions(sessions) => sessions.encode(self.inner(), out),
        }
    }

    /// Reads the encoding of a state of this slot; `None` if the bytes are not canonical.
    pub fn decode(&self, bytes: &mut &[u8]) -> Option<State> {
        Some(match &self.kind {
            SlotKind::Count { .. } => State::Count(u64::try_from(unsigned(bytes)?).ok()?),
            SlotKind::IntSum { .. } => State::IntSum(IntSum::decode(bytes)?),
            SlotKind::DecimalSum { .. } => State::DecimalSum(DecimalSum::decode(bytes)?),
            SlotKind::FloatSum { .. } => State::FloatSum(FloatSum::decode(bytes)?),
            SlotKind::Extreme { .. } => State::Extreme(take_optional(bytes)?),
            SlotKind::Ordered { nulls, .. } => {
                State::Ordered(ordered::decode(*nulls, bytes)?.map(Box::new))
            }
            SlotKind::ArgExtreme { .. } => {
                State::ArgExtreme(arg_extreme::decode(bytes)?.map(Box::new))
            }
            SlotKind::Product { .. } => State::Product(Product::decode(bytes)?),
            SlotKind::Bits { .. } => State::Bits(bits::decode(bytes)?),
            SlotKind::EventTime { .. } => State::EventTime(match Value::decode(bytes)? {
                Value::Null => None,
                Value::Timestamp(time) => Some(time),
                _ => return None,
            }),
            SlotKind::Moments { order, .. } => {
                State::Moments(Box::new(Moments::decode(*order, bytes)?))
            }
            SlotKind::CoMoments { .. } => State::CoMoments(Box::new(CoMoments::decode(bytes)?)),
            SlotKind::Places { placing, .. } => State::Places(Places::decode(*placing, bytes)?),
            SlotKind::Top { end, k, .. } => State::Top(Top::decode(*end, *k, bytes)?),
            SlotKind::Distinct { limit, .. } => State::Distinct(Distinct::decode(*limit, bytes)?),
            SlotKind::Histogram { limit, .. } => {
                State::Histogram(Histogram::decode(*limit, bytes)?)
            }
            SlotKind::HyperLogLog { precision, .. } => {
                State::HyperLogLog(HyperLogLog::decode(*precision, bytes)?)
            }
            SlotKind::Percentile { .. } => State::Percentile(Percentile::decode(bytes)?),
            SlotKind::Decayed { half_life_us, .. } => {
                State::Decayed(Box::new(Decayed::decode(*half_life_us, bytes)?))
            }
            SlotKind::Vector { length, .. } => {
                State::Vector(VectorSum::decode(*length as usize, bytes)?)
            }
            SlotKind::User { .. } => State::User(UserState::decode(bytes)?),
            SlotKind::Keyed { limit, inner, .. } => {
                State::Keyed(Keyed::decode(*limit, inner, bytes)?)
            }
            SlotKind::LastRows { rows, inner } => {
                State::LastRows(LastRows::decode(*rows, inner, bytes)?)
            }
            SlotKind::LatestEvent { inner } => {
                State::LatestEvent(LatestEvent::decode(inner, bytes)?)
            }
            SlotKind::Sessions { gap_us, inner } => {
                State::Sessions(Sessions::decode(*gap_us, inner, bytes)?)
            }
        })
    }
}
