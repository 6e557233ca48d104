//! Checks whether an aggregate keeps the laws on which parity relies (S1, S18, S21). For `cargo
//! test`.
//!
//! ```text
//! decode(encode(a)) = a                       one encoding
//! merge(zero, a) = a = merge(a, zero)         identity
//! merge(a, b) = merge(b, a)                   commutative
//! merge(merge(a, b), c) = merge(a, merge(b, c))
//! update(a, x) = merge(a, update(zero, x))    split = whole, in any order and any tree
//! ```
//!
//! Invariant: states are compared as encoded bytes, which is what hosts keep, and everything random
//! comes from a fixed seed, so a failure repeats. Groups grow from small to large, so the first
//! failure is a short one. Deliberately absent: a proof. Laws that break only beyond a bound show
//! only on samples beyond it, so test a type that has a small bound with more rows than that bound.

mod random;
mod sample;

pub use sample::{Sample, list, samples};

use crate::aggregate::Aggregate;
use crate::column::Build;
use crate::output::Output;
use crate::writer::{batch_bytes, write_batch};
use random::Random;
use std::fmt;

/// Rounds, each with new groups.
const ROUNDS: usize = 200;
/// A group has at most this many times as many rows as there are samples.
const REPEATS: usize = 3;

/// Panics with the law and the rows that break it, if any are found.
///
/// `samples` are inputs in no order; each is used any number of times. [`samples`] makes some.
/// Choose them so that they collide, fill what has a bound and exceed it.
pub fn check<A: Aggregate>(samples: &[A::Input<'_>]) {
    if let Err(broken) = verify::<A>(samples) {
        panic!("{broken}");
    }
}

/// Returns the law that the aggregate breaks on `samples`, if any.
pub fn verify<A: Aggregate>(samples: &[A::Input<'_>]) -> Result<(), Broken> {
    assert!(!samples.is_empty(), "an aggregate is checked on some inputs; give some");
    let mut bench = Bench::<A> { samples, random: Random::new() };
    bench.alone(&[])?;
    for (at, _) in samples.iter().enumerate() {
        bench.alone(&[at])?;
    }
    for round in 0..ROUNDS {
        let most = (REPEATS * samples.len() * (round + 1)).div_ceil(ROUNDS);
        let [a, b, c] = [most, most, most].map(|most| bench.random.rows(samples.len(), most));
        [&a, &b, &c].into_iter().try_for_each(|rows| bench.alone(rows))?;
        bench.pair(&a, &b)?;
        bench.triple(&a, &b, &c)?;
        bench.tree(&[a, b, c].concat())?;
    }
    Ok(())
}

/// A law that does not hold, and where.
#[derive(Clone, PartialEq, Eq)]
pub struct Broken(String);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Broken {}

/// An encoded state, and how it was computed.
struct Side {
    how: &'static str,
    state: Vec<u8>,
}

struct Bench<'s, 'i, A: Aggregate> {
    samples: &'s [A::Input<'i>],
    random: Random,
}

impl<A: Aggregate> Bench<'_, '_, A> {
    /// A failure: the law, the meaning of each name in it, and what was found.
    fn broken(&self, law: &str, groups: &[(&str, &[usize])], found: &str) -> Broken {
        let name = std::any::type_name::<A>();
        let mut text = format!("{name} breaks a law: {law}\n");
        for (name, rows) in groups {
            let inputs: Vec<_> = rows.iter().map(|at| self.samples[*at]).collect();
            text += &format!("  {name} has the rows {inputs:?}\n");
        }
        Broken(text + found)
    }

    fn same(
        &self,
        law: &str,
        groups: &[(&str, &[usize])],
        left: &Side,
        right: &Side,
    ) -> Result<(), Broken> {
        if left.state == right.state {
            return Ok(());
        }
        let hex = |side: &Side| -> String {
            side.state.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        let width = left.how.len().max(right.how.len());
        let line = |side: &Side| format!("  {:width$} encodes to 0x{}\n", side.how, hex(side));
        Err(self.broken(law, groups, &(line(left) + &line(right))))
    }

    /// The state of these rows, added one after the other.
    fn updated(&self, rows: &[usize]) -> A {
        let mut state = A::zero();
        rows.iter().for_each(|at| state.update(self.samples[*at]));
        state
    }

    fn state(&self, rows: &[usize]) -> Vec<u8> {
        encoded(&self.updated(rows))
    }

    /// Two encoded states merged.
    fn merged(&self, left: &[u8], right: &[u8]) -> Result<Vec<u8>, Broken> {
        let mut state = self.decoded(left)?;
        state.merge(self.decoded(right)?);
        Ok(encoded(&state))
    }

    fn decoded(&self, state: &[u8]) -> Result<A, Broken> {
        A::decode(state).map_err(|reason| {
            let found = format!("  {state:02x?}\n  is refused: {reason}\n");
            self.broken("decode reads what encode wrote", &[], &found)
        })
    }

    /// Checks the laws of one state.
    fn alone(&self, a: &[usize]) -> Result<(), Broken> {
        let groups: &[(&str, &[usize])] = &[("a", a)];
        let whole = self.updated(a);
        let state = Side { how: "a", state: encoded(&whole) };
        let (length, most) = (state.state.len(), A::STATE_BYTES_MAX as usize);
        if length > most {
            let found = format!("  a encodes to {length} bytes\n");
            let law = format!("a state has at most STATE_BYTES_MAX = {most} bytes");
            return Err(self.broken(&law, groups, &found));
        }
        let read = self.decoded(&state.state)?;
        let again = Side { how: "decode(encode(a))", state: encoded(&read) };
        self.same("decode(encode(a)) = a", groups, &state, &again)?;
        if value(&whole) != value(&read) {
            let law = "decode(encode(a)) has the value of a";
            return Err(self.broken(law, groups, "  their values differ\n"));
        }
        let zero = encoded(&A::zero());
        let merged = self.merged(&zero, &state.state)?;
        let left = Side { how: "merge(zero, a)", state: merged };
        self.same("merge(zero, a) = a", groups, &state, &left)?;
        let merged = self.merged(&state.state, &zero)?;
        let right = Side { how: "merge(a, zero)", state: merged };
        self.same("merge(a, zero) = a", groups, &state, &right)
    }

    /// Checks the laws of two states.
    fn pair(&self, a: &[usize], b: &[usize]) -> Result<(), Broken> {
        let groups: &[(&str, &[usize])] = &[("a", a), ("b", b)];
        let (left, right) = (self.state(a), self.state(b));
        let forth = Side { how: "merge(a, b)", state: self.merged(&left, &right)? };
        let back = Side { how: "merge(b, a)", state: self.merged(&right, &left)? };
        self.same("merge(a, b) = merge(b, a)", groups, &forth, &back)?;
        let whole = Side { how: "update with all rows", state: self.state(&[a, b].concat()) };
        let law = "merge(a, b) is the state of the rows of both";
        self.same(law, groups, &forth, &whole)?;
        let Some((x, rest)) = a.split_first() else { return Ok(()) };
        let rest = self.state(rest);
        let state = self.merged(&rest, &self.state(&[*x]))?;
        let law = "update(a, x) = merge(a, update(zero, x))";
        let groups: &[(&str, &[usize])] = &[("a", &a[1..]), ("x", &a[..1])];
        let mut updated = self.decoded(&rest)?;
        updated.update(self.samples[*x]);
        let updated = Side { how: "update(a, x)", state: encoded(&updated) };
        self.same(law, groups, &updated, &Side { how: "merge(a, update(zero, x))", state })
    }

    /// Checks associativity.
    fn triple(&self, a: &[usize], b: &[usize], c: &[usize]) -> Result<(), Broken> {
        let groups: &[(&str, &[usize])] = &[("a", a), ("b", b), ("c", c)];
        let law = "merge(merge(a, b), c) = merge(a, merge(b, c))";
        let [a, b, c] = [a, b, c].map(|rows| self.state(rows));
        let state = self.merged(&self.merged(&a, &b)?, &c)?;
        let left = Side { how: "merge(merge(a, b), c)", state };
        let state = self.merged(&a, &self.merged(&b, &c)?)?;
        self.same(law, groups, &left, &Side { how: "merge(a, merge(b, c))", state })
    }

    /// Checks that splitting does not matter: the rows one by one, merged in a random tree.
    fn tree(&mut self, rows: &[usize]) -> Result<(), Broken> {
        let mut parts: Vec<Vec<u8>> = rows.iter().map(|at| self.state(&[*at])).collect();
        while parts.len() > 1 {
            let left = parts.swap_remove(self.random.below(parts.len()));
            let right = parts.swap_remove(self.random.below(parts.len()));
            parts.push(self.merged(&left, &right)?);
        }
        let Some(state) = parts.pop() else { return Ok(()) };
        let whole = Side { how: "update with all rows", state: self.state(rows) };
        let tree = Side { how: "rows one by one, merged in a random tree", state };
        self.same("split = whole", &[("the whole", rows)], &whole, &tree)
    }
}

fn encoded<A: Aggregate>(state: &A) -> Vec<u8> {
    let mut bytes = Vec::new();
    state.encode(&mut bytes);
    bytes
}

/// A state's value, as a batch of one row.
fn value<A: Aggregate>(state: &A) -> Vec<u8> {
    let mut column = <A::Output as Output>::Builder::default();
    column.clear();
    state.finalize().push(&mut column);
    let columns = (column, ());
    let mut bytes = vec![0; batch_bytes(&columns)];
    write_batch(&columns, 1, &mut bytes);
    bytes
}
