//! The first or last n values in row order, or the first or last n distinct ones (S15).
//!
//! Laws. Plain form: the first n of a sorted multiset of placed values under sum. Distinct form:
//! each value at its first (last) place, and the n best of those. Cutting is sound in the distinct
//! form too: a value that is cut has n others before its place, and in any larger multiset these
//! are at the same places or better ones; so the value could return only at a worse place than
//! before, still after them. State: the placed values, best first: the earliest first, or with
//! [`Side::Last`] the latest. Error bound: none. Bytes: the number of values, then for each the
//! tie's length and bytes, the event time, and the value's length and encoding; a null has length 0.
//! Side, form and n are an argument, [`Placing`]. Deliberately absent: which rows count; those with
//! a null do only where whole rows are asked for (S15, S16).

use super::bytes::{put_unsigned, unsigned};
use super::encoded::{put_optional, take_optional};
use super::ordered::{Placed, Side};
use crate::value::{Value, i64_from_order, i64_order, take};
use std::collections::{HashSet, VecDeque};
use xxhash_rust::xxh3::xxh3_64;

/// Which values are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Placing {
    /// The end of the row order from which values are taken.
    pub side: Side,
    /// Whether a value counts once, at its first or last place.
    pub distinct: bool,
    /// Whether rows with a null count.
    pub nulls: bool,
    /// How many values are kept.
    pub n: u32,
}

/// A value at a place, not yet owned; ordered by event time, then tie, then value.
type Place<'a> = (i64, &'a [u8], &'a Value);

/// A value that is kept.
#[derive(Clone, Debug)]
struct Kept {
    placed: Placed,
    /// With distinct values, a hash by which most values can be told apart without comparing them.
    tag: u64,
}

impl Kept {
    fn new(placing: Placing, (event_time, tie, value): Place<'_>) -> Kept {
        let placed = Placed { event_time, tie: tie.into(), value: value.clone() };
        Kept { tag: placing.tag(value), placed }
    }

    fn place(&self) -> Place<'_> {
        (self.placed.event_time, &self.placed.tie, &self.placed.value)
    }
}

impl Placing {
    /// Whether `a` comes strictly before `b`.
    #[inline]
    fn better(self, a: Place<'_>, b: Place<'_>) -> bool {
        match self.side {
            Side::First => a < b,
            Side::Last => a > b,
        }
    }

    fn tag(self, value: &Value) -> u64 {
        match value {
            _ if !self.distinct => 0,
            Value::String(text) => xxh3_64(text.as_bytes()),
            other => xxh3_64(&other.encoded()),
        }
    }
}

/// The best placed values.
#[derive(Clone, Debug)]
pub struct Places(VecDeque<Kept>);

impl Places {
    /// The state without values.
    pub const fn zero() -> Places {
        Places(VecDeque::new())
    }

    /// Adds a value of the row at `event_time` and `tie`.
    #[inline]
    pub fn add(&mut self, placing: Placing, event_time: i64, tie: &[u8], value: &Value) {
        let new = (event_time, tie, value);
        let full = self.0.len() >= placing.n as usize;
        if full && self.0.back().is_none_or(|worst| !placing.better(new, worst.place())) {
            return;
        }
        self.insert(placing, full, new);
    }

    fn insert(&mut self, placing: Placing, mut full: bool, new: Place<'_>) {
        let at = self.0.partition_point(|old| placing.better(old.place(), new));
        if placing.distinct {
            let tag = placing.tag(new.2);
            let same = |old: &Kept| old.tag == tag && old.placed.value == *new.2;
            match self.0.iter().position(same) {
                Some(before) if before < at => return,
                Some(behind) => {
                    self.0.remove(behind);
                    full = false;
                }
                None => {}
            }
        }
        if full {
            self.0.pop_back();
        }
        if self.0.is_empty() {
            // Most states in a large store hold one value.
            self.0.reserve_exact(1);
        }
        self.0.insert(at, Kept::new(placing, new));
    }

