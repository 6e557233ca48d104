//! Histograms: how often each distinct value occurs, up to a limit of values (S14, S18).
//!
//! Laws: multisets under sum; beyond `limit` distinct values the state is overflow, which absorbs
//! everything and holds nothing. A count saturates at 2^64 - 1, which no log reaches. State: the
//! values' encodings and counts, in the table of [`super::value_table`]. Error bound: none for
//! counts and the mode; the entropy is a fixed sequence of operations on doubles, with the same
//! bits everywhere. Bytes: 0 for overflow, otherwise the number of values plus one, then for each
//! in value order its count, its length and its encoding. The limit is an argument. Deliberately
//! absent: nulls (S16).

use super::bytes::{put_unsigned, unsigned};
use super::encoded::value;
use super::rounding::round_quotient;
use super::value_table::Bounded;
use crate::value::Value;

/// Distinct values with their counts.
#[derive(Clone, Debug)]
pub struct Histogram(Bounded<8>);

/// Adds `count` to the count in a payload. Saturating sums are associative too.
fn join(payload: &mut [u8; 8], count: u64) {
    *payload = u64::from_le_bytes(*payload).saturating_add(count).to_le_bytes();
}

/// The share of `most` in `rows`; null if there are no rows.
pub fn share(most: u64, rows: u64) -> Value {
    match rows {
        0 => Value::Null,
        rows => round_quotient(false, most.into(), 0, false, rows).into(),
    }
}

/// c log2(c).
pub fn entropy_term(count: u64) -> f64 {
    count as f64 * libm::log2(count as f64)
}

/// The entropy in bits of ascending counts, none of which is 0 and whose sum is `rows`; `term`
/// returns the [`entropy_term`] of a count.
#[inline]
pub fn entropy(
    counts: impl Iterator<Item = u64>,
    rows: u64,
    mut term: impl FnMut(u64) -> f64,
) -> Value {
    if rows == 0 {
        return Value::Null;
    }
    let sum = counts.fold(0.0, |sum, count| sum + term(count));
    let rows = rows as f64;
    let entropy = libm::log2(rows) - sum / rows;
    Value::Float64(if entropy > 0.0 { entropy } else { 0.0 })
}

impl Histogram {
    /// The histogram of nothing.
    pub const fn zero() -> Histogram {
        Histogram(Bounded::Empty)
    }

    /// Counts the value with this canonical encoding; it is not null.
    #[inline]
    pub fn add_encoded(&mut self, limit: u32, encoded: &[u8]) {
        if let Some(payload) = self.0.entry(limit, encoded) {
            join(payload, 1);
        }
    }

    /// Counts a value that is not null.
    pub fn add(&mut self, limit: u32, value: &Value) {
        self.add_encoded(limit, &value.encoded());
    }

    /// Adds another histogram of the same limit.
    pub fn merge(&mut self, limit: u32, other: &Histogram) {
        self.0.merge(limit, &other.0, |payload, count| join(payload, u64::from_le_bytes(*count)));
    }

    /// Counts and encodings in value order; `None` in overflow.
    fn sorted(&self) -> Option<impl Iterator<Item = (u64, &[u8])>> {
        let records = self.0.sorted()?;
        Some(records.into_iter().map(|(count, encoded)| (u64::from_le_bytes(*count), encoded)))
    }

    /// Each value with its count, in value order; `None` in overflow.
    pub fn pairs(&self) -> Option<Vec<(Value, u64)>> {
        Some(self.sorted()?.map(|(count, encoded)| (value(encoded), count)).collect())
    }

    /// The most frequent value, and the least of several such values; null without values, `None`
    /// in overflow.
    pub fn mode(&self) -> Option<Value> {
        let mut best: Option<(u64, &[u8])> = None;
        for (count, encoded) in self.sorted()? {
            if best.is_none_or(|(most, _)| count > most) {
                best = Some((count, encoded));
            }
        }
        Some(best.map_or(Value::Null, |(_, encoded)| value(encoded)))
    }

