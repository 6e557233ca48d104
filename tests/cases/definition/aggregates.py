"""Each aggregate over the rows of a feature, in row order: a function from rows to a value.

Overflow (S16, S18) is the object `OVERFLOW`. Deliberately absent: families with a module of their own.
"""
from collections import Counter
from fractions import Fraction
from functools import reduce
from math import inf, nan
from operator import and_, or_, xor

from . import frequencies, moments, quantiles, rows as whole_rows
from .cardinality import approx_count
from .decay import decayed
from .frequencies import distinct, limited
from .numbers import Sum, product_of, rounded, sum_of
from .values import PRECISION, SIGNED, UNSIGNED, digits, order

MOMENTS = ("var_pop", "var_samp", "stddev_pop", "stddev_samp", "skewness", "kurtosis")
TWO_COLUMNS = {
    "covar_pop": moments.two_columns, "covar_samp": moments.two_columns, "corr": moments.two_columns,
    "regr_slope": moments.regression, "regr_intercept": moments.regression,
    "regr_r2": moments.regression,
}
OF_ROWS = ("first_row", "last_row", "first_rows", "last_rows")
EXACT_QUANTILES = ("percentile_disc", "percentile_cont", "median", "iqr")
# These have the type of their column, or a list of it.
OF_COLUMN = (
    "min", "max", "first", "last", "mode", "first_row", "last_row", "arg_min", "arg_max",
    "percentile_disc", "bit_and", "bit_or", "bit_xor",
)
LISTS = (
    "first_n", "last_n", "first_rows", "last_rows", "list", "first_distinct", "last_distinct", "top_k",
    "bottom_k", "most_frequent",
)


def split(aggregate):
    """An aggregate's name and parameters."""
    if isinstance(aggregate, str):
        return aggregate, {}
    ((name, parameters),) = aggregate.items()
    return name, parameters


def result_type(feature, columns):
    """The type of a feature's value, without what a map or a series puts around it."""
    name, _ = split(feature["aggregate"])
    column = columns.get(feature.get("column"))
    if name in ("count", "unique_count", "approx_count_distinct"):
        return "int64"
    if name in ("time_since_first", "time_since_last"):
        return "int64"
    if name in ("sum", "distinct_sum", "product"):
        return widest(column)
    if name in OF_COLUMN:
        return column
    if name in ("any", "all"):
        return "bool"
    if name == "join":
        return "string"
    if name in LISTS:
        return f"list<{column}>"
    if name == "histogram":
        return f"map<{column},int64>"
    if name.startswith("vector_"):
        return "list<float64>"
    return "float64"


def widest(kind):
    """The widest type of a number's kind (S17)."""
    if kind in SIGNED:
        return "int64"
    if kind in UNSIGNED:
        return "uint64"
    return f"decimal({PRECISION},{digits(kind)[1]})" if kind.startswith("decimal(") else "float64"


class Input:
    """What an aggregate reads: rows, one column of them, the bounds of the window, the time."""

    def __init__(self, rows, column, kind, bounds, as_of):
        self.rows, self.column, self.kind = rows, column, kind
        self.bounds, self.as_of = bounds, as_of
        present = [r for r in rows if column is None or r[column] is not None]
        self.times = [r["event_time"] for r in present]
        self.values = [r[column] for r in present] if column is not None else [1] * len(present)

    def of_ones(self):
        self.values = [1] * len(self.values)
        return self

    def ascending(self):
        return sorted(self.values, key=lambda value: order(self.kind, value))

    def counts(self):
        """Each distinct value (equal in its encoding) with its count, in value order."""
        counts = Counter(order(self.kind, value) for value in self.values)
        values = {order(self.kind, value): value for value in self.values}
        return [(values[key], counts[key]) for key in sorted(counts)]


def vector(given, name, parameters):
    if not given.values:
        return None
    grid, answer = Fraction(2) ** parameters["grid"], []
    for elements in zip(*given.values):
        # `round` of a fraction goes to nearest, ties to even.
        total = sum(round(Fraction(x) / grid) * grid for x in elements)
        answer.append(rounded(total / (len(given.values) if name == "vector_mean" else 1)))
    return answer


def bad_vector(value, parameters):
    """Whether a row with this vector is bad for its view (S8)."""
    if value is None:
        return False
    limit = Fraction(2) ** (parameters["grid"] + 40)
    wrong = lambda x: x is None or not abs(x) < inf or abs(Fraction(x)) > limit
    return len(value) != parameters["length"] or any(wrong(x) for x in value)


def rate(given, unit):
    if given.bounds is None:
        return 0.0
    lo, hi = given.bounds
    return None if hi == lo else rounded(Fraction(len(given.values) * unit, hi - lo))