    /// Adds the best of other rows, of the same placing.
    pub fn merge(&mut self, placing: Placing, other: &Places) {
        if self.0.is_empty() {
            return self.clone_from(other);
        }
        if other.0.len() == 1 {
            let (event_time, tie, value) = other.0[0].place();
            return self.add(placing, event_time, tie, value);
        }
        let mut ours = std::mem::take(&mut self.0).into_iter().peekable();
        let mut others = other.0.iter().peekable();
        let mut tags = HashSet::new();
        while self.0.len() < placing.n as usize {
            let theirs = match (ours.peek(), others.peek()) {
                (Some(a), Some(b)) => placing.better(b.place(), a.place()),
                (None, Some(_)) => true,
                (Some(_), None) => false,
                (None, None) => break,
            };
            let next = if theirs { others.next().cloned() } else { ours.next() };
            let Some(next) = next else { break };
            let same = |kept: &Kept| kept.placed.value == next.placed.value;
            if !placing.distinct || tags.insert(next.tag) || !self.0.iter().any(same) {
                self.0.push_back(next);
            }
        }
        self.0.shrink_to_fit();
    }

    /// The values, best first: of the first ones the oldest, of the last ones the newest.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.0.iter().map(|kept| &kept.placed.value)
    }

    /// Appends the canonical encoding.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_unsigned(self.0.len() as u128, out);
        for Kept { placed, .. } in &self.0 {
            put_unsigned(placed.tie.len() as u128, out);
            out.extend(&placed.tie);
            out.extend(i64_order(placed.event_time).to_be_bytes());
            put_optional(&placed.value, out);
        }
    }

    /// Reads what [`Places::encode`] wrote; `None` if the bytes are not canonical for `placing`.
    pub fn decode(placing: Placing, bytes: &mut &[u8]) -> Option<Places> {
        let count = u32::try_from(unsigned(bytes)?).ok()?;
        if count > placing.n {
            return None;
        }
        let mut places: VecDeque<Kept> = VecDeque::new();
        let mut seen = HashSet::new();
        for _ in 0..count {
            let length = usize::try_from(unsigned(bytes)?).ok()?;
            let (tie, rest) = bytes.split_at_checked(length)?;
            *bytes = rest;
            let event_time = i64_from_order(u64::from_be_bytes(take(bytes)?));
            let rest = *bytes;
            let value = take_optional(bytes).filter(|value| placing.nulls || !value.is_null())?;
            let encoded = &rest[..rest.len() - bytes.len()];
            let placed = Placed { event_time, tie: tie.into(), value };
            let new = Kept { tag: placing.tag(&placed.value), placed };
            let ordered =
                places.back().is_none_or(|worst| !placing.better(new.place(), worst.place()));
            if !ordered || (placing.distinct && !seen.insert(encoded)) {
                return None;
            }
            places.push_back(new);
        }
        Some(Places(places))
    }
}

#[cfg(test)]
mod tests {
    use super::super::collection_laws::{Laws, any_value};
    use super::*;
    use proptest::prelude::*;

    type Row = (i64, Vec<u8>, Value);

    impl Laws for Placing {
        type Item = Row;
        type State = Places;
        fn zero(&self) -> Places {
            Places::zero()
        }
        fn add(&self, state: &mut Places, (event_time, tie, value): &Row) {
            state.add(*self, *event_time, tie, value);
        }
        fn merge(&self, state: &mut Places, other: &Places) {
            state.merge(*self, other);
        }
        fn encode(&self, state: &Places, out: &mut Vec<u8>) {
            state.encode(out);
        }
        fn decode(&self, bytes: &mut &[u8]) -> Option<Places> {
            Places::decode(*self, bytes)
        }
    }

    fn any_placing() -> impl Strategy<Value = Placing> {
        let side = prop_oneof![Just(Side::First), Just(Side::Last)];
        let n = prop_oneof![1u32..8, Just(1000)];
        let form = prop_oneof![Just((false, false)), Just((true, false)), Just((false, true))];
        (side, form, n).prop_map(|(side, (distinct, nulls), n)| Placing {
            side,
            distinct,
            nulls,
            n,
        })
    }

    fn any_row() -> impl Strategy<Value = Row> {
        (0i64..8, prop::collection::vec(0u8..3, 0..3), any_value())
    }

