"""Distinct counts and maps of counts on DuckDB: PARQUET_IN PARQUET_OUT.

Each flight at time t is a row of the output, with the flights from the same origin in [t - w, t).
"""
import sys

import duckdb

source, out = sys.argv[1:3]
sizes = {"1h": "1 hour", "1d": "1 day", "7d": "7 days", "30d": "30 days"}
values = {
    "count_by_band": "histogram(distance // 250)",
    "destination_unique_count": "count(distinct destination)",
    "delay_unique_count": "count(distinct delay)",
}
columns = ", ".join(
    f"{value} over w{size} as {name}_{size}" for name, value in values.items() for size in sizes
)
windows = ", ".join(
    f"w{size} as (partition by origin order by date "
    f"range between interval '{length}' preceding and interval 1 microsecond preceding)"
    for size, length in sizes.items()
)
duckdb.execute(
    f"copy (select *, {columns} from read_parquet('{source}') window {windows}) "
    f"to '{out}' (format parquet)"
)
