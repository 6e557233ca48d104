//! HyperLogLog: estimates the number of distinct values, with 2^p registers (S19).
//!
//! A value's XXH3-64 hash with seed 0, over its canonical encoding (S14), selects a register by its
//! first p bits; the register keeps the greatest rank seen, which is one plus the number of leading
//! zeros among the other 64 - p bits. Laws: registers under maximum, so `merge` is associative,
//! commutative and idempotent. State: the registers, as a sorted list while few are used. Error
//! bound: a standard error of 1.04 / sqrt(2^p); [`super::cardinality`] computes the estimate from
//! the registers alone. Bytes: the shorter of two forms, or the second if both are equally long.
//! Sparse: the number of used registers plus one, then for each four times the gap after the
//! previous one plus min(rank - 1, 3), and for 3 one more byte, rank - 4. Dense: 0, then six bits
//! for each register. The precision is an argument of every function that needs it.
//!
//! The crates `hyperloglog`, `hyperloglogplus`, `simple_hll` and DataFusion's own were considered;
//! none fixes both the hash and a single encoding of a state. Deliberately absent: the HIP
//! estimate, which depends on arrival order.

use super::bytes::{put_unsigned, unsigned};
use super::cardinality::estimate;
use super::content_hash::hash;
use crate::value::{Value, take};

/// The least precision.
pub const PRECISION_MIN: u32 = 4;
/// The greatest precision.
pub const PRECISION_MAX: u32 = 16;
/// The greatest rank for any precision.
const RANK_MAX: usize = rank_max(PRECISION_MIN) as usize;
/// A list longer than this is slower than the registers it saves.
const SPARSE_MAX: usize = 256;

/// Registers; every call must pass the same precision.
#[derive(Clone, Debug)]
pub struct HyperLogLog(Registers);

#[derive(Clone, Debug)]
enum Registers {
    /// `register << 8 | rank` of the used ones, ascending.
    Sparse(Vec<u32>),
    /// The rank of each, 0 if unused.
    Dense(Box<[u8]>),
}

/// The greatest rank of a register: that of a hash whose remaining bits are all zero.
const fn rank_max(precision: u32) -> u32 {
    64 - precision + 1
}

/// The most registers that a list holds: a list takes a quarter of the memory of all registers.
fn sparse_max(precision: u32) -> usize {
    SPARSE_MAX.min(1 << precision >> 4)
}

/// The register that a hash selects, and the rank that it gives it.
#[inline]
pub fn ranked(precision: u32, hash: u64) -> (u32, u8) {
    let register = (hash >> (64 - precision)) as u32;
    // The bit set below the others limits the count to 64 - p.
    let zeros = (hash << precision | 1 << (precision - 1)).leading_zeros();
    (register, zeros as u8 + 1)
}

/// How many registers have each rank, from which the number of distinct values is estimated.
#[derive(Clone, Debug)]
pub struct RankCounts {
    precision: u32,
    counts: [u32; RANK_MAX + 1],
}

impl RankCounts {
    /// Of unused registers.
    pub fn new(precision: u32) -> RankCounts {
        let mut counts = [0; RANK_MAX + 1];
        counts[0] = 1 << precision;
        RankCounts { precision, counts }
    }

    /// Gives one register of rank `before` the rank `after`; 0 is the rank of an unused one.
    #[inline]
    pub fn replace(&mut self, before: u8, after: u8) {
        self.counts[usize::from(before)] -= 1;
        self.counts[usize::from(after)] += 1;
    }

    /// The estimate, rounded to the nearest integer.
    pub fn estimate(&self) -> i64 {
        estimate(&self.counts[..=rank_max(self.precision) as usize])
    }
}

impl HyperLogLog {
    /// The sketch of nothing.
    pub const fn zero() -> HyperLogLog {
        HyperLogLog(Registers::Sparse(Vec::new()))
    }

    /// Adds a value that is not null.
    pub fn add(&mut self, precision: u32, value: &Value) {
        self.add_hash(precision, hash(&value.encoded()));
    }

    /// Adds a value by the hash of its canonical encoding.
    #[inline]
    pub fn add_hash(&mut self, precision: u32, hash: u64) {
        let (register, rank) = ranked(precision, hash);
        self.raise(precision, register as usize, rank);
    }

    /// Raises a register to at least `rank`.
    #[inline]
    fn raise(&mut self, precision: u32, register: usize, rank: u8) {
        match &mut self.0 {
            Registers::Dense(ranks) => ranks[register] = ranks[register].max(rank),
            Registers::Sparse(used) => {
                let new = (register as u32) << 8 | u32::from(rank);
                let at = used.partition_point(|&old| (old >> 8) < (new >> 8));
                match used.get_mut(at) {
                    Some(old) if *old >> 8 == new >> 8 => *old = new.max(*old),
                    _ => self.insert(precision, at, new),
                }
            }
        }
    }

    #[cold]
    fn insert(&mut self, precision: u32, at: usize, new: u32) {
        if let Registers::Sparse(used) = &mut self.0 {
            if used.is_empty() {
                // Most sketches in a large store hold one value.
                used.reserve_exact(1);
            }
            used.insert(at, new);
        }
        self.make_dense(precision);
    }

