//! Bins: counts by integer index, in which [`super::percentile`] keeps its data.
//!
//! Laws: maps from index to a positive count under sum; a count saturates at 2^64 - 1. State: a
//! sorted list, or, where a quarter of the indices between the least and the greatest are in use, a
//! window of counts. A window is at most twice as large as the list; it adds in one step and merges
//! as a vector. Which of the two forms is in use depends on history and cannot be observed from
//! outside. Deliberately absent: a bound, and bytes; the sketch has both.

/// A new window has at most this many indices for each one in use, and later at most twice as many.
const SPARSE: usize = 4;
/// A list below this length is as fast as a window.
const WINDOW_MIN: usize = 32;

/// Counts by index.
#[derive(Clone, Debug)]
pub struct Bins(Repr);

#[derive(Clone, Debug)]
enum Repr {
    /// Index and count, ascending.
    List(Vec<(i32, u64)>),
    Window(Window),
}

/// The counts of the indices from `base`.
#[derive(Clone, Debug)]
struct Window {
    counts: Vec<u64>,
    base: i32,
    used: u32,
}

impl Bins {
    /// No bins.
    pub const fn zero() -> Bins {
        Bins(Repr::List(Vec::new()))
    }

    /// The number of bins with a count.
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::List(list) => list.len(),
            Repr::Window(window) => window.used as usize,
        }
    }

    /// Whether there are no bins.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bins with their counts, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (i32, u64)> {
        let (list, base, counts) = match &self.0 {
            Repr::List(list) => (list.as_slice(), 0, &[][..]),
            Repr::Window(window) => (&[][..], window.base, window.counts.as_slice()),
        };
        let used = counts.iter().enumerate().filter(|(_, count)| **count != 0);
        list.iter().copied().chain(used.map(move |(i, count)| (base + i as i32, *count)))
    }

    /// Adds a positive count; returns whether the bin is new.
    #[inline]
    pub fn add(&mut self, index: i32, count: u64) -> bool {
        match &mut self.0 {
            Repr::Window(window) => {
                let at = index.wrapping_sub(window.base) as u32 as usize;
                if let Some(old) = window.counts.get_mut(at) {
                    let new = *old == 0;
                    *old = old.saturating_add(count);
                    window.used += u32::from(new);
                    return new;
                }
            }
            Repr::List(list) => {
                let at = list.partition_point(|&(old, _)| old < index);
                if let Some((old, total)) = list.get_mut(at)
                    && *old == index
                {
                    *total = total.saturating_add(count);
                    return false;
                }
                return self.insert(at, index, count);
            }
        }
        self.add_outside(index, count);
        true
    }

    /// Inserts a new bin into the list.
    #[cold]
    fn insert(&mut self, at: usize, index: i32, count: u64) -> bool {
        if let Repr::List(list) = &mut self.0 {
            if list.is_empty() {
                // Most sketches in a large store hold one value.
                list.reserve_exact(1);
            }
            list.insert(at, (index, count));
            self.make_window();
        }
        true
    }

    /// Replaces a list by a window where that takes little more memory.
    fn make_window(&mut self) {
        if let Repr::List(list) = &self.0
            && list.len() >= WINDOW_MIN
            && let [(first, _), .., (last, _)] = list[..]
            && span(first, last) <= SPARSE * list.len()
        {
            let mut window = Window { counts: Vec::new(), base: first, used: 0 };
            window.widen(first, last);
            window.add_all(list.iter().copied());
            self.0 = Repr::Window(window);
        }
    }

    /// Adds to a bin outside the window: widens the window, or replaces it by a list.
    #[cold]
    fn add_outside(&mut self, index: i32, count: u64) {
        if let Repr::Window(window) = &mut self.0 {
            let (first, last) = window.ends();
            if span(first.min(index), last.max(index)) <= 2 * SPARSE * (window.used as usize + 1) {
                // Some extra room on the growing side, so that growth is rare.
                let spare = (window.counts.len() / 8) as i32;
                if index < first {
                    window.widen(index - spare, last);
                } else {
                    window.widen(first, index + spare);
                }
                return window.add_all([(index, count)]);
            }
        }
        let mut list: Vec<(i32, u64)> = self.iter().collect();
        let at = list.partition_point(|&(old, _)| old < index);
        list.insert(at, (index, count));
        self.0 = Repr::List(list);
    }

    /// Adds other bins.
    pub fn merge(&mut self, other: &Bins) {
        if self.is_empty() {
            return self.clone_from(other);
        }
        match (&mut self.0, &other.0) {
            (Repr::Window(window), Repr::Window(from)) => {
                let ((a, b), (c, d)) = (window.ends(), from.ends());
                let (first, last) = (a.min(c), b.max(d));
                // If they do not overlap, both together may be too sparse for one window.
                if span(first, last) <= 2 * SPARSE * (window.used.max(from.used) as usize) {
                    window.widen(first, last);
                    return window.add_window(from);
                }
            }
            (Repr::List(list), Repr::List(from)) if from.len() > list.len() / 8 => {
                *list = merged(list, from);
                return self.make_window();
            }
            (Repr::List(_), Repr::Window(_)) => {
                let list = std::mem::replace(self, other.clone());
                return self.merge(&list);
            }
            _ => {}
        }
        other.iter().for_each(|(index, count)| {
            self.add(index, count);
        });
    }

    /// These bins with each index divided by 2^`times`, rounded down: neighbours become one.
    pub fn collapsed(&self, times: u32) -> Bins {
        let mut list: Vec<(i32, u64)> = Vec::with_capacity(self.len());
        for (index, count) in self.iter() {
            match list.last_mut() {
                Some((last, total)) if *last == index >> times => {
                    *total = total.saturating_add(count);
                }
                _ => list.push((index >> times, count)),
            }
        }
        let mut bins = Bins(Repr::List(list));
        bins.make_window();
        bins
    }
}

