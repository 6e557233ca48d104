//! Integers of every width, decimals, dates and bytes in one artifact: what the tests drive.
//!
//! The views pass their columns through, so that a test knows each row from its event. Deliberately
//! absent: the types, aggregates and windows that `every-type` has, and meaning.
#![expect(
    missing_docs,
    reason = "a column's text goes into the manifest, and most names say enough"
)]

mod answer;
mod lists;

pub use answer::{ExactAnswer, ExactKnown, ExactQuestion, exact_answer};
pub use lists::{Dearest, ExactLists, Longest, exact_lists};
use lockstep_sdk::prelude::*;

/// An event with a value and a list of each type.
#[derive(Event)]
#[event(source = "exact", time = event_time, id = event_id)]
pub struct Exact<'a> {
    pub event_id: &'a str,
    pub event_time: EventTime,
    pub name: &'a str,
    pub int8: Option<i8>,
    pub int16: Option<i16>,
    pub int32: Option<i32>,
    pub uint8: Option<u8>,
    pub uint16: Option<u16>,
    pub uint32: Option<u32>,
    pub uint64: Option<u64>,
    pub price: Option<Decimal<12, 2>>,
    pub whole: Option<Decimal<38, 0>>,
    pub day: Option<Date>,
    pub octets: Option<&'a [u8]>,
    pub list_int8: Option<List<'a, i8>>,
    pub list_int16: Option<List<'a, i16>>,
    pub list_int32: Option<List<'a, i32>>,
    pub list_uint8: Option<List<'a, u8>>,
    pub list_uint16: Option<List<'a, u16>>,
    pub list_uint32: Option<List<'a, u32>>,
    pub list_uint64: Option<List<'a, u64>>,
    pub list_price: Option<List<'a, Decimal<12, 2>>>,
    pub list_whole: Option<List<'a, Decimal<38, 0>>>,
    pub list_day: Option<List<'a, Date>>,
    pub list_octets: Option<List<'a, &'a [u8]>>,
}

