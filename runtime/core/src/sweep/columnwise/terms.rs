//! The terms of an entropy, each computed once.

use crate::aggregate::histogram::entropy_term;

/// Counts below this have a place.
const COUNTS_MAX: usize = 1 << 14;

/// The terms of small counts.
#[derive(Default)]
pub(super) struct Terms(Vec<f64>);

impl Terms {
    /// The term of a count.
    #[inline]
    pub(super) fn of(&mut self, count: u64) -> f64 {
        match self.0.get(count as usize) {
            Some(term) if !term.is_nan() => *term,
            _ => self.compute(count),
        }
    }

    #[cold]
    fn compute(&mut self, count: u64) -> f64 {
        let (term, at) = (entropy_term(count), count as usize);
        if at < COUNTS_MAX {
            if self.0.len() <= at {
                self.0.resize(at + 1, f64::NAN);
            }
            self.0[at] = term;
        }
        term
    }
}
