#!/usr/bin/env python3
"""Compares `lockstep training-set` with DuckDB, Polars, NumPy, SciPy and exact fractions.

    tests/peers/run            # makes the environment if need be, then runs this in it

Prints a line for each data set, peer and aggregate, and fails if a value that must have the same
bits has others. docs/PEERS.md says what each rule means that is applied before comparing.
"""
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from peers import data, duck, facts, numeric, polar, product, readers, truth, types  # noqa: E402
from peers.compare import Report  # noqa: E402

ROOT = Path(__file__).parents[2]
# Columns on which a peer that adds doubles one by one is exact.
SHORT = ("n", "d", None)
MOMENTS = truth.MOMENTS


def null_if(values, condition):
    return [None if condition(value) else value for value in values]


def is_nan(value):
    return isinstance(value, float) and value != value


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
        theirs = null_if(found[feature.name], lambda x: x is not None and not -(2**63) <= x < 2**63)
        report.must_equal(it.name, "DuckDB", feature, ours[feature.name], theirs, "64 bits")
    special = list(it.of("sum", "min", "max", columns=["s"]))
    found = duck.windowed(con, it, special)
    unsigned = lambda values: [0.0 if value == 0 else value for value in values]
    for feature in special:
        left, right = unsigned(ours[feature.name]), unsigned(found[feature.name])
        report.must_equal(it.name, "DuckDB", feature, left, right, "one zero")
    rounding = [f for f in it.of("sum", "mean", columns=["r", "q"])]
    rounding += it.of(*MOMENTS[:4], "kurtosis", "covar_pop", "covar_samp", "corr")
    found = duck.windowed(con, it, rounding)
    for feature in rounding:
        theirs = null_if(found[feature.name], is_nan)
        report.may_differ(it.name, "DuckDB", feature, ours[feature.name], theirs, "NaN is null")
    check_duckdb_collections(report, it, ours, con)


def check_duckdb_collections(report, it, ours, con):
    lists = ("first_n", "last_n", "top_k", "bottom_k")
    features = list(it.of(*lists, *list(duck.JOINED)[4:]))
    found = duck.joined(con, it, features)
    for feature in features:
        left, right, rule = ours[feature.name], found[feature.name], None
        if feature.aggregate in lists:
            right = [(values or [])[:3] for values in right]
            rule = "null is []"
        if feature.aggregate == "histogram":
            left = [tuple(entries.items()) for entries in left]
            # DuckDB promises no order of the entries; ours are in order of keys.
            right = [tuple(sorted((e["key"], e["value"]) for e in entries or [])) for entries in right]
            rule = "null is {}"
        if feature.aggregate == "approx_percentile":
            check_bins(report, it.name, "DuckDB quantile_disc", feature, left, right)
        elif feature.aggregate in ("entropy", "approx_count_distinct"):
            report.may_differ(it.name, "DuckDB", feature, left, right)
        else:
            report.must_equal(it.name, "DuckDB", feature, left, right, rule)


def check_bins(report, name, peer, feature, ours, values):
    """Ours is the middle of the bin of 7 bits that holds the peer's value."""
    report.must_equal(name, peer, feature, ours, [middle(v) for v in values], "the bin's middle")


def middle(value):
    if not value:
        return None if value is None else 0.0
    magnitude, width = abs(value), 1.0
    while magnitude >= 2 * width:
        width *= 2
    width /= 128
    centre = magnitude // width * width + width / 2
    return centre if value > 0 else -centre


def check_polars(report, it, ours):
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


def check_fractions(report, it, ours, history):
    columns = ("n", "d", "r", "q", "big", "text_length")
    for feature in it.of(*truth.AGGREGATES, columns=columns):
        exact = truth.values(history, feature)
        report.must_equal(it.name, "Fraction", feature, ours[feature.name], exact)


def check_numeric(report, it, ours, history):
    for feature in it.of(*numeric.NUMPY, columns=["n", "d", "r", "q"]):
        mine = ours[feature.name]
        if feature.aggregate == "sum" and feature.column == "n":
            mine = [None if value is None else float(value) for value in mine]
        scipy = feature.aggregate in ("skewness", "kurtosis")
        # SciPy takes a third of a millisecond a value.
        peer, every = ("SciPy", 6) if scipy else ("NumPy", 1)
        theirs = null_if(numeric.values(numeric.NUMPY, history, feature, every), is_nan)
        rows = range(0, len(mine), every)
        short = feature.aggregate in ("sum", "mean") and feature.column in SHORT
        compare = report.must_equal if short else report.may_differ
        compare(it.name, peer, feature, mine, theirs, "NaN is null", rows)
        if feature.column in SHORT and feature.aggregate in ("var_pop", "var_samp", "stddev_pop"):
            sizes = map(len, history.inputs(feature))
            rows = powers_of_two(sizes)
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
    for feature in it.of("approx_percentile"):
        values = numeric.percentiles(history, feature)
        check_bins(report, it.name, "NumPy inverted_cdf", feature, ours[feature.name], values)


def powers_of_two(sizes):
    """The spine rows with such a number of inputs: their mean and deviations are exact doubles."""
    return [row for row, size in enumerate(sizes) if size and size & (size - 1) == 0]


def main():
    folder = ROOT / "target" / "peers"
    folder.mkdir(parents=True, exist_ok=True)
    report, started = Report(), time.monotonic()
    for it in (data.edges(folder), data.log(ROOT, folder)):
        ours = product.values(ROOT, folder / it.name, it)
        history = truth.History(it)
        check_fractions(report, it, ours, history)
        check_duckdb(report, it, ours, history)
        check_polars(report, it, ours)
        if it.name == "edges":
            check_numeric(report, it, ours, history)
    readers.check(report, ROOT, folder / "types")
    untrue = types.check(report, ROOT, folder / "every-type")
    print(report.show())
    wrong = facts.wrong()
    print("\n".join(f"docs/PEERS.md is wrong: {fact}" for fact in wrong), end="\n" * bool(wrong))
    print("\n".join(f"docs/TYPES.md is wrong: {fact}" for fact in untrue), end="\n" * bool(untrue))
    print(f"{report.compared()} values, {report.differences()} differences", end=", ")
    print(f"{time.monotonic() - started:.0f} s", flush=True)
    return bool(report.differences() or wrong or untrue)


if __name__ == "__main__":
    sys.exit(main())
