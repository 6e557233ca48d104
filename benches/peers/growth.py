"""How the cost of a row grows with the rows: logs with skewed keys, from the program `zipf`.

Invariant: the same features, keys and seed; only the number of rows differs, and for the largest the
memory. A cost is wall time over rows, so what a process costs at its start counts in the small one.
The small log's values are read a second time, and made again with too little memory to hold it.
Deliberately absent: peers, which would not finish.
"""
import filecmp
import json
import subprocess
import sys
from pathlib import Path

import lockstep
from measure import figure, median, say

# The large runs take minutes, so each is one; the small one is the median of so many.
BASE_REPEATS = 3


def measure(folder, options):
    """Prints the figures; answers whether all values are right."""
    project = lockstep.project("benches/purchases", folder)
    job = lockstep.Job(project, "purchases", "bought_at")

    def cost(name, rows, repeats, *arguments):
        return measured(job, name, log(folder, rows), rows, repeats, arguments)

    base, output = cost("base", options.base_rows, BASE_REPEATS)
    good = right(folder, options.base_rows, output)
    limit = ("--memory-max", options.base_memory)
    _, limited = cost("base_spilled", options.base_rows, 1, *limit)
    same = filecmp.cmp(limited, output, shallow=False)
    figure("base_spilled_same_bytes", int(same), "bool")
    if options.memory_rows:
        in_memory, output = cost("memory", options.memory_rows, 1)
        output.unlink()
        figure("growth", f"{in_memory / base:.3f}", "ratio")
    if options.spilled_rows:
        limit = ("--memory-max", options.spilled_memory)
        spilled, output = cost("spilled", options.spilled_rows, 1, *limit)
        output.unlink()
        figure("growth_spilled", f"{spilled / base:.3f}", "ratio")
    return good and same


def log(folder, rows):
    """The file with so many rows, made if it is missing."""
    file = folder / f"purchases-{rows}.parquet"
    if not file.is_file():
        say(f"making {rows} purchases")
        subprocess.run([lockstep.RELEASE / "zipf", str(rows), file], check=True)
    return file


def measured(job, name, events, rows, repeats, arguments):
    """Seconds a row, and the output."""
    output = events.with_name(f"{name}.parquet")
    runs = []
    # What is repeated is run once more before, to warm up.
    for turn in range(repeats + (repeats > 1)):
        done = job.run("purchases", events, output, *arguments)
        lockstep.check_spilled(done, name, bool(arguments))
        warm_up = repeats > 1 and turn == 0
        say(f"  {name}, {rows} purchases: {done.seconds:.2f} s, {done.peak_mib:.0f} MiB"
            f"{' (warm-up)' * warm_up}")
        if not warm_up:
            runs.append(done)
    seconds = median(runs, "seconds")
    figure(f"{name}_row", f"{1e9 * seconds / rows:.0f}", "ns")
    figure(f"{name}_peak", f"{median(runs, 'peak_mib'):.0f}", "MiB")
    return seconds / rows, output


def right(folder, rows, output):
    """Whether the values are those of the second reading, made by a process of its own."""
    command = [sys.executable, Path(__file__).with_name("purchases_reading.py"), log(folder, rows)]
    done = subprocess.run([*command, output], stdout=subprocess.PIPE, check=True)
    report = json.loads(done.stdout)
    figure("growth_compared", report["compared"], "values")
    figure("growth_different", report["different"], "values")
    return report["different"] == 0
