//! Adds a row, or another state, to the state of a slot.
//!
//! Invariant: a row that the slot's filter rejects does not change the state, and neither does a
//! null, except where rows are counted. Deliberately absent: how each kind adds, which is in its
//! own module.

use super::kind::State;
use crate::aggregate::arg_extreme;
use crate::aggregate::extreme;
use crate::aggregate::number::Number;
use crate::aggregate::ordered::{self, Side};
use crate::aggregate::slot::{Slot, SlotKind};
use crate::aggregate::vector::read_lanes;
use crate::row::{Rows, TypedColumn};
use crate::value::Value;

impl Slot {
    /// Adds row `row` of `rows`.
    #[inline]
    pub fn update(&self, state: &mut State, rows: &Rows, row: usize) {
        if let Some(filter) = self.filter
            && !rows.columns()[filter].is_true(row)
        {
            return;
        }
        let input = |column: usize| input(rows, row, column);
        let present = |column: Option<usize>| column.is_none_or(|at| input(at).is_some());
        match (&self.kind, state) {
            (SlotKind::Count { column }, State::Count(count)) => {
                *count += u64::from(present(*column));
            }
            (SlotKind::IntSum { column }, State::IntSum(sum)) => {
                if let Some(column) = input(*column) {
                    match column {
                        TypedColumn::UInt64(values) => sum.add_unsigned(values.value(row)),
                        column => sum.add(column.int64(row)),
                    }
                }
            }
            (SlotKind::DecimalSum { column }, State::DecimalSum(sum)) => {
                if let Some(column) = input(*column) {
                    sum.add(column.unscaled(row));
                }
            }
            (SlotKind::FloatSum { column }, State::FloatSum(sum)) => {
                if let Some(column) = input(*column) {
                    sum.add(column.float64(row));
                }
            }
            (SlotKind::Extreme { end, column }, State::Extreme(best)) => {
                if let Some(column) = input(*column) {
                    extreme::keep(*end, best, column.value(row));
                }
            }
            (SlotKind::Ordered { side, nulls, column }, State::Ordered(best)) => {
                if *nulls || present(Some(*column)) {
                    let (time, tie) = (rows.event_time(row), rows.tie(row));
                    ordered::keep(*side, best, time, tie, &value_or_null(rows, row, *column));
                }
            }
            (SlotKind::EventTime { side, column }, State::EventTime(best)) => {
                if present(*column) {
                    keep_time(*side, best, rows.event_time(row));
                }
            }
            (SlotKind::Moments { column, .. }, State::Moments(moments)) => {
                if let Some(column) = input(*column) {
                    match column.number(row) {
                        Number::Int(value) => moments.add_int(value),
                        Number::Float(value) => moments.add_float(value),
                    }
                }
            }
            (SlotKind::Distinct { limit, column }, State::Distinct(distinct)) => {
                if let Some(column) = input(*column) {
                    column.with_encoded(row, |value| distinct.add_encoded(*limit, value));
                }
            }
            (SlotKind::Histogram { limit, column }, State::Histogram(histogram)) => {
                if let Some(column) = input(*column) {
                    column.with_encoded(row, |value| histogram.add_encoded(*limit, value));
                }
            }
            (SlotKind::HyperLogLog { precision, column }, State::HyperLogLog(sketch)) => {
                if let Some(column) = input(*column) {
                    sketch.add_hash(*precision, column.content_hash(row));
                }
            }
            (SlotKind::Percentile { column }, State::Percentile(sketch)) => {
                if let Some(column) = input(*column) {
                    match column.number(row) {
                        Number::Int(value) => sketch.add_int(value),
                        Number::Float(value) => sketch.add(value),
                    }
                }
            }
            (_, state) => self.update_rarer(state, rows, row),
        }
    }

