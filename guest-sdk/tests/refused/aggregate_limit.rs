//! An aggregate whose states may be longer than any may.

use lockstep_sdk::prelude::*;

#[aggregate] //~ an aggregate's STATE_BYTES_MAX is 1 to 65536
pub struct Endless;

impl Aggregate for Endless {
    type Input<'a> = i64;
    type Output = i64;
    const STATE_BYTES_MAX: u32 = 65_537;
    fn zero() -> Self {
        Endless
    }
    fn update(&mut self, _: i64) {}
    fn merge(&mut self, _: Self) {}
    fn encode(&self, _: &mut Vec<u8>) {}
    fn decode(_: &[u8]) -> Result<Self, String> {
        Ok(Endless)
    }
    fn finalize(&self) -> i64 {
        0
    }
}