    /// Replaces a list that became too long by registers.
    fn make_dense(&mut self, precision: u32) {
        if let Registers::Sparse(used) = &self.0
            && used.len() > sparse_max(precision)
        {
            let mut ranks = vec![0; 1 << precision].into_boxed_slice();
            used.iter().for_each(|entry| ranks[(entry >> 8) as usize] = *entry as u8);
            self.0 = Registers::Dense(ranks);
        }
    }

    /// Adds another sketch of the same precision.
    pub fn merge(&mut self, precision: u32, other: &HyperLogLog) {
        match (&mut self.0, &other.0) {
            (Registers::Dense(ranks), Registers::Dense(from)) => {
                ranks.iter_mut().zip(from).for_each(|(rank, from)| *rank = (*rank).max(*from));
            }
            (Registers::Sparse(_), Registers::Dense(_)) => {
                let sparse = std::mem::replace(self, other.clone());
                self.merge(precision, &sparse);
            }
            (Registers::Sparse(used), Registers::Sparse(from)) if from.len() > 1 => {
                *used = merged(used, from);
                self.make_dense(precision);
            }
            (_, Registers::Sparse(used)) => {
                for entry in used {
                    self.raise(precision, (entry >> 8) as usize, *entry as u8);
                }
            }
        }
    }

    /// The used registers with their ranks, ascending.
    fn used(&self) -> impl Iterator<Item = (usize, u8)> {
        let (sparse, dense) = match &self.0 {
            Registers::Sparse(used) => (used.as_slice(), &[][..]),
            Registers::Dense(ranks) => (&[][..], &**ranks),
        };
        let dense = dense.iter().copied().enumerate().filter(|(_, rank)| *rank != 0);
        sparse.iter().map(|entry| ((entry >> 8) as usize, *entry as u8)).chain(dense)
    }

    /// The estimate, rounded to the nearest integer.
    pub fn estimate(&self, precision: u32) -> i64 {
        let mut counts = RankCounts::new(precision);
        self.used().for_each(|(_, rank)| counts.replace(0, rank));
        counts.estimate()
    }

    /// Appends the canonical encoding.
    pub fn encode(&self, precision: u32, out: &mut Vec<u8>) {
        let start = out.len();
        if !self.encode_sparse(start + dense_length(precision), out) {
            out.truncate(start);
            self.encode_dense(precision, out);
        }
    }

    /// Appends the sparse form while the length of `out` stays below `end`; returns whether it did.
    fn encode_sparse(&self, end: usize, out: &mut Vec<u8>) -> bool {
        put_unsigned(self.used().count() as u128 + 1, out);
        let mut next = 0;
        for (register, rank) in self.used() {
            put_unsigned(((register - next) as u128) << 2 | u128::from(rank - 1).min(3), out);
            out.extend(rank.checked_sub(4));
            next = register + 1;
            if out.len() >= end {
                return false;
            }
        }
        out.len() < end
    }

    fn encode_dense(&self, precision: u32, out: &mut Vec<u8>) {
        out.push(0);
        let mut ranks = vec![0u8; 1 << precision];
        self.used().for_each(|(register, rank)| ranks[register] = rank);
        let (quads, _) = ranks.as_chunks::<4>();
        for &[a, b, c, d] in quads {
            out.extend([a | b << 6, b >> 2 | c << 4, c >> 4 | d << 2]);
        }
    }

    /// Reads what [`HyperLogLog::encode`] wrote; `None` if the bytes are not canonical for
    /// `precision`.
    pub fn decode(precision: u32, bytes: &mut &[u8]) -> Option<HyperLogLog> {
        let before = bytes.len();
        let header = usize::try_from(unsigned(bytes)?).ok()?;
        let Some(count) = header.checked_sub(1) else {
            return HyperLogLog::decode_dense(precision, bytes);
        };
        let sketch = HyperLogLog::decode_sparse(precision, count, bytes)?;
        (before - bytes.len() < dense_length(precision)).then_some(sketch)
    }

    fn decode_sparse(precision: u32, count: usize, bytes: &mut &[u8]) -> Option<HyperLogLog> {
        let registers = 1 << precision;
        if count > registers {
            return None;
        }
        let mut sketch = HyperLogLog::zero();
        let mut next = 0usize;
        for _ in 0..count {
            let token = u32::try_from(unsigned(bytes)?).ok()?;
            let rank = match token & 3 {
                3 => 4 + u32::from(take::<1>(bytes)?[0]),
                low => low + 1,
            };
            let register = next + (token >> 2) as usize;
            if rank > rank_max(precision) || register >= registers {
                return None;
            }
            sketch.raise(precision, register, rank as u8);
            next = register + 1;
        }
        Some(sketch)
    }

