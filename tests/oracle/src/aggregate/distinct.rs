//! What depends on how often each distinct value occurs, and the estimate of how many there are.
//!
//! Invariant: values are distinct when their bits are (S14); more than the limit overflow (S18).
//! [`registers`] holds the hashes of S19, and the estimate is Ertl's series over them, summed as
//! printed: rounded to an integer, the order of additions does not show. Deliberately absent: how
//! far an estimate may lie from the exact count, which the product's tests measure.

use crate::encoding::canonical_bytes;
use crate::exact::round;
use crate::outcome::Outcome;
use crate::value::Value;
use num_bigint::BigInt;
use num_rational::BigRational;
use std::cmp::Reverse;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The seed of every hash of a value (S19).
const SEED: u64 = 0;

/// Each distinct value in ascending order, and how often it occurs.
fn counted(mut values: Vec<Value>) -> Vec<(Value, usize)> {
    values.sort_by(Value::order);
    let equal = |a: &Value, b: &Value| a.order(b).is_eq();
    values.chunk_by(equal).map(|copies| (copies[0].clone(), copies.len())).collect()
}

/// The distinct values with their counts, unless there are more than `limit`.
fn bounded(values: Vec<Value>, limit: usize) -> Option<Vec<(Value, usize)>> {
    Some(counted(values)).filter(|counted| counted.len() <= limit)
}

/// Whether more values are distinct than `limit`.
pub(crate) fn exceed(values: &[Value], limit: usize) -> bool {
    bounded(values.to_vec(), limit).is_none()
}

/// What an aggregate of the distinct values is, each counted once.
pub(crate) fn of_distinct(
    values: Vec<Value>,
    limit: usize,
    aggregate: impl Fn(&[Value]) -> Outcome,
) -> Outcome {
    let Some(counted) = bounded(values, limit) else { return Outcome::overflow() };
    let once: Vec<Value> = counted.into_iter().map(|(value, _)| value).collect();
    aggregate(&once)
}

/// How many values are distinct.
pub(crate) fn unique_count(values: Vec<Value>, limit: usize) -> Outcome {
    let count = |counted: Vec<_>| Outcome::of(Value::Int64(counted.len() as i64));
    bounded(values, limit).map_or_else(Outcome::overflow, count)
}

/// Each distinct value with its count.
pub(crate) fn histogram(values: Vec<Value>, limit: usize) -> Outcome {
    let Some(counted) = bounded(values, limit) else { return Outcome::overflow() };
    let pairs = counted.into_iter().map(|(value, count)| (value, Value::Int64(count as i64)));
    Outcome::of(Value::Map(pairs.collect()))
}

/// The most frequent value, of several the least.
pub(crate) fn mode(values: Vec<Value>, limit: usize) -> Outcome {
    let Some(counted) = bounded(values, limit) else { return Outcome::overflow() };
    let most = counted.iter().map(|(_, count)| *count).max();
    let mode = counted.into_iter().find(|(_, count)| Some(*count) == most);
    Outcome::of(mode.map_or(Value::Null, |(value, _)| value))
}

/// The most frequent values, most frequent first, of equally frequent ones the lesser first.
pub(crate) fn most_frequent(values: Vec<Value>, n: usize, limit: usize) -> Outcome {
    let Some(mut counted) = bounded(values, limit) else { return Outcome::overflow() };
    // A stable sort: equally frequent values stay in ascending order.
    counted.sort_by_key(|(_, count)| Reverse(*count));
    counted.truncate(n);
    Outcome::of(Value::List(counted.into_iter().map(|(value, _)| value).collect()))
}

/// The part that the most frequent value has in all.
pub(crate) fn mode_share(values: Vec<Value>, limit: usize) -> Outcome {
    let n = values.len();
    let Some(counted) = bounded(values, limit) else { return Outcome::overflow() };
    let share = |most| round(&BigRational::new(BigInt::from(most), BigInt::from(n)));
    let most = counted.into_iter().map(|(_, count)| count).max();
    Outcome::of(most.map_or(Value::Null, |most| Value::Float64(share(most))))
}

/// The entropy in bits, in doubles: counts ascending, each operation rounded.
pub(crate) fn entropy(values: Vec<Value>, limit: usize) -> Outcome {
    let n = values.len() as f64;
    let Some(counted) = bounded(values, limit) else { return Outcome::overflow() };
    if counted.is_empty() {
        return Outcome::null();
    }
    let mut counts: Vec<usize> = counted.into_iter().map(|(_, count)| count).collect();
    counts.sort_unstable();
    let mut sum = 0.0;
    for count in counts {
        let count = count as f64;
        sum += count * libm::log2(count);
    }
    let entropy = libm::log2(n) - sum / n;
    Outcome::of(Value::Float64(if entropy > 0.0 { entropy } else { 0.0 }))
}

