#!/usr/bin/env python3
"""Compares `lockstep training-set` with DuckDB, Polars, NumPy, SciPy and exact fractions.

    tests/peers/run            # makes the environment if need be, then runs this in it

Prints a line for each data set, peer and aggregate, and fails if a value that must have the same
bits has others. docs/PEERS.md says what each rule means that is applied before comparing.
"""
import math
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from peers import calendars, data, duck, facts, numeric, polar, product, readers, truth, types  # noqa: E402
from peers.compare import Report  # noqa: E402
from peers.features import Feature  # noqa: E402
from peers.rules import (  # noqa: E402
    POWERS, SHORT, beyond_64_bits, is_exact, is_nan, middle, null_if, one_zero, powers_of_two,
    rows_where,
)

ROOT = Path(__file__).parents[2]
MOMENTS = truth.MOMENTS
LISTS = (
    "first_n", "last_n", "first_rows", "last_rows", "list", "top_k", "bottom_k", "most_frequent",
)
PICKS = (
    "first_row", "last_row", "join", "arg_min", "arg_max", *truth.BITS, "mode", "mode_share",
    "percentile_disc",
)


def check_duckdb(report, it, ours, history):
    con = duck.connect(it)
    same = ("count", "mean", "min", "max", "any", "all", "first", "last")
    exact = [f for f in it.of(*same, "sum") if f.column not in ("r", "q", "s", "big")]
    found = duck.windowed(con, it, exact)
    for feature in exact:
        rule = "sum / count" if feature.aggregate == "mean" else None
        report.must_equal(it.name, "DuckDB", feature, ours[feature.name], found[feature.name], rule)
    if it.name != "edges":
        return
    big = list(it.of("sum", columns=["big"]))
    found = duck.windowed(con, it, big)
    for feature in big:
        theirs = null_if(found[feature.name], beyond_64_bits)
        report.must_equal(it.name, "DuckDB", feature, ours[feature.name], theirs, "64 bits")
    special = list(it.of("sum", "min", "max", columns=["s"]))
    found = duck.windowed(con, it, special)
    for feature in special:
        left, right = one_zero(ours[feature.name]), one_zero(found[feature.name])
        report.must_equal(it.name, "DuckDB", feature, left, right, "one zero")
    rounding = [f for f in it.of("sum", "mean", columns=["r", "q"])]
    rounding += it.of(*MOMENTS[:4], "kurtosis", "covar_pop", "covar_samp", "corr")
    found = duck.windowed(con, it, rounding)
    for feature in rounding:
        theirs = null_if(found[feature.name], is_nan)
        report.may_differ(it.name, "DuckDB", feature, ours[feature.name], theirs, "NaN is null")
    check_duckdb_joined(report, it, ours, history, con)


def check_duckdb_joined(report, it, ours, history, con):
    features = list(it.of(*duck.JOINED))
    found = duck.joined(con, it, features)
    check_picks(report, it, "DuckDB", ours, found)
    check_doubles(report, it, "DuckDB", ours, found)
    for feature in it.of("product"):
        # Where each product on the way is an exact double.
        rows = rows_where(history, feature, lambda x: math.prod(abs(v) or 1 for v in x) < 2**53)
        left, right = ours[feature.name], found[feature.name]
        right = [int(v) if v is not None and abs(v) < 2**53 else v for v in right]
        report.must_equal(it.name, "DuckDB, below 2^53", feature, left, right, None, rows)
    for feature in it.of("unique_count", "histogram", "entropy", "approx_count_distinct"):
        left, right = ours[feature.name], found[feature.name]
        if feature.aggregate == "unique_count":
            report.must_equal(it.name, "DuckDB", feature, left, right)
        elif feature.aggregate == "histogram":
            left = [tuple(entries.items()) for entries in left]
            # DuckDB promises no order of the entries; ours are in order of keys.
            right = [tuple(sorted((e["key"], e["value"]) for e in entries or [])) for entries in right]
            report.must_equal(it.name, "DuckDB", feature, left, right, "null is {}")
        else:
            report.may_differ(it.name, "DuckDB", feature, left, right)
    for feature in it.of("approx_percentile"):
        left, right = ours[feature.name], found[feature.name]
        check_bins(report, it.name, "DuckDB quantile_disc", feature, left, right)


def check_picks(report, it, peer, ours, found, rules={}):
    """Lists, rows, texts, bits, shares and values of a rank; `rules` were applied before."""
    for feature in it.of(*LISTS, *PICKS):
        if feature.name not in found:
            continue
        left, right, rule = ours[feature.name], found[feature.name], rules.get(feature.name)
        if feature.aggregate in LISTS:
            given = dict(feature.parameters)
            right = [(values or [])[: given.get("n", given.get("k"))] for values in right]
            rule = "null is []"
        elif feature.aggregate in ("arg_min", "percentile_disc") and feature.column == "s":
            # DuckDB's arg_min by more than one column returns +0.0 for -0.0.
            left, right, rule = one_zero(left), one_zero(right), "one zero"
        elif feature.aggregate == "percentile_disc" and feature.column == "n":
            # Polars and NumPy have quantiles of integers as doubles.
            right = [None if value is None else int(value) for value in right]
        report.must_equal(it.name, peer, feature, left, right, rule)


