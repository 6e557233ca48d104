#!/usr/bin/env python3
"""Writes crossing/*.json: aggregates over rows, values and distinct values, crossed with every window.

    python3 tests/cases/crossing.py                   # writes the files anew

The rows are the hand-written log below, which has nulls, ties, values beyond each limit, and sums and
products beyond their types. The expected values are those of the definition in definition/, so these files
find where a host differs from it, not where it is wrong: that is what the cases by hand are for. The order
of arrival is shuffled with a fixed seed; the output is the same in every run. Deliberately absent: older
aggregates.
"""
import json
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from definition.case import Case  # noqa: E402
from definition.layout import file_text  # noqa: E402
from definition.values import OVERFLOW, has_overflow, without_overflow, write  # noqa: E402

SEED = 1
FOLDER = Path(__file__).parent / "crossing"
RULES = ["S3", "S14", "S15", "S16", "S17", "S18"]
COLUMNS = [
    "k string", "v int64?", "x float64?", "w string?", "c string?", "f bool?", "u uint64?",
    "d decimal(10,2)?",
]
LIMIT, VALUES = {"limit": 3}, {"limit": 4}

# main is ordinary: nulls in each column, rows on both sides of bounds. ties has equal times and equal values.
# many passes the limits, for one value of c alone too, and its factors pass int64 until a zero comes. big
# passes int64 within the limits. nulls has rows without inputs, keys more values of c than a map may hold.
LOG = """
      k     time                   v  x     w  c  f   u  d
 e1   main  00:30:00               2  0.5   b  p  T   6  0.10
 e2   main  00:55:00               1  -     a  q  T  12  -0.20
 e3   main  01:00:00               3  0.5   -  p  F   3  0.30
 e4   main  01:00:00.000001        -  0.5   c  p  T   -  0.10
 e5   main  01:25:00               1  -0.0  a  -  T   6  -
 e6   main  01:55:00               2  2.0   b  q  -   3  0.20
 e7   main  01:59:59.999999        3  2.0   a  q  T  12  0.10
 e8   main  02:30:00               2  0.5   b  p  T   6  0.30
 e9   main  02:45:00               -  -     -  p  T   -  -
 e10  main  02:55:00               1  2.0   c  q  F   3  0.10
 e11  main  03:00:00               3  2.0   a  p  T  12  0.20
 e12  main  04:05:00               2  0.0   b  q  T   6  0.10
 e13  main  04:09:59.999999        3  NaN   b  p  T   7  0.30
 e20  ties  02:00:00               4  1.0   z  p  T   8  1.00
 e3a  ties  02:00:00               4  1.0   y  q  T   8  1.00
 e100 ties  02:00:00               7  1.0   z  p  T   9  1.00
 e9a  ties  02:00:00               4  2.0   x  p  T   8  2.00
 e1a  ties  02:00:00               -  2.0   z  q  F   -  -
 e8b  ties  02:40:00               4  1.0   z  p  T   8  1.00
 e8a  ties  02:40:00               4  1.0   z  p  T   8  1.00
 f1   many  01:00:00               1  1.0   a  p  T   1  0.01
 f2   many  01:20:00               2  2.0   b  p  F   2  0.02
 f3   many  01:40:00               3  3.0   c  q  T   4  0.03
 f4   many  02:00:00             MAX  4.0   d  p  T   8  0.04
 f5   many  02:10:00              -5  5.0   e  p  T  16  0.05
 f6   many  02:20:00               6  6.0   f  q  F  32  0.06
 f7   many  02:30:00               7  inf   g  p  T  64  0.07
 f8   many  02:40:00               8  8.0   h  p  T   8  0.08
 f9   many  02:50:00               9  9.0   i  p  T   9  0.09
 f10  many  03:30:00               0  0.0   j  q  T   0  0.00
 f11  many  04:05:00            2^62  1.0   k  p  T  11  0.11
 g1   big   01:50:00              -1  -inf  a  p  T   1  99999999.99
 g2   big   02:20:00             MAX  inf   b  p  T   2  99999999.99
 g3   big   02:40:00             MAX  1e308 b  p  T   2  -99999999.99
 g4   big   02:50:00               2  1e308 d  q  T   3  0.01
 h1   nulls 02:10:00               -  -     -  p  T   -  -
 h2   nulls 02:50:00               -  -     -  q  T   -  -
 i1   keys  02:10:00               1  1.0   a  p  T   1  1.00
 i2   keys  02:20:00               2  2.0   b  q  T   2  2.00
 i3   keys  02:30:00               3  3.0   c  r  T   3  3.00
 i4   keys  02:40:00               4  4.0   d  s  T   4  4.00
"""
NUMBERS = {"MAX": (1 << 63) - 1, "2^62": 1 << 62}

