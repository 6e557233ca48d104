//! Each window of docs/FEATURES.md at least once, over states that stay small and ones that grow.
//!
//! The grid of hops and steps has an origin that divides no day, and the view keeps single events
//! for as long as its longest exact window. Deliberately absent: the other boundary and a delay,
//! which `shifted` has.

use crate::Typed;
use lockstep_sdk::prelude::*;

/// Every window.
#[derive(View)]
#[view(key = [number], origin = "-3900", exact_max = "4d", history = "6h")]
#[features(count, rate("1h"), time_since_last, windows = [
    "1h", "11h", "12h", "11d", "12d", "30d offset 30d", "2h offset 1d", "90s exact", "1h exact",
    "1d exact offset 3d", "2d step 1h", "1d step 1d offset 1h", "90s step 30s", "1h tumbling",
    "7d tumbling", "3h series 4", "1d series 2 offset 3d", "session 10m in 12h",
    "session 5m in 2d",
])]
#[features(count, time_since_first, windows = [
    "lifetime", "lifetime offset 2d", "last 1 in 1h", "last 7 in 30d", "last 3 in 90s exact",
    "last 2 skip 2 in 1d exact", "open session 10m in 12h", "latest event in 12h",
    "day so far in Europe/Dublin", "2 whole days in Asia/Kathmandu", "1 whole week in Pacific/Apia",
    "month so far in America/St_Johns", "1 whole day in UTC offset 1d",
])]
#[features(count, share = ratio(count_where(flag), count), by = text, by_limit = 3, windows = [
    "11h", "1h exact", "2d step 1h", "3h series 2", "last 5 in 12d", "session 10m in 12h",
    "last 3 skip 1 in 12d", "open session 5m in 2d",
])]
pub struct EveryWindow<'a> {
    pub number: i64,
    #[features(sum, last, where = flag, windows = [
        "1h", "90s exact", "1h tumbling", "lifetime", "3h series 2", "last 3 in 12h",
        "last 1 skip 1 in 30d", "session 10m in 12h",
    ])]
    #[features(sum, mode, windows = ["week from sunday so far in UTC", "3 whole days in Europe/Berlin"])]
    #[features(histogram(6), windows = ["1d exact", "1d series 3", "last 4 in 30d"])]
    pub int: Option<i64>,
    #[features(sum, mean, min, max, first, decayed_sum("6h"), windows = [
        "1h exact offset 2d", "1d step 1h", "2d series 3", "last 7 in 12d", "session 10m in 12h",
    ])]
    #[features(var_samp, approx_percentile(50), approx_count_distinct(4), windows = [
        "1h exact", "7d step 1d offset 1d", "1d series 2", "last 9 in 1d", "session 10m in 2d",
    ])]
    pub double: Option<f64>,
    pub flag: Option<bool>,
    #[features(first, last, last_n(3), windows = [
        "1h", "30d", "1h exact", "1d exact offset 3d", "1d step 1h", "12h tumbling", "lifetime",
        "lifetime offset 2d", "1d series 3", "last 1 in 30d", "last 6 in 12h",
        "last 1 skip 3 in 12h", "last 4 in 1h exact", "session 10m in 12h", "session 5m in 2d",
        "open session 10m in 12h",
    ])]
    #[features(last_n(2), mode, where = flag, by = text, windows = ["last 4 in 12d"])]
    pub text: Option<&'a str>,
}

/// Passes its columns through.
#[transform]
pub fn every_window<'a>(event: &Typed<'a>) -> EveryWindow<'a> {
    EveryWindow {
        number: event.number,
        int: event.int,
        double: event.double,
        flag: event.flag,
        text: event.text,
    }
}