def check_doubles(report, it, peer, ours, found, rules={}, every=1):
    """Numbers that a peer computes in doubles; with `every` only at each `every`-th spine row."""
    for feature in it.of(*truth.DISTINCT, *truth.QUANTILES, *truth.REGRESSIONS):
        if feature.name not in found:
            continue
        theirs, rule = found[feature.name], rules.get(feature.name)
        if feature.aggregate in truth.REGRESSIONS:
            theirs, rule = null_if(theirs, is_nan), "NaN is null"
        elif feature.aggregate == "distinct_mean" and peer == "DuckDB":
            rule = "sum / count"
        elif feature.column == "big" and feature.aggregate == "distinct_sum":
            theirs, rule = null_if(theirs, beyond_64_bits), "64 bits"
        compare = report.must_equal if is_exact(feature) else report.may_differ
        rows = range(0, len(theirs), every)
        compare(it.name, peer, feature, ours[feature.name], theirs, rule, rows)


def check_bins(report, name, peer, feature, ours, values):
    """Ours is the middle of the bin of 7 bits that holds the peer's value."""
    report.must_equal(name, peer, feature, ours, [middle(v) for v in values], "the bin's middle")


def check_polars(report, it, ours, history):
    same = ("count", "mean", "min", "max", "any", "all", "first", "last")
    features = [f for f in it.of(*same, "sum") if f.column not in ("r", "q", "s", "big")]
    features += it.of("unique_count")
    exact = [feature for feature in features if feature.window[0] == "exact"]
    answers = [("Polars rolling", exact, polar.rolling(it, exact))]
    if it.name == "edges":
        answers.append(("Polars join_where", features, polar.joined(it, features)))
    for peer, features, found in answers:
        counts = {(f.column, f.window): found[f.name] for f in features if f.aggregate == "count"}
        for feature in features:
            theirs, rule = found[feature.name], None
            if feature.aggregate in ("count", "unique_count"):
                theirs, rule = [value or 0 for value in theirs], "no group is 0"
            if feature.aggregate in ("sum", "any", "all"):
                # The log's column has no nulls, so its rows are its inputs.
                present = counts.get((feature.column, feature.window))
                present = present or counts[None, feature.window]
                theirs = [value if n else None for value, n in zip(theirs, present)]
                rule = "nothing is null"
            report.must_equal(it.name, peer, feature, ours[feature.name], theirs, rule)
    for feature in it.of("last", windows=["lifetime"]):
        found = polar.as_of(it, feature)
        report.must_equal(it.name, "Polars join_asof", feature, ours[feature.name], found)
    if it.name == "edges":
        rounding = list(it.of(*MOMENTS))
        found = polar.joined(it, rounding)
        for feature in rounding:
            theirs = null_if(found[feature.name], is_nan)
            report.may_differ(it.name, "Polars", feature, ours[feature.name], theirs, "NaN is null")
        check_polars_values(report, it, ours, history)


def check_polars_values(report, it, ours, history):
    # Polars has no quantiles of texts and bools, and its sums of integers wrap.
    without = (("percentile_disc", "c"), ("percentile_disc", "f"), ("distinct_sum", "big"))
    features = it.of("product", *LISTS, *PICKS, *truth.DISTINCT, *truth.QUANTILES)
    features = [f for f in features if f.aggregate in polar.PICK]
    features = [f for f in features if (f.aggregate, f.column) not in without]
    counts = {Feature("count", f.column, f.window): None for f in features}
    found, rules = polar.joined(it, [*features, *counts]), {}
    for feature in features:
        if feature.aggregate in ("product", "distinct_sum", "join"):
            present = found[Feature("count", feature.column, feature.window).name]
            theirs = [value if n else None for value, n in zip(found[feature.name], present)]
            found[feature.name], rules[feature.name] = theirs, "nothing is null"
    check_picks(report, it, "Polars", ours, found, rules)
    check_doubles(report, it, "Polars", ours, found, rules)
    for feature in it.of("product"):
        rows = rows_where(history, feature, lambda x: not beyond_64_bits(math.prod(x)))
        left, right, rule = ours[feature.name], found[feature.name], rules[feature.name]
        report.must_equal(it.name, "Polars, in 64 bits", feature, left, right, rule, rows)


