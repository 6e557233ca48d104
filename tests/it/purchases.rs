//! The generated log of `benches/`: it must depend on its seed alone and have the promised times
//! and keys.
//!
//! Deliberately absent: its features. The benchmarks measure them, and their aggregates are tested
//! elsewhere.

use arrow::array::AsArray;
use arrow::datatypes::TimestampMicrosecondType;
use lockstep_benches::purchases::{HOT_ONE_IN, Purchases, START_US, USERS, YEAR_US};
use std::collections::HashMap;

const ROWS: u64 = 200_000;

/// Goal: a row depends on its number, the number of rows and the seed, not on how rows are divided
/// into batches.
#[test]
fn the_log_is_a_function_of_its_seed() {
    let log = Purchases::new(ROWS, 7);
    let whole = log.batch(0, 1000).unwrap();
    assert_eq!(whole, Purchases::new(ROWS, 7).batch(0, 1000).unwrap());
    assert_eq!(whole.slice(900, 100), log.batch(900, 1000).unwrap());
    assert_ne!(whole, Purchases::new(ROWS, 8).batch(0, 1000).unwrap());
}

/// Goal: times ascend through the year.
#[test]
fn the_logs_times_ascend_through_a_year() {
    for rows in [1, 3, ROWS] {
        let log = Purchases::new(rows, 1);
        let batch = log.batch(0, rows).unwrap();
        let times = batch["bought_at"].as_primitive::<TimestampMicrosecondType>().values();
        assert!(times.is_sorted());
        assert!(START_US <= times[0] && times[rows as usize - 1] < START_US + YEAR_US);
        let shares = times.iter().zip(0i64..).all(|(time, row)| {
            let share = YEAR_US / rows as i64;
            (row * share - 1000..=(row + 1) * share + 1000).contains(&(time - START_US))
        });
        assert!(shares, "each row has its share of the year");
    }
}

/// Goal: one user has a tenth of the rows, and the rest follow Zipf's law. Method: the shares of
/// the most frequent users, within statistical error.
#[test]
fn the_logs_keys_are_skewed() {
    let log = Purchases::new(ROWS, 1);
    let mut counts: HashMap<u64, u64> = HashMap::new();
    (0..ROWS).for_each(|row| *counts.entry(log.user(row)).or_default() += 1);
    assert!(counts.keys().all(|&user| user < USERS));
    let near = |count: u64, share: f64| {
        let expected = ROWS as f64 * share;
        assert!((count as f64 - expected).abs() < 5.0 * expected.sqrt(), "{count} {expected}");
    };
    near(counts[&0], 1.0 / HOT_ONE_IN as f64);
    let mut others: Vec<u64> =
        counts.iter().filter(|(user, _)| **user > 0).map(|(_, n)| *n).collect();
    others.sort_unstable_by(|a, b| b.cmp(a));
    let harmonic: f64 = (1..USERS).map(|rank| 1.0 / rank as f64).sum();
    for rank in 1..=5u64 {
        near(others[rank as usize - 1], 0.9 / (harmonic * rank as f64));
    }
}
