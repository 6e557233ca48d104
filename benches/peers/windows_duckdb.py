"""The training-set job on DuckDB: PARQUET_IN PARQUET_OUT. The same job as windows_polars.py."""
import sys

import duckdb

source, out = sys.argv[1:3]
sizes = {"1h": "1 hour", "1d": "1 day", "7d": "7 days", "30d": "30 days"}
values = {
    "count": "count(*)", "sum": "sum(delay)", "mean": "avg(delay)", "min": "min(delay)",
    "max": "max(delay)",
}
columns = ", ".join(
    f"{value} over w{size} as {name}_{size}" for size in sizes for name, value in values.items()
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