    /// The `n` most frequent values, the most frequent first, the lesser of equally frequent ones
    /// first; `None` in overflow.
    pub fn most_frequent(&self, n: u32) -> Option<Vec<Value>> {
        let mut records: Vec<(u64, &[u8])> = self.sorted()?.collect();
        records.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        Some(records.into_iter().take(n as usize).map(|(_, encoded)| value(encoded)).collect())
    }

    /// The share of the most frequent value in all; null without values, `None` in overflow.
    pub fn mode_share(&self) -> Option<Value> {
        let (mut most, mut rows) = (0, 0u64);
        for (count, _) in self.sorted()? {
            (most, rows) = (count.max(most), rows.saturating_add(count));
        }
        Some(share(most, rows))
    }

    /// The entropy in bits, log2(n) - (sum of c log2(c)) / n over the counts c, computed as
    /// docs/FEATURES.md says; null without values, `None` in overflow.
    pub fn entropy(&self) -> Option<Value> {
        let mut counts: Vec<u64> = self.sorted()?.map(|(count, _)| count).collect();
        counts.sort_unstable();
        let rows = counts.iter().fold(0u64, |rows, &count| rows.saturating_add(count));
        Some(entropy(counts.into_iter(), rows, entropy_term))
    }

    /// Appends the canonical encoding.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out, |count, out| put_unsigned(u64::from_le_bytes(*count).into(), out));
    }

    /// Reads what [`Histogram::encode`] wrote; `None` if the bytes are not canonical for `limit`.
    pub fn decode(limit: u32, bytes: &mut &[u8]) -> Option<Histogram> {
        let take = |bytes: &mut &[u8]| match u64::try_from(unsigned(bytes)?).ok()? {
            0 => None,
            count => Some(count.to_le_bytes()),
        };
        Bounded::decode(limit, bytes, take).map(Histogram)
    }
}

#[cfg(test)]
mod tests {
    use super::super::collection_laws::{Laws, any_value};
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    struct Limit(u32);

    impl Laws for Limit {
        type Item = Value;
        type State = Histogram;
        fn zero(&self) -> Histogram {
            Histogram::zero()
        }
        fn add(&self, state: &mut Histogram, item: &Value) {
            state.add(self.0, item);
        }
        fn merge(&self, state: &mut Histogram, other: &Histogram) {
            state.merge(self.0, other);
        }
        fn encode(&self, state: &Histogram, out: &mut Vec<u8>) {
            state.encode(out);
        }
        fn decode(&self, bytes: &mut &[u8]) -> Option<Histogram> {
            Histogram::decode(self.0, bytes)
        }
    }

    /// Pairs in value order by the definition; `None` beyond the limit.
    fn counted(values: &[Value], limit: u32) -> Option<Vec<(Value, u64)>> {
        let mut counts = BTreeMap::new();
        values.iter().for_each(|value| *counts.entry(value.clone()).or_insert(0) += 1);
        Some(counts.into_iter().collect::<Vec<_>>()).filter(|pairs| pairs.len() <= limit as usize)
    }