    /// The definition: rows in order from their end, later copies of a value left out, cut to n.
    fn defined(placing: Placing, rows: &[Row]) -> Vec<Value> {
        let mut rows = rows.to_vec();
        rows.sort();
        if placing.side == Side::Last {
            rows.reverse();
        }
        let mut values: Vec<Value> = Vec::new();
        for (_, _, value) in rows {
            if !placing.distinct || !values.contains(&value) {
                values.push(value);
            }
        }
        values.truncate(placing.n as usize);
        values
    }

    proptest! {
        /// Goal: the laws with more rows than n, so that cutting is lawful in the distinct forms
        /// too, and the values by the definition. Method: every grouping of [`Laws::check`], each
        /// part cut on its own; all rows sorted.
        #[test]
        fn s15_places_are_a_commutative_monoid(
            rows in prop::collection::vec(any_row(), 0..40),
            cuts in any::<[prop::sample::Index; 2]>(),
            placing in any_placing(),
            damage in any::<(usize, u8)>(),
        ) {
            placing.check(&rows, cuts.map(|cut| cut.index(rows.len() + 1)))?;
            let state = placing.fold(&rows);
            placing.check_damage(&state, damage)?;
            prop_assert!(state.values().eq(&defined(placing, &rows)));
        }

        /// Goal: arbitrary bytes never panic, and those that decode encode to themselves.
        #[test]
        fn s01_noise_reads_as_itself(
            noise in prop::collection::vec(prop_oneof![0u8..10, any::<u8>()], 0..60),
            placing in any_placing(),
        ) {
            placing.check_noise(&noise)?;
        }
    }

    /// Goal: results are in the order of S15, with and without copies. Method: four rows written
    /// out.
    #[test]
    fn s15_results_in_order() {
        let rows = [(1, "a"), (2, "b"), (3, "a"), (4, "c")];
        let rows = rows.map(|(event_time, text)| (event_time, vec![], Value::from(text)));
        for (side, distinct, n, values) in [
            (Side::First, false, 3, &["a", "b", "a"][..]),
            (Side::Last, false, 3, &["c", "a", "b"]),
            (Side::First, true, 3, &["a", "b", "c"]),
            (Side::Last, true, 3, &["c", "a", "b"]),
            (Side::First, true, 2, &["a", "b"]),
            (Side::Last, true, 2, &["c", "a"]),
        ] {
            let state = Placing { side, distinct, nulls: false, n }.fold(&rows);
            assert!(state.values().cloned().eq(values.iter().map(|&text| Value::from(text))));
        }
    }

    /// Goal: a change of the stored bytes is noticed (S1). Method: golden encodings.
    #[test]
    fn golden_bytes() {
        let placing = Placing { side: Side::Last, distinct: true, nulls: false, n: 2 };
        assert_eq!(placing.bytes(&placing.zero()), [0]);
        let rows = [(1, vec![7], Value::from(true)), (2, vec![8, 9], Value::from(true))];
        let bytes = [1, 2, 8, 9, 128, 0, 0, 0, 0, 0, 0, 2, 2, 2, 1];
        assert_eq!(placing.bytes(&placing.fold(&rows)), bytes);
        let twice = [&[2], &bytes[1..], &bytes[1..]].concat();
        assert!(placing.decode(&mut twice.as_slice()).is_none(), "a value twice");
        let plain = Placing { distinct: false, ..placing };
        assert!(plain.decode(&mut twice.as_slice()).is_some());
        let null = [1, 0, 128, 0, 0, 0, 0, 0, 0, 2, 1, 1];
        assert!(placing.decode(&mut &null[..]).is_none(), "a null");
        let null = [1, 0, 128, 0, 0, 0, 0, 0, 0, 2, 0];
        assert!(placing.decode(&mut &null[..]).is_none(), "a null");
        let rows = Placing { nulls: true, ..plain };
        assert_eq!(rows.bytes(&rows.fold(&[(2, vec![], Value::Null)])), null);
        assert!(rows.decode(&mut &null[..]).is_some());
    }
}