AGGREGATES = {
    "first_row": ("first_row", "w"),
    "last_row": ("last_row", "v"),
    "first_rows": ({"first_rows": {"n": 2}}, "v"),
    "last_rows": ({"last_rows": {"n": 2}}, "w"),
    "arg_min": ({"arg_min": {"by": "x"}}, "w"),
    "arg_max": ({"arg_max": {"by": "x"}}, "v"),
    "slope": ({"regr_slope": {"other": "x"}}, "v"),
    "intercept": ({"regr_intercept": {"other": "v"}}, "x"),
    "r2": ({"regr_r2": {"other": "x"}}, "v"),
    "product": ("product", "v"),
    "and": ("bit_and", "u"),
    "or": ("bit_or", "v"),
    "xor": ("bit_xor", "u"),
    "list": ({"list": VALUES}, "v"),
    "join": ({"join": {"separator": "-"} | VALUES}, "w"),
    "frequent": ({"most_frequent": {"n": 2} | LIMIT}, "v"),
    "share": ({"mode_share": LIMIT}, "w"),
    "distinct_sum": ({"distinct_sum": LIMIT}, "v"),
    "distinct_mean": ({"distinct_mean": LIMIT}, "d"),
    "distinct_pop": ({"distinct_stddev_pop": LIMIT}, "v"),
    "distinct_samp": ({"distinct_stddev_samp": LIMIT}, "x"),
    "disc": ({"percentile_disc": {"millionths": 250000} | LIMIT}, "w"),
    "cont": ({"percentile_cont": {"millionths": 900000} | LIMIT}, "v"),
    "median": ({"median": LIMIT}, "u"),
    "iqr": ({"iqr": LIMIT}, "d"),
}
OVERFLOWING = ["product", *list(AGGREGATES)[list(AGGREGATES).index("list") :]]

WINDOWS = {
    "sliding": {"kind": "sliding", "length_us": "2h"},
    "sliding_offset": {"kind": "sliding", "length_us": "2h", "offset_us": "1h"},
    "exact": {"kind": "exact", "length_us": "90m"},
    "exact_offset": {"kind": "exact", "length_us": "90m", "offset_us": "55m + 1us"},
    "hopping": {"kind": "hopping", "length_us": "2h", "step_us": "30m"},
    "hopping_offset": {"kind": "hopping", "length_us": "2h", "step_us": "30m", "offset_us": "20m"},
    "tumbling": {"kind": "hopping", "length_us": "1h", "step_us": "1h"},
    "tumbling_offset": {"kind": "hopping", "length_us": "1h", "step_us": "1h", "offset_us": "10m"},
    "lifetime": {"kind": "lifetime"},
    "lifetime_offset": {"kind": "lifetime", "offset_us": "90m"},
    "day": {"kind": "calendar", "unit": "day", "zone": "Atlantic/Cape_Verde"},
    "day_offset": {"kind": "calendar", "unit": "day", "zone": "Atlantic/Cape_Verde", "offset_us": "20m"},
    "day_whole": {"kind": "calendar", "unit": "day", "zone": "America/St_Johns", "whole": 1},
    "series": {"kind": "series", "length_us": "1h", "count": 3},
    "series_offset": {"kind": "series", "length_us": "1h", "count": 2, "offset_us": "1h"},
    "last_rows": {"kind": "last_rows", "rows": 6, "lookback_us": "4h"},
    "last_rows_before": {"kind": "last_rows", "rows": 4, "skip": 2, "lookback_us": "4h"},
    "last_rows_exact": {"kind": "last_rows", "rows": 6, "lookback_us": "50m", "exact": True},
    "latest_event": {"kind": "latest_event", "lookback_us": "4h"},
    "latest_event_exact": {"kind": "latest_event", "lookback_us": "30m", "exact": True},
    "session": {"kind": "session", "gap_us": "20m", "lookback_us": "6h"},
    "session_open": {"kind": "session", "gap_us": "20m", "lookback_us": "6h", "open": True},
}
PLAIN = [
    ("main", "03:00:00"), ("main", "03:02:30"), ("main", "04:10:00"), ("main", "05:00:00"),
    ("main", "12:00:00"), ("ties", "03:00:00"), ("ties", "04:10:00"), ("many", "03:20:00"),
    ("many", "04:10:00"), ("many", "05:35:00"), ("big", "03:20:00"), ("nulls", "03:20:00"),
    ("nobody", "03:00:00"),
]
CHOSEN = [
    ("main", "03:00:00"), ("main", "04:10:00"), ("ties", "03:20:00"), ("many", "03:20:00"),
    ("many", "04:10:00"), ("nulls", "03:20:00"), ("keys", "03:20:00"),
]
WITHIN = [("many", "03:00:00"), ("many", "03:20:00"), ("many", "04:10:00"), ("big", "03:20:00")]
BY = {"column": "c", "limit": 3}


