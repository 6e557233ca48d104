"""What docs/PEERS.md says of the peers themselves, asked of the installed versions.

Invariant: a fact of that page that is about an installed peer is a line here, so a version that
changes its behaviour fails the check. Each fact depends on the values alone: where a peer leaves the
result open (which of two modes, the order of addition), every permitted result passes. Deliberately
absent: our own values.
"""
import io
import math
import warnings

import duckdb
import numpy
import pandas
import polars
import pyarrow
import pyarrow.parquet
import scipy.stats


def wrong():
    """The facts that do not hold, as texts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        facts = [*of_duckdb(), *of_polars(), *of_numpy(), *of_scipy(), *of_pandas()]
    return [name for name, holds in facts if not holds]


def of_duckdb():
    con = duckdb.connect()

    def ask(expression, values, kind="double"):
        rows = ", ".join(f"('{value}'::{kind})" for value in values)
        source = f"(values {rows}) t(x)" if values else f"(select 1::{kind} as x where false)"
        return con.execute(f"select {expression} from {source}").fetchall()[0][0]

    yield "DuckDB: nothing sums to null", ask("sum(x)", []) is None
    yield "DuckDB: nothing is listed as null", ask("list(x)", []) is None
    yield "DuckDB: no entropy is 0", ask("entropy(x)", []) == 0
    yield "DuckDB: corr of one value is NaN", math.isnan(ask("corr(x, x)", [1]))
    yield "DuckDB: corr of equal values is NaN", math.isnan(ask("corr(x, x)", [2, 2, 2]))
    yield "DuckDB: kurtosis_pop of equal values is null", ask("kurtosis_pop(x)", [2, 2, 2, 2]) is None
    skew = scipy.stats.skew([1.0, 2, 4, 9], bias=False)
    found = ask("skewness(x)", [1, 2, 4, 9])
    yield "DuckDB: skewness is that of a sample", abs(found / skew - 1) < 1e-14
    yield "DuckDB: NaN is the greatest", math.isnan(ask("max(x)", ["nan", 1]))
    yield "DuckDB: NaN is not the least", ask("min(x)", ["nan", 1]) == 1
    yield "DuckDB: zeros are equal", ask("count(distinct x)", ["0.0", "-0.0"]) == 1
    found = ask("mode(x)", ["b", "a", "b", "a", "c"], "varchar")
    yield "DuckDB: mode is one of the modes", found in ("a", "b")
    yield "DuckDB: quantile_disc is of rank ceil(p n)", ask("quantile_disc(x, 0.5)", [1, 2, 3, 4]) == 2
    # The exact sum rounds to 1 + 2^-52; rounding at each step gives 1 in every order of addition.
    yield "DuckDB: sums round at each step", ask("sum(x)", [1.0, 2.0**-53, 2.0**-106]) == 1
    yield "DuckDB: integers sum in 128 bits", ask("sum(x)", [2**63 - 1, 1], "bigint") == 2**63
    # `nullif(x, 1)` is null in the first row.
    yield "DuckDB: first keeps null", ask("first(nullif(x, 1) order by x)", [1, 2]) is None
    yield "DuckDB: last keeps null", ask("last(nullif(x, 2) order by x)", [1, 2]) is None
    yield "DuckDB: list keeps null", ask("list(nullif(x, 1) order by x)", [1, 2]) == [None, 2]
    yield "DuckDB: arg_min skips null", ask("arg_min(nullif(x, 1), x)", [1, 2]) == 2
    found = ask("arg_min(x, nullif(x, 1))", [1, 2])
    yield "DuckDB: arg_min skips null of the other column", found == 2
    yield "DuckDB: arg_min_null keeps null", ask("arg_min_null(nullif(x, 1), x)", [1, 2]) is None
    yield "DuckDB: arg_min with ties is one of the rows", ask("arg_min(x, 1)", [1, 2]) in (1, 2)
    yield "DuckDB: signbit tells zeros apart", ask("signbit(min(x))", ["-0.0"]) is True
    for aggregate in ("product", "bit_and", "bit_or", "bit_xor", "mode", "median"):
        yield f"DuckDB: {aggregate} of nothing is null", ask(f"{aggregate}(x)", [], "bigint") is None
    yield "DuckDB: quantile_disc of nothing is null", ask("quantile_disc(x, 0.5)", []) is None
    yield "DuckDB: nothing is joined as null", ask("string_agg(x, ', ')", [], "varchar") is None
    yield "DuckDB: a product is a double", ask("typeof(product(x))", [1], "bigint") == "DOUBLE"
    yield "DuckDB: a slope is NaN where x is equal", math.isnan(ask("regr_slope(x, 1)", [1, 2]))
    yield "DuckDB: an intercept is null where x is equal", ask("regr_intercept(x, 1)", [1, 2]) is None
    yield "DuckDB: r2 is null where x is equal", ask("regr_r2(x, 1)", [1, 2]) is None
    yield "DuckDB: r2 is 1 where y is equal", ask("regr_r2(1, x)", [1, 2]) == 1
    yield "DuckDB: quantile_disc of 0 is the least", ask("quantile_disc(x, 0.0)", [2, 1]) == 1
    yield "DuckDB: NaN is the greatest of quantiles", ask("median(x)", ["nan", 1, 2]) == 2
    yield "DuckDB: median of -inf and 1 is -inf", ask("median(x)", ["-inf", 1]) == -math.inf
    yield "DuckDB: quantile_cont interpolates", ask("quantile_cont(x, 0.25)", [1, 2, 3, 4]) == 1.75
    # Of the integers it is 2^53 + 1.5, which rounds to 2^53 + 2.
    found = ask("median(x)", [2**53 + 1, 2**53 + 2], "bigint")
    yield "DuckDB: quantile_cont takes integers as doubles", found == 2**53


def of_polars():
    empty, flags = polars.Series([], dtype=polars.Float64), polars.Series([], dtype=polars.Boolean)
    series = polars.Series
    yield "Polars: nothing sums to 0", empty.sum() == 0
    yield "Polars: no mean", empty.mean() is None
    yield "Polars: no any, all", flags.any() is False and flags.all() is True
    yield "Polars: skew of one value is NaN", math.isnan(series([1.0]).skew())
    yield "Polars: skew of equal values is NaN", math.isnan(series([2.0, 2.0]).skew())
    yield "Polars: min, max skip NaN", (series([math.nan, 1.0]).min(), series([math.nan, 1.0]).max()) == (1, 1)
    yield "Polars: zeros are equal", series([0.0, -0.0]).n_unique() == 1
    yield "Polars: mode is all modes", sorted(series(["b", "a"]).mode()) == ["a", "b"]
    # Index 0.75 of 0 to 3, so 1; rank ceil(p n) would be the first value.
    yield "Polars: quantile is the nearest", series([1, 2, 3, 4]).quantile(0.25) == 2
    yield "Polars: integer sums wrap", series([2**63 - 1, 1]).sum() == -(2**63)
    yield "Polars: null is a distinct value", series([1, None]).n_unique() == 2
    integers, texts = series([], dtype=polars.Int64), series([], dtype=polars.String)
    yield "Polars: a product of nothing is 1", integers.product() == 1
    yield "Polars: integer products wrap", series([2**63 - 1, 2]).product() == -2
    yield "Polars: no bits", integers.bitwise_and() is None and integers.bitwise_xor() is None
    yield "Polars: nothing is joined as a text", texts.str.join(", ").to_list() == [""]
    found = integers.median(), integers.quantile(0.5, "equiprobable")
    yield "Polars: median, quantile of nothing are null", found == (None, None)
    yield "Polars: first keeps null", series([None, 1]).first() is None
    frame = polars.DataFrame({"x": [None, 1, 2], "by": [1, 2, None]})
    least, greatest = polars.col("x").min_by("by"), polars.col("x").max_by("by")
    yield "Polars: min_by keeps null", frame.select(least).item() is None
    yield "Polars: max_by skips null of the other column", frame.select(greatest).item() == 1
    parts, ranks = (0.25, 0.5, 0.75, 0.76), (1, 2, 3, 4)
    found = [series([1, 2, 3, 4]).quantile(part, "equiprobable") for part in parts]
    yield "Polars: equiprobable is of rank ceil(p n)", tuple(found) == ranks
    yield "Polars: linear interpolates", series([1, 2, 3, 4]).quantile(0.25, "linear") == 1.75
    yield "Polars: NaN is the greatest of quantiles", series([math.nan, 1.0, 2.0]).median() == 2
    yield "Polars: median of -inf and 1 is NaN", math.isnan(series([-math.inf, 1.0]).median())


def of_numpy():
    yield "NumPy: nothing sums to 0", numpy.sum([]) == 0
    yield "NumPy: mean of nothing is NaN", math.isnan(numpy.mean([]))
    yield "NumPy: NaN spreads", math.isnan(numpy.min([math.nan, 1.0]))
    yield "NumPy: integer sums wrap", numpy.sum(numpy.array([2**63 - 1, 1])) == -(2**63)
    yield "NumPy: a sample of one is NaN", math.isnan(numpy.var([1.0], ddof=1))
    yield "NumPy: variance is of the population", numpy.var([1.0, 3.0]) == 1
    yield "NumPy: percentile interpolates", numpy.percentile([1, 2, 3, 4], 50) == 2.5
    integers = numpy.array([], dtype=numpy.int64)
    yield "NumPy: a product of nothing is 1", numpy.prod(integers) == 1
    yield "NumPy: integer products wrap", numpy.prod(numpy.array([2**63 - 1, 2])) == -2
    yield "NumPy: bitwise_and of nothing is -1", numpy.bitwise_and.reduce(integers) == -1
    found = numpy.bitwise_or.reduce(integers), numpy.bitwise_xor.reduce(integers)
    yield "NumPy: bitwise_or, bitwise_xor of nothing are 0", found == (0, 0)
    yield "NumPy: argmin is the first", numpy.argmin([2, 1, 1]) == 1
    yield "NumPy: median of nothing is NaN", math.isnan(numpy.median([]))
    yield "NumPy: median with NaN is NaN", math.isnan(numpy.median([math.nan, 1.0, 2.0]))
    yield "NumPy: median of -inf and 1 is -inf", numpy.median([-math.inf, 1.0]) == -math.inf
    found = numpy.percentile([1, 2, 3, 4], [25, 50, 75, 76], method="inverted_cdf")
    yield "NumPy: inverted_cdf is of rank ceil(p n)", tuple(found) == (1, 2, 3, 4)


def of_scipy():
    yield "SciPy: skew of equal values is NaN", math.isnan(scipy.stats.skew([2.0, 2, 2]))
    yield "SciPy: skew is of the population", scipy.stats.skew([1.0, 2, 4, 9]) < 1
    yield "SciPy: kurtosis is an excess", scipy.stats.kurtosis([1.0, 2, 3, 4]) < 0
    yield "SciPy: mode is one of the modes", scipy.stats.mode([2, 1, 2, 1, 3]).mode in (1, 2)
    yield "SciPy: iqr interpolates", scipy.stats.iqr([1, 2, 3, 4]) == 1.5
    yield "SciPy: r is NaN where y is equal", math.isnan(scipy.stats.linregress([1, 2], [3, 3]).rvalue)
    try:
        scipy.stats.linregress([3, 3], [1, 2])
    except ValueError:
        refused = True
    else:
        refused = False
    yield "SciPy: a line through equal x is refused", refused


def of_pandas():
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"n": [2**53 + 1, None]}), file)
    yield "pandas: int64 beside nulls is float64", pandas.read_parquet(file)["n"].dtype == "float64"
    groups = pandas.DataFrame({"k": [1, 1], "x": [None, 2.0]}).groupby("k")
    yield "pandas: quantile interpolates", pandas.Series([1, 2]).quantile(0.5) == 1.5
    yield "pandas: first of a group skips null", groups["x"].first().tolist() == [2]
    yield "pandas: head of a group keeps null", groups["x"].head(1).isna().tolist() == [True]
