//! What is asked, known and answered, with a value and a list of each type.
//!
//! Deliberately absent: meaning.

use lockstep_sdk::prelude::*;

/// What is asked: a value and a list of each type.
#[derive(Request)]
pub struct ExactQuestion<'a> {
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

/// What is known: a value and a list of each type.
#[derive(Features)]
pub struct ExactKnown<'a> {
    #[from(exact_values.int8_max_lifetime)]
    pub int8: Option<i8>,
    #[from(exact_values.int8_last_n_3_lifetime)]
    pub last_int8: List<'a, i8>,
    #[from(exact_values.int16_max_lifetime)]
    pub int16: Option<i16>,
    #[from(exact_values.int16_last_n_3_lifetime)]
    pub last_int16: List<'a, i16>,
    #[from(exact_values.int32_max_lifetime)]
    pub int32: Option<i32>,
    #[from(exact_values.int32_last_n_3_lifetime)]
    pub last_int32: List<'a, i32>,
    #[from(exact_values.uint8_max_lifetime)]
    pub uint8: Option<u8>,
    #[from(exact_values.uint8_last_n_3_lifetime)]
    pub last_uint8: List<'a, u8>,
    #[from(exact_values.uint16_max_lifetime)]
    pub uint16: Option<u16>,
    #[from(exact_values.uint16_last_n_3_lifetime)]
    pub last_uint16: List<'a, u16>,
    #[from(exact_values.uint32_max_lifetime)]
    pub uint32: Option<u32>,
    #[from(exact_values.uint32_last_n_3_lifetime)]
    pub last_uint32: List<'a, u32>,
    #[from(exact_values.uint64_max_lifetime)]
    pub uint64: Option<u64>,
    #[from(exact_values.uint64_last_n_3_lifetime)]
    pub last_uint64: List<'a, u64>,
    #[from(exact_values.price_max_lifetime)]
    pub price: Option<Decimal<12, 2>>,
    #[from(exact_values.price_last_n_3_lifetime)]
    pub last_price: List<'a, Decimal<12, 2>>,
    #[from(exact_values.whole_max_lifetime)]
    pub whole: Option<Decimal<38, 0>>,
    #[from(exact_values.whole_last_n_3_lifetime)]
    pub last_whole: List<'a, Decimal<38, 0>>,
    #[from(exact_values.day_max_lifetime)]
    pub day: Option<Date>,
    #[from(exact_values.day_last_n_3_lifetime)]
    pub last_day: List<'a, Date>,
    #[from(exact_values.octets_max_lifetime)]
    pub octets: Option<&'a [u8]>,
    #[from(exact_values.octets_last_n_3_lifetime)]
    pub last_octets: List<'a, &'a [u8]>,
    #[from(exact_values.uint8_sum_lifetime)]
    pub unsigned_sum: Option<u64>,
    #[from(exact_values.price_sum_lifetime)]
    pub decimal_sum: Option<Decimal<38, 2>>,
}

/// The greater of the known and the asked value, the last values in reverse, and the asked list.
#[derive(Outputs)]
pub struct ExactAnswer<'a> {
    pub int8: Option<i8>,
    pub last_int8: Vec<Option<i8>>,
    pub list_int8: Option<List<'a, i8>>,
    pub int16: Option<i16>,
    pub last_int16: Vec<Option<i16>>,
    pub list_int16: Option<List<'a, i16>>,
    pub int32: Option<i32>,
    pub last_int32: Vec<Option<i32>>,
    pub list_int32: Option<List<'a, i32>>,
    pub uint8: Option<u8>,
    pub last_uint8: Vec<Option<u8>>,
    pub list_uint8: Option<List<'a, u8>>,
    pub uint16: Option<u16>,
    pub last_uint16: Vec<Option<u16>>,
    pub list_uint16: Option<List<'a, u16>>,
    pub uint32: Option<u32>,
    pub last_uint32: Vec<Option<u32>>,
    pub list_uint32: Option<List<'a, u32>>,
    pub uint64: Option<u64>,
    pub last_uint64: Vec<Option<u64>>,
    pub list_uint64: Option<List<'a, u64>>,
    pub price: Option<Decimal<12, 2>>,
    pub last_price: Vec<Option<Decimal<12, 2>>>,
    pub list_price: Option<List<'a, Decimal<12, 2>>>,
    pub whole: Option<Decimal<38, 0>>,
    pub last_whole: Vec<Option<Decimal<38, 0>>>,
    pub list_whole: Option<List<'a, Decimal<38, 0>>>,
    pub day: Option<Date>,
    pub last_day: Vec<Option<Date>>,
    pub list_day: Option<List<'a, Date>>,
    pub octets: Option<&'a [u8]>,
    pub last_octets: Vec<Option<&'a [u8]>>,
    pub list_octets: Option<List<'a, &'a [u8]>>,
    /// The digits of the sum, as bytes.
    pub digits: Option<Bytes>,
    pub sums: Vec<Option<Decimal<38, 2>>>,
    pub as_double: Option<f64>,
    pub week: Option<Date>,
}

#[on_demand]
pub fn exact_answer<'a>(asked: &ExactQuestion<'a>, known: &ExactKnown<'a>) -> ExactAnswer<'a> {
    let unsigned = known.unsigned_sum.and_then(|sum| Decimal::new(i128::from(sum)));
    ExactAnswer {
        int8: known.int8.max(asked.int8),
        last_int8: known.last_int8.iter().rev().collect(),
        list_int8: asked.list_int8,
        int16: known.int16.max(asked.int16),
        last_int16: known.last_int16.iter().rev().collect(),
        list_int16: asked.list_int16,
        int32: known.int32.max(asked.int32),
        last_int32: known.last_int32.iter().rev().collect(),
        list_int32: asked.list_int32,
        uint8: known.uint8.max(asked.uint8),
        last_uint8: known.last_uint8.iter().rev().collect(),
        list_uint8: asked.list_uint8,
        uint16: known.uint16.max(asked.uint16),
        last_uint16: known.last_uint16.iter().rev().collect(),
        list_uint16: asked.list_uint16,
        uint32: known.uint32.max(asked.uint32),
        last_uint32: known.last_uint32.iter().rev().collect(),
        list_uint32: asked.list_uint32,
        uint64: known.uint64.max(asked.uint64),
        last_uint64: known.last_uint64.iter().rev().collect(),
        list_uint64: asked.list_uint64,
        price: known.price.max(asked.price),
        last_price: known.last_price.iter().rev().collect(),
        list_price: asked.list_price,
        whole: known.whole.max(asked.whole),
        last_whole: known.last_whole.iter().rev().collect(),
        list_whole: asked.list_whole,
        day: known.day.max(asked.day),
        last_day: known.last_day.iter().rev().collect(),
        list_day: asked.list_day,
        octets: known.octets.max(asked.octets),
        last_octets: known.last_octets.iter().rev().collect(),
        list_octets: asked.list_octets,
        digits: known.decimal_sum.map(|sum| sum.to_string().into_bytes().into()),
        sums: vec![known.decimal_sum, unsigned],
        as_double: known.decimal_sum.map(Decimal::to_f64),
        week: known.day.and_then(|day| day.days().checked_add(7)).map(Date::from_days),
    }
}
