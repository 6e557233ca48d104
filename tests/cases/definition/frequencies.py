"""Distinct values, equal in their encoding (S14), and how often each occurs."""
from fractions import Fraction
from math import log2

from . import moments
from .numbers import Sum, rounded, sum_of
from .values import OVERFLOW, order


def distinct(given, values, n):
    seen, chosen = set(), []
    for value in values:
        key = order(given.kind, value)
        if key not in seen:
            seen.add(key)
            chosen.append(value)
    return chosen[:n]


def limited(given, limit, answer):
    counts = given.counts()
    return OVERFLOW if len(counts) > limit else answer(counts)


def entropy(counts):
    """In doubles, in the order that docs/FEATURES.md fixes."""
    counts = sorted(count for _, count in counts)
    n, total = sum(counts), 0.0
    for count in counts:
        total += count * log2(count)
    value = log2(n) - total / n
    return value if value > 0 else 0.0


def mode_share(counts):
    counts = [count for _, count in counts]
    return rounded(Fraction(max(counts), sum(counts)))


def most_frequent(given, n, limit):
    # Sorting keeps the value order of equally frequent ones.
    by_count = lambda counts: sorted(counts, key=lambda pair: -pair[1])
    return limited(given, limit, lambda counts: [value for value, _ in by_count(counts)[:n]])


def of_distinct(name, given, limit):
    """`distinct_sum` and the like: an aggregate of numbers over each distinct one once."""

    def answer(counts):
        values, name_of_all = [value for value, _ in counts], name.removeprefix("distinct_")
        if name_of_all == "sum":
            return sum_of(given.kind, values)
        if name_of_all == "mean":
            return Sum(values).float(len(values))
        return moments.one_column(name_of_all, values)

    return limited(given, limit, answer) if given.values else None
