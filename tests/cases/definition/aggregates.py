"""Each aggregate over the rows of a feature, in row order: a function from rows to a value.

Overflow (S16, S18) is the object `OVERFLOW`. Deliberately absent: the committed table of decay, which is
evaluated at whole half-lives alone, so a case must keep to round times.
"""
from collections import Counter
from fractions import Fraction
from math import frexp, inf, log2, nan

from . import moments
from .cardinality import approx_count
from .numbers import Sum, rounded
from .values import FLOATS, PRECISION, SIGNED, UNSIGNED, digits, order

OVERFLOW = {"overflow": True}
MOMENTS = ("var_pop", "var_samp", "stddev_pop", "stddev_samp", "skewness", "kurtosis")


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
    if name == "sum" and column in SIGNED:
        return "int64"
    if name == "sum" and column in UNSIGNED:
        return "uint64"
    if name == "sum" and column.startswith("decimal("):
        return f"decimal({PRECISION},{digits(column)[1]})"
    if name in ("min", "max", "first", "last", "mode"):
        return column
    if name in ("any", "all"):
        return "bool"
    if name in ("first_n", "last_n", "first_distinct", "last_distinct", "top_k", "bottom_k"):
        return f"list<{column}>"
    if name == "histogram":
        return f"map<{column},int64>"
    if name.startswith("vector_"):
        return "list<float64>"
    return "float64"


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


def distinct(given, values, n):
    seen, chosen = set(), []
    for value in values:
        key = order(given.kind, value)
        if key not in seen:
            seen.add(key)
            chosen.append(value)
    return chosen[:n]


def exact_sum(given):
    """The sum of integers or decimals, as the widest type of their kind."""
    total = sum(given.values)
    if given.kind in SIGNED:
        fits = -(1 << 63) <= total < 1 << 63
    elif given.kind in UNSIGNED:
        fits = total < 1 << 64
    else:
        fits = abs(total) * 10 ** digits(given.kind)[1] < 10**PRECISION
    return total if fits else OVERFLOW


def entropy(counts):
    """In doubles, in the order that docs/FEATURES.md fixes."""
    if not counts:
        return None
    n, total = sum(counts), 0.0
    for count in sorted(counts):
        total += count * log2(count)
    value = log2(n) - total / n
    return value if value > 0 else 0.0


def percentile_bin(value, bits):
    """A bin as (least magnitude, its width), signed; None is that of NaN."""
    if isinstance(value, float) and value != value:
        return (1, inf, None)
    if value == 0:
        return (0, Fraction(0), Fraction(0))
    sign = -1 if value < 0 else 1
    if isinstance(value, float) and abs(value) == inf:
        return (sign, inf, 0)
    magnitude = abs(Fraction(value))
    if isinstance(value, int):
        # Rounded to a double, it could have the next exponent.
        exponent = abs(value).bit_length() - 1
    else:
        exponent = max(frexp(value)[1] - 1, -1022)
    width = Fraction(2) ** (exponent - bits)
    return (sign, magnitude // width * width, width)


def approx_percentile(given, millionths):
    if not given.values:
        return None
    bits = 7
    while len({percentile_bin(value, bits) for value in given.values}) > 1024:
        bits -= 1
    n = len(given.values)
    rank = max(1, -(-millionths * n // 1_000_000))
    sign, least, width = percentile_bin(given.ascending()[rank - 1], bits)
    if width is None:
        return nan
    if least == inf:
        return sign * inf
    return rounded(sign * (least + width / 2)) if sign else 0.0


def decayed(given, half_life):
    """At whole half-lives before `as_of` the weight is a power of two exactly."""
    weighted = []
    for time, value in zip(given.times, given.values):
        halves, rest = divmod(given.as_of - time, half_life)
        assert rest == 0, "cases of decay keep to whole half-lives"
        special = isinstance(value, float) and not abs(value) < inf
        weighted.append(value if special else Fraction(value) / 2**halves)
    special = [x for x in weighted if isinstance(x, float)]
    if special:
        return Sum(special).float()
    return rounded(sum(weighted, Fraction(0)))


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


def limited(given, limit, answer):
    counts = given.counts()
    return OVERFLOW if len(counts) > limit else answer(counts)


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
    if name in ("covar_pop", "covar_samp", "corr"):
        both = [(r[column], r[parameters["other"]]) for r in rows]
        return moments.two_columns(name, [p for p in both if None not in p])
    if name.startswith("vector_"):
        return vector(given, name, parameters)
    simple = {
        "count": lambda: len(values),
        "sum": lambda: Sum(values).float() if given.kind in FLOATS else exact_sum(given),
        "mean": lambda: Sum(values).float(len(values)),
        "min": lambda: given.ascending()[0],
        "max": lambda: given.ascending()[-1],
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
        "entropy": lambda: limited(given, parameters["limit"], lambda c: entropy([n for _, n in c])),
        "approx_count_distinct": lambda: approx_count(given.kind, values, parameters["precision"]),
        "approx_percentile": lambda: approx_percentile(given, parameters["millionths"]),
        "rate": lambda: rate(given, parameters["unit_us"]),
        "time_since_first": lambda: as_of - given.times[0],
        "time_since_last": lambda: as_of - given.times[-1],
        "decayed_sum": lambda: decayed(given, parameters["half_life_us"]),
        "decayed_count": lambda: decayed(given.of_ones(), parameters["half_life_us"]),
    }
    empty_is_null = name in (
        "sum", "mean", "min", "max", "first", "last", "any", "all", "mode", "entropy",
        "time_since_first", "time_since_last",
    )
    return None if empty_is_null and not values else simple[name]()
