//! Aggregates of integers of every width, decimals, dates and bytes.
//!
//! Method: as in `aggregates.rs`. Deliberately absent: broken laws, which have no type.

use super::super::flat::{Cells, batch, outcome};
use super::{answer, states, update};
use lockstep_sdk::__::{Dispatch, States};
use lockstep_sdk::laws::samples;
use serde_json::Value;

mod artifact {
    use lockstep_sdk::prelude::*;

    /// The greatest value, for any type that an aggregate can read and that knows its own bytes.
    macro_rules! greatest {
        ($(
            $name:ident: $type:ty, $bytes:literal,
            |$to:ident| $encode:expr, |$from:ident| $decode:expr;
        )*) => {$(
            #[aggregate]
            #[derive(Clone, Copy, Debug, Default)]
            pub(super) struct $name(Option<$type>);

            impl Aggregate for $name {
                type Input<'a> = $type;
                type Output = Option<$type>;
                const STATE_BYTES_MAX: u32 = $bytes;

                fn zero() -> Self {
                    Self::default()
                }

                fn update(&mut self, value: $type) {
                    self.0 = self.0.max(Some(value));
                }

                fn merge(&mut self, other: Self) {
                    self.0 = self.0.max(other.0);
                }

                fn encode(&self, bytes: &mut Vec<u8>) {
                    if let Some($to) = self.0 {
                        bytes.extend($encode.to_le_bytes());
                    }
                }

                fn decode(bytes: &[u8]) -> Result<Self, String> {
                    if bytes.is_empty() {
                        return Ok(Self::zero());
                    }
                    let $from = bytes.try_into().map_err(|_| "a wrong length")?;
                    Ok($name(Some($decode)))
                }

                fn finalize(&self) -> Option<$type> {
                    self.0
                }
            }
        )*};
    }

    greatest! {
        Int8: i8, 1, |value| value, |bytes| i8::from_le_bytes(bytes);
        Int16: i16, 2, |value| value, |bytes| i16::from_le_bytes(bytes);
        Int32: i32, 4, |value| value, |bytes| i32::from_le_bytes(bytes);
        Uint8: u8, 1, |value| value, |bytes| u8::from_le_bytes(bytes);
        Uint16: u16, 2, |value| value, |bytes| u16::from_le_bytes(bytes);
        Uint32: u32, 4, |value| value, |bytes| u32::from_le_bytes(bytes);
        Uint64: u64, 8, |value| value, |bytes| u64::from_le_bytes(bytes);
        Price: Decimal<12, 2>, 16, |value| value.unscaled(), |bytes| {
            Decimal::new(i128::from_le_bytes(bytes)).ok_or("too many digits")?
        };
        Day: Date, 4, |value| value.days(), |bytes| Date::from_days(i32::from_le_bytes(bytes));
    }

    /// All bytes, joined by exclusive or.
    #[aggregate]
    #[derive(Default)]
    pub(super) struct Octets(u8);

    impl Aggregate for Octets {
        type Input<'a> = &'a [u8];
        type Output = Bytes;

        fn zero() -> Self {
            Self::default()
        }

        fn update(&mut self, octets: &[u8]) {
            self.0 ^= octets.iter().fold(0, |all, octet| all ^ octet);
        }

        fn merge(&mut self, other: Self) {
            self.0 ^= other.0;
        }

        fn encode(&self, bytes: &mut Vec<u8>) {
            bytes.push(self.0);
        }

        fn decode(bytes: &[u8]) -> Result<Self, String> {
            match bytes {
                [octet] => Ok(Octets(*octet)),
                other => Err(format!("{} bytes", other.len())),
            }
        }

        fn finalize(&self) -> Bytes {
            Bytes::from([self.0])
        }
    }

    #[derive(Event)]
    #[event(source = "exact", time = at)]
    pub(super) struct Event<'a> {
        pub at: EventTime,
        pub price: Decimal<12, 2>,
        pub octets: &'a [u8],
    }

    #[derive(View)]
    #[view(key = [at])]
    pub(super) struct Row {
        pub at: EventTime,
        #[features(greatest = Price, windows = ["1d"])]
        pub price: Option<Decimal<12, 2>>,
        #[features(mixed = Octets, windows = ["1d"])]
        pub octets: Bytes,
    }

    #[transform]
    pub(super) fn row(event: &Event<'_>) -> Row {
        Row { at: event.at, price: Some(event.price), octets: event.octets.into() }
    }

    export!(
        views = [row],
        aggregates = [Int8, Int16, Int32, Uint8, Uint16, Uint32, Uint64, Price, Day, Octets]
    );
}

/// Goal: an aggregate may read and give any exact type, and the laws have samples of each. Method:
/// the declared types, the laws on samples, and one call of the dispatch with bytes by hand.
#[test]
fn aggregates_of_exact_types() {
    use lockstep_sdk::laws::check;
    check::<artifact::Int8>(&samples(40));
    check::<artifact::Int16>(&samples(40));
    check::<artifact::Int32>(&samples(40));
    check::<artifact::Uint8>(&samples(40));
    check::<artifact::Uint16>(&samples(40));
    check::<artifact::Uint32>(&samples(40));
    check::<artifact::Uint64>(&samples(40));
    check::<artifact::Price>(&samples(40));
    check::<artifact::Day>(&samples(40));
    check::<artifact::Octets>(&samples(40));

    let manifest: Value = serde_json::from_str(artifact::MANIFEST).unwrap();
    let declared = manifest["aggregates"].as_array().unwrap().iter();
    let types = declared.map(|aggregate| {
        let (input, output) = (&aggregate["input"], &aggregate["output"]);
        (input.as_str().unwrap().to_string(), output["type"].as_str().unwrap().to_string())
    });
    let names = [
        "int8",
        "int16",
        "int32",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "decimal(12,2)",
        "date",
        "bytes",
    ];
    let same = names.map(|name| (name.to_string(), name.to_string()));
    assert_eq!(types.collect::<Vec<_>>(), same);

    let price = |unscaled: i128| unscaled.to_le_bytes().to_vec();
    let some = |unscaled: i128| Some(price(unscaled));
    let rows = batch(3, &[Cells::Fixed(16, vec![some(-250), some(-1), some(7)])]);
    let prices = Dispatch::of::<artifact::Price>();
    let of_groups: [&[u8]; 3] = [&price(-1), &[], &price(7)];
    assert_eq!(update(prices, &[2, 2, 3], &rows), answer(&[], &of_groups));
    let found = (prices.finalize)(&mut None, States::read(&states(&of_groups)));
    let values = Cells::Fixed(16, vec![some(-1), None, some(7)]);
    assert_eq!(found, outcome(&[], &[0, 1, 2], &[values]));
    let rows = batch(2, &[Cells::Octets(vec![Some(vec![1, 2]), Some(vec![0x80])])]);
    let octets = Dispatch::of::<artifact::Octets>();
    assert_eq!(update(octets, &[2], &rows), answer(&[], &[&[0x83]]));
    let found = (octets.finalize)(&mut None, States::read(&states(&[&[0x83]])));
    assert_eq!(found, outcome(&[], &[0], &[Cells::Octets(vec![Some(vec![0x83])])]));
}
