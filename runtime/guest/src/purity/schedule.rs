//! When calls are repeated.
//!
//! Work is counted in units: one for an item, some for a call. The first call is repeated, and then
//! one call after each span of units. The spans grow from [`FIRST_SPAN`] to [`REPEAT_EVERY_MAX`],
//! so that a guest that is impure from the start is found soon, and a long run pays little: a repeat
//! costs about as much as 1,700 units of a cheap transform, most of it for an instance whose memory
//! and code are in no cache yet.
//!
//! Invariant: the schedule depends on the counts alone, with one exception: after a repeat that took
//! long, [`SLOW_REPEAT`] or more, the next span is longer. Deliberately absent: a clock, which the
//! caller has.

use std::time::Duration;

/// The most items that are answered between two repeats, apart from those of one call.
pub const REPEAT_EVERY_MAX: u64 = 131_072;
/// The most items of a call that are repeated; some of them are sent twice.
pub const REPEAT_ITEMS_MAX: usize = 16;

/// The units between the first repeat and the second.
const FIRST_SPAN: u64 = 4096;
/// Each span is this many times the one before, until it is the longest.
const SPAN_GROWTH: u64 = 32;
/// What a call costs beside its items.
const CALL_UNITS: u64 = 4;
/// A repeat that takes this long is dear, because the guest does much in its first call.
const SLOW_REPEAT: Duration = Duration::from_millis(25);
/// After dear repeats the longest span is up to this many times as long.
const SLOW_FACTOR_MAX: u64 = 64;

/// Counts the work of one caller.
#[derive(Debug)]
pub(super) struct Schedule {
    /// Units until the next repeat.
    left: u64,
    /// The next span.
    span: u64,
    /// What dear repeats multiply the longest span with.
    slow: u64,
}

impl Default for Schedule {
    fn default() -> Schedule {
        Schedule { left: 0, span: FIRST_SPAN, slow: 1 }
    }
}

impl Schedule {
    /// Counts a call with so many items. Returns whether it is to be repeated.
    #[inline]
    pub(super) fn counts(&mut self, items: usize) -> bool {
        let units = items as u64 + CALL_UNITS;
        let due = self.left <= units;
        self.left = self.left.saturating_sub(units);
        due
    }

    /// Notes that a call was repeated, and how long that took.
    pub(super) fn repeated(&mut self, took: Duration) {
        self.slow = match took < SLOW_REPEAT {
            true => (self.slow / 2).max(1),
            false => (self.slow * 2).min(SLOW_FACTOR_MAX),
        };
        self.left = self.span * self.slow;
        self.span = (self.span * SPAN_GROWTH).min(REPEAT_EVERY_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of items before each repeat, if every call has so many.
    fn repeats(items: usize, calls: usize, took: Duration) -> Vec<u64> {
        let (mut schedule, mut at, mut found) = (Schedule::default(), 0, Vec::new());
        for _ in 0..calls {
            at += items as u64;
            if schedule.counts(items) {
                schedule.repeated(took);
                found.push(at);
            }
        }
        found
    }

    /// Goal: the first call is repeated, and never do more items pass without a repeat than declared,
    /// whatever the size of a call.
    #[test]
    fn s07_no_more_items_pass_without_a_repeat_than_declared() {
        for items in [1, 2, 100, 1024, 150_000] {
            let found = repeats(items, 500_000 / items + 3, Duration::ZERO);
            assert_eq!(found[0], items as u64);
            let between = found.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
            assert!(between <= REPEAT_EVERY_MAX + items as u64, "{items}: {between}");
        }
        assert_eq!(repeats(1000, 150, Duration::ZERO), [1000, 6000, 137_000]);
    }

    /// Goal: over a long run few items are repeated, and ever fewer if a repeat is dear.
    #[test]
    fn s07_repeats_are_rare() {
        let (calls, items) = (10_000, 1024);
        let cheap = repeats(items, calls, Duration::ZERO).len();
        let units = calls as u64 * (items as u64 + CALL_UNITS);
        assert!(cheap as u64 <= 3 + units / REPEAT_EVERY_MAX, "{cheap}");
        let dear = repeats(items, calls, SLOW_REPEAT).len();
        assert!(dear < 12 + cheap / 60, "{dear} against {cheap}");
    }
}
