//! Sixty-four features whose states keep many values, and sixty-four whose states are a number.
//!
//! Both views read the same log over the same windows, so the difference between their costs is
//! that of the aggregates. The rich one has percentiles, distinct counts, maps, last values and an
//! aggregate of this crate. Deliberately absent: meaning.
#![expect(
    missing_docs,
    reason = "a column's text goes into the manifest, and most names say enough"
)]

mod octaves;

use lockstep_sdk::prelude::*;
pub use octaves::Octaves;

/// Miles of a band of distances.
const BAND_MILES: i64 = 250;

/// One flight.
#[derive(Clone, Debug, Event)]
#[event(source = "flights", time = date)]
pub struct Flight<'a> {
    pub date: EventTime,
    pub origin: &'a str,
    pub destination: &'a str,
    /// Minutes late; negative if early.
    pub delay: i64,
    /// Miles.
    pub distance: i64,
}

/// The flights from an airport: what keeps many values.
#[derive(Debug, PartialEq, View)]
#[view(key = [origin], owner = "benches")]
#[features(count, by = band, windows = ["1h exact", "1d exact", "7d exact", "30d exact"])]
pub struct FlightsRich<'a> {
    pub origin: &'a str,
    #[features(unique_count, approx_count_distinct, entropy, last_distinct(5),
               windows = ["1h exact", "1d exact", "7d exact", "30d exact"])]
    pub destination: &'a str,
    #[features(histogram, windows = ["1h exact", "1d exact", "7d exact", "30d exact"])]
    pub band: i64,
    #[features(approx_percentile(50), approx_percentile(90), approx_percentile(99),
               unique_count, approx_count_distinct, mode, last_n(5), octave = Octaves,
               windows = ["1h exact", "1d exact", "7d exact", "30d exact"])]
    #[features(sum, mean, by = band, windows = ["1h exact", "1d exact", "7d exact", "30d exact"])]
    pub delay: i64,
}

#[transform]
pub fn flights_rich<'a>(flight: &Flight<'a>) -> FlightsRich<'a> {
    FlightsRich {
        origin: flight.origin,
        destination: flight.destination,
        band: flight.distance / BAND_MILES,
        delay: flight.delay,
    }
}

/// The flights from an airport: what is a number.
#[derive(Debug, PartialEq, View)]
#[view(key = [origin], owner = "benches")]
#[features(count, windows = ["1h exact", "1d exact", "7d exact", "30d exact"])]
pub struct FlightsSimple<'a> {
    pub origin: &'a str,
    pub late: bool,
    #[features(sum, mean, min, max, windows = ["1h exact", "1d exact", "7d exact", "30d exact"])]
    #[features(sum, mean, min, max, where = late, windows = ["1h exact", "1d exact", "7d exact", "30d exact"])]
    pub delay: i64,
    #[features(sum, mean, min, max, windows = ["1h exact", "1d exact", "7d exact", "30d exact"])]
    #[features(sum, mean, max, where = late, windows = ["1h exact", "1d exact", "7d exact", "30d exact"])]
    pub distance: i64,
}

#[transform]
pub fn flights_simple<'a>(flight: &Flight<'a>) -> FlightsSimple<'a> {
    FlightsSimple {
        origin: flight.origin,
        late: flight.delay > 0,
        delay: flight.delay,
        distance: flight.distance,
    }
}

export!(views = [flights_rich, flights_simple], aggregates = [Octaves]);
