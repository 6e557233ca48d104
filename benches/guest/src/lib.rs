//! The smallest useful transform, whose call is all cost and no work.
//!
//! Invariant: three columns in, one column out, one row an event. Deliberately absent: anything
//! that would take time in the guest.
#![expect(
    missing_docs,
    reason = "a column's text goes into the manifest, and most names say enough"
)]

use lockstep_sdk::prelude::*;

/// A payment: a text, a time and a number.
#[derive(Event)]
#[event(source = "payments", time = paid_at)]
pub struct Payment<'a> {
    pub user: &'a str,
    pub paid_at: EventTime,
    pub cents: i64,
}

/// Who pays.
#[derive(View)]
#[view(key = [user], owner = "benches")]
#[features(count, windows = ["1d"])]
pub struct Payer<'a> {
    pub user: &'a str,
}

#[transform]
pub fn payers<'a>(payment: &Payment<'a>) -> Payer<'a> {
    Payer { user: payment.user }
}

export!(views = [payers]);