/// The estimate of how many values are distinct, from `2^precision` registers.
pub(crate) fn estimate(values: &[Value], precision: u8) -> Outcome {
    Outcome::of(Value::Int64(libm::rint(cardinality(&registers(values, precision))) as i64))
}

/// Ertl's improved estimate of 2017: with m registers, c(k) of them k, and r the greatest k,
/// m^2 / (2 ln 2) / (m sigma(c(0) / m) + sum of c(k) / 2^k for 0 < k < r + m tau(1 - c(r) / m)
/// / 2^(r - 1)).
fn cardinality(registers: &[u8]) -> f64 {
    let m = registers.len() as f64;
    let greatest = 65 - registers.len().ilog2() as u8;
    let of = |k: u8| registers.iter().filter(|register| **register == k).count() as f64;
    let between: f64 = (1..greatest).map(|k| of(k) * power_of_half(k)).sum();
    let full = m * tau(1.0 - of(greatest) / m) * power_of_half(greatest - 1);
    m * m / (2.0 * std::f64::consts::LN_2) / (m * sigma(of(0) / m) + between + full)
}

fn power_of_half(k: u8) -> f64 {
    libm::exp2(-f64::from(k))
}

/// x + the sum of x^(2^k) 2^(k - 1) for k from 1.
fn sigma(x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    // Beyond 2^60 any power of a share of at most 65,536 registers is nothing.
    let term = |k: i32| libm::pow(x, libm::exp2(f64::from(k))) * libm::exp2(f64::from(k - 1));
    x + (1..60).map(term).sum::<f64>()
}

/// A third of 1 - x - the sum of (1 - x^(1 / 2^k))^2 / 2^k for k from 1.
fn tau(x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let term = |k: u8| {
        let rest = 1.0 - libm::pow(x, power_of_half(k));
        rest * rest * power_of_half(k)
    };
    (1.0 - x - (1..60).map(term).sum::<f64>()) / 3.0
}

/// The registers of some values: the hash's first `precision` bits choose one, which holds the
/// greatest place of the first 1 in the rest of a hash, from 1.
///
/// # Panics
/// If a value is null, a list or a map: none has a canonical encoding here.
pub fn registers(values: &[Value], precision: u8) -> Vec<u8> {
    let mut registers = vec![0_u8; 1 << precision];
    for value in values {
        let hash = xxh3_64_with_seed(&canonical_bytes(value), SEED);
        let index = (hash >> (64 - u32::from(precision))) as usize;
        let rest_bits = 64 - u32::from(precision);
        let zeros = (hash << precision).leading_zeros().min(rest_bits);
        registers[index] = registers[index].max(zeros as u8 + 1);
    }
    registers
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: hash, encoding, registers and estimate are sound. Method: distinct numbers and texts,
    /// twice each, a few and many, at several precisions; estimates near the exact counts.
    #[test]
    fn s19_estimates_are_near_the_exact_counts() {
        for precision in [7, 10, 12, 16] {
            let registers_count = f64::from(1_u32 << precision);
            for count in [0_i64, 1, 2, 100, 1000, 30_000] {
                let whole: Vec<Value> = (0..count).map(Value::Int64).collect();
                let texts: Vec<Value> = (0..count).map(|i| Value::Text(i.to_string())).collect();
                for values in [whole, texts] {
                    let twice = [values.clone(), values.clone()].concat();
                    assert_eq!(registers(&twice, precision), registers(&values, precision));
                    let found = cardinality(&registers(&values, precision));
                    let most = 4.0 * 1.04 / registers_count.sqrt() * count as f64 + 0.5;
                    let error = (found - count as f64).abs();
                    assert!(error <= most, "{count} at 2^{precision}: {found}");
                }
            }
        }
    }

    /// Goal: the ends of the range. Method: registers all unused, all full, and one of 16 used.
    #[test]
    fn s16_estimates_at_the_ends() {
        assert_eq!(cardinality(&[0; 16]), 0.0);
        assert_eq!(cardinality(&[61; 16]), f64::INFINITY);
        let one: Vec<u8> = [vec![1], vec![0; 15]].concat();
        assert_eq!(libm::rint(cardinality(&one)), 1.0);
    }
}