    proptest! {
        /// Goal: the laws, with more values than small limits, and with enough for the index; pairs
        /// and mode by the definition. Method: every grouping of [`Laws::check`]; an ordered map.
        #[test]
        fn s18_histogram_is_a_commutative_monoid(
            values in prop::collection::vec(any_value(), 0..60),
            cuts in any::<[prop::sample::Index; 2]>(),
            limit in prop_oneof![0u32..12, Just(1000)],
            damage in any::<(usize, u8)>(),
        ) {
            let laws = Limit(limit);
            laws.check(&values, cuts.map(|cut| cut.index(values.len() + 1)))?;
            let state = laws.fold(&values);
            laws.check_damage(&state, damage)?;
            let pairs = counted(&values, limit);
            prop_assert_eq!(state.pairs(), pairs.clone());
            let mode = pairs.map(|pairs| {
                let most = pairs.iter().map(|pair| pair.1).max();
                let first = pairs.into_iter().find(|pair| Some(pair.1) == most);
                first.map_or(Value::Null, |pair| pair.0)
            });
            prop_assert_eq!(state.mode(), mode);
            let share = counted(&values, limit).map(|pairs| {
                let most = pairs.iter().map(|pair| pair.1).max();
                most.map_or(Value::Null, |most| (most as f64 / values.len() as f64).into())
            });
            prop_assert_eq!(state.mode_share(), share);
            let frequent = counted(&values, limit).map(|mut pairs| {
                pairs.sort_by(|(a, n), (b, m)| m.cmp(n).then(a.cmp(b)));
                pairs.into_iter().map(|pair| pair.0).take(3).collect::<Vec<Value>>()
            });
            prop_assert_eq!(state.most_frequent(3), frequent);
        }

        /// Goal: arbitrary bytes never panic, and those that decode encode to themselves.
        #[test]
        fn s01_noise_reads_as_itself(
            noise in prop::collection::vec(prop_oneof![0u8..10, any::<u8>()], 0..40),
        ) {
            Limit(3).check_noise(&noise)?;
        }

        /// Goal: the entropy differs from the sum over -q log2 q by no more than the error of its
        /// operations.
        #[test]
        fn entropy_is_the_entropy(counts in prop::collection::vec(1usize..50, 1..20)) {
            let repeated = counts.iter().enumerate().map(|(i, &n)| vec![Value::from(i as i64); n]);
            let values: Vec<Value> = repeated.flatten().collect();
            let n = values.len() as f64;
            let real: f64 = counts.iter().map(|&c| c as f64 / n).map(|q| -q * q.log2()).sum();
            match Limit(20).fold(&values).entropy() {
                Some(Value::Float64(entropy)) => prop_assert!((entropy - real).abs() < 1e-12),
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }

    /// Goal: results without values, with one value and in overflow are right, and have the
    /// documented bits (S19).
    #[test]
    fn s16_s19_results() {
        let laws = Limit(3);
        assert_eq!(laws.zero().pairs(), Some(vec![]));
        assert_eq!(laws.zero().mode(), Some(Value::Null));
        assert_eq!(laws.zero().entropy(), Some(Value::Null));
        let ints = |ints: &[i64]| ints.iter().map(|&i| Value::from(i)).collect::<Vec<_>>();
        let entropy = |values: &[i64]| laws.fold(&ints(values)).entropy();
        assert_eq!(entropy(&[7; 5]), Some(Value::Float64(0.0)));
        assert_eq!(entropy(&[1, 2]), Some(Value::Float64(1.0)));
        let bits = 0x3ff7_58ab_7c7a_895f;
        assert_eq!(entropy(&[1, 2, 2, 3, 3, 3]), Some(Value::Float64(f64::from_bits(bits))));
        assert_eq!(laws.fold(&ints(&[2, 1, 2, 1, 3])).mode(), Some(Value::from(1)));
        let over = laws.fold(&ints(&[1, 2, 3, 4]));
        assert_eq!((over.pairs(), over.mode(), over.entropy()), (None, None, None));
    }

    /// Goal: a change of the stored bytes is noticed (S1), and counts do not wrap. Method: golden
    /// bytes.
    #[test]
    fn golden_bytes() {
        let laws = Limit(2);
        assert_eq!(laws.bytes(&laws.zero()), [1]);
        let values = [Value::from("b"), Value::from("a"), Value::from("b")];
        assert_eq!(laws.bytes(&laws.fold(&values)), [3, 1, 3, 6, b'a', 0, 2, 3, 6, b'b', 0]);
        assert!(laws.decode(&mut &[2, 0, 3, 6, b'a', 0][..]).is_none(), "a count of 0");
        let mut most = vec![2];
        put_unsigned(u64::MAX.into(), &mut most);
        most.extend([2, 2, 1]);
        let state = laws.decode(&mut most.as_slice()).unwrap();
        assert_eq!(laws.bytes(&laws.merged(&state, &state)), most);
    }
}
