"""Percentiles: the approximate one by bins (S19), the exact ones by sorting and exact fractions."""
from fractions import Fraction
from math import frexp, inf, nan

from .frequencies import limited
from .numbers import rounded

MILLION = 1_000_000


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


def approximate(given, millionths):
    if not given.values:
        return None
    bits = 7
    while len({percentile_bin(value, bits) for value in given.values}) > 1024:
        bits -= 1
    sign, least, width = percentile_bin(of_rank(given, millionths), bits)
    if width is None:
        return nan
    if least == inf:
        return sign * inf
    return rounded(sign * (least + width / 2)) if sign else 0.0


def of_rank(given, millionths):
    """The value of rank ceil(p n), at least 1."""
    rank = -(-millionths * len(given.values) // MILLION)
    return given.ascending()[max(1, rank) - 1]


def between(values, millionths):
    """What lies at position p (n - 1) of sorted numbers: an exact fraction, or a float that is not finite."""
    whole, rest = divmod(millionths * (len(values) - 1), MILLION)
    chosen = values[whole : whole + 1] if rest == 0 else values[whole : whole + 2]
    special = [x for x in chosen if isinstance(x, float) and not abs(x) < inf]
    if special:
        return special[0] if all(x == special[0] for x in special) else nan
    low, high = Fraction(chosen[0]), Fraction(chosen[-1])
    return low + (high - low) * Fraction(rest, MILLION)


def number(value):
    """A position's value as a double."""
    return value if isinstance(value, float) else rounded(value)


def interquartile_range(values):
    low, high = between(values, MILLION // 4), between(values, 3 * MILLION // 4)
    if isinstance(low, float) or isinstance(high, float):
        return number(high) - number(low)
    return number(high - low)


def exact(name, given, parameters):
    """`percentile_disc`, `percentile_cont`, `median` and `iqr`."""
    if name == "percentile_disc":
        answer = lambda _: of_rank(given, parameters["millionths"])
    elif name == "iqr":
        answer = lambda _: interquartile_range(given.ascending())
    else:
        millionths = parameters.get("millionths", MILLION // 2)
        answer = lambda _: number(between(given.ascending(), millionths))
    return limited(given, parameters["limit"], answer) if given.values else None
