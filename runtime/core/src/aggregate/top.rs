//! The k greatest or the k least values, including copies (S14).
//!
//! Laws: the first k of a sorted multiset under sum; a value that is cut off has k values before it
//! in any larger multiset too. State: the values, best first. Error bound: none; values keep their
//! types and bits. Bytes: the number of values, then each one's length and encoding, best first.
//! The end of the order and k are arguments. Deliberately absent: nulls, which every aggregate
//! skips (S16).

use super::bytes::{put_unsigned, unsigned};
use super::encoded::{put_value, take_value, value};
use super::extreme::End;
use crate::value::Value;
use std::collections::VecDeque;

/// The best values: with [`End::Max`] the greatest, with [`End::Min`] the least.
#[derive(Clone, Debug)]
pub struct Top(VecDeque<Value>);

/// Whether `a` comes strictly before `b`.
#[inline]
fn better(end: End, a: &Value, b: &Value) -> bool {
    match end {
        End::Max => a > b,
        End::Min => a < b,
    }
}

impl Top {
    /// The state without values.
    pub const fn zero() -> Top {
        Top(VecDeque::new())
    }

    /// Adds a value that is not null.
    #[inline]
    pub fn add(&mut self, end: End, k: u32, value: Value) {
        let full = self.0.len() >= k as usize;
        if full && self.0.back().is_none_or(|worst| !better(end, &value, worst)) {
            return;
        }
        self.insert(end, full, value);
    }

    fn insert(&mut self, end: End, full: bool, value: Value) {
        if full {
            self.0.pop_back();
        }
        if self.0.is_empty() {
            // Most states in a large store hold one value.
            self.0.reserve_exact(1);
        }
        let at = self.0.partition_point(|old| better(end, old, &value));
        self.0.insert(at, value);
    }

    /// Adds the best of other rows, of the same end and k.
    pub fn merge(&mut self, end: End, k: u32, other: &Top) {
        if self.0.is_empty() {
            return self.clone_from(other);
        }
        if other.0.len() == 1 {
            return self.add(end, k, other.0[0].clone());
        }
        let mut ours = std::mem::take(&mut self.0).into_iter().peekable();
        let mut others = other.0.iter().peekable();
        let length = (ours.len() + others.len()).min(k as usize);
        self.0.reserve_exact(length);
        while self.0.len() < length {
            let theirs = match (ours.peek(), others.peek()) {
                (Some(a), Some(b)) => better(end, b, a),
                (None, _) => true,
                (_, None) => false,
            };
            let next = if theirs { others.next().cloned() } else { ours.next() };
            self.0.extend(next);
        }
    }

    /// The values, best first.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.0.iter()
    }

    /// Appends the canonical encoding.
    pub fn encode(&self, out: &mut Vec<u8>) {
        put_unsigned(self.0.len() as u128, out);
        let mut encoded = Vec::new();
        for value in &self.0 {
            encoded.clear();
            value.encode(&mut encoded);
            put_value(&encoded, out);
        }
    }

    /// Reads what [`Top::encode`] wrote; `None` if the bytes are not canonical for `end` and `k`.
    pub fn decode(end: End, k: u32, bytes: &mut &[u8]) -> Option<Top> {
        let count = u32::try_from(unsigned(bytes)?).ok()?;
        if count > k {
            return None;
        }
        let mut values = VecDeque::new();
        let mut previous: Option<&[u8]> = None;
        for _ in 0..count {
            let encoded = take_value(bytes)?;
            let ordered = previous.is_none_or(|previous| match end {
                End::Max => encoded <= previous,
                End::Min => encoded >= previous,
            });
            if !ordered {
                return None;
            }
            previous = Some(encoded);
            values.push_back(value(encoded));
        }
        Some(Top(values))
    }
}

#[cfg(test)]
mod tests {
    use super::super::collection_laws::{Laws, any_value};
    use super::*;
    use proptest::prelude::*;

    struct Best(End, u32);

    impl Laws for Best {
        type Item = Value;
        type State = Top;
        fn zero(&self) -> Top {
            Top::zero()
        }
        fn add(&self, state: &mut Top, item: &Value) {
            state.add(self.0, self.1, item.clone());
        }
        fn merge(&self, state: &mut Top, other: &Top) {
            state.merge(self.0, self.1, other);
        }
        fn encode(&self, state: &Top, out: &mut Vec<u8>) {
            state.encode(out);
        }
        fn decode(&self, bytes: &mut &[u8]) -> Option<Top> {
            Top::decode(self.0, self.1, bytes)
        }
    }

    proptest! {
        /// Goal: the laws with more rows than k, and the values by the definition. Method: every
        /// grouping of [`Laws::check`]; all values sorted and cut.
        #[test]
        fn s01_top_is_a_commutative_monoid(
            values in prop::collection::vec(any_value(), 0..40),
            cuts in any::<[prop::sample::Index; 2]>(),
            k in prop_oneof![1u32..8, Just(1000)],
            end in prop_oneof![Just(End::Min), Just(End::Max)],
            damage in any::<(usize, u8)>(),
        ) {
            let laws = Best(end, k);
            laws.check(&values, cuts.map(|cut| cut.index(values.len() + 1)))?;
            let state = laws.fold(&values);
            laws.check_damage(&state, damage)?;
            let mut sorted = values;
            sorted.sort();
            if end == End::Max {
                sorted.reverse();
            }
            sorted.truncate(k as usize);
            prop_assert!(state.values().eq(&sorted));
        }

        /// Goal: arbitrary bytes never panic, and those that decode encode to themselves.
        #[test]
        fn s01_noise_reads_as_itself(
            noise in prop::collection::vec(prop_oneof![0u8..10, any::<u8>()], 0..40),
        ) {
            Best(End::Min, 5).check_noise(&noise)?;
        }
    }

    /// Goal: a change of the stored bytes is noticed (S1). Method: golden encodings.
    #[test]
    fn golden_bytes() {
        let laws = Best(End::Max, 2);
        assert_eq!(laws.bytes(&laws.zero()), [0]);
        let bools = [true, false, true].map(Value::Bool);
        assert_eq!(laws.bytes(&laws.fold(&bools)), [2, 2, 2, 1, 2, 2, 1]);
        assert!(laws.decode(&mut &[2, 2, 2, 0, 2, 2, 1][..]).is_none(), "unsorted");
        assert!(laws.decode(&mut &[3, 2, 2, 1, 2, 2, 1, 2, 2, 1][..]).is_none(), "more than k");
        assert!(laws.decode(&mut &[1, 1, 1][..]).is_none(), "a null");
    }
}
