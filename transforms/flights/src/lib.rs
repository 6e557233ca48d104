//! How late are the flights from an airport?
//!
//! Two views of one log with the same twenty features: one with exact windows, as a dataframe's
//! rolling aggregates have them, one with sliding windows, which the online host answers from
//! tiles. `benches/peers` measures both against other systems. Deliberately absent: the columns
//! that no feature reads.
#![expect(
    missing_docs,
    reason = "a column's text goes into the manifest, and most names say enough"
)]

use lockstep_sdk::prelude::*;

/// One flight. The log has no ids: it is a multiset, and equal flights count each.
#[derive(Clone, Debug, Event)]
#[event(source = "flights", time = date)]
pub struct Flight<'a> {
    pub date: EventTime,
    pub origin: &'a str,
    /// Minutes late; negative if early.
    pub delay: i64,
}

/// The delays from an airport, in windows that begin to the microsecond.
#[derive(Debug, PartialEq, View)]
#[view(key = [origin], owner = "benches", tags = ["flights"])]
#[features(count, windows = ["1h exact", "1d exact", "7d exact", "30d exact"])]
pub struct FlightsExact<'a> {
    pub origin: &'a str,
    #[features(sum, mean, min, max, windows = ["1h exact", "1d exact", "7d exact", "30d exact"])]
    pub delay: i64,
}

#[transform]
pub fn flights_exact<'a>(flight: &Flight<'a>) -> FlightsExact<'a> {
    FlightsExact { origin: flight.origin, delay: flight.delay }
}

/// The delays from an airport, in windows that begin on a grid.
#[derive(Debug, PartialEq, View)]
#[view(key = [origin], owner = "benches", tags = ["flights"])]
#[features(count, windows = ["1h", "1d", "7d", "30d"])]
pub struct FlightsSawtooth<'a> {
    pub origin: &'a str,
    #[features(sum, mean, min, max, windows = ["1h", "1d", "7d", "30d"])]
    pub delay: i64,
}

#[transform]
pub fn flights_sawtooth<'a>(flight: &Flight<'a>) -> FlightsSawtooth<'a> {
    FlightsSawtooth { origin: flight.origin, delay: flight.delay }
}

export!(views = [flights_exact, flights_sawtooth]);
