"""The rules of docs/PEERS.md that are applied before comparing, and where a peer's doubles are exact.

Invariant: a rule changes only what that page says. Deliberately absent: comparing, and any peer.
"""
from . import truth

# Columns on which a peer that adds doubles one by one is exact.
SHORT = ("n", "b", "d", "e", None)
# Of these NumPy's are exact before the last step if the number of inputs is a power of two.
POWERS = ("var_pop", "var_samp", "stddev_pop", "distinct_stddev_pop")


def is_exact(feature):
    """Whether a peer is exact before its last step: sums of few bits, and quarters of them."""
    if feature.aggregate == "percentile_cont" and feature.parameter("millionths") % 250_000:
        return False
    if (feature.aggregate, feature.column) == ("distinct_sum", "big"):
        return True
    exact = ("sum", "mean", "distinct_sum", "distinct_mean", *truth.QUANTILES)
    return feature.aggregate in exact and feature.column in SHORT


def null_if(values, condition):
    return [None if condition(value) else value for value in values]


def is_nan(value):
    return isinstance(value, float) and value != value


def one_zero(values):
    return [0.0 if value == 0 else value for value in values]


def beyond_64_bits(value):
    return value is not None and not -(2**63) <= value < 2**63


def middle(value):
    if not value:
        return None if value is None else 0.0
    magnitude, width = abs(value), 1.0
    while magnitude >= 2 * width:
        width *= 2
    width /= 128
    centre = magnitude // width * width + width / 2
    return centre if value > 0 else -centre


def powers_of_two(sizes):
    """The spine rows with such a number of inputs: their mean and deviations are exact doubles."""
    return [row for row, size in enumerate(sizes) if size and size & (size - 1) == 0]


def rows_where(history, feature, condition):
    """The spine rows whose inputs fulfil the condition."""
    return [row for row, inputs in enumerate(history.inputs(feature)) if condition(inputs)]