    fn decode_dense(precision: u32, bytes: &mut &[u8]) -> Option<HyperLogLog> {
        let (packed, rest) = bytes.split_at_checked(dense_length(precision) - 1)?;
        *bytes = rest;
        let (triples, _) = packed.as_chunks::<3>();
        let mut ranks = vec![0; 1 << precision].into_boxed_slice();
        let (quads, _) = ranks.as_chunks_mut::<4>();
        for (quad, &[x, y, z]) in quads.iter_mut().zip(triples) {
            *quad = [x & 63, x >> 6 | y << 2 & 63, y >> 4 | z << 4 & 63, z >> 2];
        }
        if ranks.iter().any(|&rank| u32::from(rank) > rank_max(precision)) {
            return None;
        }
        let sketch = HyperLogLog(Registers::Dense(ranks));
        (!sketch.encode_sparse(dense_length(precision), &mut Vec::new())).then_some(sketch)
    }
}

/// How many bytes the dense form takes.
fn dense_length(precision: u32) -> usize {
    1 + (6 << precision >> 3)
}

/// The union of two lists; for a register in both, the greater rank.
fn merged(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut union = Vec::with_capacity(a.len() + b.len());
    let (mut i, mut j) = (0, 0);
    while let (Some(&x), Some(&y)) = (a.get(i), b.get(j)) {
        let (left, right) = (x >> 8, y >> 8);
        // For equal registers the greater entry has the greater rank.
        union.push(if left == right { x.max(y) } else { x.min(y) });
        i += usize::from(left <= right);
        j += usize::from(right <= left);
    }
    union.extend(&a[i..]);
    union.extend(&b[j..]);
    union.shrink_to_fit();
    union
}

#[cfg(test)]
mod tests {
    use super::super::collection_laws::Laws;
    use super::*;
    use proptest::prelude::*;

    struct Precision(u32);

    impl Laws for Precision {
        type Item = u64;
        type State = HyperLogLog;
        fn zero(&self) -> HyperLogLog {
            HyperLogLog::zero()
        }
        fn add(&self, state: &mut HyperLogLog, item: &u64) {
            state.add_hash(self.0, *item);
        }
        fn merge(&self, state: &mut HyperLogLog, other: &HyperLogLog) {
            state.merge(self.0, other);
        }
        fn encode(&self, state: &HyperLogLog, out: &mut Vec<u8>) {
            state.encode(self.0, out);
        }
        fn decode(&self, bytes: &mut &[u8]) -> Option<HyperLogLog> {
            HyperLogLog::decode(self.0, bytes)
        }
    }

    /// Hashes, some with many zeros after the register.
    fn any_hash() -> impl Strategy<Value = u64> {
        (any::<u64>(), 0u32..64).prop_map(|(bits, zeros)| match zeros {
            0..40 => bits,
            zeros => bits & 0xffff << 48 | bits << 16 >> 16 >> (zeros - 16),
        })
    }

    proptest! {
        /// Goal: the laws, the ranks by their definition, and that the estimate is a function of
        /// the registers alone. Method: few registers, so that both forms and memory layouts occur;
        /// an array of ranks counted bit by bit.
        #[test]
        fn s01_s19_hll_is_a_commutative_monoid(
            hashes in prop::collection::vec(any_hash(), 0..200),
            cuts in any::<[prop::sample::Index; 2]>(),
            precision in prop_oneof![4u32..9, Just(16)],
            damage in any::<(usize, u8)>(),
        ) {
            let laws = Precision(precision);
            laws.check(&hashes, cuts.map(|cut| cut.index(hashes.len() + 1)))?;
            let state = laws.fold(&hashes);
            laws.check_damage(&state, damage)?;
            let mut ranks = vec![0u8; 1 << precision];
            for hash in &hashes {
                let bits = (0..64 - precision).rev().map(|bit| hash >> bit & 1);
                let rank = bits.take_while(|&bit| bit == 0).count() as u8 + 1;
                let register = &mut ranks[(hash >> (64 - precision)) as usize];
                *register = rank.max(*register);
            }
            let used = ranks.iter().copied().enumerate().filter(|(_, rank)| *rank > 0);
            prop_assert!(state.used().eq(used));
            let dense = HyperLogLog(Registers::Dense(ranks.into()));
            prop_assert_eq!(laws.bytes(&dense), laws.bytes(&state));
            prop_assert_eq!(dense.estimate(precision), state.estimate(precision));
        }

        /// Goal: arbitrary bytes never panic, and those that decode encode to themselves.
        #[test]
        fn s01_noise_reads_as_itself(
            noise in prop::collection::vec(prop_oneof![0u8..20, any::<u8>()], 0..40),
        ) {
            Precision(4).check_noise(&noise)?;
        }
    }

    /// Goal: hash, registers, bytes and estimate never change unnoticed (S1, S19). Method: golden
    /// encodings and values.
    #[test]
    fn golden_bytes() {
        let laws = Precision(4);
        assert_eq!(laws.bytes(&laws.zero()), [1]);
        let mut state = HyperLogLog::zero();
        state.add(4, &Value::from("a"));
        assert_eq!(laws.bytes(&state), [2, 11 << 2]);
        (0..100).for_each(|i| state.add(4, &Value::Int64(i)));
        assert_eq!(laws.bytes(&state), [0, 67, 97, 8, 134, 65, 16, 65, 49, 12, 67, 65, 24]);
        assert_eq!(state.estimate(4), 116);
    }
}
