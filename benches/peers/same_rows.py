"""Prints how many rows of two Parquet files the other does not have: same_rows.py FILE FILE.

Rows are compared as multisets. Columns are matched by position, since names differ between systems;
an empty map of Lockstep is a null of DuckDB.
"""
import sys

import duckdb

tables = []
for at, file in enumerate(sys.argv[1:3]):
    described = duckdb.execute(f"describe select * from read_parquet('{file}')").fetchall()
    columns = [
        f'coalesce(map_entries("{name}")::varchar, \'[]\') as c{index}' if kind.startswith("MAP")
        else f'"{name}"::varchar as c{index}'
        for index, (name, kind, *_) in enumerate(described)
    ]
    duckdb.execute(f"create view t{at} as select {', '.join(columns)} from read_parquet('{file}')")
one, other = (
    duckdb.execute(f"select count(*) from (from t{a} except all from t{b})").fetchone()[0]
    for a, b in ((0, 1), (1, 0))
)
print(one + other)