    /// Adds a row that passed the filter to a state of one of the less common kinds.
    fn update_rarer(&self, state: &mut State, rows: &Rows, row: usize) {
        let input = |column: usize| input(rows, row, column);
        match (&self.kind, state) {
            (SlotKind::Places { placing, column }, State::Places(places)) => {
                if placing.nulls || input(*column).is_some() {
                    let (time, tie) = (rows.event_time(row), rows.tie(row));
                    places.add(*placing, time, tie, &value_or_null(rows, row, *column));
                }
            }
            (SlotKind::ArgExtreme { end, column, by }, State::ArgExtreme(best)) => {
                if let (Some(column), Some(by)) = (input(*column), input(*by)) {
                    let place = (rows.event_time(row), rows.tie(row), &column.value(row));
                    arg_extreme::keep(*end, best, &by.value(row), place);
                }
            }
            (SlotKind::Product { column }, State::Product(product)) => match input(*column) {
                Some(TypedColumn::UInt64(values)) => {
                    product.multiply_unsigned(values.value(row));
                }
                Some(column) => product.multiply(column.int64(row)),
                None => {}
            },
            (SlotKind::Bits { operation, column }, State::Bits(bits)) => {
                let value = match input(*column) {
                    Some(TypedColumn::UInt64(values)) => values.value(row),
                    Some(column) => column.int64(row) as u64,
                    None => return,
                };
                *bits = operation.join(*bits, value);
            }
            (SlotKind::Top { end, k, column }, State::Top(top)) => {
                if let Some(column) = input(*column) {
                    top.add(*end, *k, column.value(row));
                }
            }
            (SlotKind::CoMoments { column, other }, State::CoMoments(moments)) => {
                if let (Some(column), Some(other)) = (input(*column), input(*other)) {
                    moments.add(column.number(row), other.number(row));
                }
            }
            (SlotKind::Decayed { ones, column, .. }, State::Decayed(decayed)) => {
                let time = rows.event_time(row);
                match column.map(input) {
                    Some(None) => {}
                    Some(Some(column)) if !ones => match column.number(row) {
                        Number::Int(value) => decayed.add_int(value, time),
                        Number::Float(value) => decayed.add_float(value, time),
                    },
                    _ => decayed.add_one(time),
                }
            }
            (SlotKind::Vector { length, grid, column }, State::Vector(sum)) => {
                if let Some(column) = input(*column) {
                    let elements = column.elements(row).into_iter();
                    let mut lanes = Vec::new();
                    read_lanes(elements, *length as usize, *grid, &mut lanes)
                        .expect("a row with a bad vector is refused before it is folded");
                    sum.add(&lanes);
                }
            }
            (SlotKind::User { lift }, State::User(state)) => {
                if let Some(part) = rows.lifted(*lift, row) {
                    state.add(part);
                }
            }
            (SlotKind::Keyed { by, limit, inner }, State::Keyed(keyed)) => {
                if let Some(column) = input(*by) {
                    keyed.update(*limit, inner, column.value(row), rows, row);
                }
            }
            (SlotKind::LastRows { rows: most, inner }, State::LastRows(last)) => {
                last.update(*most, inner, rows, row);
            }
            (SlotKind::LatestEvent { inner }, State::LatestEvent(latest)) => {
                latest.update(inner, rows, row);
            }
            (SlotKind::Sessions { gap_us, inner }, State::Sessions(sessions)) => {
                sessions.update(*gap_us, inner, rows, row);
            }
            (kind, state) => unreachable!("a plan made {state:?} for {kind:?}"),
        }
    }

