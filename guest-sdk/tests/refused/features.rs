//! Mistakes in aggregates, filters, maps and windows.

use lockstep_sdk::prelude::*;

#[derive(View)]
#[view(key = [user])]
#[features(count, by = user, windows = ["1d"])]
#[features(count, by = flag, windows = ["1d"])]
#[features(count, by = double, windows = ["1d"])] //~ `by` takes what can be the key of a map, and `double` is Option<f64>; use bool, i8 to i64,
#[features(count, by = list, windows = ["1d"])] //~ `by` takes what can be the key of a map, and `list` is Vec<f64>; use bool, i8 to i64,
#[features(count, where = flag, windows = ["1d"])]
#[features(count, where = double, windows = ["1d"])] //~ `where` takes what is true or false, and `double` is Option<f64>; use a bool or
#[features(
    odd = ratio(
        sum(name), //~ `sum` takes numbers, and `name` is &'a str; use i8 to i64, u8 to u64, f32
        count_where(
            double,
            user, //~ `count_where` takes what is true or false, and `user` is i64; use a bool or an
        ),
    ),
    windows = ["1d"]
)]
pub struct WrongColumns<'a> {
    pub user: i64,
    pub flag: Option<bool>,
    #[features(any, windows = ["1d"])] //~ `any` takes what is true or false, and `double` is Option<f64>; use a bool or
    #[features(histogram, windows = ["1d"])] //~ `histogram` takes what can be the key of a map, and `double` is Option<f64>;
    #[features(vector_sum(3, 0), windows = ["1d"])] //~ `vector_sum` takes lists of floats, and `double` is Option<f64>; use Vec<f64>,
    #[features(corr(name), windows = ["1d"])] //~ `corr` takes numbers but u64 and decimals, and `name` is &'a str; use i8 to i64, u8 to u32,
    pub double: Option<f64>,
    #[features(max, var_pop, windows = ["1d"])] //~ `var_pop` takes numbers but u64 and decimals, and `name` is &'a str; use i8 to i64,
    #[features(approx_percentile(50), windows = ["1d"])] //~ `approx_percentile` takes numbers but u64 and decimals, and `name` is &'a str; use
    #[features(decayed_sum("1d"), windows = ["1d"])] //~ `decayed_sum` takes numbers but u64 and decimals, and `name` is &'a str; use
    #[features(count, unique_count, top_k(3), time_since_last, rate("1d"), windows = ["1d"])]
    pub name: &'a str,
    #[features(last_n(5), windows = ["1d"])] //~ `last_n` takes plain values, and `list` is Vec<f64>; use bool, i8 to i64,
    #[features(vector_mean(3, 0), count, windows = ["1d"])]
    pub list: Vec<f64>,
    #[features(vector_mean(3, 0), windows = ["1d"])] //~ `vector_mean` takes lists of floats, and `ints` is List<'a, i64>; use Vec<f64>,
    pub ints: List<'a, i64>,
    #[features(sum, mean, min, top_k(3), histogram, mode, windows = ["1d"])]
    #[features(stddev_samp, windows = ["1d"])] //~ `stddev_samp` takes numbers but u64 and decimals, and `wide` is u64; use i8 to i64, u8 to u32, f32,
    pub wide: u64,
    #[features(sum, mean, max, last_n(3), histogram, entropy, windows = ["1d"])]
    #[features(kurtosis, windows = ["1d"])] //~ `kurtosis` takes numbers but u64 and decimals, and `price` is Option<Decimal<12, 2>>; use
    #[features(covar_pop(wide), windows = ["1d"])] //~ `covar_pop` takes numbers but u64 and decimals, and `price` //~ `covar_pop` takes numbers but u64 and decimals, and `wide`
    pub price: Option<Decimal<12, 2>>,
    #[features(var_pop, approx_percentile(50), decayed_sum("1d"), windows = ["1d"])]
    #[features(sum, windows = ["1d"])]
    pub narrow: u32,
    #[features(last, histogram, windows = ["1d"])]
    #[features(mean, windows = ["1d"])] //~ `mean` takes numbers, and `day` is Date; use i8 to i64
    pub day: Date,
    #[features(min, unique_count, windows = ["1d"])]
    #[features(sum, windows = ["1d"])] //~ `sum` takes numbers, and `digest` is &'a [u8]; use i8 to i64
    pub digest: &'a [u8],
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
#[features(decayed_count("1h"), windows = ["7d"])] //~ a decayed aggregate takes a window of at most 64 half-lives, here 64h; shorten
pub struct TooManyHalfLives {
    pub user: i64,
}

#[derive(View)]
#[view(key = [the_name_of_this_column_is_longer_than_it_should])]
pub struct LongName {
    #[features(approx_count_distinct, windows = ["1d"])] //~ the feature's name
    pub the_name_of_this_column_is_longer_than_it_should: i64,
}

#[derive(View)]
#[view(key = [user])]
#[features(count, by = user, windows = ["1d"])]
#[features(count, by = user, by_limit = 5, windows = ["1d"])] //~ the feature count_by_user_1d is declared twice; leave one out
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
