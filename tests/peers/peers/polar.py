"""Polars' reading: `rolling` for exact windows, joins with inequalities and as-of joins.

Deliberately absent: any value from another reading.
"""
import polars
from polars import col

from .features import DAY, HOUR

PICK = {
    "count": lambda x: x.count(),
    "sum": lambda x: x.sum(),
    "mean": lambda x: x.mean(),
    "min": lambda x: x.min(),
    "max": lambda x: x.max(),
    "any": lambda x: x.any(ignore_nulls=True),
    "all": lambda x: x.all(ignore_nulls=True),
    "first": lambda x: x.drop_nulls().first(),
    "last": lambda x: x.drop_nulls().last(),
    "var_pop": lambda x: x.var(ddof=0),
    "var_samp": lambda x: x.var(ddof=1),
    "stddev_pop": lambda x: x.std(ddof=0),
    "stddev_samp": lambda x: x.std(ddof=1),
    "skewness": lambda x: x.skew(bias=True),
    "kurtosis": lambda x: x.kurtosis(fisher=True, bias=True),
    "unique_count": lambda x, limit: x.drop_nulls().n_unique(),
    "first_row": lambda x: x.first(),
    "last_row": lambda x: x.last(),
    "first_rows": lambda x, n: x.head(n),
    "last_rows": lambda x, n: x.tail(n).reverse(),
    "list": lambda x, limit: x.drop_nulls(),
    "join": lambda x, separator, limit: x.str.join(separator),
    "arg_min": lambda x, by: extreme(x, by, descending=False),
    "arg_max": lambda x, by: extreme(x, by, descending=True),
    "product": lambda x: x.product(),
    "bit_and": lambda x: x.bitwise_and(),
    "bit_or": lambda x: x.bitwise_or(),
    "bit_xor": lambda x: x.bitwise_xor(),
    "mode": lambda x, limit: x.drop_nulls().mode().min(),
    "mode_share": lambda x, limit: x.drop_nulls().unique_counts().max() / x.count(),
    "distinct_sum": lambda x, limit: x.drop_nulls().unique().sum(),
    "distinct_mean": lambda x, limit: x.drop_nulls().unique().mean(),
    "distinct_stddev_pop": lambda x, limit: x.drop_nulls().unique().std(ddof=0),
    "distinct_stddev_samp": lambda x, limit: x.drop_nulls().unique().std(ddof=1),
    "percentile_disc": lambda x, millionths, limit: x.quantile(millionths / 1e6, "equiprobable"),
    "percentile_cont": lambda x, millionths, limit: x.quantile(millionths / 1e6, "linear"),
    "median": lambda x, limit: x.median(),
    "iqr": lambda x, limit: x.quantile(0.75, "linear") - x.quantile(0.25, "linear"),
}


def extreme(column, by, descending):
    """Not `min_by`: it takes a null, and with equal extremes any row."""
    both = column.is_not_null() & col(by).is_not_null()
    # Zeros are equal, but what they divide is not.
    order = [col(by), 1 / col(by)] if by == "s" else [col(by)]
    descending = [descending] * len(order) + [False]
    order = [part.filter(both) for part in (*order, col("place"))]
    return column.filter(both).sort_by(*order, descending=descending).first()


def expressions(features):
    for feature in features:
        column = col("is_event" if feature.column is None else feature.column)
        picked = PICK[feature.aggregate](column, **dict(feature.parameters))
        yield picked.alias(feature.name)


def rolling(data, features):
    """Exact windows, by `rolling` over the events and the spine in one table."""
    features, answers = list(features), {}
    spine = data.spine.rename({"as_of": "event_time"})
    events = data.events.with_columns(is_event=polars.lit(1))
    both = polars.concat([events, spine], how="diagonal").sort(
        data.key, "event_time", "event_id", nulls_last=True
    )
    for window in {feature.window: None for feature in features}:
        mine = [feature for feature in features if feature.window == window]
        _, length, offset = window
        rolled = both.rolling(
            "event_time", period=f"{length}us", offset=f"-{length + offset}us", closed="left",
            group_by=data.key,
        ).agg(*expressions(mine))
        # The order of groups is not promised. Rows of one key and time have one window, so one of
        # them answers for all.
        rolled = rolled.unique([data.key, "event_time"])
        rolled = spine.join(
            rolled, on=[data.key, "event_time"], how="left", maintain_order="left", validate="m:1"
        )
        answers |= {feature.name: rolled[feature.name].to_list() for feature in mine}
    return answers


def joined(data, features):
    """Any window, by a join on the key and a range of times; no rows is no group, so null."""
    features, answers = list(features), {}
    events = data.events.sort("event_time", "event_id").with_columns(is_event=polars.lit(1))
    events = events.rename({data.key: "key"}).with_row_index("place")
    for window in {feature.window: None for feature in features}:
        mine = [feature for feature in features if feature.window == window]
        lo, hi = borders(window, col("as_of"))
        spine = data.spine.with_columns(lo=lo, hi=hi)
        inside = [col(data.key) == col("key"), col("event_time") < col("hi")]
        if window[0] != "lifetime":
            inside.append(col("event_time") >= col("lo"))
        groups = spine.join_where(events, *inside).sort("row", "place")
        groups = groups.group_by("row", maintain_order=True).agg(*expressions(mine))
        whole = data.spine.join(groups, on="row", how="left", maintain_order="left")
        answers |= {feature.name: whole[feature.name].to_list() for feature in mine}
    return answers


def borders(window, at):
    kind, *parts = window
    us = lambda length: polars.duration(microseconds=length)
    if kind == "lifetime":
        return at, at
    if kind == "exact":
        return at - us(parts[0] + parts[1]), at - us(parts[1])
    if kind == "hopping":
        hi = at.dt.truncate(f"{parts[1]}us")
        return hi - us(parts[0]), hi
    hop = "5m" if parts[0] < 12 * HOUR else "1h" if parts[0] < 12 * DAY else "1d"
    return (at - us(parts[0])).dt.truncate(hop), at


def as_of(data, feature):
    """The last value before each spine row, by an as-of join without exact matches."""
    events = data.events.filter(col(feature.column).is_not_null())
    events = events.sort("event_time", "event_id").select(data.key, "event_time", feature.column)
    spine = data.spine.sort("as_of")
    found = spine.join_asof(
        events, left_on="as_of", right_on="event_time", by=data.key, strategy="backward",
        allow_exact_matches=False, check_sortedness=False,
    )
    return found.sort("row")[feature.column].to_list()
