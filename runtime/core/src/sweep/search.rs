//! Searches ascending times for a bound, starting from the last result.
//!
//! Invariant: a search begins where the previous one ended and never goes back. Deliberately
//! absent: which bounds are searched for.

/// The first row at or after `from` whose time is at or after `bound`, found by doubling steps,
/// because the bound is usually near.
pub(super) fn before(times: &[i64], from: usize, bound: i64) -> usize {
    let rest = &times[from..];
    let mut reach = 1;
    while reach <= rest.len() && rest[reach - 1] < bound {
        reach *= 2;
    }
    let passed = reach / 2;
    let within = &rest[passed..reach.min(rest.len())];
    from + passed + within.partition_point(|time| *time < bound)
}
