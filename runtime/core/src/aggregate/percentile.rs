//! Approximate percentiles: a sketch with a bounded relative error and integer bins (S19).
//!
//! A finite value's bin is determined by its bit pattern without the last 52 - `bits` bits of the
//! mantissa: sign, exponent and leading `bits` of the mantissa. So no logarithm is needed. Zeros,
//! each infinity and NaN have a bin of their own. `bits` starts at 7 and decreases by one, merging
//! neighbouring bins in pairs, while more than 1024 bins of any kind are in use.
//!
//! Laws: adding values never reduces the number of bins in use at a given `bits`. So the state's
//! `bits` is the greatest at which all values together use at most 1024 bins, whatever their order,
//! and the counts are those of all values in these bins. State: the counts, in [`super::bins`].
//! Error bound: the result is the double in the middle of the bin of the value x with rank ceil(p
//! n), at least 1, in order. It differs from x by at most 2^-(bits + 1) of |x|, or of the least
//! normal double where |x| is less. With `bits` below 0, which takes values of more than 500 powers
//! of two, a bin spans 2^-bits powers of two, and the result is within a factor of 2^(2^(-bits -
//! 1)). Bytes: a byte of 7 - bits and a flag for each kind of special value present, their counts,
//! the number of bins, then for each its count and the distance from the previous one.
//!
//! The crates `sketches-ddsketch` and `sketches-rust` take a logarithm and collapse only the lowest
//! or highest bins, depending on insertion order, so they do not obey the laws of states.
//! Deliberately absent: interpolation.

use super::bins::Bins;
use super::bytes::{put_signed, put_unsigned, signed, unsigned};
use super::percentile_bin::{BITS_MAX, Bin, FINITE_MAX, index, index_max, leading_bits, middle};
use crate::value::{NAN_64, take};

/// Most bins in use, those of special values included.
pub const BINS_MAX: usize = 1024;
/// Most bits that are dropped: 256 bins for each sign remain, which is always few enough.
const DROPS_MAX: u32 = 10;

/// Values with a bin of their own, in the order of their counts and flags.
const ZERO: usize = 0;
const MINUS_INFINITY: usize = 1;
const PLUS_INFINITY: usize = 2;
const NAN: usize = 3;

/// The sketch; small while empty.
#[derive(Clone, Debug)]
pub struct Percentile(Option<Box<Sketch>>);

#[derive(Clone, Debug)]
struct Sketch {
    /// The number of bits that were dropped.
    drops: u32,
    special: [u64; 4],
    /// Counts by index: the bin's bits for a positive value, all of them inverted for a negative
    /// one. So indices sort as values do, and halving an index drops a bit.
    bins: Bins,
}

/// The rank of a percentile among `rows` values, counted from 1.
pub fn rank(rows: u128, millionths: u32) -> u128 {
    (rows * u128::from(millionths)).div_ceil(1_000_000).max(1)
}

impl Percentile {
    /// The sketch of nothing.
    pub const fn zero() -> Percentile {
        Percentile(None)
    }

    fn sketch(&mut self) -> &mut Sketch {
        self.0.get_or_insert_with(|| {
            Box::new(Sketch { drops: 0, special: [0; 4], bins: Bins::zero() })
        })
    }

    /// Adds one value.
    #[inline]
    pub fn add(&mut self, value: f64) {
        let sketch = match &mut self.0 {
            Some(sketch) => sketch,
            None => self.sketch(),
        };
        let magnitude = value.to_bits() & !(1 << 63);
        if magnitude.wrapping_sub(1) >= FINITE_MAX {
            sketch.add_special(value);
        } else if sketch.bins.add(index(value, sketch.drops), 1) {
            sketch.collapse();
        }
    }

    /// Adds one integer to the bin of its own leading bits: rounded to a double first, it could get
    /// the next exponent.
    #[inline]
    pub fn add_int(&mut self, value: i64) {
        self.add(leading_bits(value));
    }

