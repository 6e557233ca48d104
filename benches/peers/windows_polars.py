"""The training-set job on Polars: PARQUET_IN PARQUET_OUT.

Key `origin`; every row is also a spine row at its own date; half-open windows [t - w, t), in Polars'
terms closed="left", of 1 h, 1 d, 7 d and 30 d; count, sum, mean, min and max of `delay`: 20 features.
"""
import sys

import polars as pl

source, out = sys.argv[1:3]
features = []
for size in ("1h", "1d", "7d", "30d"):
    window = dict(by="date", window_size=size, closed="left")
    features += [
        pl.col("one").rolling_sum_by(**window).over("origin").alias(f"count_{size}"),
        pl.col("delay").rolling_sum_by(**window).over("origin").alias(f"sum_{size}"),
        pl.col("delay").rolling_mean_by(**window).over("origin").alias(f"mean_{size}"),
        pl.col("delay").rolling_min_by(**window).over("origin").alias(f"min_{size}"),
        pl.col("delay").rolling_max_by(**window).over("origin").alias(f"max_{size}"),
    ]
events = pl.scan_parquet(source).with_columns(one=pl.lit(1)).sort("origin", "date")
events.with_columns(features).drop("one").collect().write_parquet(out)