/// Aggregates of each type, and maps by each.
#[derive(View)]
#[view(key = [name], owner = "tests", tags = ["types"], history = "12h", exact_max = "2d")]
#[features(count, by = int8, windows = ["lifetime"])]
#[features(count, by = int16, windows = ["lifetime"])]
#[features(count, by = int32, windows = ["lifetime"])]
#[features(count, by = uint8, windows = ["lifetime"])]
#[features(count, by = uint16, windows = ["lifetime"])]
#[features(count, by = uint32, windows = ["lifetime"])]
#[features(count, by = uint64, windows = ["lifetime"])]
#[features(count, by = price, windows = ["lifetime"])]
#[features(count, by = whole, windows = ["lifetime"])]
#[features(count, by = day, windows = ["lifetime"])]
#[features(count, by = octets, windows = ["lifetime"])]
pub struct ExactValues<'a> {
    pub name: &'a str,
    #[features(count, min, max, first, last, last_n(3), top_k(2), unique_count, histogram, mode,
               approx_count_distinct, windows = ["1d exact", "lifetime"])]
    #[features(sum, mean, windows = ["1d exact", "lifetime"])]
    #[features(sum, by = day, windows = ["lifetime"])]
    #[features(var_pop, approx_percentile(50), decayed_sum("1d"), windows = ["1d"])]
    pub int8: Option<i8>,
    #[features(count, min, max, first, last, last_n(3), top_k(2), unique_count, histogram, mode,
               approx_count_distinct, windows = ["1d exact", "lifetime"])]
    #[features(sum, mean, windows = ["1d exact", "lifetime"])]
    #[features(sum, by = day, windows = ["lifetime"])]
    #[features(var_pop, approx_percentile(50), decayed_sum("1d"), windows = ["1d"])]
    pub int16: Option<i16>,
    #[features(count, min, max, first, last, last_n(3), top_k(2), unique_count, histogram, mode,
               approx_count_distinct, windows = ["1d exact", "lifetime"])]
    #[features(sum, mean, windows = ["1d exact", "lifetime"])]
    #[features(sum, by = day, windows = ["lifetime"])]
    #[features(var_pop, approx_percentile(50), decayed_sum("1d"), windows = ["1d"])]
    pub int32: Option<i32>,
    #[features(count, min, max, first, last, last_n(3), top_k(2), unique_count, histogram, mode,
               approx_count_distinct, windows = ["1d exact", "lifetime"])]
    #[features(sum, mean, windows = ["1d exact", "lifetime"])]
    #[features(sum, by = day, windows = ["lifetime"])]
    #[features(var_pop, approx_percentile(50), decayed_sum("1d"), windows = ["1d"])]
    pub uint8: Option<u8>,
    #[features(count, min, max, first, last, last_n(3), top_k(2), unique_count, histogram, mode,
               approx_count_distinct, windows = ["1d exact", "lifetime"])]
    #[features(sum, mean, windows = ["1d exact", "lifetime"])]
    #[features(sum, by = day, windows = ["lifetime"])]
    #[features(var_pop, approx_percentile(50), decayed_sum("1d"), windows = ["1d"])]
    pub uint16: Option<u16>,
    #[features(count, min, max, first, last, last_n(3), top_k(2), unique_count, histogram, mode,
               approx_count_distinct, windows = ["1d exact", "lifetime"])]
    #[features(sum, mean, windows = ["1d exact", "lifetime"])]
    #[features(sum, by = day, windows = ["lifetime"])]
    #[features(var_pop, approx_percentile(50), decayed_sum("1d"), windows = ["1d"])]
    pub uint32: Option<u32>,
    #[features(count, min, max, first, last, last_n(3), top_k(2), unique_count, histogram, mode,
               approx_count_distinct, windows = ["1d exact", "lifetime"])]
    #[features(sum, mean, windows = ["1d exact", "lifetime"])]
    #[features(sum, by = day, windows = ["lifetime"])]
    pub uint64: Option<u64>,
    #[features(count, min, max, first, last, last_n(3), top_k(2), unique_count, histogram, mode,
               approx_count_distinct, windows = ["1d exact", "lifetime"])]
    #[features(sum, mean, windows = ["1d exact", "lifetime"])]
    #[features(sum, by = day, windows = ["lifetime"])]
    pub price: Option<Decimal<12, 2>>,
    #[features(count, min, max, first, last, last_n(3), top_k(2), unique_count, histogram, mode,
               approx_count_distinct, windows = ["1d exact", "lifetime"])]
    #[features(sum, mean, windows = ["1d exact", "lifetime"])]
    #[features(sum, by = day, windows = ["lifetime"])]
    pub whole: Option<Decimal<38, 0>>,
    #[features(count, min, max, first, last, last_n(3), top_k(2), unique_count, histogram, mode,
               approx_count_distinct, windows = ["1d exact", "lifetime"])]
    pub day: Option<Date>,
    #[features(count, min, max, first, last, last_n(3), top_k(2), unique_count, histogram, mode,
               approx_count_distinct, windows = ["1d exact", "lifetime"])]
    #[features(last, by = whole, windows = ["lifetime"])]
    pub octets: Option<&'a [u8]>,
}

#[transform]
fn exact_values<'a>(event: &Exact<'a>) -> ExactValues<'a> {
    ExactValues {
        name: event.name,
        int8: event.int8,
        int16: event.int16,
        int32: event.int32,
        uint8: event.uint8,
        uint16: event.uint16,
        uint32: event.uint32,
        uint64: event.uint64,
        price: event.price,
        whole: event.whole,
        day: event.day,
        octets: event.octets,
    }
}

/// A key of all types, in which each part may be null.
#[derive(View)]
#[view(
    key = [name, int8, int16, int32, uint8, uint16, uint32, uint64, price, whole, day, octets],
    null_keys,
    history = "12h"
)]
#[features(count, windows = ["1d", "lifetime"])]
pub struct ExactKeys<'a> {
    pub name: &'a str,
    pub int8: Option<i8>,
    pub int16: Option<i16>,
    pub int32: Option<i32>,
    pub uint8: Option<u8>,
    pub uint16: Option<u16>,
    pub uint32: Option<u32>,
    pub uint64: Option<u64>,
    pub price: Option<Decimal<12, 2>>,
    pub whole: Option<Decimal<38, 0>>,
    pub day: Option<Date>,
    pub octets: Option<&'a [u8]>,
    #[features(last, windows = ["lifetime"])]
    pub event_id: &'a str,
}

#[transform]
fn exact_keys<'a>(event: &Exact<'a>) -> ExactKeys<'a> {
    ExactKeys {
        name: event.name,
        int8: event.int8,
        int16: event.int16,
        int32: event.int32,
        uint8: event.uint8,
        uint16: event.uint16,
        uint32: event.uint32,
        uint64: event.uint64,
        price: event.price,
        whole: event.whole,
        day: event.day,
        octets: event.octets,
        event_id: event.event_id,
    }
}

export!(
    views = [exact_values, exact_keys, exact_lists],
    on_demand = [exact_answer],
    aggregates = [Dearest, Longest]
);
