//! Distinct values: their exact number, up to a limit (S14, S18).
//!
//! Laws: sets under union; beyond `limit` values the state is overflow, which absorbs everything
//! and holds nothing. Equality is that of canonical encodings, so -0.0 and +0.0 are two values and
//! NaN is one. State: the encodings, in the table of [`super::value_table`]. Error bound: none.
//! Bytes: 0 for overflow, otherwise the number of values plus one, then each value's length and
//! encoding in value order. The limit is an argument. Deliberately absent: nulls, which every
//! aggregate skips (S16).

use super::encoded::value;
use super::value_table::Bounded;
use crate::value::Value;

/// A set with a limited number of values.
#[derive(Clone, Debug)]
pub struct Distinct(Bounded<0>);

impl Distinct {
    /// The set of nothing.
    pub const fn zero() -> Distinct {
        Distinct(Bounded::Empty)
    }

    /// Adds the value with this canonical encoding; it is not null.
    #[inline]
    pub fn add_encoded(&mut self, limit: u32, encoded: &[u8]) {
        self.0.entry(limit, encoded);
    }

    /// Adds a value that is not null.
    pub fn add(&mut self, limit: u32, value: &Value) {
        self.add_encoded(limit, &value.encoded());
    }

    /// Adds another set of the same limit.
    pub fn merge(&mut self, limit: u32, other: &Distinct) {
        self.0.merge(limit, &other.0, |_, _| {});
    }

    /// The number of distinct values; `None` if there are more than the limit.
    pub fn count(&self) -> Option<u64> {
        self.0.len().map(u64::from)
    }

    /// The distinct values in value order; `None` if there are more than the limit.
    pub fn values(&self) -> Option<impl ExactSizeIterator<Item = Value>> {
        Some(self.0.sorted()?.into_iter().map(|(_, encoded)| value(encoded)))
    }

    /// Appends the canonical encoding.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out, |_, _| {});
    }

    /// Reads what [`Distinct::encode`] wrote; `None` if the bytes are not canonical for `limit`.
    pub fn decode(limit: u32, bytes: &mut &[u8]) -> Option<Distinct> {
        Bounded::decode(limit, bytes, |_| Some([])).map(Distinct)
    }
}

#[cfg(test)]
mod tests {
    use super::super::collection_laws::{Laws, any_value};
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    struct Limit(u32);

    impl Laws for Limit {
        type Item = Value;
        type State = Distinct;
        fn zero(&self) -> Distinct {
            Distinct::zero()
        }
        fn add(&self, state: &mut Distinct, item: &Value) {
            state.add(self.0, item);
        }
        fn merge(&self, state: &mut Distinct, other: &Distinct) {
            state.merge(self.0, other);
        }
        fn encode(&self, state: &Distinct, out: &mut Vec<u8>) {
            state.encode(out);
        }
        fn decode(&self, bytes: &mut &[u8]) -> Option<Distinct> {
            Distinct::decode(self.0, bytes)
        }
    }

    proptest! {
        /// Goal: the laws, with more values than small limits, and with enough for the index.
        /// Method: every grouping of [`Laws::check`]; damaged bytes; the count by a set.
        #[test]
        fn s18_distinct_is_a_commutative_monoid(
            values in prop::collection::vec(any_value(), 0..60),
            cuts in any::<[prop::sample::Index; 2]>(),
            limit in prop_oneof![0u32..12, Just(1000)],
            damage in any::<(usize, u8)>(),
        ) {
            let laws = Limit(limit);
            laws.check(&values, cuts.map(|cut| cut.index(values.len() + 1)))?;
            let state = laws.fold(&values);
            laws.check_damage(&state, damage)?;
            let set: BTreeSet<Vec<u8>> = values.iter().map(Value::encoded).collect();
            let count = Some(set.len() as u64).filter(|&count| count <= u64::from(limit));
            prop_assert_eq!(state.count(), count);
        }

        /// Goal: arbitrary bytes never panic, and those that decode encode to themselves.
        #[test]
        fn s01_noise_reads_as_itself(
            noise in prop::collection::vec(prop_oneof![0u8..10, any::<u8>()], 0..40),
        ) {
            Limit(3).check_noise(&noise)?;
        }
    }

    /// Goal: values are distinct by the equality of S14, and an overflow state holds nothing.
    #[test]
    fn s14_s18_what_counts_as_one_value() {
        let mut set = Distinct::zero();
        for value in [0.0, -0.0, f64::NAN, -f64::NAN, 0.0] {
            set.add(3, &Value::Float64(value));
        }
        assert_eq!(set.count(), Some(3));
        set.add(3, &Value::Float64(1.0));
        assert_eq!(set.count(), None);
        assert_eq!(Limit(3).bytes(&set), [0]);
        set.merge(3, &Distinct::zero());
        assert_eq!(set.count(), None);
    }

    /// Goal: the index finds every value that it holds. Method: 5,000 texts three times, one by
    /// one.
    #[test]
    fn many_values_are_counted_once() {
        let mut set = Distinct::zero();
        for i in 0..15_000 {
            set.add(5_000, &Value::from(format!("value {}", i % 5_000).as_str()));
        }
        assert_eq!(set.count(), Some(5_000));
    }

    /// Goal: a change of the stored bytes is noticed (S1). Method: golden encodings.
    #[test]
    fn golden_bytes() {
        let laws = Limit(2);
        assert_eq!(laws.bytes(&laws.zero()), [1]);
        let values = [Value::from("b"), Value::from("a"), Value::from("b")];
        assert_eq!(laws.bytes(&laws.fold(&values)), [3, 3, 6, b'a', 0, 3, 6, b'b', 0]);
        assert!(laws.decode(&mut &[3, 3, 6, b'b', 0, 3, 6, b'a', 0][..]).is_none(), "unsorted");
        assert!(laws.decode(&mut &[2, 1, 1][..]).is_none(), "a null");
        assert!(laws.decode(&mut &[4, 2, 2, 0, 2, 2, 1, 9][..]).is_none(), "above the limit");
        assert!(Distinct::decode(u32::MAX, &mut &[0xff, 0xff, 0xff, 0xff, 0x0f][..]).is_none());
    }
}