    /// Adds `count` values of a bin.
    pub fn add_bin(&mut self, bin: Bin, count: u64) {
        let sketch = self.sketch();
        let kind = match bin {
            Bin::Negative(index) | Bin::Positive(index) => {
                sketch.bins.add(index >> sketch.drops, count);
                return sketch.collapse();
            }
            Bin::MinusInfinity => MINUS_INFINITY,
            Bin::Zero => ZERO,
            Bin::PlusInfinity => PLUS_INFINITY,
            Bin::Nan => NAN,
        };
        sketch.special[kind] = sketch.special[kind].saturating_add(count);
        sketch.collapse();
    }

    /// Adds another sketch.
    pub fn merge(&mut self, other: &Percentile) {
        let Some(from) = &other.0 else { return };
        let Some(sketch) = &mut self.0 else { return self.clone_from(other) };
        if from.drops > sketch.drops {
            sketch.bins = sketch.bins.collapsed(from.drops - sketch.drops);
            sketch.drops = from.drops;
        }
        match sketch.drops - from.drops {
            0 => sketch.bins.merge(&from.bins),
            behind => sketch.bins.merge(&from.bins.collapsed(behind)),
        }
        for (count, from) in sketch.special.iter_mut().zip(from.special) {
            *count = count.saturating_add(from);
        }
        sketch.collapse();
    }

    /// The bits of the mantissa that still determine a bin; the error bound follows from them.
    pub fn bits(&self) -> i32 {
        let drops = self.0.as_ref().map_or(0, |sketch| sketch.drops);
        BITS_MAX as i32 - drops as i32
    }

    /// The result for the value of rank ceil(n * millionths / 1,000,000), at least 1; `None`
    /// without values.
    pub fn percentile(&self, millionths: u32) -> Option<f64> {
        let sketch = self.0.as_ref()?;
        let rank = rank(sketch.rows(), millionths);
        let mut below = 0;
        sketch.in_order().find_map(|(value, count)| {
            below += u128::from(count);
            (below >= rank).then_some(value)
        })
    }

    /// Appends the canonical encoding.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let Some(sketch) = &self.0 else { return out.extend([0, 0]) };
        let flags = (0..4).filter(|&i| sketch.special[i] != 0).fold(0, |flags, i| flags | 16 << i);
        out.push(flags | sketch.drops as u8);
        for count in sketch.special.into_iter().filter(|count| *count != 0) {
            put_unsigned(count.into(), out);
        }
        put_unsigned(sketch.bins.len() as u128, out);
        let mut previous = None;
        for (index, count) in sketch.bins.iter() {
            put_unsigned(count.into(), out);
            match previous {
                None => put_signed(index.into(), out),
                Some(previous) => put_unsigned((index - previous) as u128 - 1, out),
            }
            previous = Some(index);
        }
    }

    /// Reads what [`Percentile::encode`] wrote; `None` if the bytes are not canonical.
    pub fn decode(bytes: &mut &[u8]) -> Option<Percentile> {
        let [header] = take(bytes)?;
        let drops = u32::from(header & 15);
        if drops > DROPS_MAX {
            return None;
        }
        let count = |bytes: &mut &[u8]| match u64::try_from(unsigned(bytes)?).ok()? {
            0 => None,
            count => Some(count),
        };
        let mut special = [0; 4];
        for i in (0..4).filter(|i| header & 16 << i != 0) {
            special[i] = count(bytes)?;
        }
        let length = usize::try_from(unsigned(bytes)?).ok()?;
        if length > BINS_MAX {
            return None;
        }
        let mut bins = Bins::zero();
        let mut next = None;
        for _ in 0..length {
            let total = count(bytes)?;
            let index = match next {
                None => i32::try_from(signed(bytes)?).ok()?,
                Some(next) => i32::try_from(unsigned(bytes)?).ok()?.checked_add(next)?,
            };
            if index > index_max(drops) || index < !index_max(drops) {
                return None;
            }
            bins.add(index, total);
            next = Some(index + 1);
        }
        if header == 0 && length == 0 {
            return Some(Percentile(None));
        }
        let sketch = Sketch { drops, special, bins };
        // At most 1024 bins are in use, and it must be possible that the last drop was needed.
        let possible = sketch.bins.iter().map(|(_, count)| count.min(2) as usize).sum::<usize>();
        let canonical = sketch.used() <= BINS_MAX
            && (drops == 0 || possible + sketch.used() - length > BINS_MAX);
        canonical.then(|| Percentile(Some(Box::new(sketch))))
    }
}

