//! Types that are no types of a column, each named with what to use.

use lockstep_sdk::prelude::*;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, SystemTime};

pub struct Decimal;
pub struct NaiveDate;
pub struct Uuid;
pub struct Address;
pub type Cents = i64;

#[derive(Event)]
#[event(source = "s", time = at)]
pub struct Read<'a> {
    pub at: EventTime,
    pub aliased: Cents,
    pub narrow: u8, //~ `u8` is not the type of a column; use i64, which holds all its values
    pub size: usize, //~ `usize` is not the type of a column; use i64; a value beyond 64 bits
    pub wide: u128, //~ `u128` is not the type of a column; use i64; a value beyond 64 bits
    pub price: Decimal, //~ `Decimal` is not the type of a column; use i64 in the smallest unit
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
    pub bytes: [u8; 16], //~ `[u8; 16]` is not the type of a column; use List<'a, T>
    pub place: Address, //~ `Address` is not the type of a column; use i64, f64, f32, bool, EventTime
    pub twice: Option<Option<i64>>, //~ `Option<Option<i64>>` is not the type of a column; for Option use one
    pub lists: List<'a, List<'a, i64>>, //~ `List<'a, List<'a, i64>>` is not the type of a column; a list
}

#[derive(View)]
#[view(key = [user])]
#[features(count, windows = ["1d"])]
pub struct Written<'a> {
    pub user: i64,
    pub narrow: u32, //~ `u32` is not the type of an output column; use i64, which holds all its values
    #[features(sum, max, windows = ["1d"])]
    pub price: Decimal, //~ `Decimal` is not the type of an output column; use i64 in the smallest
    pub day: NaiveDate, //~ `NaiveDate` is not the type of an output column; use EventTime
    pub text: Cow<'a, str>, //~ `Cow<'a, str>` is not the type of an output column; for Cow use String
    pub labels: BTreeMap<String, i64>, //~ `BTreeMap<String, i64>` is not the type of an output column
    pub table: Vec<Vec<f64>>, //~ `Vec<Vec<f64>>` is not the type of an output column; a list holds
    pub place: Address, //~ `Address` is not the type of an output column; use i64, f64, f32, bool
}

#[transform]
fn written<'a>(read: &Read<'a>) -> Option<Written<'a>> {
    let _ = read.aliased;
    None
}

#[derive(Request)]
pub struct Asked {
    pub weight: Decimal, //~ `Decimal` is not the type of a column; use i64 in the smallest unit
}

#[derive(Features)]
pub struct Known {
    #[from(written.count_1d)]
    pub count: u64, //~ `u64` is not the type of a column; use i64; a value beyond 64 bits
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
