"""A case file: its short forms made whole, its events admitted (S10), its questions answered."""
import json
import re

from . import aggregates
from .values import DAY, OVERFLOW, duration, order, read, time
from .windows import effective, intervals

DEFAULTS = {
    "name": "v", "key": ["k"], "id": "string", "null_keys": False, "boundary": "strict",
    "delay_us": 0, "origin_us": 0, "exact_max_us": DAY,
}


def whole_numbers(node):
    """Durations and times behind names in `_us` become microseconds."""
    if isinstance(node, list):
        return [whole_numbers(item) for item in node]
    if not isinstance(node, dict):
        return node
    read_one = lambda name, value: (time if name == "origin_us" else duration)(value)
    return {
        name: read_one(name, value) if name.endswith("_us") else whole_numbers(value)
        for name, value in node.items()
    }


def substitute(value, number):
    """`#` in a generated row: the number itself, "# * 2^K" scaled, or within a text."""
    if not isinstance(value, str) or "#" not in value:
        return value
    if value == "#":
        return str(number)
    scaled = re.fullmatch(r"# \* 2\^(-?\d+)", value)
    if scaled:
        return float(number) * 2.0 ** int(scaled.group(1))
    return value.replace("#", str(number))


def expanded(rows):
    """Rows with `for` = [first, last] repeated for each number."""
    for row in rows:
        first, last = row.get("for", [0, 0])
        plain = {name: value for name, value in row.items() if name != "for"}
        for number in range(first, last + 1):
            yield {name: substitute(value, number) for name, value in plain.items()}


class Case:
    def __init__(self, text):
        self.json = json.loads(text)
        view = DEFAULTS | self.json["view"]
        window = view.pop("window", None)
        view["features"] = [{"window": window} | feature for feature in view["features"]]
        self.view = whole_numbers(view)
        names = [column.split(" ") for column in view["columns"]]
        self.columns = {name: kind.removesuffix("?") for name, kind in names}
        own = {"event_id": view["id"]} if view["id"] else {}
        self.columns = own | {"event_time": "timestamp"} | self.columns
        self.nullable = {name for name, kind in names if kind.endswith("?")}

    def events(self):
        """The rows that count, typed: the first of an id counts, if there are ids."""
        known, admitted = set(), []
        for row in expanded(self.json.get("rows", [])):
            unknown = set(row) - set(self.columns)
            assert not unknown, f"no column {unknown}"
            typed = {name: read(kind, row.get(name)) for name, kind in self.columns.items()}
            for name, value in typed.items():
                assert value is not None or name in self.nullable, f"{name} is null in {row}"
            if self.view["id"]:
                if typed["event_id"] in known:
                    continue
                known.add(typed["event_id"])
            admitted.append(typed)
        return admitted

    def rows(self):
        """The view's rows in row order (S15), without those that are bad for it (S8)."""
        names = ["event_time", "event_id"] if self.view["id"] else ["event_time", *self.columns]
        place = lambda row: tuple(order(self.columns[name], row[name]) for name in names)
        return sorted(filter(self.is_good, self.events()), key=place)

    def is_good(self, row):
        if not self.view["null_keys"] and any(row[part] is None for part in self.view["key"]):
            return False
        for feature in self.view["features"]:
            name, parameters = aggregates.split(feature["aggregate"])
            if name.startswith("vector_"):
                if aggregates.bad_vector(row[feature["column"]], parameters):
                    return False
        return True

    def result_type(self, feature):
        kind = aggregates.result_type(feature, self.columns)
        if "by" in feature:
            kind = f"map<{self.columns[feature['by']['column']]},{kind}>"
        return f"list<{kind}>" if feature["window"]["kind"] == "series" else kind

    def answer(self, query):
        """Each feature's value at a query, by name."""
        key = [read(self.columns[part], query["key"][part]) for part in self.view["key"]]
        unknown = not self.view["null_keys"] and None in key
        same = lambda row: [row[part] for part in self.view["key"]] == key
        rows = [row for row in self.rows() if same(row) and not unknown]
        as_of = effective(self.view, time(query["as_of"]))
        return {f["name"]: self.feature(f, rows, as_of) for f in self.view["features"]}

    def feature(self, feature, rows, as_of):
        window = feature["window"]
        if feature.get("filter") is not None:
            rows = [row for row in rows if row[feature["filter"]] is True]
        values = []
        for lo, hi in intervals(window, self.view["origin_us"], as_of):
            inside = [r for r in rows if (lo is None or lo <= r["event_time"]) and r["event_time"] < hi]
            values.append(self.picked(feature, inside, (lo, hi), as_of))
        return values if window["kind"] == "series" else values[0]

    def keyed(self, feature, rows, bounds, as_of):
        """The aggregate, or a map of it by the values of a column."""
        of_all = lambda rows: aggregates.value(feature, rows, self.columns, bounds, as_of)
        if "by" not in feature:
            return of_all(rows)
        by, kind = feature["by"]["column"], self.columns[feature["by"]["column"]]
        keys = {order(kind, row[by]): row[by] for row in rows if row[by] is not None}
        if len(keys) > feature["by"]["limit"]:
            return OVERFLOW
        of = lambda key: [row for row in rows if row[by] == key]
        entries = [(keys[k], of_all(of(keys[k]))) for k in sorted(keys)]
        top = feature["by"].get("top")
        if top is None:
            return entries
        if top["of"] == "value" and any(value is OVERFLOW for _, value in entries):
            return OVERFLOW
        value_kind = aggregates.result_type(feature, self.columns)
        compared = {
            "value": lambda key, value: (value is not None, value is not None and order(value_kind, value)),
            "key": lambda key, value: order(kind, key),
            "count": lambda key, value: len(of(key)),
        }[top["of"]]
        # Sorting is stable, in reverse too: of equal entries the lesser key comes first.
        best = sorted(entries, key=lambda entry: compared(*entry), reverse=True)[: top["n"]]
        return [entry for entry in entries if any(entry is kept for kept in best)]

    def picked(self, feature, rows, bounds, as_of):
        """The feature over the rows that its window picks of an interval's."""
        window = feature["window"]
        if window["kind"] == "last_rows":
            rows = rows[: len(rows) - min(window.get("skip", 0), len(rows))]
            rows = rows[-window["rows"] :]
        if window["kind"] == "latest_event" and rows:
            latest = (rows[-1]["event_time"], rows[-1]["event_id"])
            rows = [row for row in rows if (row["event_time"], row["event_id"]) == latest]
        if window["kind"] == "session":
            closed_by = None if window.get("open") else bounds[1]
            rows = latest_session(rows, window["gap_us"], closed_by)
            # No session has no bounds.
            bounds = (rows[0]["event_time"], rows[-1]["event_time"]) if rows else None
        return self.keyed(feature, rows, bounds, as_of)


def latest_session(rows, gap, hi):
    """The latest session; if `hi` is given, the latest that is closed then."""
    sessions = []
    for row in rows:
        if sessions and row["event_time"] - sessions[-1][-1]["event_time"] <= gap:
            sessions[-1].append(row)
        else:
            sessions.append([row])
    closed = [s for s in sessions if hi is None or s[-1]["event_time"] + gap < hi]
    return closed[-1] if closed else []
