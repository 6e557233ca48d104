"""The data sets: events, a spine, and the features to compare over them.

Invariant: everything random comes from the seed, and values of the columns `n`, `b`, `d` and `e` are
few bits wide, so that peers that add in any order are exact on them. Deliberately absent: values.
"""
from dataclasses import dataclass
from pathlib import Path
from random import Random

import polars

from .features import DAY, HOUR, MINUTE, Feature

SEED = 20240501
SPINE_ROWS = 1500

EXACT_HOUR, EXACT_WEEK = ("exact", HOUR, 0), ("exact", 7 * DAY, 0)
YESTERDAY = ("exact", DAY, DAY)
SIX_HOURS, WEEK, MONTH = ("sliding", 6 * HOUR), ("sliding", 7 * DAY), ("sliding", 30 * DAY)
TUMBLING, LIFETIME = ("hopping", DAY, DAY), ("lifetime",)
TIME = polars.Datetime("us")


@dataclass
class Data:
    """A data set. `columns` is {name: (type, nullable)} of the events, times are naive UTC."""

    name: str
    columns: dict
    key: str
    features: list
    events: polars.DataFrame
    spine: polars.DataFrame
    events_file: Path
    spine_file: Path

    def of(self, *aggregates, columns=None, windows=None):
        """The features with these aggregates, of these columns and kinds of window."""
        for feature in self.features:
            if feature.aggregate not in aggregates:
                continue
            if columns is not None and feature.column not in columns:
                continue
            if windows is None or feature.window[0] in windows:
                yield feature


def log(root, folder):
    """The real event log: what each author did, at each of the log's mentions."""
    file = root / "transforms/user-mentions/data/issue_events.parquet"
    events = polars.read_parquet(file)
    events = events.with_columns(event_time=polars.col("event_time").cast(TIME))
    mentions = events.filter(polars.col("mentioned").is_not_null())
    spine = mentions.select(actor="actor", as_of="event_time").with_row_index("row")
    spine = spine.with_columns(polars.col("row").cast(polars.Int64))
    windows = [EXACT_WEEK, YESTERDAY, WEEK, MONTH, TUMBLING, LIFETIME]
    features = [Feature("count", None, window) for window in windows]
    for aggregate in ("sum", "mean", "min", "max"):
        features += [Feature(aggregate, "text_length", window) for window in windows]
    features += [Feature("count", "mentioned", window) for window in windows]
    features += [Feature(aggregate, "area", LIFETIME) for aggregate in ("first", "last")]
    text, number = ("string", False), ("int64", False)
    columns = {
        "event_id": text, "event_time": ("timestamp", False), "kind": text, "actor": text,
        "mentioned": ("string", True), "issue": text, "area": ("string", True),
        "files": number, "text_length": number,
    }
    spine_file = folder / "log-spine.parquet"
    spine.write_parquet(spine_file)
    return Data("log", columns, "actor", features, events, spine, file, spine_file)


def edges(folder):
    """Made events: ties, nulls, and times on the borders of windows and of grids."""
    random = Random(SEED)
    rows = []
    for key, size in enumerate([1, 2, 3, 4, 8, 16, 32, 64, 128, 200, 60, 90]):
        times = []
        for _ in range(size):
            times.append(random.choice(times) if times and random.random() < 0.3 else when(random))
            rows.append({"event_time": times[-1], "k": f"k{key:02}", **values(random)})
    random.shuffle(rows)
    identified = [{"event_id": f"e{at:04}", **row} for at, row in enumerate(rows)]
    schema = {
        "event_id": polars.String, "event_time": polars.Int64, "k": polars.String,
        "n": polars.Int64, "b": polars.Int64, "big": polars.Int64, "d": polars.Float64,
        "e": polars.Float64, "r": polars.Float64, "q": polars.Float64, "s": polars.Float64,
        "f": polars.Boolean, "c": polars.String,
    }
    events = polars.DataFrame(identified, schema=schema)
    questions = {(row["k"], time) for row in rows for time in asked(random, row["event_time"])}
    chosen = random.sample(sorted(questions), SPINE_ROWS - 1) + [("nobody", when(random))]
    spine = polars.DataFrame(chosen, schema=["k", "as_of"], orient="row").with_row_index("row")
    spine = spine.with_columns(
        polars.col("row").cast(polars.Int64), polars.col("as_of").cast(TIME)
    )
    events = events.with_columns(polars.col("event_time").cast(TIME))
    kinds = {
        polars.String: "string", polars.Int64: "int64", polars.Float64: "float64",
        polars.Boolean: "bool",
    }
    columns = {name: (kinds[kind], True) for name, kind in schema.items()}
    columns |= {name: (columns[name][0], False) for name in ("event_id", "k")}
    columns["event_time"] = ("timestamp", False)
    events_file, spine_file = folder / "edges-events.parquet", folder / "edges-spine.parquet"
    events.write_parquet(events_file)
    spine.write_parquet(spine_file)
    return Data("edges", columns, "k", edge_features(), events, spine, events_file, spine_file)


