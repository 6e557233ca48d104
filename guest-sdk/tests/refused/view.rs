//! Mistakes in views.

use lockstep_sdk::prelude::*;

#[derive(View)]
#[features(count, windows = ["1d"])]
pub struct NoKey { //~ a view needs its key
    pub user: i64,
}

#[derive(View)]
#[view(key = [person])] //~ key: `UnknownKey` has no field `person`; it has user, amount
#[features(count, windows = ["1d"])]
pub struct UnknownKey {
    pub user: i64,
    pub amount: f64,
}

#[derive(View)]
#[view(key = [octets])]
#[features(count, windows = ["1d"])]
pub struct ListKey {
    pub octets: Vec<u8>, //~ a key column cannot be `Vec<u8>`; use bool
}

#[derive(View)]
#[view(key = [amount])]
#[features(count, windows = ["1d"])]
pub struct FloatKey {
    pub amount: f64, //~ a key column cannot be `f64`; use bool, i8 to i64, u8 to u64, Decimal<P, S>, Date,
}

#[derive(View)]
#[view(key = [user, user])] //~ this column is in the key twice
#[features(count, windows = ["1d"])]
pub struct TwiceInKey {
    pub user: i64,
}

#[derive(View)]
#[view(key = [user], boundary = "open")] //~ a boundary is "strict"
#[features(count, windows = ["1d"])]
pub struct BadBoundary {
    pub user: i64,
}

#[derive(View)]
#[view(key = [user])]
pub struct Featureless { //~ a view needs features
    pub user: i64,
}

#[derive(View)]
#[view(key = [user])]
#[features(count, windows = ["30m"])] //~ a window of 30m is too short; a sliding window is at least 1h; write "1h" or
pub struct Short {
    pub user: i64,
}

#[derive(View)]
#[view(key = [user])]
pub struct Uneven {
    pub user: i64,
    #[features(
        max,
        windows = [
            "1d",
            "61m", //~ a window of 61m is not a multiple of its hop of 5m (5m below 12h, 1h below 12d,
        ]
    )]
    pub amount: f64,
}

#[derive(View)]
#[view(key = [user])]
pub struct UnknownAggregate {
    pub user: i64,
    #[features(medain, windows = ["1d"])] //~ there is no aggregate `medain`; did you mean median or
    pub amount: f64,
}

#[derive(View)]
#[view(key = [user])]
#[features(sum, windows = ["1d"])] //~ `sum` needs a column
pub struct SumOfRows {
    pub user: i64,
}

#[derive(View)]
#[view(key = [user])]
pub struct SumOfText<'a> {
    pub user: i64,
    #[features(sum, windows = ["1d"])] //~ `sum` takes numbers, and `name` is &'a str; use i8 to i64, u8 to u64, f32, f64, Decimal<P, S> or
    pub name: &'a str,
    #[features(max, windows = ["1d"])] //~ `max` takes plain values, and `list` is List<'a, i64>; use bool, i8 to i64,
    pub list: List<'a, i64>,
}

#[derive(View)]
#[view(key = [user])]
#[features(count, windows = ["7d", "1d", "7d"])] //~ the feature count_7d is declared twice
pub struct Twice {
    pub user: i64,
}

#[derive(View)]
#[view(key = [user])]
#[features(count)] //~ name windows
pub struct Windowless {
    pub user: i64,
}

#[derive(View)]
#[view(key = [user])]
#[features(count, windows = ["1d"])]
pub struct BadColumn {
    pub user: i64,
    pub size: usize, //~ `usize` is not the type of an output column
    pub deep: Option<Option<i64>>, //~ `Option<Option<i64>>` is not the type of an output column; for Option
}
