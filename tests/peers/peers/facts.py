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


def of_numpy():
    yield "NumPy: nothing sums to 0", numpy.sum([]) == 0
    yield "NumPy: mean of nothing is NaN", math.isnan(numpy.mean([]))
    yield "NumPy: NaN spreads", math.isnan(numpy.min([math.nan, 1.0]))
    yield "NumPy: integer sums wrap", numpy.sum(numpy.array([2**63 - 1, 1])) == -(2**63)
    yield "NumPy: a sample of one is NaN", math.isnan(numpy.var([1.0], ddof=1))
    yield "NumPy: variance is of the population", numpy.var([1.0, 3.0]) == 1
    yield "NumPy: percentile interpolates", numpy.percentile([1, 2, 3, 4], 50) == 2.5


def of_scipy():
    yield "SciPy: skew of equal values is NaN", math.isnan(scipy.stats.skew([2.0, 2, 2]))
    yield "SciPy: skew is of the population", scipy.stats.skew([1.0, 2, 4, 9]) < 1
    yield "SciPy: kurtosis is an excess", scipy.stats.kurtosis([1.0, 2, 3, 4]) < 0
    yield "SciPy: mode is one of the modes", scipy.stats.mode([2, 1, 2, 1, 3]).mode in (1, 2)


def of_pandas():
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"n": [2**53 + 1, None]}), file)
    yield "pandas: int64 beside nulls is float64", pandas.read_parquet(file)["n"].dtype == "float64"
