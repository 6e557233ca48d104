"""Aggregates that take whole rows, so that a null in one column does not move the others (S15), and lists of
all values."""
from .values import OVERFLOW, order


def of_rows(name, given, parameters):
    """The column in the first or the last rows, which may be null there."""
    values = [row[given.column] for row in given.rows]
    if name.startswith("last"):
        values.reverse()
    if name in ("first_row", "last_row"):
        return values[0] if values else None
    return values[: parameters["n"]]


def of_extreme(name, given, by, kind):
    """The column in the first of the rows where the column `by` is least or greatest."""
    both = [row for row in given.rows if row[given.column] is not None and row[by] is not None]
    # Both functions return the first of several equal rows.
    choose = min if name == "arg_min" else max
    chosen = choose(both, key=lambda row: order(kind, row[by]), default=None)
    return None if chosen is None else chosen[given.column]


def of_all(name, given, parameters):
    """`list` and `join`."""
    if len(given.values) > parameters["limit"]:
        return OVERFLOW
    if name == "list":
        return given.values
    return parameters["separator"].join(given.values) if given.values else None
