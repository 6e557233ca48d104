//! Pseudo-random numbers that are the same in each run.
//!
//! Invariant: the numbers are SplitMix64 from a fixed seed. Deliberately absent: any other seed,
//! because a failure must repeat in the author's next run.

/// A stream of numbers.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    /// The only stream.
    pub(super) fn new() -> Random {
        Random(0x6c6f_636b_7374_6570)
    }

    /// The next number.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is at least 1.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// At most `most` numbers below `bound`. In half of the calls only a few different ones.
    pub(super) fn rows(&mut self, bound: usize, most: usize) -> Vec<usize> {
        let count = self.below(most + 1);
        let bound = if self.next() & 1 == 0 { bound } else { self.below(bound) + 1 };
        (0..count).map(|_| self.below(bound)).collect()
    }
}
