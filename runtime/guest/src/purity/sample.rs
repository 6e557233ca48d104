//! Which items of a call are repeated, and in which order.
//!
//! Invariant: the numbers come from a fixed seed and the number of samples taken before, so a run
//! takes the same ones each time. Deliberately absent: the schedule.

/// Draws samples.
#[derive(Debug, Default)]
pub(super) struct Sampler(u64);

impl Sampler {
    /// At most `most` of `items` items, which are at least one, and then some of these again: in
    /// disorder, and cut into two calls, neither of which is empty.
    pub(super) fn draw(&mut self, items: usize, most: usize) -> [Vec<usize>; 2] {
        let mut chosen: Vec<usize> = match items <= most {
            true => (0..items).collect(),
            false => {
                // One from each of `most` equal parts, so that all of the call is covered.
                let start = |part: usize| part * items / most;
                let mut one = |part: usize| start(part) + self.below(start(part + 1) - start(part));
                (0..most).map(&mut one).collect()
            }
        };
        for _ in 0..2 {
            chosen.push(chosen[self.below(chosen.len())]);
        }
        self.shuffle(&mut chosen);
        let cut = 1 + self.below(chosen.len() - 1);
        // There are at least three items, so one of the calls has several: also a single item is
        // sent in another place of a longer call.
        let rest = chosen.split_off(cut);
        [chosen, rest]
    }

    /// The numbers below `items`, which is at least 2, in disorder and in two parts, neither of
    /// which is empty.
    pub(super) fn split(&mut self, items: usize) -> (Vec<usize>, Vec<usize>) {
        let mut all: Vec<usize> = (0..items).collect();
        self.shuffle(&mut all);
        let rest = all.split_off(1 + self.below(items - 1));
        (all, rest)
    }

    fn shuffle(&mut self, items: &mut [usize]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }

    /// A number below `bound`, which is at least 1 (SplitMix64).
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a sample has the chosen items and some of them again, in two calls, also of one item,
    /// which is then not only at the front of a call of its own.
    #[test]
    fn a_sample_covers_the_call() {
        let mut sampler = Sampler::default();
        for items in [1, 2, 3, 32, 33, 1024, 5000] {
            let [first, second] = sampler.draw(items, 32);
            assert!(!first.is_empty() && !second.is_empty());
            let mut all = [first.clone(), second.clone()].concat();
            assert_eq!(all.len(), items.min(32) + 2);
            assert!(first.len() + second.len() > 2 && first.len().max(second.len()) > 1);
            all.sort_unstable();
            all.dedup();
            assert!(all.len() == items.min(32) && all.iter().all(|item| *item < items));
            assert_ne!(sampler.draw(items.max(9), 32), [first, second]);
        }
    }
}
