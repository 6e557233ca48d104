"""The job read a second time, in NumPy: borders by rule S3 of docs/SEMANTICS.md, then prefix sums for
sums and a sparse table for extremes. Deliberately absent: any value from another reading.
"""
import numpy as np
import polars as pl

HOUR = 3_600_000_000
DAY = 24 * HOUR
LENGTHS = {"1h": HOUR, "1d": DAY, "7d": 7 * DAY, "30d": 30 * DAY}


def hop(length):
    if length < 12 * HOUR:
        return HOUR // 12
    return HOUR if length < 12 * DAY else DAY


def features(source, sizes, exact):
    """The rows of `source`, by key and time, with the features of each."""
    table = source.sort("origin", "date")
    times = table["date"].dt.timestamp("us").to_numpy()
    delays = table["delay"].to_numpy()
    keys = table["origin"].to_numpy()
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    found = {}
    for start, end in zip(starts, np.r_[starts[1:], len(keys)]):
        for size in sizes:
            values = windows(times[start:end], delays[start:end], LENGTHS[size], exact)
            for name, (column, present) in values.items():
                found.setdefault(f"{name}_{size}", []).append((column, present))
    columns = {}
    for name, parts in found.items():
        column = pl.Series(name, np.concatenate([part for part, _ in parts]))
        present = pl.Series(np.concatenate([present for _, present in parts]))
        columns[name] = column.to_frame().select(pl.when(present).then(name).alias(name))[name]
    return table.with_columns(**columns)


def windows(times, delays, length, exact):
    """One key's values for one length, each with where it is present."""
    low_times = times - length
    if not exact:
        # NumPy's // goes toward minus infinity.
        low_times = low_times // hop(length) * hop(length)
    low = np.searchsorted(times, low_times, side="left")
    high = np.searchsorted(times, times, side="left")
    count = high - low
    some = count > 0
    prefix = np.concatenate(([0], np.cumsum(delays)))
    total = prefix[high] - prefix[low]
    mean = total.astype(np.float64) / np.maximum(count, 1).astype(np.float64)
    return {
        "count": (count, np.ones_like(some)),
        "sum": (total, some),
        "mean": (mean, some),
        "min": (extreme(np.minimum, delays, low, high), some),
        "max": (extreme(np.maximum, delays, low, high), some),
    }


def extreme(of, values, low, high):
    """`of` over each values[low:high], by two overlapping ranges of a power of two; 0 if empty."""
    answer = np.zeros(len(low), dtype=np.int64)
    count, level, width = high - low, values, 1
    while width <= len(values):
        here = (count >= width) & (count < 2 * width)
        answer[here] = of(level[low[here]], level[high[here] - width])
        level = of(level[:-width], level[width:]) if width < len(level) else level
        width *= 2
    return answer
