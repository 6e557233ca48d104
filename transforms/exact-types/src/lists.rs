//! Lists of each type, and aggregates that read lists.
//!
//! Deliberately absent: lists in answers, which `answer.rs` has.

use crate::Exact;
use lockstep_sdk::prelude::*;

/// Lists of each type, some as they came and some made anew.
#[derive(View)]
#[view(key = [name], history = "12h")]
pub struct ExactLists<'a> {
    pub name: &'a str,
    #[features(count, windows = ["1d", "lifetime"])]
    pub list_int8: Option<List<'a, i8>>,
    #[features(count, windows = ["1d", "lifetime"])]
    pub list_int16: Option<Vec<Option<i16>>>,
    #[features(count, windows = ["1d", "lifetime"])]
    pub list_int32: Option<List<'a, i32>>,
    #[features(count, windows = ["1d", "lifetime"])]
    pub list_uint8: Option<Vec<Option<u8>>>,
    #[features(count, windows = ["1d", "lifetime"])]
    pub list_uint16: Option<List<'a, u16>>,
    #[features(count, windows = ["1d", "lifetime"])]
    pub list_uint32: Option<Vec<Option<u32>>>,
    #[features(count, windows = ["1d", "lifetime"])]
    pub list_uint64: Option<List<'a, u64>>,
    #[features(count, windows = ["1d", "lifetime"])]
    #[features(chosen = Dearest, windows = ["lifetime"])]
    pub list_price: Option<Vec<Option<Decimal<12, 2>>>>,
    #[features(count, windows = ["1d", "lifetime"])]
    pub list_whole: Option<List<'a, Decimal<38, 0>>>,
    #[features(count, windows = ["1d", "lifetime"])]
    pub list_day: Option<Vec<Option<Date>>>,
    #[features(count, windows = ["1d", "lifetime"])]
    #[features(chosen = Longest, windows = ["lifetime"])]
    pub list_octets: Option<List<'a, &'a [u8]>>,
}

#[transform]
pub fn exact_lists<'a>(event: &Exact<'a>) -> ExactLists<'a> {
    ExactLists {
        name: event.name,
        list_int8: event.list_int8,
        list_int16: event.list_int16.map(|list| list.iter().collect()),
        list_int32: event.list_int32,
        list_uint8: event.list_uint8.map(|list| list.iter().collect()),
        list_uint16: event.list_uint16,
        list_uint32: event.list_uint32.map(|list| list.iter().collect()),
        list_uint64: event.list_uint64,
        list_price: event.list_price.map(|list| list.iter().collect()),
        list_whole: event.list_whole,
        list_day: event.list_day.map(|list| list.iter().collect()),
        list_octets: event.list_octets,
    }
}

/// The greatest element of all lists.
#[aggregate]
#[derive(Default)]
pub struct Dearest(Option<Decimal<12, 2>>);

impl Aggregate for Dearest {
    type Input<'a> = List<'a, Decimal<12, 2>>;
    type Output = Option<Decimal<12, 2>>;
    const STATE_BYTES_MAX: u32 = 16;

    fn zero() -> Self {
        Self::default()
    }

    fn update(&mut self, prices: List<'_, Decimal<12, 2>>) {
        self.0 = prices.iter().flatten().max().max(self.0);
    }

    fn merge(&mut self, other: Self) {
        self.0 = self.0.max(other.0);
    }

    fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.0.iter().flat_map(|price| price.unscaled().to_le_bytes()));
    }

    fn decode(bytes: &[u8]) -> Result<Self, String> {
        if bytes.is_empty() {
            return Ok(Self::zero());
        }
        let bytes = bytes.try_into().map_err(|_| format!("{} bytes", bytes.len()))?;
        let price = Decimal::new(i128::from_le_bytes(bytes));
        price.map(|price| Dearest(Some(price))).ok_or_else(|| "more than 12 digits".to_string())
    }

    fn finalize(&self) -> Option<Decimal<12, 2>> {
        self.0
    }
}

/// The longest element of all lists; of several, the greatest.
#[aggregate]
#[derive(Default)]
pub struct Longest(Bytes);

impl Aggregate for Longest {
    type Input<'a> = List<'a, &'a [u8]>;
    type Output = Bytes;

    fn zero() -> Self {
        Self::default()
    }

    fn update(&mut self, list: List<'_, &[u8]>) {
        list.iter().flatten().for_each(|octets| self.merge(Longest(octets.into())));
    }

    fn merge(&mut self, other: Self) {
        if (other.0.len(), &other.0) > (self.0.len(), &self.0) {
            *self = other;
        }
    }

    fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.0);
    }

    fn decode(bytes: &[u8]) -> Result<Self, String> {
        Ok(Longest(bytes.into()))
    }

    fn finalize(&self) -> Bytes {
        self.0.clone()
    }
}