impl Sketch {
    #[cold]
    fn add_special(&mut self, value: f64) {
        let kind = match value {
            0.0 => ZERO,
            f64::NEG_INFINITY => MINUS_INFINITY,
            f64::INFINITY => PLUS_INFINITY,
            _ => NAN,
        };
        self.special[kind] = self.special[kind].saturating_add(1);
        self.collapse();
    }

    /// The number of bins of any kind in use.
    fn used(&self) -> usize {
        self.bins.len() + self.special.iter().filter(|count| **count != 0).count()
    }

    /// Drops bits while too many bins are in use.
    fn collapse(&mut self) {
        while self.used() > BINS_MAX {
            self.bins = self.bins.collapsed(1);
            self.drops += 1;
        }
    }

    /// The number of values.
    fn rows(&self) -> u128 {
        let special = self.special.iter().map(|&count| u128::from(count)).sum::<u128>();
        special + self.bins.iter().map(|(_, count)| u128::from(count)).sum::<u128>()
    }

    /// Results and counts of the bins, in value order.
    fn in_order(&self) -> impl Iterator<Item = (f64, u64)> {
        let middle = |(index, count)| (middle(index, self.drops), count);
        [(f64::NEG_INFINITY, self.special[MINUS_INFINITY])]
            .into_iter()
            .chain(self.bins.iter().take_while(|(index, _)| *index < 0).map(middle))
            .chain([(0.0, self.special[ZERO])])
            .chain(self.bins.iter().skip_while(|(index, _)| *index < 0).map(middle))
            .chain([(f64::INFINITY, self.special[PLUS_INFINITY]), (NAN_64, self.special[NAN])])
    }
}

#[cfg(test)]
mod tests {
    use super::super::collection_laws::Laws;
    use super::*;
    use crate::value::f64_order;
    use proptest::prelude::*;
    use std::collections::HashSet;

    struct Kind;

    impl Laws for Kind {
        type Item = f64;
        type State = Percentile;
        fn zero(&self) -> Percentile {
            Percentile::zero()
        }
        fn add(&self, state: &mut Percentile, item: &f64) {
            state.add(*item);
        }
        fn merge(&self, state: &mut Percentile, other: &Percentile) {
            state.merge(other);
        }
        fn encode(&self, state: &Percentile, out: &mut Vec<u8>) {
            state.encode(out);
        }
        fn decode(&self, bytes: &mut &[u8]) -> Option<Percentile> {
            Percentile::decode(bytes)
        }
    }