def operand(side, rows, columns, bounds, as_of):
    """One side of a ratio: an exact sum with its divisor, or None for null."""
    rows = [r for r in rows if side.get("filter") is None or r[side["filter"]] is True]
    given = Input(rows, side.get("column"), columns.get(side.get("column")), bounds, as_of)
    n = len(given.values)
    if side["aggregate"] == "count":
        return Sum([n])
    if n == 0:
        return None
    total = Sum(given.values)
    if side["aggregate"] == "mean":
        total.exact /= n
    return total


def ratio(parameters, rows, columns, bounds, as_of):
    sides = [parameters["numerator"], parameters["denominator"]]
    a, b = (operand(side, rows, columns, bounds, as_of) for side in sides)
    if a is None or b is None or (b.special is None and b.exact == 0):
        return None
    if a.special is None and b.special is None:
        return rounded(a.exact / b.exact)
    if b.special is not None:
        x, y = a.float(), b.special
        if x != x or y != y or (abs(x) == inf and abs(y) == inf):
            return nan
        return x / y
    return a.special if b.exact > 0 else -a.special


def value(feature, rows, columns, bounds, as_of):
    """The value of a feature over its rows, which are in row order."""
    name, parameters = split(feature["aggregate"])
    column = feature.get("column")
    given = Input(rows, column, columns.get(column), bounds, as_of)
    values = given.values
    if name == "ratio":
        return ratio(parameters, rows, columns, bounds, as_of)
    if name in MOMENTS:
        return moments.one_column(name, values)
    if name in TWO_COLUMNS:
        both = [(r[column], r[parameters["other"]]) for r in rows]
        return TWO_COLUMNS[name](name, [p for p in both if None not in p])
    if name in OF_ROWS:
        return whole_rows.of_rows(name, given, parameters)
    if name in ("arg_min", "arg_max"):
        return whole_rows.of_extreme(name, given, parameters["by"], columns[parameters["by"]])
    if name in ("list", "join"):
        return whole_rows.of_all(name, given, parameters)
    if name in EXACT_QUANTILES:
        return quantiles.exact(name, given, parameters)
    if name.startswith("distinct_"):
        return frequencies.of_distinct(name, given, parameters["limit"])
    if name.startswith("vector_"):
        return vector(given, name, parameters)
    simple = {
        "count": lambda: len(values),
        "sum": lambda: sum_of(given.kind, values),
        "mean": lambda: Sum(values).float(len(values)),
        "min": lambda: given.ascending()[0],
        "max": lambda: given.ascending()[-1],
        "product": lambda: product_of(given.kind, values),
        "bit_and": lambda: reduce(and_, values),
        "bit_or": lambda: reduce(or_, values),
        "bit_xor": lambda: reduce(xor, values),
        "first": lambda: values[0],
        "last": lambda: values[-1],
        "any": lambda: any(values),
        "all": lambda: all(values),
        "first_n": lambda: values[: parameters["n"]],
        "last_n": lambda: values[::-1][: parameters["n"]],
        "first_distinct": lambda: distinct(given, values, parameters["n"]),
        "last_distinct": lambda: distinct(given, values[::-1], parameters["n"]),
        "top_k": lambda: given.ascending()[::-1][: parameters["k"]],
        "bottom_k": lambda: given.ascending()[: parameters["k"]],
        "unique_count": lambda: limited(given, parameters["limit"], len),
        "histogram": lambda: limited(given, parameters["limit"], list),
        "mode": lambda: limited(given, parameters["limit"], lambda c: max(c, key=lambda p: p[1])[0]),
        "entropy": lambda: limited(given, parameters["limit"], frequencies.entropy),
        "mode_share": lambda: limited(given, parameters["limit"], frequencies.mode_share),
        "most_frequent": lambda: frequencies.most_frequent(given, parameters["n"], parameters["limit"]),
        "approx_count_distinct": lambda: approx_count(given.kind, values, parameters["precision"]),
        "approx_percentile": lambda: quantiles.approximate(given, parameters["millionths"]),
        "rate": lambda: rate(given, parameters["unit_us"]),
        "time_since_first": lambda: as_of - given.times[0],
        "time_since_last": lambda: as_of - given.times[-1],
        "decayed_sum": lambda: decayed(given, parameters["half_life_us"]),
        "decayed_count": lambda: decayed(given.of_ones(), parameters["half_life_us"]),
    }
    empty_is_null = name in (
        "sum", "mean", "min", "max", "first", "last", "any", "all", "mode", "mode_share", "entropy",
        "product", "bit_and", "bit_or", "bit_xor", "time_since_first", "time_since_last",
    )
    return None if empty_is_null and not values else simple[name]()
