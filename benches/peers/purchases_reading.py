"""The features of the made log, read a second time: purchases_reading.py EVENTS OUTPUT.

Borders by rule S3 of docs/SEMANTICS.md. Amounts are integers of 2^-60, so that sums are exact, and
Python's quotient of two integers is rounded once. Prints how many values were compared, and how many
differ, as JSON. Deliberately absent: any value from another reading.
"""
import json
import sys
from itertools import accumulate

import numpy as np
import polars as pl

# In milliseconds, as the log's times are, so that a user and a time fit into 64 bits.
HOUR = 3_600_000
DAY = 24 * HOUR
# Above any time of a year.
KEY = 1 << 35
SCALE = 1 << 60


def ranges(users, times, length, hop):
    """For each row the rows of its user in [floor(t - length, hop), t), as places low and high."""
    # The origin of times below is midnight, so a floor there is one of the epoch.
    low_times = 0 * times if length is None else np.maximum((times - length) // hop * hop, 0)
    order = users * KEY + times
    low = np.searchsorted(order, users * KEY + low_times, side="left")
    return low, np.searchsorted(order, order, side="left")


def main():
    events, output = (pl.read_parquet(file) for file in sys.argv[1:3])
    different = 0
    for name in events.columns:
        different += int(not output[name].equals(events[name]))
    output = output.with_columns(number=pl.col("user").str.slice(1).cast(pl.Int64))
    output = output.sort("number", "bought_at", maintain_order=True)
    users = output["number"].to_numpy()
    times = output["bought_at"].dt.timestamp("ms").to_numpy()
    times = times - times.min() // DAY * DAY
    prefix = [0, *accumulate(int(amount * SCALE) for amount in output["amount"])]
    week, month = ranges(users, times, 7 * DAY, HOUR), ranges(users, times, 30 * DAY, DAY)
    everything = ranges(users, times, None, None)

    def quotients(low, high, mean):
        sums = (prefix[h] - prefix[l] for l, h in zip(low.tolist(), high.tolist()))
        counts = (high - low).tolist()
        return [
            total / (SCALE * (n if mean else 1)) if n else None for total, n in zip(sums, counts)
        ]

    expected = {
        "count_7d": (week[1] - week[0]).tolist(),
        "count_lifetime": (everything[1] - everything[0]).tolist(),
        "amount_sum_7d": quotients(*week, mean=False),
        "amount_mean_30d": quotients(*month, mean=True),
    }
    for name, values in expected.items():
        # No value is NaN or -0.0, so equal doubles have equal bits.
        found = output[f"purchases.{name}"].to_list()
        different += sum(ours != theirs for ours, theirs in zip(found, values))
    print(json.dumps({"compared": len(expected) * len(times), "different": different}))


if __name__ == "__main__":
    main()