    /// Adds another state of this slot.
    #[inline]
    pub fn merge(&self, state: &mut State, other: &State) {
        match (&self.kind, state, other) {
            (_, State::Count(a), State::Count(b)) => *a += b,
            (_, State::IntSum(a), State::IntSum(b)) => a.merge(b),
            (_, State::DecimalSum(a), State::DecimalSum(b)) => a.merge(b),
            (_, State::FloatSum(a), State::FloatSum(b)) => a.merge(b),
            (SlotKind::Extreme { end, .. }, State::Extreme(a), State::Extreme(b)) => {
                extreme::keep_ref(*end, a, b);
            }
            (SlotKind::Ordered { side, .. }, State::Ordered(a), State::Ordered(b)) => {
                if let Some(b) = b {
                    ordered::keep(*side, a, b.event_time, &b.tie, &b.value);
                }
            }
            (SlotKind::ArgExtreme { end, .. }, State::ArgExtreme(a), State::ArgExtreme(b)) => {
                if let Some(b) = b {
                    let placed = &b.placed;
                    let row = (placed.event_time, &*placed.tie, &placed.value);
                    arg_extreme::keep(*end, a, &b.by, row);
                }
            }
            (_, State::Product(a), State::Product(b)) => a.merge(b),
            (SlotKind::Bits { operation, .. }, State::Bits(a), State::Bits(b)) => {
                *a = operation.join(*a, *b);
            }
            (SlotKind::EventTime { side, .. }, State::EventTime(a), State::EventTime(b)) => {
                if let Some(b) = b {
                    keep_time(*side, a, *b);
                }
            }
            (_, State::Moments(a), State::Moments(b)) => a.merge(b),
            (_, State::CoMoments(a), State::CoMoments(b)) => a.merge(b),
            (SlotKind::Places { placing, .. }, State::Places(a), State::Places(b)) => {
                a.merge(*placing, b);
            }
            (SlotKind::Top { end, k, .. }, State::Top(a), State::Top(b)) => a.merge(*end, *k, b),
            (SlotKind::Distinct { limit, .. }, State::Distinct(a), State::Distinct(b)) => {
                a.merge(*limit, b);
            }
            (SlotKind::Histogram { limit, .. }, State::Histogram(a), State::Histogram(b)) => {
                a.merge(*limit, b);
            }
            (
                SlotKind::HyperLogLog { precision, .. },
                State::HyperLogLog(a),
                State::HyperLogLog(b),
            ) => a.merge(*precision, b),
            (_, State::Percentile(a), State::Percentile(b)) => a.merge(b),
            (_, State::Decayed(a), State::Decayed(b)) => a.merge(b),
            (_, State::Vector(a), State::Vector(b)) => a.merge(b),
            (_, State::User(a), State::User(b)) => a.merge(b),
            (SlotKind::Keyed { limit, inner, .. }, State::Keyed(a), State::Keyed(b)) => {
                a.merge(*limit, inner, b);
            }
            (SlotKind::LastRows { rows, .. }, State::LastRows(a), State::LastRows(b)) => {
                a.merge(*rows, b);
            }
            (SlotKind::LatestEvent { inner }, State::LatestEvent(a), State::LatestEvent(b)) => {
                a.merge(inner, b);
            }
            (SlotKind::Sessions { gap_us, inner }, State::Sessions(a), State::Sessions(b)) => {
                a.merge(*gap_us, inner, b);
            }
            (kind, a, b) => unreachable!("a plan made {a:?} and {b:?} for {kind:?}"),
        }
    }
}

/// The column if its row is not null.
#[inline(always)]
fn input(rows: &Rows, row: usize, column: usize) -> Option<&TypedColumn> {
    let column = &rows.columns()[column];
    if column.is_null(row) { None } else { Some(column) }
}

/// The value of a column, which may be null.
#[inline]
fn value_or_null(rows: &Rows, row: usize, column: usize) -> Value {
    input(rows, row, column).map_or(Value::Null, |column| column.value(row))
}

/// Keeps the earlier (later) time.
fn keep_time(side: Side, best: &mut Option<i64>, time: i64) {
    *best = Some(match (side, *best) {
        (_, None) => time,
        (Side::First, Some(best)) => best.min(time),
        (Side::Last, Some(best)) => best.max(time),
    });
}
