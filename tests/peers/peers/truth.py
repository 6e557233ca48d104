"""The values over exact fractions: `fractions.Fraction`, rounded once.

Every column becomes integers over one power of two, so that sums of powers are sums of integers
and each formula of docs/FEATURES.md one fraction of them. CPython rounds a quotient of integers
correctly; the root is that of tests/cases/definition, of `math.isqrt`. Deliberately absent: what
is no fraction (NaN and infinities), and every aggregate that is not a number of this kind.
"""
import sys
from bisect import bisect_left
from collections import Counter
from fractions import Fraction
from functools import cache, reduce
from itertools import accumulate
from math import prod
from operator import and_, or_, xor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "cases"))
from definition.numbers import root, rounded, signed_root  # noqa: E402

from .features import DAY, HOUR, MINUTE  # noqa: E402

MOMENTS = ("var_pop", "var_samp", "stddev_pop", "stddev_samp", "skewness", "kurtosis")
CO_MOMENTS = ("covar_pop", "covar_samp", "corr")
REGRESSIONS = ("regr_slope", "regr_intercept", "regr_r2")
DISTINCT = ("distinct_sum", "distinct_mean", "distinct_stddev_pop", "distinct_stddev_samp")
QUANTILES = ("percentile_cont", "median", "iqr")
BITS = {"bit_and": and_, "bit_or": or_, "bit_xor": xor}
# Not of sums of powers: these need the values of a window one by one.
OF_VALUES = ("product", *BITS, "mode_share", *DISTINCT, *QUANTILES)
AGGREGATES = ("sum", "mean", *MOMENTS, *CO_MOMENTS, *REGRESSIONS, *OF_VALUES)
MILLION = 1_000_000


def bounds(window, as_of):
    """The interval [lo, hi) of S3, on the epoch's grid; a lifetime's lo is None."""
    kind, *parts = window
    if kind == "lifetime":
        return None, as_of
    if kind == "hopping":
        hi = as_of - as_of % parts[1]
        return hi - parts[0], hi
    if kind == "exact":
        hi = as_of - parts[1]
        return hi - parts[0], hi
    hop = 5 * MINUTE if parts[0] < 12 * HOUR else HOUR if parts[0] < 12 * DAY else DAY
    lo = as_of - parts[0]
    return lo - lo % hop, as_of


class History:
    """The rows of each key in row order, and which of them a window holds at each spine row."""

    def __init__(self, data):
        ordered = data.events.sort("event_time", "event_id")
        times = ordered["event_time"].to_physical().to_list()
        keys = ordered[data.key].to_list()
        self.places, self.times = {}, {}
        for place, (key, time) in enumerate(zip(keys, times)):
            self.places.setdefault(key, []).append(place)
            self.times.setdefault(key, []).append(time)
        self.columns = {name: ordered[name].to_list() for name in data.columns}
        as_of = data.spine["as_of"].to_physical().to_list()
        self.spine = list(zip(data.spine[data.key].to_list(), as_of))

    @cache
    def scaled(self, column):
        """The column's values as integers, and what one stands for: 1 / unit."""
        exact = [None if value is None else Fraction(value) for value in self.columns[column]]
        unit = max((value.denominator for value in exact if value is not None), default=1)
        return [None if value is None else int(value * unit) for value in exact], unit

    def ranges(self, window):
        """For each spine row its key, and the first and last place among the key's rows."""
        for key, as_of in self.spine:
            times = self.times.get(key, [])
            lo, hi = bounds(window, as_of)
            start = 0 if lo is None else bisect_left(times, lo)
            yield key, start, max(start, bisect_left(times, hi))

    def inputs(self, feature):
        """For each spine row the values of the feature's column in its window, without nulls."""
        return self.taken(self.columns[feature.column], feature.window)

    def taken(self, column, window):
        for key, start, end in self.ranges(window):
            found = (column[place] for place in self.places.get(key, [])[start:end])
            yield [value for value in found if value is not None]

    def pairs(self, feature):
        """As `inputs`, of both columns where both are present."""
        xs, ys = self.columns[feature.column], self.columns[feature.parameter("other")]
        for key, start, end in self.ranges(feature.window):
            found = ((xs[place], ys[place]) for place in self.places.get(key, [])[start:end])
            yield [pair for pair in found if None not in pair]


