"""Features as data: windows, names, and the manifest of a view whose rows are its events.

A window is a tuple: ("exact", length, offset), ("sliding", length), ("hopping", length, step) or
("lifetime",), in microseconds. Deliberately absent: what any of them means; each peer says that in
its own words.
"""
from dataclasses import dataclass

MICROSECOND, SECOND, MINUTE = 1, 1_000_000, 60_000_000
HOUR, DAY = 3_600_000_000, 86_400_000_000

VIEW = "v"
SOURCE = "rows"


@dataclass(frozen=True)
class Feature:
    """One feature: `aggregate` is its name, `parameters` what the manifest writes beside it."""

    aggregate: str
    column: str | None
    window: tuple
    parameters: tuple = ()

    @property
    def name(self):
        # A separator has no place in a name, which holds letters, digits and underscores.
        words = [str(value) for _, value in self.parameters]
        parameters = "".join(f"_{word}" for word in words if word.isalnum())
        window = "_".join(str(part) for part in self.window)
        return f"{self.column or 'rows'}_{self.aggregate}{parameters}_{window}"

    def parameter(self, name):
        return dict(self.parameters)[name]

    def declared(self):
        aggregate = self.aggregate
        if self.parameters:
            aggregate = {aggregate: dict(self.parameters)}
        return {
            "name": self.name, "aggregate": aggregate, "column": self.column,
            "window": declared_window(self.window),
        }


def declared_window(window):
    kind, *parts = window
    if kind == "lifetime":
        return {"kind": "lifetime", "offset_us": 0}
    if kind == "hopping":
        return {"kind": kind, "length_us": parts[0], "step_us": parts[1], "offset_us": 0}
    offset = parts[1] if len(parts) > 1 else 0
    return {"kind": kind, "length_us": parts[0], "offset_us": offset}


def manifest(columns, key, features):
    """The manifest of one view over a source with these columns: {name: (type, nullable)}."""
    declared = [
        {"name": name, "type": kind, "nullable": nullable}
        for name, (kind, nullable) in columns.items()
    ]
    event = {
        "name": "Event", "description": "", "source": SOURCE, "time": "event_time",
        "id": "event_id", "skew_us": 0, "columns": declared,
    }
    view = {
        "name": VIEW, "description": "", "owner": "", "tags": [], "event": event, "key": [key],
        "null_keys": False, "boundary": "strict", "delay_us": 0, "history_us": 0,
        "origin_us": 0, "exact_max_us": DAY, "columns": declared,
        "features": [feature.declared() for feature in features],
    }
    return {
        "format": 2, "sdk": "none", "semantics": 1, "strict": False,
        "views": [view], "on_demand": [], "aggregates": [],
    }