/// The number of indices from `first` to `last`.
fn span(first: i32, last: i32) -> usize {
    (i64::from(last) - i64::from(first) + 1) as usize
}

/// The sum of two lists.
fn merged(a: &[(i32, u64)], b: &[(i32, u64)]) -> Vec<(i32, u64)> {
    let mut sum = Vec::with_capacity(a.len() + b.len());
    let (mut i, mut j) = (0, 0);
    while let (Some(&(x, count)), Some(&(y, from))) = (a.get(i), b.get(j)) {
        let total = match x.cmp(&y) {
            std::cmp::Ordering::Less => count,
            std::cmp::Ordering::Greater => from,
            std::cmp::Ordering::Equal => count.saturating_add(from),
        };
        sum.push((x.min(y), total));
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    sum.extend(&a[i..]);
    sum.extend(&b[j..]);
    sum.shrink_to_fit();
    sum
}

impl Window {
    /// The least and the greatest index inside.
    fn ends(&self) -> (i32, i32) {
        (self.base, self.base + self.counts.len() as i32 - 1)
    }

    /// Makes room for the indices from `first` to `last`, which cover the present ones.
    fn widen(&mut self, first: i32, last: i32) {
        let before = span(first, self.base) - 1;
        if before > 0 {
            let mut counts = Vec::with_capacity(span(first, last));
            counts.resize(before, 0);
            counts.extend(&self.counts);
            (self.counts, self.base) = (counts, first);
        }
        self.counts.resize(span(first, last), 0);
    }

    fn add_all(&mut self, bins: impl IntoIterator<Item = (i32, u64)>) {
        for (index, count) in bins {
            let old = &mut self.counts[(index - self.base) as usize];
            self.used += u32::from(*old == 0);
            *old = old.saturating_add(count);
        }
    }

    /// Adds a window that lies inside this one.
    fn add_window(&mut self, other: &Window) {
        let offset = (other.base - self.base) as usize;
        let inside = &mut self.counts[offset..offset + other.counts.len()];
        let mut joined = 0;
        for (count, &from) in inside.iter_mut().zip(&other.counts) {
            joined += u32::from(*count == 0 && from != 0);
            *count = count.saturating_add(from);
        }
        self.used += joined;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// Indices near each other and far away, so that lists and windows come and go.
    fn any_index() -> impl Strategy<Value = i32> {
        prop_oneof![8 => -60i32..60, 4 => 1000..1100i32, 1 => -300_000..300_000i32]
    }

    fn map(bins: &Bins) -> BTreeMap<i32, u64> {
        bins.iter().collect()
    }

    proptest! {
        /// Goal: bins have the content of a map, whatever their form. Method: compared with an
        /// ordered map; additions, a merge both ways, a collapse.
        #[test]
        fn bins_are_a_map(
            left in prop::collection::vec((any_index(), 1u64..4), 0..300),
            right in prop::collection::vec((any_index(), 1u64..4), 0..300),
            times in 0u32..4,
        ) {
            let mut bins = [Bins::zero(), Bins::zero()];
            let mut all = BTreeMap::new();
            for (bins, added) in bins.iter_mut().zip([&left, &right]) {
                let mut own = BTreeMap::new();
                for &(index, count) in added {
                    let new = !own.contains_key(&index);
                    prop_assert_eq!(bins.add(index, count), new);
                    *own.entry(index).or_insert(0) += count;
                    *all.entry(index).or_insert(0) += count;
                }
                prop_assert_eq!(bins.len(), own.len());
                prop_assert!(bins.iter().eq(own));
            }
            let [a, b] = &bins;
            for (a, b) in [(a, b), (b, a)] {
                let mut sum = a.clone();
                sum.merge(b);
                prop_assert_eq!(sum.len(), all.len());
                prop_assert_eq!(map(&sum), all.clone());
                let mut fewer = BTreeMap::new();
                for (&index, count) in &all {
                    *fewer.entry(index.div_euclid(1 << times)).or_insert(0) += count;
                }
                prop_assert_eq!(map(&sum.collapsed(times)), fewer);
            }
        }
    }

    /// Goal: both forms occur, and the form changes only where the data does.
    #[test]
    fn layouts_follow_the_data() {
        let window = |bins: &Bins| matches!(bins.0, Repr::Window(_));
        let mut bins = Bins::zero();
        (0..31).for_each(|index| assert!(bins.add(3 * index, 1)));
        assert!(!window(&bins));
        bins.add(93, 1);
        assert!(window(&bins));
        bins.add(200, 1);
        assert!(window(&bins));
        bins.add(1000, 1);
        assert!(!window(&bins));
        (201..500).for_each(|index| assert!(bins.add(index, 1)));
        assert!(window(&bins));
    }

    /// Goal: a count saturates and does not wrap.
    #[test]
    fn counts_stay_at_their_greatest() {
        let mut bins = Bins::zero();
        bins.add(5, u64::MAX);
        bins.add(5, 1);
        bins.merge(&bins.clone());
        assert_eq!(map(&bins), BTreeMap::from([(5, u64::MAX)]));
    }
}