    fn any_double() -> impl Strategy<Value = f64> {
        prop_oneof![
            4 => any::<u64>().prop_map(f64::from_bits),
            4 => (-100_000i32..100_000).prop_map(|cents| f64::from(cents) / 100.0),
            1 => prop_oneof![Just(0.0), Just(-0.0), Just(f64::MAX), Just(f64::MIN), Just(-5e-324)],
            1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY)],
        ]
    }

    /// Thousands of values spread over `powers` powers of two, which force collapses.
    fn many_doubles() -> impl Strategy<Value = Vec<f64>> {
        let length = prop_oneof![2 => 900usize..1200, 1 => 1200usize..5000];
        (any::<u64>(), length, 1u32..12, any::<bool>()).prop_map(|(seed, length, bits, signed)| {
            let mut state = seed | 1;
            let values = (0..length).map(|i| {
                state =
                    state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
                let power = (1023 + (state >> 53 >> (11 - bits))).saturating_sub(1 << (bits - 1));
                let sign = u64::from(signed && state >> 20 & 1 == 1) << 63;
                match i % 500 {
                    499 => -0.0,
                    498 => f64::from_bits(state),
                    _ => f64::from_bits(sign | power << 52 | state << 12 >> 12),
                }
            });
            values.collect()
        })
    }

    /// How many bins are used with `bits`, by their definition.
    fn bins_used(values: &[f64], bits: i32) -> usize {
        let bins = values.iter().map(|&x| {
            let magnitude = x.abs().to_bits() >> (52 - bits);
            match x {
                0.0 => (0, "zero"),
                _ if x.is_nan() => (0, "NaN"),
                _ if x.is_infinite() && x > 0.0 => (0, "infinity"),
                _ if x.is_infinite() => (0, "-infinity"),
                _ if x > 0.0 => (magnitude, "+"),
                _ => (magnitude, "-"),
            }
        });
        bins.collect::<HashSet<_>>().len()
    }

    /// Checks the error bound of the module's documentation.
    fn is_near(answer: f64, x: f64, bits: i32) -> bool {
        if x.is_nan() || x.is_infinite() || x == 0.0 {
            return answer.to_bits() == if x == 0.0 { 0 } else { canonical(x) };
        }
        let scale = x.abs().max(f64::MIN_POSITIVE);
        if bits >= 0 {
            // Exact: the difference is between neighbours and the factor is a power of two.
            return answer.signum() == x.signum()
                && (answer - x).abs() <= scale * 2f64.powi(-bits - 1);
        }
        let factor = 2f64.powi(1 << (-bits - 1));
        let ratio = answer / x;
        x.abs() < f64::MIN_POSITIVE || (1.0 / factor <= ratio && ratio <= factor)
    }

    fn canonical(x: f64) -> u64 {
        crate::value::canonical_f64(x).to_bits()
    }

    fn check_answers(values: &[f64], millionths: u32) -> Result<(), TestCaseError> {
        let state = Kind.fold(values);
        let bits = (-3..=7).rev().find(|&bits| bins_used(values, bits) <= BINS_MAX);
        prop_assert_eq!(Some(state.bits()), bits);
        let mut sorted = values.to_vec();
        sorted.sort_by_key(|&x| f64_order(x));
        let rank = (1..=values.len() as u64)
            .find(|rank| rank * 1_000_000 >= values.len() as u64 * u64::from(millionths));
        let Some(rank) = rank else {
            prop_assert_eq!(state.percentile(millionths), None);
            return Ok(());
        };
        let (answer, x) = (state.percentile(millionths).unwrap(), sorted[rank as usize - 1]);
        prop_assert!(is_near(answer, x, state.bits()), "{answer} for {x} at {} bits", state.bits());
        Ok(())
    }

    /// Goal: an integer is in the bin of its own bits. Method: integers that round to the next
    /// power of two as doubles, and their neighbours.
    #[test]
    fn s19_integers_are_binned_exactly() {
        let answer = |value: i64| {
            let mut sketch = Percentile::zero();
            sketch.add_int(value);
            sketch.percentile(500_000).unwrap()
        };
        let middle = |power: i32, bins: f64| 2f64.powi(power) * (bins + 0.5) / 128.0;
        for (value, expected) in [
            (i64::MAX, middle(62, 255.0)),
            (-i64::MAX, -middle(62, 255.0)),
            (i64::MIN, -middle(63, 128.0)),
            ((1 << 54) - 1, middle(53, 255.0)),
            (1 << 54, middle(54, 128.0)),
            (-3, -middle(1, 192.0)),
            (0, 0.0),
        ] {
            assert_eq!(answer(value).to_bits(), expected.to_bits(), "{value}");
        }
    }

    proptest! {
        /// Goal: the laws, and the error bound. Method: every grouping of [`Laws::check`]; the
        /// order statistic of all values sorted.
        #[test]
        fn s01_s19_percentile_is_a_commutative_monoid(
            values in prop::collection::vec(any_double(), 0..80),
            cuts in any::<[prop::sample::Index; 2]>(),
            millionths in 1u32..=1_000_000,
            damage in any::<(usize, u8)>(),
        ) {
            Kind.check(&values, cuts.map(|cut| cut.index(values.len() + 1)))?;
            Kind.check_damage(&Kind.fold(&values), damage)?;
            check_answers(&values, millionths)?;
        }

        /// Goal: arbitrary bytes never panic, and those that decode encode to themselves.
        #[test]
        fn s01_noise_reads_as_itself(
            noise in prop::collection::vec(prop_oneof![0u8..10, any::<u8>()], 0..40),
        ) {
            Kind.check_noise(&noise)?;
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        /// Goal: collapsing keeps the laws: any grouping gives the same bytes, `bits` is the
        /// greatest allowed by the definition, and the error bound holds. Method: as above with
        /// thousands of distinct magnitudes.
        #[test]
        fn s18_s19_collapsing_keeps_the_laws(
            values in many_doubles(),
            cuts in any::<[prop::sample::Index; 2]>(),
            millionths in 1u32..=1_000_000,
        ) {
            Kind.check(&values, cuts.map(|cut| cut.index(values.len() + 1)))?;
            check_answers(&values, millionths)?;
        }
    }

    /// Goal: all doubles fit into the bins at the fewest bits, including the greatest bin at -1
    /// bits, whose middle is not a finite double.
    #[test]
    fn s19_every_power_of_two_fits() {
        let powers = |step: usize| {
            let positive = (0..2047u64).step_by(step).map(|power| f64::from_bits(power << 52 | 1));
            positive.flat_map(|x| [x, -x]).collect::<Vec<_>>()
        };
        let all = Kind.fold(&powers(1));
        assert_eq!((all.bits(), all.0.as_ref().unwrap().used()), (-2, 1024));
        let mut more = all.clone();
        more.add(0.0);
        assert_eq!((more.bits(), more.0.as_ref().unwrap().used()), (-3, 513));
        let positive: Vec<f64> = powers(1).into_iter().filter(|x| *x > 0.0).collect();
        let half = Kind.fold(&positive);
        assert_eq!((half.bits(), half.percentile(1_000_000)), (-1, Some(f64::MAX)));
    }

    /// Goal: ranks are exact (S19), an empty state gives null (S16), both zeros give +0.0. Method:
    /// integers below 256, which are the least of their bins, so that the bin identifies the value.
    #[test]
    fn s16_s19_ranks() {
        let state = Kind.fold(&(1..=200).map(f64::from).collect::<Vec<_>>());
        for (millionths, value) in [
            (1, 1.0),
            (5_000, 1.0),
            (5_001, 2.0),
            (500_000, 100.0),
            (500_001, 101.0),
            (1_000_000, 200.0),
        ] {
            let answer = state.percentile(millionths).unwrap();
            assert!(value <= answer && answer < value + 1.0, "{millionths}: {answer}");
        }
        assert_eq!(Percentile::zero().percentile(500_000), None);
        let zeros = Kind.fold(&[-0.0, -0.0, 0.0]);
        assert_eq!(zeros.percentile(1).map(f64::to_bits), Some(0));
        let special = Kind.fold(&[-f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
        assert_eq!(special.percentile(1), Some(f64::NEG_INFINITY));
        assert_eq!(special.percentile(600_000), Some(f64::INFINITY));
        assert_eq!(special.percentile(1_000_000).map(f64::to_bits), Some(NAN_64.to_bits()));
    }

    /// Goal: a change of the stored bytes is noticed (S1), and impossible states are refused.
    /// Method: golden encodings.
    #[test]
    fn golden_bytes() {
        assert_eq!(Kind.bytes(&Kind.zero()), [0, 0]);
        let values = [1.0, 1.0, -1.0, 1.01, 0.0, f64::NAN, f64::NAN];
        let bytes = [0x90, 1, 2, 3, 1, 129, 254, 15, 2, 128, 254, 15, 1, 0];
        assert_eq!(Kind.bytes(&Kind.fold(&values)), bytes);
        let decode = |bytes: &[u8]| Percentile::decode(&mut &*bytes).map(|state| state.bits());
        assert_eq!(decode(&[0, 1, 1, 0]), Some(7));
        assert_eq!(decode(&[1, 1, 1, 0]), None, "a drop without need");
        assert_eq!(decode(&[0, 1, 0, 0]), None, "a count of 0");
        assert_eq!(decode(&[16, 0, 0]), None, "no zero counted");
        let greatest = (index_max(0) as u32) << 1;
        for (index, valid) in [(greatest, true), (greatest + 1, true), (greatest + 2, false)] {
            let mut bytes = vec![0, 1, 1];
            put_unsigned(index.into(), &mut bytes);
            assert_eq!(decode(&bytes).is_some(), valid, "{index}");
        }
    }
}
