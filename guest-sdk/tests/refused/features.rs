//! Mistakes in aggregates, filters, maps and windows.

use lockstep_sdk::prelude::*;

#[derive(View)]
#[view(key = [user])]
#[features(count, by = user, windows = ["1d"])]
#[features(count, by = flag, windows = ["1d"])]
#[features(count, by = double, windows = ["1d"])] //~ `Option<f64>` cannot be the keys
#[features(count, by = list, windows = ["1d"])] //~ cannot be the keys of a map
#[features(count, where = flag, windows = ["1d"])]
#[features(count, where = double, windows = ["1d"])] //~ a filter, `any` and `all` need a bool column
#[features(
    odd = ratio(
        sum(name), //~ this aggregate takes numbers, not a column of type `&'static str`
        count_where(
            double,
            user, //~ a filter, `any` and `all` need a bool column, not one of type `i64`
        ),
    ),
    windows = ["1d"]
)]
pub struct WrongColumns<'a> {
    pub user: i64,
    pub flag: Option<bool>,
    #[features(any, windows = ["1d"])] //~ need a bool column
    #[features(histogram, windows = ["1d"])] //~ cannot be the keys of a map
    #[features(vector_sum(3, 0), windows = ["1d"])] //~ take lists of floats, not a column of type
    #[features(corr(name), windows = ["1d"])] //~ takes numbers, not a column of type `&'static str`
    pub double: Option<f64>,
    #[features(max, var_pop, windows = ["1d"])] //~ takes numbers, not a column of type
    #[features(approx_percentile(50), windows = ["1d"])] //~ takes numbers, not
    #[features(decayed_sum("1d"), windows = ["1d"])] //~ takes numbers, not
    #[features(count, unique_count, top_k(3), time_since_last, rate("1d"), windows = ["1d"])]
    pub name: &'a str,
    #[features(last_n(5), windows = ["1d"])] //~ plain values, not a column of type `Vec<
    #[features(vector_mean(3, 0), count, windows = ["1d"])]
    pub list: Vec<f64>,
    #[features(vector_mean(3, 0), windows = ["1d"])] //~ take lists of floats, not
    pub ints: List<'a, i64>,
}

#[derive(View)]
#[view(key = [user])]
#[features(count, where = merged, windows = ["1d"])] //~ where: `NoFilter` has no field `merged`
pub struct NoFilter {
    pub user: i64,
}

#[derive(View)]
#[view(key = [user])]
#[features(count, by = area, windows = ["1d"])] //~ by: `NoKey` has no field `area`; it has user
pub struct NoKey {
    pub user: i64,
}

#[derive(View)]
#[view(key = [user])]
pub struct NoOther {
    #[features(corr(files), windows = ["1d"])] //~ corr: `NoOther` has no field `files`; it has user
    pub user: i64,
}

#[derive(View)]
#[view(key = [user])]
#[features(
    count,
    per = ratio(
        sum(files), //~ sum: `NoOperand` has no field `files`; it has user
        count
    ),
    windows = ["1d"]
)]
pub struct NoOperand {
    pub user: i64,
}

#[derive(View)]
#[view(key = [user])]
pub struct OutOfRange {
    #[features(
        last_n(5),
        last_n(
            1001 //~ the parameter of last_n is a whole number from 1 to 1000
        ),
        windows = ["1d"]
    )]
    pub user: i64,
}

#[derive(View)]
#[view(key = [user])]
#[features(
    rate("1d"),
    windows = [
        "7d",
        "lifetime", //~ a rate needs a window with a length
    ]
)]
pub struct RateOfALifetime {
    pub user: i64,
}

#[derive(View)]
#[view(key = [user])]
#[features(decayed_count("1h"), windows = ["7d"])] //~ at most 64 half-lives, here 64h
pub struct TooManyHalfLives {
    pub user: i64,
}

#[derive(View)]
#[view(key = [the_name_of_this_column_is_longer_than_it_should])]
pub struct LongName {
    #[features(approx_count_distinct, windows = ["1d"])] //~ has over 64 letters
    pub the_name_of_this_column_is_longer_than_it_should: i64,
}

#[derive(View)]
#[view(key = [user])]
#[features(count, by = user, windows = ["1d"])]
#[features(count, by = user, by_limit = 5, windows = ["1d"])] //~ count_by_user_1d is declared twice
pub struct Twice {
    pub user: i64,
}

#[derive(View)]
#[view(key = [user])]
#[features(
    count,
    windows = [
        "30m exact",
        "30m step 1s",
        "1d step 500ms", //~ 500ms is not a whole number of seconds
    ]
)]
pub struct OddStep {
    pub user: i64,
}

#[derive(View)]
#[view(key = [user], origin = "2024-01-01T00:00:00.5Z")] //~ an origin is a date
#[features(count, windows = ["1d"])]
pub struct OddOrigin {
    pub user: i64,
}

#[derive(View)]
#[view(key = [user], exact_max = "a day")] //~ a duration is a count and a unit
#[features(count, windows = ["1d"])]
pub struct OddExactMax {
    pub user: i64,
}