def check_fractions(report, it, ours, history):
    columns = (*SHORT, "r", "q", "big", "c", "text_length")
    for feature in it.of(*truth.AGGREGATES, columns=columns):
        exact = truth.values(history, feature)
        report.must_equal(it.name, "Fraction", feature, ours[feature.name], exact)


def check_numeric(report, it, ours, history):
    for feature in it.of(*numeric.NUMPY, columns=["n", "d", "r", "q"]):
        mine = ours[feature.name]
        if feature.aggregate in ("sum", "distinct_sum") and feature.column == "n":
            mine = [None if value is None else float(value) for value in mine]
        scipy = feature.aggregate in ("skewness", "kurtosis", "iqr")
        # SciPy takes a third of a millisecond a value.
        peer, every = ("SciPy", 6) if scipy else ("NumPy", 1)
        theirs = null_if(numeric.values(numeric.NUMPY, history, feature, every), is_nan)
        rows = range(0, len(mine), every)
        compare = report.must_equal if is_exact(feature) else report.may_differ
        compare(it.name, peer, feature, mine, theirs, "NaN is null", rows)
        if feature.column in SHORT and feature.aggregate in POWERS:
            distinct = set if feature.aggregate in truth.DISTINCT else list
            rows = powers_of_two(len(distinct(inputs)) for inputs in history.inputs(feature))
            report.must_equal(it.name, "NumPy, n = 2^k", feature, mine, theirs, None, rows)
        if feature.aggregate in numeric.STANDARD:
            peer, every = ("fsum", 1) if feature.aggregate == "sum" else ("statistics", 6)
            theirs = numeric.values(numeric.STANDARD, history, feature, every)
            rows = range(0, len(mine), every)
            report.must_equal(it.name, peer, feature, mine, theirs, None, rows)
    for feature in it.of(*truth.CO_MOMENTS):
        theirs = null_if(numeric.co_moments(history, feature), is_nan)
        if feature.column in SHORT and feature.aggregate == "covar_pop":
            rows = powers_of_two(map(len, history.pairs(feature)))
            mine = ours[feature.name]
            report.must_equal(it.name, "NumPy, n = 2^k", feature, mine, theirs, None, rows)
        report.may_differ(it.name, "NumPy", feature, ours[feature.name], theirs, "NaN is null")
    check_lines_and_quantiles(report, it, ours, history)


def check_lines_and_quantiles(report, it, ours, history, every=6):
    lines = {f.name: numeric.lines(history, f, every) for f in it.of(*truth.REGRESSIONS)}
    check_doubles(report, it, "SciPy", ours, lines, every=every)
    for feature in it.of("regr_slope"):
        if feature.column in SHORT:
            rows = powers_of_two(map(len, history.pairs(feature)))
            rows = [row for row in rows if row % every == 0]
            theirs, rule = null_if(lines[feature.name], is_nan), "NaN is null"
            mine = ours[feature.name]
            report.must_equal(it.name, "SciPy, n = 2^k", feature, mine, theirs, rule, rows)
    quantiles = it.of("percentile_cont", columns=["n", "d", "r", "q"])
    found = {f.name: numeric.percentiles(history, f, "linear", every) for f in quantiles}
    check_doubles(report, it, "NumPy", ours, found, every=every)
    ranks = it.of("percentile_disc", columns=["n", "d"])
    found = {f.name: numeric.percentiles(history, f, "inverted_cdf") for f in ranks}
    check_picks(report, it, "NumPy inverted_cdf", ours, found)
    for feature in it.of("approx_percentile"):
        values = numeric.percentiles(history, feature, "inverted_cdf")
        check_bins(report, it.name, "NumPy inverted_cdf", feature, ours[feature.name], values)


def main():
    folder = ROOT / "target" / "peers"
    folder.mkdir(parents=True, exist_ok=True)
    report, started = Report(), time.monotonic()
    for it in (data.edges(folder), data.log(ROOT, folder)):
        ours = product.values(ROOT, folder / it.name, it)
        history = truth.History(it)
        check_fractions(report, it, ours, history)
        check_duckdb(report, it, ours, history)
        check_polars(report, it, ours, history)
        if it.name == "edges":
            check_numeric(report, it, ours, history)
    readers.check(report, ROOT, folder / "types")
    untrue = types.check(report, ROOT, folder / "every-type")
    explained = calendars.check(report, ROOT, folder / "calendars")
    print(report.show())
    print("\n".join(explained))
    wrong = facts.wrong()
    print("\n".join(f"docs/PEERS.md is wrong: {fact}" for fact in wrong), end="\n" * bool(wrong))
    print("\n".join(f"docs/TYPES.md is wrong: {fact}" for fact in untrue), end="\n" * bool(untrue))
    print(f"{report.compared()} values, {report.differences()} differences", end=", ")
    print(f"{time.monotonic() - started:.0f} s", flush=True)
    return bool(report.differences() or wrong or untrue)


if __name__ == "__main__":
    sys.exit(main())
