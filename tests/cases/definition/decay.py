"""Forward decay on integers (S20), by the formula of docs/FEATURES.md.

The table comes from integer roots. Deliberately absent: a committed table.
"""
from fractions import Fraction
from functools import cache
from math import inf, isqrt

from .numbers import Sum, rounded

# ln 2 in 2^-64ths, as docs/FEATURES.md gives it.
LN_2 = 12786308645202655660


@cache
def table(step):
    """2^63 * 2^(step / 1024), rounded to the nearest integer: ten square roots, with 3 bits more."""
    root = 1 << (66 * 1024 + step)
    for _ in range(10):
        root = isqrt(root)
    return (root + 4) >> 3


def growth(time, half_life):
    """G(t) as an integer of 53 bits and the exponent of 2."""
    halves, rest = divmod(time, half_life)
    u = (rest << 64) // half_life
    x = (u % (1 << 54) * LN_2) >> 54
    s = 1 << 63
    for k in (5, 4, 3, 2, 1):
        s = (1 << 63) + ((x * s) >> 74) // k
    return (table(u >> 54) * s) >> 74, halves


def decayed(given, half_life):
    """The sum of the values, each times G of its time, over G(as_of)."""
    special = [x for x in given.values if isinstance(x, float) and not abs(x) < inf]
    if special:
        return Sum(special).float()
    now, halves = growth(given.as_of, half_life)
    total = Fraction(0)
    for time, value in zip(given.times, given.values):
        weight, then = growth(time, half_life)
        total += Fraction(value) * Fraction(weight, now) * Fraction(2) ** (then - halves)
    return rounded(total)
