//! Four features of a log with many keys.
//!
//! The log is the one that `zipf` makes, of any size; a window of each cost stands in the view: a
//! week, a month, and everything before. Deliberately absent: meaning. `benches/peers` measures how
//! the cost of a row grows with the rows.
#![expect(
    missing_docs,
    reason = "a column's text goes into the manifest, and most names say enough"
)]

use lockstep_sdk::prelude::*;

/// One line of the log.
#[derive(Clone, Debug, Event)]
#[event(source = "purchases", time = bought_at)]
pub struct Purchase<'a> {
    pub user: &'a str,
    pub bought_at: EventTime,
    pub amount: f64,
}

/// What a user buys.
#[derive(Debug, PartialEq, View)]
#[view(key = [user], owner = "benches")]
#[features(count, windows = ["7d", "lifetime"])]
pub struct Purchases<'a> {
    pub user: &'a str,
    #[features(sum, windows = ["7d"])]
    #[features(mean, windows = ["30d"])]
    pub amount: f64,
}

#[transform]
pub fn purchases<'a>(purchase: &Purchase<'a>) -> Purchases<'a> {
    Purchases { user: purchase.user, amount: purchase.amount }
}

export!(views = [purchases]);
