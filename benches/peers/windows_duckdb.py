"""The training-set job on DuckDB: PARQUET_IN PARQUET_OUT [common].

The same job as windows_polars.py; with `common`, the features of the service `flights_common` of
benches/rich instead.
"""
import sys

import duckdb

source, out, *job = sys.argv[1:]
sizes = {"1h": "1 hour", "1d": "1 day", "7d": "7 days", "30d": "30 days"}
if job == ["common"]:
    values = {
        "count_by_band": "histogram(distance // 250)",
        "destination_unique_count": "count(distinct destination)",
        "delay_unique_count": "count(distinct delay)",
    }
    # In the order of the service's features.
    named = [(name, size) for name in values for size in sizes]
else:
    values = {
        "count": "count(*)", "sum": "sum(delay)", "mean": "avg(delay)", "min": "min(delay)",
        "max": "max(delay)",
    }
    named = [(name, size) for size in sizes for name in values]
columns = ", ".join(f"{values[name]} over w{size} as {name}_{size}" for name, size in named)
windows = ", ".join(
    f"w{size} as (partition by origin order by date "
    f"range between interval '{length}' preceding and interval 1 microsecond preceding)"
    for size, length in sizes.items()
)
duckdb.execute(
    f"copy (select *, {columns} from read_parquet('{source}') window {windows}) "
    f"to '{out}' (format parquet)"
)
