//! Mistakes in `#[features(…)]`, as tables.
//!
//! Method: a part of each message; the SDK's tests hold that it points at the author's line.

use super::{one, read};

/// An entry, whether it stands on a field, and a part of the message.
const ENTRIES: &[(&str, bool, &str)] = &[
    ("geometric_mean", true, "there is no aggregate `geometric_mean`; there are count, sum"),
    ("quantile", true, "did you mean percentile_cont(50)"),
    ("min_by(area)", true, "did you mean arg_min(other_field)"),
    ("arg_min", true, "write arg_min(other_field)"),
    ("arg_max(nothing)", true, "arg_max: `Told` has no field `nothing`"),
    ("list(1001)", true, "from 1 to 1000"),
    ("join", true, "write join(\", \")"),
    ("join(5)", true, "write join(\", \")"),
    ("join(\", \", 0)", true, "from 1 to 1000"),
    ("most_frequent", true, "write most_frequent(5)"),
    ("most_frequent(5, 100001)", true, "from 1 to 100000"),
    ("percentile_cont(100.5)", true, "from 0 to 100"),
    ("percentile_disc", true, "write percentile_disc(50)"),
    ("iqr(0)", true, "from 1 to 100000"),
    ("product(files)", true, "write product without parameters"),
    ("lastn(5)", true, "did you mean last_n(5)?"),
    ("ratios(count, count)", false, "write name = ratio("),
    ("count, filter = merged", false, "did you mean `where`?"),
    ("count, group_by = area", false, "did you mean `by`?"),
    ("ratio(sum(files), count)", false, "write name = ratio("),
    ("Quantiles", true, "write name = Quantiles"),
    ("spread = Quantiles", false, "on its field"),
    ("spread = Quantiles::<3>", true, "plain name"),
    ("spread = own::sum", true, "`sum` is no type"),
    ("spread = sum(files)", true, "write name = ratio("),
    ("last_n = 5", true, "parameters stand in parentheses"),
    ("sum", false, "`sum` needs a column"),
    ("corr(area)", false, "`corr` needs a column"),
    ("sum(files)", true, "write sum without parameters"),
    ("last_n", true, "write last_n(5)"),
    ("last_n(1, 2)", true, "write last_n(5)"),
    ("last_n(0)", true, "from 1 to 1000"),
    ("top_k(1001)", true, "from 1 to 1000"),
    ("bottom_k(-1)", true, "from 1 to 1000"),
    ("first_n(area)", true, "from 1 to 1000"),
    ("unique_count(0)", true, "from 1 to 100000"),
    ("histogram(100001)", true, "from 1 to 100000"),
    ("approx_count_distinct(3)", true, "from 4 to 16"),
    ("approx_count_distinct(17)", true, "from 4 to 16"),
    ("approx_percentile(0)", true, "above 0 and at most 100"),
    ("approx_percentile(100.5)", true, "above 0 and at most 100"),
    ("approx_percentile", true, "write approx_percentile(50)"),
    ("rate", true, "write rate(\"1d\")"),
    ("rate(1)", true, "write rate(\"1d\")"),
    ("rate(\"1 day\")", true, "a duration is a count and a unit"),
    ("rate(\"999ms\")", true, "at least 1s"),
    ("decayed_sum(\"0s\")", true, "at least 1s"),
    ("decayed_count(\"9449s\")", false, "at most 64 half-lives, here 604736s"),
    ("vector_sum(3)", true, "write vector_sum(128, -20)"),
    ("vector_sum(0, 1)", true, "from 1 to 4096"),
    ("vector_mean(4097, 1)", true, "from 1 to 4096"),
    ("vector_mean(3, -1001)", true, "from -1000 to 900"),
    ("vector_mean(3, 901)", true, "from -1000 to 900"),
    ("corr(nothing)", true, "corr: `Told` has no field `nothing`"),
    ("corr(1)", true, "write corr(other_field)"),
    ("r = ratio(count)", false, "two operands"),
    ("r = ratio(count, max(files))", false, "an operand of a ratio is"),
    ("r = ratio(count, sum)", false, "an operand of a ratio is"),
    ("r = ratio(count, sum(1))", false, "an operand of a ratio is"),
    ("r = ratio(count, sum_where(merged))", false, "an operand of a ratio is"),
    ("r = ratio(count, sum(nothing))", false, "sum: `Told` has no field `nothing`"),
    ("r = ratio(count, count)", true, "write it on the struct"),
    ("r = ratio(count, count), where = merged", false, "filter its operands"),
    ("count, where = nothing", false, "where: `Told` has no field `nothing`"),
    ("count, where = 1", false, "name a field"),
    ("count, where(merged)", false, "write where = field"),
    ("count, by = nothing", false, "by: `Told` has no field `nothing`"),
    ("count, by_limit = 5", false, "needs by = field"),
    ("count, by = area, by_limit = 0", false, "from 1 to 100000"),
    ("count, top = 5", false, "a top needs by = field"),
    ("count, top_of = key", false, "a top_of needs by = field"),
    ("count, by = area, top_of = key", false, "a top_of needs top = 3"),
    ("count, by = area, top = 0", false, "top is a whole number from 1 to 1000"),
    ("count, by = area, by_limit = 5, top = 6", false, "top is a whole number from 1 to 5"),
    ("count, by = area, top = 3, top_of = size", false, "top_of is value, key or count"),
    ("count, by = area, by_limit = 100001", false, "from 1 to 100000"),
    ("count, by = area, by = area", false, "given twice"),
    ("count, count", false, "count_7d is declared twice"),
    ("count, windows = [\"7d\"]", false, "given twice"),
];

/// A clause on the struct, and a part of the message.
const CLAUSES: &[(&str, &str)] = &[
    ("#[features]", "write #[features(…)]"),
    ("#[features()]", "name aggregates"),
    ("#[features(windows = [\"7d\"])]", "name aggregates"),
    ("#[features(count)]", "name windows"),
    ("#[features(count, window = [\"7d\"])]", "did you mean `windows`?"),
    ("#[features(count, windows = \"7d\")]", "write windows = [\"7d\", …]"),
    ("#[features(rate(\"1d\"), windows = [\"lifetime\"])]", "neither lifetime nor"),
    ("#[features(rate(\"1d\"), windows = [\"last 10 in 7d\"])]", "neither lifetime nor"),
    ("#[features(decayed_count(\"1d\"), windows = [\"lifetime\"])]", "needs a window with a"),
    ("#[features(decayed_count(\"1d\"), windows = [\"65d\"])]", "here 64d"),
];

/// Goal: a mistake is refused, with a remedy where there is one.
#[test]
fn mistakes_are_refused() {
    for (entry, on_field, part) in ENTRIES {
        let error = one(entry, *on_field).expect_err(entry).to_string();
        assert!(error.contains(part), "{entry}: {error}");
    }
    for (clause, part) in CLAUSES {
        let error = read(clause, "").expect_err(clause).to_string();
        assert!(error.contains(part), "{clause}: {error}");
    }
    for clause in [
        "#[features(rate(\"1d\"), windows = [\"session 30m in 7d\"])]",
        "#[features(decayed_count(\"1d\"), windows = [\"64d\"])]",
        "#[features(decayed_count(\"1d\"), windows = [\"last 10 in 64d\"])]",
    ] {
        assert!(read(clause, "").is_ok(), "{clause}");
    }
}