def when(random):
    """A time in 40 days of spring 2024: on the grids, beside them, or anywhere."""
    start = 1_709_251_200_000_000
    grid = random.choice([DAY, HOUR, 5 * MINUTE])
    on_grid = start + random.randrange(40 * DAY // grid) * grid
    return on_grid + random.choice([0, 0, -1, 1, random.randrange(grid)])


def asked(random, time):
    """Times at which an event stands on a border of a window, or one microsecond off."""
    lengths = [0, HOUR, DAY, 2 * DAY, 6 * HOUR, 7 * DAY, 30 * DAY]
    border = time + random.choice(lengths)
    hop = random.choice([DAY, HOUR, 5 * MINUTE])
    next_hop = border + hop - border % hop
    return [time + random.choice([0, 1]), border + random.choice([-1, 0, 1]), next_hop - 1, next_hop]


def values(random):
    """One row's values, each of them null now and then."""
    made = {
        "n": random.randrange(-50, 51),
        "big": random.choice([1, -1]) * (random.getrandbits(61) + 2**61),
        "d": random.randrange(-512, 513) / 8,
        "e": random.randrange(-64, 65) / 4,
        "r": random.uniform(-1, 1) * 2.0 ** random.randrange(-20, 40),
        "q": 1e6 + random.random(),
        "s": random.choice([0.0, -0.0, 1.5, -2.5, float("inf"), float("-inf"), float("nan")]),
        "f": random.random() < 0.5,
        "c": random.choice("aabbccdde"),
    }
    row = {name: None if random.random() < 0.15 else value for name, value in made.items()}
    # One of two values, so that in many windows it does not vary.
    return row | {"b": None if row["n"] is None else int(row["n"] > 0)}


def edge_features():
    every = [EXACT_HOUR, EXACT_WEEK, YESTERDAY, SIX_HOURS, WEEK, MONTH, TUMBLING, LIFETIME]
    some = [EXACT_WEEK, MONTH, LIFETIME]
    features = [Feature("count", None, window) for window in every]
    for column in ("n", "d"):
        for aggregate in ("count", "sum", "mean", "min", "max", "first", "last"):
            features += [Feature(aggregate, column, window) for window in every]
    for aggregate in ("count", "any", "all"):
        features += [Feature(aggregate, "f", window) for window in every]
    features += [Feature("sum", "big", window) for window in every]
    for column in ("r", "q"):
        features += [Feature(aggregate, column, w) for aggregate in ("sum", "mean") for w in every]
    features += [Feature(aggregate, "s", w) for aggregate in ("sum", "min", "max") for w in every]
    moments = ("var_pop", "var_samp", "stddev_pop", "stddev_samp", "skewness", "kurtosis")
    for column in ("n", "d", "r", "q"):
        features += [Feature(aggregate, column, window) for aggregate in moments for window in some]
    for column, other in (("d", "e"), ("r", "q")):
        for aggregate in ("covar_pop", "covar_samp", "corr"):
            with_other = (("other", other),)
            features += [Feature(aggregate, column, window, with_other) for window in some]
    picks = [("first_n", "n"), ("last_n", "n"), ("top_k", "k"), ("bottom_k", "k")]
    for aggregate, name in picks + [("first_distinct", "n"), ("last_distinct", "n")]:
        features += [Feature(aggregate, "n", window, ((name, 3),)) for window in some]
    for aggregate in ("unique_count", "histogram", "mode", "entropy"):
        features += [Feature(aggregate, "c", window, (("limit", 1000),)) for window in some]
    for millionths in (500_000, 900_000):
        with_part = (("millionths", millionths),)
        features += [Feature("approx_percentile", "n", window, with_part) for window in some]
    with_precision = (("precision", 12),)
    features += [Feature("approx_count_distinct", "n", window, with_precision) for window in some]
    short = [EXACT_HOUR, SIX_HOURS]
    features += [Feature("product", column, window) for column in ("n", "b") for window in short + some]
    return features + [feature for window in some for feature in richer_features(window)]


def richer_features(window):
    """Rows and lists, extremes of another column, lines, bits, distinct values, exact quantiles."""
    make = lambda aggregate, column, **parameters: Feature(
        aggregate, column, window, tuple(parameters.items())
    )
    for column in ("n", "c", "f", "s"):
        yield from (make(aggregate, column) for aggregate in ("first_row", "last_row"))
        yield from (make(aggregate, column, n=3) for aggregate in ("first_rows", "last_rows"))
        yield make("list", column, limit=1000)
    yield make("join", "c", separator=", ", limit=1000)
    for column, by in (("n", "d"), ("c", "n"), ("s", "c"), ("d", "f"), ("big", "b"), ("n", "s")):
        yield from (make(aggregate, column, by=by) for aggregate in ("arg_min", "arg_max"))
    for column, other in (("d", "e"), ("r", "q"), ("b", "e"), ("e", "b")):
        for aggregate in ("regr_slope", "regr_intercept", "regr_r2"):
            yield make(aggregate, column, other=other)
    for column in ("n", "big"):
        yield from (make(aggregate, column) for aggregate in ("bit_and", "bit_or", "bit_xor"))
    for column in ("n", "c"):
        yield make("most_frequent", column, n=3, limit=1000)
        yield make("mode_share", column, limit=1000)
    yield make("mode", "n", limit=1000)
    yield make("distinct_sum", "big", limit=1000)
    for column in ("n", "d", "r", "q"):
        for name in ("sum", "mean", "stddev_pop", "stddev_samp"):
            yield make(f"distinct_{name}", column, limit=1000)
    for column in ("n", "d", "c", "f", "s"):
        for millionths in (0, 250_000, 500_000, 900_000, 1_000_000):
            yield make("percentile_disc", column, millionths=millionths, limit=1000)
    for column in ("n", "d", "r", "q", "big"):
        for millionths in (250_000, 900_000):
            yield make("percentile_cont", column, millionths=millionths, limit=1000)
        yield from (make(aggregate, column, limit=1000) for aggregate in ("median", "iqr"))
