"""Compares the outputs of one job, value by value: values.py INPUT OUTPUTS…

Each output is NAME=FILE with a NAME of READERS. Prints JSON. Invariant: tables are compared as
multisets of whole rows, sorted by all their columns, since rows may be copies of each other; two
doubles are equal if their bits are; Lockstep's rows are the input's, in its order (S22). Applied
before comparing: Polars' sum of nothing, 0, is null as in SQL and here, and DuckDB's mean is its sum
over its count. All sums are integers below 2^53, so that quotient of doubles is the mean rounded
once, which Lockstep's must be. Deliberately absent: any tolerance.
"""
import json
import sys

import numpy as np
import polars as pl
import second_reading

INPUT = ["origin", "date", "destination", "distance", "delay"]
SIZES = ("1h", "1d", "7d", "30d")
VALUES = ("count", "sum", "mean", "min", "max")
FEATURES = [f"{value}_{size}" for size in SIZES for value in VALUES]


def ours(view, suffix):
    def read(file):
        table = pl.read_parquet(file)
        names = {}
        for feature in FEATURES:
            column = feature if feature.startswith("count") else f"delay_{feature}"
            names[f"{view}.{column}{suffix}"] = feature
        return table.rename(names)
    return read


def polars(file):
    table = pl.read_parquet(file)
    return table.with_columns(
        pl.when(pl.col(f"count_{size}") > 0).then(f"sum_{size}").alias(f"sum_{size}")
        for size in SIZES
    )


def duckdb(file):
    """DuckDB writes its 128-bit sums as doubles. Its avg rounds twice, as a long double and as a
    double, which is the neighbour of the mean now and then: it is measured, but the mean that is
    compared is the quotient of its own sum and count."""
    table = pl.read_parquet(file)
    means = {size: pl.col(f"sum_{size}") / pl.col(f"count_{size}") for size in SIZES}
    twice = [(pl.col(f"mean_{size}") != mean).sum().alias(size) for size, mean in means.items()]
    print(f"{table.select(pl.sum_horizontal(twice)).item()} means of DuckDB rounded twice", file=sys.stderr)
    sums = [f"sum_{size}" for size in SIZES]
    whole = table.select(pl.col(sums).cast(pl.Int64))
    if not whole.cast(pl.Float64).equals(table.select(pl.col(sums).cast(pl.Float64))):
        raise SystemExit("error: a sum of DuckDB is no integer")
    means = (mean.alias(f"mean_{size}") for size, mean in means.items())
    return table.with_columns(means).with_columns(whole)


READERS = {
    "exact": ours("flights_exact", "_exact"),
    "sawtooth": ours("flights_sawtooth", ""),
    "polars": polars,
    "duckdb": duckdb,
}


def comparable(table):
    """The table with the same columns, types and order of rows whoever made it."""
    types = {feature: pl.Float64 if "mean" in feature else pl.Int64 for feature in FEATURES}
    table = table.select(INPUT + FEATURES).cast(types)
    table = table.with_columns(pl.col("date").dt.timestamp("us"))
    return table.sort(INPUT + FEATURES)


def differences(left, right):
    """The number of different values, by column."""
    if left.height != right.height:
        raise SystemExit(f"error: {left.height} rows against {right.height}")
    found = {}
    for name in left.columns:
        different = (bits(left[name]) != bits(right[name])) | (
            left[name].is_null() != right[name].is_null()
        ).to_numpy()
        if different.any():
            found[name] = int(different.sum())
    return found


def bits(column):
    if column.dtype == pl.String:
        return column.to_numpy()
    # Whether a value is null is compared beside.
    return column.fill_null(0).to_numpy().view(np.int64)


def main():
    source = pl.read_parquet(sys.argv[1])
    files = dict(argument.split("=", 1) for argument in sys.argv[2:])
    tables = {name: READERS[name](file) for name, file in files.items()}
    report = {"compared": 0, "different": 0, "found": {}}

    def compare(name, left, right):
        found = differences(left, right)
        report["compared"] += left.height * len(FEATURES)
        report["different"] += sum(found.values())
        report["found"] |= {f"{name}: {column}": count for column, count in found.items()}

    for name in ("exact", "sawtooth"):
        if name in tables and not tables[name].select(source.columns).equals(source):
            report["different"] += 1
            report["found"][f"{name}: the input's rows in its order"] = 1
    tables = {name: comparable(table) for name, table in tables.items()}
    for name in ("exact", "sawtooth"):
        if name in tables:
            reading = comparable(second_reading.features(source, SIZES, exact=name == "exact"))
            compare(f"{name} and the second reading", tables[name], reading)
    for peer in ("polars", "duckdb"):
        if peer in tables:
            compare(f"exact and {peer}", tables["exact"], tables[peer])
    print(json.dumps(report))


if __name__ == "__main__":
    main()
