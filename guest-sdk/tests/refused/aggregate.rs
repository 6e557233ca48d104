//! Mistakes in aggregates.

use lockstep_sdk::prelude::*;

macro_rules! counts {
    ($type:ty) => {
        fn zero() -> Self {
            Self
        }
        fn update(&mut self, _: $type) {}
        fn merge(&mut self, _: Self) {}
        fn encode(&self, _: &mut Vec<u8>) {}
        fn decode(_: &[u8]) -> Result<Self, String> {
            Ok(Self)
        }
    };
}

#[aggregate]
pub struct Fine;

impl Aggregate for Fine {
    type Input<'a> = &'a str;
    type Output = i64;
    counts!(&str);
    fn finalize(&self) -> i64 {
        0
    }
}

pub struct Undeclared;

impl Aggregate for Undeclared {
    type Input<'a> = i64;
    type Output = i64;
    counts!(i64);
    fn finalize(&self) -> i64 {
        0
    }
}

pub struct Nullable;

impl Aggregate for Nullable {
    type Input<'a> = Option<i64>; //~ `Option<i64>` is not the input of an aggregate
    type Output = u128; //~ `u128` is not the type of an output column
    counts!(Option<i64>);
    fn finalize(&self) -> u128 {
        0
    }
}

#[aggregate]
pub struct NoDecimal; //~ a decimal has 1 to 38 digits, and at most all of them behind the point

impl Aggregate for NoDecimal {
    type Input<'a> = Decimal<39, 2>;
    type Output = i64;
    counts!(Decimal<39, 2>);
    fn finalize(&self) -> i64 {
        0
    }
}

#[aggregate]
pub struct NoList; //~ a decimal has 1 to 38 digits, and at most all of them behind the point

impl Aggregate for NoList {
    type Input<'a> = &'a [u8];
    type Output = Vec<Decimal<2, 3>>;
    counts!(&[u8]);
    fn finalize(&self) -> Vec<Decimal<2, 3>> {
        vec![]
    }
}

#[aggregate]
pub struct Unimplemented; //~ `Unimplemented` is not an aggregate

#[aggregate]
pub struct Generic<const N: usize>([u8; N]); //~ an aggregate has no parameters

#[aggregate(owner = "me")] //~ there is no setting `owner` here
pub struct Owned;

#[aggregate]
pub fn function() {} //~ #[aggregate] belongs on the struct or enum

type Fits = lockstep_sdk::__::Given<true>;
const _: () = lockstep_sdk::__::require_input::<Fits, Fine, Option<String>>();
const _: () = lockstep_sdk::__::require_input::<Fits, Fine, f64>(); //~ a field of type `f64` does not fit
const _: () = lockstep_sdk::__::require_input::<Fits, Fine, Vec<String>>(); //~ a field of type `Vec<String>`

mod export {
    use super::{Fine, Undeclared};
    lockstep_sdk::export!(
        views = [nothing], //~ cannot find
        aggregates = [
            Fine,
            Undeclared, //~ `Undeclared` is not declared as an aggregate
        ]
    );
}
