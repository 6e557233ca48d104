//! The functions, natively, and what the artifact declares.
//!
//! Deliberately absent: the hosts. The integration tests run this artifact on its sample, and
//! `benches/peers` on the whole log.

use flights::{Flight, FlightsExact, FlightsSawtooth, MANIFEST, flights_exact, flights_sawtooth};
use lockstep_sdk::prelude::*;
use serde_json::Value;
use std::collections::BTreeSet;

/// Goal: a flight is one row of its airport in both views, also if it left early.
#[test]
fn a_flight_is_a_row_of_its_airport() {
    let flight = Flight { date: EventTime::from_micros(7), origin: "ORD", delay: -13 };
    assert_eq!(flights_exact(&flight), FlightsExact { origin: "ORD", delay: -13 });
    assert_eq!(flights_sawtooth(&flight), FlightsSawtooth { origin: "ORD", delay: -13 });
}

/// Goal: both views have the twenty features of the comparison, and differ in their windows alone.
#[test]
fn the_views_differ_in_their_windows_alone() {
    let manifest: Value = serde_json::from_str(MANIFEST).unwrap();
    let names = |view: usize| -> BTreeSet<&str> {
        let features = manifest["views"][view]["features"].as_array().unwrap();
        features.iter().map(|feature| feature["name"].as_str().unwrap()).collect()
    };
    let expected = |suffix: &str| -> BTreeSet<String> {
        let aggregates = ["count", "delay_sum", "delay_mean", "delay_min", "delay_max"];
        let windows = ["1h", "1d", "7d", "30d"];
        let of = |aggregate| windows.map(|window| format!("{aggregate}_{window}{suffix}"));
        aggregates.into_iter().flat_map(of).collect()
    };
    for (view, name, suffix) in [(0, "flights_exact", "_exact"), (1, "flights_sawtooth", "")] {
        assert_eq!(manifest["views"][view]["name"], name);
        assert_eq!(names(view), expected(suffix).iter().map(String::as_str).collect());
    }
}
