//! Types that are no types of a column, each named with what to use.

use lockstep_sdk as sdk;
use lockstep_sdk::prelude::*;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, SystemTime};

pub struct Decimal;
pub struct NaiveDate;
pub struct BigInt;
pub struct Uuid;
pub struct Address;
pub type Cents = i64;

#[derive(Event)]
#[event(source = "s", time = at)]
pub struct Read<'a> {
    pub at: EventTime,
    pub aliased: Cents,
    pub narrow: u8,
    pub size: usize, //~ `usize` is not the type of a column; use u64: all machines must agree
    pub gap: Option<isize>, //~ `Option<isize>` is not the type of a column; for isize use i64
    pub wide: u128, //~ `u128` is not the type of a column; use u64 or i64, or Decimal<38, 0>, which
    pub signed: List<'a, i128>, //~ `List<'a, i128>` is not the type of a column; for i128 use u64 or
    pub price: Decimal, //~ `Decimal` is not the type of a column; use lockstep_sdk::Decimal<P, S>, of
    pub digits: sdk::Decimal<39, 2>, //~ `sdk::Decimal<39, 2>` is not the type of a column; a decimal has
    pub none: Option<sdk::Decimal<0, 0>>, //~ `Option<sdk::Decimal<0, 0>>` is not the type of a column;
    pub behind: List<'a, sdk::Decimal<5, 6>>, //~ `List<'a, sdk::Decimal<5, 6>>` is not the type of a column;
    pub large: BigInt, //~ `BigInt` is not the type of a column; use Decimal<38, 0>, or &str
    pub day: Option<NaiveDate>, //~ `Option<NaiveDate>` is not the type of a column; for NaiveDate use
    pub when: SystemTime, //~ `SystemTime` is not the type of a column; use EventTime
    pub wait: Duration, //~ `Duration` is not the type of a column; use i64 in a unit that the field's
    pub labels: HashMap<String, String>, //~ `HashMap<String, String>` is not the type of a column; for
    pub session: Uuid, //~ `Uuid` is not the type of a column; use &str
    pub letter: char, //~ `char` is not the type of a column; use &str
    pub name: String, //~ `String` is not the type of a column; use &'a str, which borrows
    pub note: Option<String>, //~ `Option<String>` is not the type of a column; for String use &'a str
    pub text: Cow<'a, str>, //~ `Cow<'a, str>` is not the type of a column; for Cow use &'a str
    pub list: Vec<i64>, //~ `Vec<i64>` is not the type of a column; for Vec use List<'a, T>
    pub slice: &'a [f64], //~ `&'a [f64]` is not the type of a column; use List<'a, T>
    pub set: HashSet<i64>, //~ `HashSet<i64>` is not the type of a column; for HashSet use List
    pub point: (f64, f64), //~ `(f64, f64)` is not the type of a column; use a field for each part
    pub bytes: [u8; 16], //~ `[u8; 16]` is not the type of a column; use &'a [u8] for bytes, or List<'a, u8>
    pub octets: Vec<u8>, //~ `Vec<u8>` is not the type of a column; for Vec use &'a [u8] for bytes, or
    pub borrowed: &'a [u8],
    pub owned: Bytes, //~ `Bytes` is not the type of a column; use &'a [u8], which borrows
    pub place: Address, //~ `Address` is not the type of a column; use bool, i8 to i64, u8 to u64, f32, f64,
    pub twice: Option<Option<i64>>, //~ `Option<Option<i64>>` is not the type of a column; for Option use one
    pub lists: List<'a, List<'a, i64>>, //~ `List<'a, List<'a, i64>>` is not the type of a column; a list
}

#[derive(View)]
#[view(key = [user])]
#[features(count, windows = ["1d"])]
pub struct Written<'a> {
    pub user: i64,
    pub narrow: u32,
    pub wide: i128, //~ `i128` is not the type of an output column; use u64 or i64, or Decimal<38, 0>
    #[features(sum, max, windows = ["1d"])]
    pub price: Decimal, //~ `Decimal` is not the type of an output column; use lockstep_sdk::Decimal
    #[features(sum, max, windows = ["1d"])]
    pub digits: Vec<sdk::Decimal<2, 3>>, //~ `Vec<sdk::Decimal<2, 3>>` is not the type of an output column; a
    pub bytes: [u8; 4], //~ `[u8; 4]` is not the type of an output column; use &'a [u8] or lockstep_sdk::Bytes
    pub day: NaiveDate, //~ `NaiveDate` is not the type of an output column; use lockstep_sdk::Date
    pub text: Cow<'a, str>, //~ `Cow<'a, str>` is not the type of an output column; for Cow use String
    pub labels: BTreeMap<String, i64>, //~ `BTreeMap<String, i64>` is not the type of an output column
    pub table: Vec<Vec<f64>>, //~ `Vec<Vec<f64>>` is not the type of an output column; a list holds
    pub place: Address, //~ `Address` is not the type of an output column; use bool, i8 to i64, u8 to u64,
}

#[transform]
fn written<'a>(read: &Read<'a>) -> Option<Written<'a>> {
    let _ = read.aliased;
    None
}

#[derive(Request)]
pub struct Asked {
    pub weight: Decimal, //~ `Decimal` is not the type of a column; use lockstep_sdk::Decimal<P, S>
}

#[derive(Features)]
pub struct Known {
    #[from(written.count_1d)]
    pub count: u64,
    #[from(written.sum_1d)]
    pub sum: u128, //~ `u128` is not the type of a column; use u64 or i64, or Decimal<38, 0>
}

#[derive(Outputs)]
pub struct Answered {
    pub wait: Duration, //~ `Duration` is not the type of an output column; use i64 in a unit that
}

#[on_demand]
fn answered(asked: &Asked, known: &Known) -> Result<Answered, String> {
    let _ = (&asked.weight, known.count);
    Err(String::new())
}

lockstep_sdk::export!(views = [written], on_demand = [answered]);
