"""Exact numbers: sums with infinities, and roundings to a double that happen once (S17)."""
from fractions import Fraction
from math import inf, isqrt, nan, prod

from .values import FLOATS, OVERFLOW, PRECISION, SIGNED, UNSIGNED, digits


def rounded(number):
    """The double nearest to a fraction, ties to even; beyond the range an infinity."""
    try:
        # A quotient of two Python integers is rounded correctly.
        return number.numerator / number.denominator
    except OverflowError:
        return inf if number > 0 else -inf


def root(number):
    """The double nearest to the square root of a fraction that is not negative."""
    p, q = number.numerator, number.denominator
    if p == 0:
        return 0.0
    # So many bits that the root has at least 1200 below any double's last one.
    shift = 2400 + max(0, q.bit_length() - p.bit_length()) // 2
    whole = isqrt((p << (2 * shift)) // q)
    exact = whole * whole * q == p << (2 * shift)
    # One more bit stands for everything that is cut off.
    return rounded(Fraction(2 * whole + (not exact), 1 << (shift + 1)))


def signed_root(sign_of, square):
    """The double nearest to ±sqrt(square), with the sign of the first number."""
    value = root(square)
    return -value if sign_of < 0 else value


class Sum:
    """The real-number sum of some inputs, or a NaN or infinity instead (S17)."""

    def __init__(self, inputs):
        inputs = list(inputs)
        finite = [x for x in inputs if isinstance(x, int) or abs(x) < inf]
        special = [x for x in inputs if not isinstance(x, int) and not abs(x) < inf]
        self.exact = sum(map(Fraction, finite), Fraction(0))
        self.special = None
        if special:
            same = all(x == special[0] for x in special)
            self.special = special[0] if same else nan

    def float(self, divisor=1):
        if self.special is not None:
            return self.special
        return rounded(self.exact / divisor)


def has_special(inputs):
    return any(isinstance(x, float) and not abs(x) < inf for x in inputs)


def fits(kind, number):
    """Whether a number is one of the widest type of its kind."""
    if kind in SIGNED:
        return -(1 << 63) <= number < 1 << 63
    if kind in UNSIGNED:
        return 0 <= number < 1 << 64
    return abs(number) * 10 ** digits(kind)[1] < 10**PRECISION


def sum_of(kind, values):
    """The sum, in the widest type of its kind (S17)."""
    if kind in FLOATS:
        return Sum(values).float()
    exact = sum(values)
    return exact if fits(kind, exact) else OVERFLOW


def product_of(kind, values):
    exact = prod(values)
    return exact if fits(kind, exact) else OVERFLOW