def rows(keys):
    """The log's rows of these keys in the order of arrival; what is null is left out."""
    lines = [line.split() for line in LOG.strip().splitlines()]
    names, lines = lines[0], [line for line in lines[1:] if line[1] in keys]
    places = random.Random(SEED)
    # Whatever the version of Python, `random` gives the same numbers.
    lines.sort(key=lambda _: places.random())
    return [row(id_, dict(zip(names, cells))) for id_, *cells in lines]


def row(id_, cells):
    reads = {"v": integer, "u": integer, "x": number, "f": "T".__eq__}
    typed = {"event_id": id_, "event_time": time(cells.pop("time"))}
    return typed | {name: reads.get(name, str)(cell) for name, cell in cells.items() if cell != "-"}


def integer(cell):
    return write("int64", NUMBERS.get(cell) or int(cell))


def number(cell):
    return write("float64", float(cell))


def time(clock):
    return f"2024-05-01T{clock}Z"


def features(names, suffix="", **members):
    return [
        {"name": name + suffix, "aggregate": aggregate, "column": column} | members
        for name, (aggregate, column) in AGGREGATES.items()
        if name in names
    ]


def file(about, view, questions, within):
    """A file's text. Values in which a part overflows are in it only if `within`, others only if not."""
    case = {"about": about, "rules": RULES, "view": {"columns": COLUMNS} | view}
    case["rows"] = rows({key for key, _ in questions})
    definition, case["queries"] = Case(json.dumps(case)), []
    types = {f["name"]: definition.result_type(f) for f in definition.view["features"]}
    for key, clock in questions:
        query = {"key": {"k": key}, "as_of": time(clock)}
        answers = definition.answer(query).items()
        query["expect"] = {
            name: expected(types[name], value)
            for name, value in answers
            if within == (has_overflow(value) and value != OVERFLOW)
        }
        if query["expect"]:
            case["queries"].append(query)
    return file_text(case)


def expected(kind, value):
    if not has_overflow(value):
        return write(kind, value)
    return OVERFLOW if value == OVERFLOW else {"overflow": write(kind, without_overflow(value))}


def files():
    """The files by name."""
    written, every = {}, list(AGGREGATES)
    for name, window in WINDOWS.items():
        title = name.replace("_", " ")
        plain = {"window": window, "features": features(every)}
        about = f"{title}: each aggregate, with nulls, ties, values beyond the limits, products beyond int64."
        written[name] = file(about, plain, PLAIN, within=False)
        chosen = features(every, "_if", filter="f") + features(every, "_by", by=BY)
        divided = {"window": window, "features": chosen}
        about = f"{title}: each aggregate over the rows that a filter leaves, and by the values of a column."
        written[name + "_filter_by"] = file(about, divided, CHOSEN, within=False)
    about = "A window of a series that overflows is null, the others hold, and the list has the status."
    series = {"window": WINDOWS["series"], "features": features(OVERFLOWING)}
    series["features"] += features(OVERFLOWING, "_by", by=BY)
    written["overflow_in_series"] = file(about, series, WITHIN, within=True)
    about = "A key of a map whose value overflows has null, the others hold, and the map has the status."
    maps = []
    for name in ("sliding", "lifetime", "last_rows", "session"):
        maps += features(OVERFLOWING, f"_{name}", by=BY, window=WINDOWS[name])
    written["overflow_in_maps"] = file(about, {"features": maps}, WITHIN, within=True)
    return {f"{name}.json": text for name, text in written.items()}


def differences():
    """Which committed files differ from what this module writes."""
    found = {path.name: path.read_text() for path in FOLDER.glob("*.json")}
    wanted = files()
    names = sorted(name for name in found.keys() | wanted if found.get(name) != wanted.get(name))
    return [f"{FOLDER / name} is not what crossing.py writes" for name in names]


def main():
    FOLDER.mkdir(exist_ok=True)
    for name, text in files().items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
