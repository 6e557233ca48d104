//! Each aggregate of docs/FEATURES.md at least once, some with a filter or as a map.
//!
//! Windows are short and long ones, so that states are merged within tiles and over them. The
//! vectors of some events are bad for this view (S8). Deliberately absent: user-defined aggregates,
//! which the example `collaborators` has.

use crate::Typed;
use lockstep_sdk::prelude::*;

/// Every aggregate.
#[derive(View)]
#[view(key = [name], history = "12h")]
#[features(count, rate("1h"), time_since_first, time_since_last, decayed_count("12h"),
           windows = ["1d", "30d offset 1d"])]
#[features(share = ratio(count_where(flag), count), each = ratio(sum(int), count(double)),
           odd = ratio(mean_where(double, flag), sum_where(single, flag)),
           windows = ["1d", "365d"])]
#[features(count, time_since_last, share = ratio(sum(single), count_where(flag)), by = text,
           windows = ["30d", "lifetime"])]
#[features(count, where = flag, by = number, by_limit = 2, windows = ["1d", "lifetime"])]
pub struct EveryAggregate<'a> {
    pub name: &'a str,
    #[features(top_k(2), mode, windows = ["30d"])]
    #[features(last_row, arg_max(double), distinct_sum(3), windows = ["1d"])]
    #[features(last, by = text, windows = ["1d"])]
    pub number: i64,
    #[features(count, sum, mean, min, max, first, last, windows = ["1d"])]
    #[features(var_pop, var_samp, stddev_pop, stddev_samp, skewness, kurtosis, covar_pop(double),
               covar_samp(single), corr(double), corr(number), windows = ["1d", "lifetime"])]
    #[features(first_row, last_row, first_rows(3), last_rows(3), arg_min(double), arg_max(text),
               regr_slope(double), regr_intercept(single), regr_r2(number), product, bit_and, bit_or,
               bit_xor, list(20), most_frequent(2), mode_share, distinct_sum, distinct_mean(30),
               distinct_stddev_pop, distinct_stddev_samp, percentile_disc(0), percentile_cont(90),
               median, iqr, windows = ["1d", "30d"])]
    #[features(product, bit_xor, median(9), last_rows(2), arg_max(double), list(3), by = number,
               windows = ["30d"])]
    #[features(unique_count(4), histogram(4), mode(5), entropy(30), unique_count, histogram, mode,
               entropy, windows = ["1d", "30d"])]
    #[features(approx_count_distinct(4), approx_percentile(0.001), windows = ["1d", "lifetime"])]
    #[features(sum, mean, var_samp, approx_percentile(50), decayed_sum("1d"), where = flag,
               windows = ["30d"])]
    #[features(sum, mean, top_k(3), unique_count(2), skewness, by = number, windows = ["30d"])]
    pub int: Option<i64>,
    #[features(sum, mean, stddev_pop, stddev_samp, skewness, kurtosis, windows = ["1h", "30d"])]
    #[features(first_n(3), last_n(3), first_distinct(2), last_distinct(3), top_k(3), bottom_k(3),
               unique_count, mode, entropy, approx_count_distinct, approx_percentile(50),
               approx_percentile(99.9), approx_percentile(100), rate("1d"), time_since_first,
               time_since_last, decayed_sum("12h"), decayed_count("30m"), windows = ["1d"])]
    #[features(first_row, last_row, last_rows(3), arg_min(int), arg_max(moment), list(9),
               most_frequent(3), mode_share(99), distinct_sum, distinct_mean, distinct_stddev_samp,
               percentile_disc(75), percentile_cont(25), median, iqr, where = flag,
               windows = ["1d", "lifetime"])]
    #[features(decayed_sum("12h"), approx_percentile(25), windows = ["30d"])]
    #[features(mean, where = flag, by = text, by_limit = 3, windows = ["1d", "30d"])]
    pub double: Option<f64>,
    #[features(var_pop, var_samp, covar_samp(double), corr(int), windows = ["1d", "lifetime"])]
    #[features(regr_slope(double), regr_r2(int), distinct_sum(9), median, iqr, windows = ["1d"])]
    #[features(last_n(2), bottom_k(2), mode, unique_count, decayed_sum("1h"),
               approx_percentile(75), windows = ["1d"])]
    pub single: Option<f32>,
    #[features(any, all, count, histogram, mode, entropy, last_distinct(2),
               windows = ["1h", "lifetime"])]
    #[features(any, all, by = number, windows = ["1d"])]
    pub flag: Option<bool>,
    #[features(first_n(4), last_n(4), first_distinct(2), last_distinct(2), top_k(2), bottom_k(2),
               unique_count, unique_count(1), histogram, histogram(3), mode, entropy,
               approx_count_distinct(16), windows = ["1d", "lifetime"])]
    #[features(join(", "), join("", 5), first_row, last_row, first_rows(2), last_rows(2), list,
               arg_min(number), arg_max(int), most_frequent(2, 5), mode_share, percentile_disc(50),
               windows = ["1d", "30d"])]
    #[features(last_n(2), histogram(2), first_distinct(1), join("/", 4), by = number, windows = ["30d"])]
    pub text: Option<&'a str>,
    #[features(first_n(2), last_n(2), top_k(2), bottom_k(2), histogram, mode, unique_count,
               windows = ["30d"])]
    #[features(max, by = flag, windows = ["1d"])]
    pub moment: Option<EventTime>,
    #[features(count, vector_sum(3, -20), vector_mean(3, -20), vector_mean(3, -2),
               windows = ["1d", "lifetime"])]
    #[features(vector_sum(3, -20), where = flag, by = number, windows = ["30d"])]
    pub vector: Option<List<'a, f64>>,
}

/// Passes its columns through.
#[transform]
pub fn every_aggregate<'a>(event: &Typed<'a>) -> EveryAggregate<'a> {
    EveryAggregate {
        name: event.name,
        number: event.number,
        int: event.int,
        double: event.double,
        single: event.single,
        flag: event.flag,
        text: event.text,
        moment: event.moment,
        vector: event.vector,
    }
}
