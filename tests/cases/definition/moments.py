"""Moments of one and two columns: the formulas of docs/FEATURES.md over exact fractions."""
from fractions import Fraction
from math import nan

from .numbers import has_special, root, rounded, signed_root


def central(xs, k):
    mean = sum(xs) / len(xs)
    return sum((x - mean) ** k for x in xs) / len(xs)


def one_column(name, inputs):
    n = len(inputs)
    if n == 0 or (name.endswith("_samp") and n == 1):
        return None
    if has_special(inputs):
        return nan
    xs = [Fraction(x) for x in inputs]
    m2 = central(xs, 2)
    if name in ("skewness", "kurtosis"):
        if m2 == 0:
            return None
        if name == "skewness":
            m3 = central(xs, 3)
            return signed_root(m3, m3**2 / m2**3)
        return rounded(central(xs, 4) / m2**2 - 3)
    variance = m2 * n / (n - 1) if name.endswith("_samp") else m2
    return root(variance) if name.startswith("stddev") else rounded(variance)


def two_columns(name, pairs):
    n = len(pairs)
    if n == 0 or (name.endswith("_samp") and n == 1):
        return None
    if has_special(x for pair in pairs for x in pair):
        return nan
    xs = [Fraction(x) for x, _ in pairs]
    ys = [Fraction(y) for _, y in pairs]
    mean_x, mean_y = sum(xs) / n, sum(ys) / n
    covariance = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys)) / n
    if name == "corr":
        scale = central(xs, 2) * central(ys, 2)
        return None if scale == 0 else signed_root(covariance, covariance**2 / scale)
    return rounded(covariance * n / (n - 1) if name == "covar_samp" else covariance)


def regression(name, pairs):
    """The line through pairs of y and x: y is the column, x the other one."""
    if not pairs:
        return None
    if has_special(number for pair in pairs for number in pair):
        return nan
    n = len(pairs)
    ys = [Fraction(y) for y, _ in pairs]
    xs = [Fraction(x) for _, x in pairs]
    squares = n * sum(x * x for x in xs) - sum(xs) ** 2
    if squares == 0:
        return None
    products = n * sum(x * y for x, y in zip(xs, ys)) - sum(xs) * sum(ys)
    if name == "regr_slope":
        return rounded(products / squares)
    if name == "regr_intercept":
        of_xy = sum(x * y for x, y in zip(xs, ys))
        return rounded((sum(ys) * sum(x * x for x in xs) - sum(xs) * of_xy) / squares)
    squares_y = n * sum(y * y for y in ys) - sum(ys) ** 2
    return 1.0 if squares_y == 0 else rounded(products**2 / (squares * squares_y))
