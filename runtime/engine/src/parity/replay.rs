//! A disordered replay: events shuffled within a bound, with copies, in random batches.
//!
//! Each event is delivered at `event_time + jitter`, `0 <= jitter < disorder`. Some are delivered a
//! second time, later, if they have ids; without ids a copy would be an event of its own (S10).
//! Invariant: the same seed gives the same replay; every event is delivered at least once; no
//! delivery is late by `2 * disorder` or more. Deliberately absent: hosts.

use std::collections::HashMap;
use std::ops::Range;

/// A generator of random numbers with a seed (Vigna's SplitMix64).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The generator with this seed.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 if `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }
}

/// How to disturb a log.
#[derive(Clone, Copy, Debug)]
pub struct Disturbance {
    /// The seed of everything random.
    pub seed: u64,
    /// Events are reordered within this much event time.
    pub disorder_us: i64,
    /// One event in this many is delivered twice, if it has an id; 0 for none.
    pub duplicate_one_in: u64,
    /// Most events in a batch.
    pub batch_rows_max: u64,
}

/// The events of one source, as a replay sees them.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// Their times, in position order.
    pub event_times: Vec<i64>,
    /// Whether they have ids, so that copies may be delivered.
    pub has_ids: bool,
    /// The events that must come after another one, which has the same id and counts.
    pub behind: HashMap<usize, usize>,
}

/// One delivery: an event of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// When it is delivered, in event time.
    at: i64,
    /// The index of the source.
    pub source: usize,
    /// The index of the event in its source's log.
    pub event: usize,
    /// Whether an event with its id came before, so that it does not count.
    pub copy: bool,
    /// Whether it is the second delivery of one event.
    pub again: bool,
}

/// All deliveries, in order.
#[derive(Debug)]
pub struct Replay {
    /// The deliveries.
    pub deliveries: Vec<Delivery>,
    /// The batches: ranges of deliveries of one source.
    pub batches: Vec<Range<usize>>,
    /// For each number of delivered batches, the least event time that is still to be delivered for
    /// the first time; `i64::MAX` after the last.
    pub complete_until: Vec<i64>,
}

impl Replay {
    /// A replay of the logs of some sources.
    pub fn new(logs: &[Timeline], disturbance: &Disturbance) -> Replay {
        let mut random = Random::new(disturbance.seed);
        let disorder = disturbance.disorder_us.unsigned_abs();
        let mut deliveries = Vec::new();
        for (source, log) in logs.iter().enumerate() {
            let every = if log.has_ids { disturbance.duplicate_one_in } else { 0 };
            let mut delivered = Vec::with_capacity(log.event_times.len());
            for (event, time) in log.event_times.iter().enumerate() {
                let at = time.saturating_add(random.below(disorder) as i64);
                let first = log.behind.get(&event);
                let at = first.map_or(at, |first| at.max(delivered[*first]));
                delivered.push(at);
                let copy = first.is_some();
                deliveries.push(Delivery { at, source, event, copy, again: false });
                if every > 0 && random.below(every) == 0 {
                    let at = at.saturating_add(random.below(disorder) as i64);
                    deliveries.push(Delivery { at, source, event, copy: true, again: true });
                }
            }
        }
        // A copy at the same instant as its event must still come after it.
        deliveries.sort_by_key(|d| (d.at, d.copy, d.source, d.event));
        let batches = cut(&deliveries, disturbance, &mut random);
        let mut complete_until = vec![i64::MAX; batches.len() + 1];
        let mut least = i64::MAX;
        for (at, batch) in batches.iter().enumerate().rev() {
            for delivery in &deliveries[batch.clone()] {
                if !delivery.copy {
                    least = least.min(logs[delivery.source].event_times[delivery.event]);
                }
            }
            complete_until[at] = least;
        }
        Replay { deliveries, batches, complete_until }
    }
}

/// Cuts the deliveries into batches of random size, each of one source and spanning at most the
/// disorder, so that the watermark is never far ahead of what is complete.
fn cut(deliveries: &[Delivery], how: &Disturbance, random: &mut Random) -> Vec<Range<usize>> {
    let mut batches = Vec::new();
    let mut start = 0;
    while start < deliveries.len() {
        let rows = 1 + random.below(how.batch_rows_max.max(1)) as usize;
        let first = deliveries[start];
        let mut end = start + 1;
        while end < deliveries.len().min(start + rows)
            && deliveries[end].source == first.source
            && deliveries[end].at.saturating_sub(first.at) <= how.disorder_us
        {
            end += 1;
        }
        batches.push(start..end);
        start = end;
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a replay delivers everything, out of order, and states correctly what is complete.
    /// Method: a log with ties and gaps; completeness is recomputed from the deliveries.
    #[test]
    fn a_replay_delivers_all_events_and_knows_what_is_complete() {
        let times: Vec<i64> = (0..500).map(|i| (i / 3) * 40).collect();
        let how =
            Disturbance { seed: 7, disorder_us: 1000, duplicate_one_in: 10, batch_rows_max: 9 };
        let log = |has_ids| {
            let behind = HashMap::new();
            Timeline { event_times: times.clone(), has_ids, behind }
        };
        let replay = Replay::new(&[log(true), log(false)], &how);
        let firsts = replay.deliveries.iter().filter(|d| !d.copy).count();
        assert_eq!(firsts, 1000);
        let copies: Vec<&Delivery> = replay.deliveries.iter().filter(|d| d.copy).collect();
        assert!(copies.len() > 25 && copies.iter().all(|copy| copy.source == 0));
        let order: Vec<i64> = replay.deliveries.iter().map(|d| times[d.event]).collect();
        assert!(order.windows(2).filter(|pair| pair[0] > pair[1]).count() > 100);
        let mut ahead = i64::MIN;
        for (batch, complete) in replay.batches.iter().zip(&replay.complete_until[1..]) {
            let later = &replay.deliveries[batch.end..];
            let least = later.iter().filter(|d| !d.copy).map(|d| times[d.event]).min();
            assert_eq!(least.unwrap_or(i64::MAX), *complete);
            let newest = replay.deliveries[batch.clone()].iter().map(|d| times[d.event]).max();
            ahead = ahead.max(newest.unwrap() - *complete);
        }
        assert!(ahead < 2 * how.disorder_us, "the watermark ran {ahead} us ahead");
    }
}