def values(history, feature):
    """The feature's values at the spine rows."""
    if feature.aggregate == "mode_share":
        return [share(inputs) for inputs in history.inputs(feature)]
    names = [feature.column]
    if feature.aggregate in CO_MOMENTS + REGRESSIONS:
        names.append(feature.parameter("other"))
    scaled = [history.scaled(name) for name in names]
    whole = all(isinstance(v, int) for v in history.columns[names[0]] if v is not None)
    if feature.aggregate in OF_VALUES:
        column, unit = scaled[0]
        every = history.taken(column, feature.window)
        return [of_values(feature, inputs, Fraction(1, unit), whole) for inputs in every]
    powers = [(power, 0) for power in range(5)]
    if feature.aggregate in ("sum", "mean"):
        powers = powers[:2]
    if len(names) == 2:
        powers = [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2)]
    sums = {key: prefix_sums(scaled, places, powers) for key, places in history.places.items()}
    none = [[0]] * len(powers)
    units = [Fraction(1, unit) for _, unit in scaled]
    answers = []
    for key, start, end in history.ranges(feature.window):
        start, end = (0, 0) if key not in sums else (start, end)
        taken = [total[end] - total[start] for total in sums.get(key, none)]
        answers.append(answer(feature.aggregate, taken, units, whole))
    return answers


def prefix_sums(scaled, places, powers):
    rows = [[column[place] for column, _ in scaled] for place in places]
    rows = [[0] * 3 if None in row else [1, *row] for row in rows]
    # A row that counts has a one in front; x**0 of a row that does not is 0.
    term = lambda row, i, j: row[0] and row[1] ** i * (row[2] ** j if j else 1)
    return [list(accumulate((term(row, i, j) for row in rows), initial=0)) for i, j in powers]


def answer(name, sums, units, whole):
    """One value of the sums of powers; `units` are what an integer of each column stands for."""
    n = sums[0]
    if n == 0 or (name.endswith("_samp") and n == 1):
        return None
    if name in CO_MOMENTS:
        _, x, y, xx, xy, yy = sums
        covariance = n * xy - x * y
        if name == "corr":
            square = (n * xx - x * x) * (n * yy - y * y)
            return signed_root(covariance, Fraction(covariance**2, square)) if square else None
        divisor = n * n if name == "covar_pop" else n * (n - 1)
        return rounded(Fraction(covariance, divisor) * units[0] * units[1])
    if name in REGRESSIONS:
        return line(name, sums, units)
    s1 = sums[1]
    if name == "sum":
        return whole_sum(s1) if whole else rounded(s1 * units[0])
    if name == "mean":
        return rounded(Fraction(s1, n) * units[0])
    _, _, s2, s3, s4 = sums
    # n^2 m2, n^3 m3 and n^4 m4 are integers.
    m2 = n * s2 - s1 * s1
    if name in ("skewness", "kurtosis"):
        if m2 == 0:
            return None
        if name == "skewness":
            m3 = n * n * s3 - 3 * n * s1 * s2 + 2 * s1**3
            return signed_root(m3, Fraction(m3 * m3, m2**3))
        m4 = n**3 * s4 - 4 * n * n * s1 * s3 + 6 * n * s1 * s1 * s2 - 3 * s1**4
        return rounded(Fraction(m4, m2 * m2) - 3)
    variance = Fraction(m2, n * n if name.endswith("_pop") else n * (n - 1)) * units[0] ** 2
    return root(variance) if name.startswith("stddev") else rounded(variance)


def line(name, sums, units):
    """The line through y, the column, as a function of x, the other one."""
    n, y, x, yy, xy, xx = sums
    covariance, variance = n * xy - x * y, n * xx - x * x
    if variance == 0:
        return None
    if name == "regr_slope":
        return rounded(Fraction(covariance, variance) * units[0] / units[1])
    if name == "regr_intercept":
        return rounded(Fraction(y * xx - x * xy, variance) * units[0])
    variance_y = n * yy - y * y
    return rounded(Fraction(covariance**2, variance * variance_y)) if variance_y else 1.0


def of_values(feature, values, unit, whole):
    """One value of the integers of a window; `unit` is what an integer stands for."""
    name = feature.aggregate
    if not values:
        return None
    if name == "product":
        return whole_sum(prod(values))
    if name in BITS:
        return reduce(BITS[name], values)
    if name in DISTINCT:
        sums = [sum(value**power for value in set(values)) for power in range(5)]
        return answer(name.removeprefix("distinct_"), sums, [unit], whole)
    at = lambda millionths: position(sorted(values), millionths)
    if name == "iqr":
        return rounded((at(3 * MILLION // 4) - at(MILLION // 4)) * unit)
    return rounded(at(MILLION // 2 if name == "median" else feature.parameter("millionths")) * unit)


def position(ordered, millionths):
    """What lies at p (n - 1) of the sorted values, counted from 0; interpolated between two."""
    below, rest = divmod(millionths * (len(ordered) - 1), MILLION)
    if rest == 0:
        return Fraction(ordered[below])
    low, high = ordered[below : below + 2]
    return low + Fraction((high - low) * rest, MILLION)


def share(values):
    """The most frequent value's count over that of all."""
    return rounded(Fraction(max(Counter(values).values()), len(values))) if values else None


def whole_sum(total):
    """A sum or product of integers, null beyond 64 bits (S17)."""
    return total if -(1 << 63) <= total < 1 << 63 else None
