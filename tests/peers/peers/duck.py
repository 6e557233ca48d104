"""DuckDB's reading: range windows over the events and the spine in one table, and range joins.

Borders are computed by DuckDB's own `time_bucket`, and each window is a RANGE frame that ends one
microsecond before its end, since a frame includes both ends. Deliberately absent: any value from
another reading.
"""
import duckdb

from .features import DAY, HOUR

# By aggregate, `{x}` being the column; `over` and the window follow. `place` orders rows as S15 does.
WINDOWED = {
    "count": "count({x})",
    "sum": "sum({x})",
    # Not avg: of integers it rounds twice, as a long double and as a double.
    "mean": "sum({x}) {over} / count({x})",
    "min": "min({x})",
    "max": "max({x})",
    "any": "bool_or({x})",
    "all": "bool_and({x})",
    "first": "arg_min({x}, place)",
    "last": "arg_max({x}, place)",
    "var_pop": "var_pop({x})",
    "var_samp": "var_samp({x})",
    "stddev_pop": "stddev_pop({x})",
    "stddev_samp": "stddev_samp({x})",
    "kurtosis": "kurtosis_pop({x})",
    "covar_pop": "covar_pop({x}, {other})",
    "covar_samp": "covar_samp({x}, {other})",
    "corr": "corr({x}, {other})",
}
JOINED = {
    "first_n": "list({x} order by place) filter ({x} is not null)",
    "last_n": "list({x} order by place desc) filter ({x} is not null)",
    "top_k": "list({x} order by {x} desc) filter ({x} is not null)",
    "bottom_k": "list({x} order by {x}) filter ({x} is not null)",
    "unique_count": "count(distinct {x})",
    "histogram": "map_entries(histogram({x}))",
    "entropy": "entropy({x})",
    "approx_percentile": "quantile_disc({x}, {part})",
    "approx_count_distinct": "count(distinct {x})",
    # These two keep a null.
    "first_row": "first({x} order by place)",
    "last_row": "last({x} order by place)",
    # Without a row in the window, the join has one of nulls.
    "first_rows": "list({x} order by place) filter (place is not null)",
    "last_rows": "list({x} order by place desc) filter (place is not null)",
    "list": "list({x} order by place) filter ({x} is not null)",
    "join": "string_agg({x}, '{separator}' order by place)",
    # With equal extremes DuckDB takes any row, so the order names the rows too.
    "arg_min": "arg_min({x}, ({order}, place)) filter ({by} is not null)",
    "arg_max": "first({x} order by {order} desc, place) filter ({x} is not null and {by} is not null)",
    "regr_slope": "regr_slope({x}, {other})",
    "regr_intercept": "regr_intercept({x}, {other})",
    "regr_r2": "regr_r2({x}, {other})",
    "product": "product({x})",
    "bit_and": "bit_and({x})",
    "bit_or": "bit_or({x})",
    "bit_xor": "bit_xor({x})",
    "most_frequent": "list_transform(list_sort(list_transform(map_entries(histogram({x})), "
    "lambda entry: (-(entry.value::bigint), entry.key))), lambda entry: entry[2])",
    "mode_share": "list_max(map_values(histogram({x}))) / count({x})",
    "distinct_sum": "sum(distinct {x})",
    "distinct_mean": "sum(distinct {x}) / count(distinct {x})",
    "distinct_stddev_pop": "stddev_pop(distinct {x})",
    "distinct_stddev_samp": "stddev_samp(distinct {x})",
    "percentile_disc": "quantile_disc({x}, {part})",
    "percentile_cont": "quantile_cont({x}, {part})",
    "median": "median({x})",
    "iqr": "quantile_cont({x}, 0.75) - quantile_cont({x}, 0.25)",
}


def connect(data):
    """A connection with the tables `events` and `spine`."""
    con = duckdb.connect()
    con.execute("set threads = 2; set TimeZone = 'UTC'")
    con.execute(f"create table spine as from read_parquet('{data.spine_file}')")
    con.execute(
        f"create table events as select * replace (event_time::timestamp as event_time), "
        f"(event_time::timestamp, event_id) as place from read_parquet('{data.events_file}')"
    )
    return con


def borders(window, at):
    """SQL of a window's lo and hi at the time `at`; a lifetime has no lo."""
    kind, *parts = window
    us = lambda length: f"to_microseconds({length})"
    if kind == "lifetime":
        return None, at
    if kind == "exact":
        return f"{at} - {us(parts[0] + parts[1])}", f"{at} - {us(parts[1])}"
    if kind == "hopping":
        hi = f"time_bucket({us(parts[1])}, {at}, timestamp '1970-01-01')"
        return f"{hi} - {us(parts[0])}", hi
    hop = "5 minutes" if parts[0] < 12 * HOUR else "1 hour" if parts[0] < 12 * DAY else "1 day"
    lo = f"time_bucket(interval '{hop}', {at} - {us(parts[0])}, timestamp '1970-01-01')"
    return lo, at


def windowed(con, data, features):
    """Each feature's values at the spine rows, by RANGE frames."""
    features = list(features)
    names = {window: f"w{at}" for at, window in enumerate({f.window: None for f in features})}
    frames = []
    for window, name in names.items():
        lo, hi = borders(window, "t")
        start = "unbounded" if lo is None else f"(t - ({lo}))"
        frames.append(
            f"{name} as (partition by key order by t range between {start} preceding "
            f"and (t - ({hi}) + interval 1 microsecond) preceding)"
        )
    columns, read = [], {"place"}
    for at, feature in enumerate(features):
        read |= {feature.column, dict(feature.parameters).get("other")} - {None}
        over = f"over {names[feature.window]}"
        text = WINDOWED[feature.aggregate].format(
            x=feature.column or "is_event", other=dict(feature.parameters).get("other"), over=over
        )
        columns.append(f"{text} {over} as f{at}")
    query = f"""
        with together as (
            select {data.key} as key, event_time as t, 1 as is_event, null as row,
                {", ".join(sorted(read))}
            from events
            union all by name
            select {data.key} as key, as_of as t, null as is_event, row from spine
        ), answers as (select row, {", ".join(columns)} from together window {", ".join(frames)})
        select * from answers where row is not null order by row"""
    return by_name(features, con.execute(query).fetchall())


def joined(con, data, features):
    """Each feature's values at the spine rows, by a join on the key and a range of times."""
    features, answers = list(features), {}
    for window in {feature.window: None for feature in features}:
        mine = [feature for feature in features if feature.window == window]
        lo, hi = borders(window, "as_of")
        after = "" if lo is None else f"and event_time >= {lo}"
        columns = []
        for feature in mine:
            given = dict(feature.parameters)
            given["part"] = given.get("millionths", 0) / 1_000_000
            names = {"x": feature.column, "other": given.get("other"), "by": given.get("by")}
            given |= {name: f"events.{column}" for name, column in names.items()}
            # Zeros are equal, unless the query names their signs.
            special = "({by}, not signbit({by}))" if names["by"] == "s" else "{by}"
            given["order"] = special.format(by=given["by"])
            columns.append(JOINED[feature.aggregate].format(**given))
        rows = con.execute(f"""
            select row, {", ".join(columns)} from spine left join events
                on spine.{data.key} = events.{data.key} and event_time < {hi} {after}
            group by row order by row""").fetchall()
        answers |= by_name(mine, rows)
    return answers


def by_name(features, rows):
    return {f.name: [row[at + 1] for row in rows] for at, f in enumerate(features)}
