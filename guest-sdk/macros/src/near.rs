//! The name that an author probably meant.
//!
//! Invariant: a hint names one of the names that may stand there, or is empty. Deliberately absent:
//! what the names mean.

use strsim::damerau_levenshtein;

/// What other systems call things, and what they are called here.
const ELSEWHERE: &[(&str, &str)] = &[
    ("avg", "mean"),
    ("average", "mean"),
    ("total", "sum"),
    ("minimum", "min"),
    ("maximum", "max"),
    ("latest", "last"),
    ("newest", "last"),
    ("earliest", "first"),
    ("oldest", "first"),
    ("std", "stddev_samp"),
    ("stddev", "stddev_samp"),
    ("stdev", "stddev_samp"),
    ("var", "var_samp"),
    ("variance", "var_samp"),
    ("percentile", "percentile_cont"),
    ("quantile", "percentile_cont"),
    ("quantile_cont", "percentile_cont"),
    ("quantile_disc", "percentile_disc"),
    ("interquartile_range", "iqr"),
    ("argmin", "arg_min"),
    ("min_by", "arg_min"),
    ("argmax", "arg_max"),
    ("max_by", "arg_max"),
    ("collect_list", "list"),
    ("array_agg", "list"),
    ("string_agg", "join"),
    ("group_concat", "join"),
    ("listagg", "join"),
    ("slope", "regr_slope"),
    ("intercept", "regr_intercept"),
    ("r_squared", "regr_r2"),
    ("top_n_frequency", "most_frequent"),
    ("nunique", "unique_count"),
    ("count_distinct", "unique_count"),
    ("distinct_count", "unique_count"),
    ("approx_distinct", "approx_count_distinct"),
    ("kurt", "kurtosis"),
    ("skew", "skewness"),
    ("ewma", "decayed_sum"),
    ("filter", "where"),
    ("group_by", "by"),
    ("limit", "by_limit"),
    ("over", "windows"),
    ("timestamp", "time"),
    ("event_time", "time"),
    ("event_id", "id"),
    ("entity", "key"),
    ("keys", "key"),
    ("entity_key", "key"),
    ("ondemand", "on_demand"),
    ("transforms", "views"),
];

/// `; did you mean …?` if one of `known` resembles `name`, else nothing.
pub(crate) fn did_you_mean<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    near(name, known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

/// The name of `known` that `name` stands for elsewhere, or that is few letters away from it.
pub(crate) fn near<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let plain = |name: &str| name.to_lowercase().replace('_', "");
    let lower = name.to_lowercase();
    let meant = ELSEWHERE.iter().find(|(other, _)| *other == lower).map(|(_, meant)| *meant);
    let ranked = known.into_iter().filter_map(|known| {
        let apart = match meant {
            Some(meant) if meant == known => 0,
            _ => damerau_levenshtein(&plain(&lower), &plain(known)),
        };
        let longer = lower.chars().count().max(known.chars().count());
        (apart <= (longer / 3).max(1)).then_some((apart, known))
    });
    ranked.min().map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: typing errors and other systems' words lead to a name, other words to none.
    #[test]
    fn near_names_are_found() {
        let known = ["mean", "last", "last_n", "windows", "percentile_cont"];
        for (name, expected) in [
            ("meen", Some("mean")),
            ("avg", Some("mean")),
            ("Mean", Some("mean")),
            ("lastn", Some("last_n")),
            ("window", Some("windows")),
            ("quantile", Some("percentile_cont")),
            ("geometry", None),
            ("", None),
        ] {
            assert_eq!(near(name, known), expected, "{name:?}");
        }
        assert_eq!(near("avg", ["sum"]), None, "a word that is not there is no hint");
    }
}
