//! A count of one kind of thing against its limit.
//!
//! Invariant: a count never exceeds its limit without an error. Deliberately absent: what is
//! counted.

use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};

/// A limit, and how much of it is used.
#[derive(Debug)]
pub(super) struct Budget {
    limit: &'static str,
    what: &'static str,
    max: usize,
    used: usize,
}

impl Budget {
    /// A budget of at most `max` of `what`; `limit` is the name of the constant.
    pub(super) fn new(limit: &'static str, max: usize, what: &'static str) -> Budget {
        Budget { limit, what, max, used: 0 }
    }

    /// Uses `count` more.
    pub(super) fn spend(&mut self, count: usize) -> Result<()> {
        self.used = self.used.saturating_add(count);
        match self.used > self.max {
            true => Err(exceeded(self.limit, self.max, self.used, self.what)),
            false => Ok(()),
        }
    }
}

/// Checks a single number of `what`.
pub(super) fn at_most(
    limit: &'static str,
    max: usize,
    found: usize,
    what: &'static str,
) -> Result<()> {
    Budget::new(limit, max, what).spend(found)
}

fn exceeded(limit: &'static str, max: usize, found: usize, what: &'static str) -> Error {
    Error::input(format!(
        "it has {found} {what}, and {limit} is {max}; split the crate, or leave out a dependency"
    ))
    .with_code(Code::limit(limit, max))
}

/// The error of a component that `lockstep build` cannot have made.
pub(super) fn foreign(what: &str) -> Error {
    Error::input(format!(
        "it has {what}, which no component of `lockstep build` has; build it with that command"
    ))
}

/// The error of bytes that cannot be read.
pub(super) fn unreadable(error: wasmparser::BinaryReaderError) -> Error {
    not_ours().because(error)
}

/// The error of what is no component at all.
pub(super) fn not_ours() -> Error {
    Error::input("it is not a component that this build runs; run `lockstep build` in its crate")
}
