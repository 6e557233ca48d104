//! Special values of a sum: NaN and the infinities (S17).
//!
//! Invariant: they are counted in memory, so that they can be subtracted again, but each is only a
//! flag in bytes, because the result depends only on whether there is one. Laws: those of the
//! counts. Deliberately absent: the order in which they came.

use crate::value::NAN_64;

const NAN: u8 = 1;
const PLUS_INFINITY: u8 = 2;
const MINUS_INFINITY: u8 = 4;

/// All flags.
pub const FLAGS: u8 = NAN | PLUS_INFINITY | MINUS_INFINITY;

/// How many values of a sum were not finite.
#[derive(Clone, Debug, Default)]
pub struct Special {
    nans: u64,
    plus_infinities: u64,
    minus_infinities: u64,
}

impl Special {
    /// Adds a value that is not finite.
    pub fn add(&mut self, value: f64) {
        match value {
            f64::INFINITY => self.plus_infinities += 1,
            f64::NEG_INFINITY => self.minus_infinities += 1,
            _ => self.nans += 1,
        }
    }

    /// Adds or subtracts other counts.
    pub fn merge(&mut self, other: &Special, subtract: bool) {
        for (count, by) in [
            (&mut self.nans, other.nans),
            (&mut self.plus_infinities, other.plus_infinities),
            (&mut self.minus_infinities, other.minus_infinities),
        ] {
            *count = if subtract { count.wrapping_sub(by) } else { count.wrapping_add(by) };
        }
    }

    /// The flags in bytes.
    pub fn flags(&self) -> u8 {
        let flag = |count: u64, flag: u8| if count > 0 { flag } else { 0 };
        flag(self.nans, NAN)
            | flag(self.plus_infinities, PLUS_INFINITY)
            | flag(self.minus_infinities, MINUS_INFINITY)
    }

    /// One value of each kind whose flag is set.
    pub fn of_flags(flags: u8) -> Special {
        let count = |flag: u8| u64::from(flags & flag != 0);
        Special {
            nans: count(NAN),
            plus_infinities: count(PLUS_INFINITY),
            minus_infinities: count(MINUS_INFINITY),
        }
    }

    /// NaN or an infinity, if any value was not finite.
    pub fn sum(&self) -> Option<f64> {
        match self.flags() {
            0 => None,
            PLUS_INFINITY => Some(f64::INFINITY),
            MINUS_INFINITY => Some(f64::NEG_INFINITY),
            _ => Some(NAN_64),
        }
    }
}
