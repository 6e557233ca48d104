#!/usr/bin/env python3
"""Measures the training-set job on Lockstep, Polars and DuckDB: fresh processes, Parquet to Parquet.

    benches/peers/run            # makes the environment if need be, then runs this in it

Prints `figure training.<name> <number> <unit>` on standard output and all else on standard error.
Fails if a value is not the peers' or not the definition's, and never for a time. README.md says what
is measured; `--help` names the sizes.
"""
import argparse
import filecmp
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import flights
import growth
import lockstep
from measure import figure, median, run, say

HERE = Path(__file__).parent
FOLDER = lockstep.ROOT / "target" / "training"
LIMIT = "512MiB"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])

    def add(name, kind, value, text):
        variable = f"TRAINING_{name.upper()}"
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=kind, metavar="N" if kind is int else "TEXT",
            default=kind(os.environ.get(variable, value)),
            help=f"{text} ({variable}; else {value})",
        )

    add("parts", str, "flights,growth", "which of the two parts to measure")
    add("repeats", int, "5", "measured runs of each contestant, after one that is not")
    add("duckdb_repeats", int, "1", "runs of DuckDB, which takes minutes; 0 leaves it out")
    add("flights", int, flights.ROWS, "how many flights, from the first on")
    add("base_rows", int, "3000000", "rows of the small log with skewed keys")
    add("base_memory", str, "128MiB", "memory that is too little for that")
    add("memory_rows", int, "30000000", "rows of the log that is held in memory; 0 leaves it out")
    add("spilled_rows", int, "100000000", "rows of the log that is not; 0 leaves it out")
    add("spilled_memory", str, LIMIT, "memory for that")
    return parser.parse_args()


def contestants(data):
    """By name: what runs one, given the output file."""
    def peer(script):
        command = [sys.executable, HERE / script, data]
        return lambda output: run([*command, output], output, FOLDER / "printed.txt")

    project = lockstep.project("transforms/flights", FOLDER / "project")
    job = lockstep.Job(project, "flights", "date")

    def ours(service, *arguments):
        return lambda output: job.run(service, data, output, *arguments)

    return {
        "polars": peer("windows_polars.py"),
        "exact": ours("flights_exact"),
        "sawtooth": ours("flights_sawtooth"),
        "limited": ours("flights_exact", "--memory-max", LIMIT),
        "duckdb": peer("windows_duckdb.py"),
    }


def race(data, repeats, duckdb_repeats):
    """The runs of each contestant, in turns, and the output of each one's last run."""
    starts = contestants(data)
    if not duckdb_repeats:
        del starts["duckdb"]
    outputs = {name: FOLDER / f"{name}.parquet" for name in starts}
    runs = {name: [] for name in starts}
    for turn in range(repeats + 1):
        for name, start in starts.items():
            # The first turn is a warm-up, but what takes minutes needs none.
            warm_up = turn == 0 and name != "duckdb"
            if name == "duckdb" and turn >= duckdb_repeats:
                continue
            done = start(outputs[name])
            say(f"  {name}: {done.seconds:.2f} s, {done.cpu_seconds:.2f} s of CPU, "
                f"{done.peak_mib:.0f} MiB{' (warm-up)' * warm_up}")
            if not warm_up:
                runs[name].append(done)
    return runs, outputs


def measure_flights(options):
    data = flights.fetch(FOLDER)
    if options.flights < flights.ROWS:
        data = first(data, options.flights)
    say(f"{options.flights} flights, 20 features")
    runs, outputs = race(data, options.repeats, options.duckdb_repeats)
    if options.flights == flights.ROWS:
        for run in runs["limited"]:
            lockstep.check_spilled(run, "limited", True)
    seconds = {name: median(of, "seconds") for name, of in runs.items()}
    peak = {name: median(of, "peak_mib") for name, of in runs.items()}
    for name, of in runs.items():
        figure(f"{name}_seconds", f"{seconds[name]:.2f}", "s")
        figure(f"{name}_cpu_seconds", f"{median(of, 'cpu_seconds'):.2f}", "s")
        figure(f"{name}_peak", f"{peak[name]:.0f}", "MiB")

    def ratio(name, left, right):
        figure(name, f"{left / right:.3f}", "ratio")

    ratio("ratio_polars_exact", seconds["exact"], seconds["polars"])
    ratio("ratio_polars_sawtooth", seconds["sawtooth"], seconds["polars"])
    if "duckdb" in runs:
        ratio("ratio_duckdb", seconds["exact"], seconds["duckdb"])
    ratio("memory_ratio_polars", peak["exact"], peak["polars"])
    ratio("ratio_limited", seconds["limited"], seconds["exact"])
    same = filecmp.cmp(outputs["limited"], outputs["exact"], shallow=False)
    figure("limited_same_bytes", int(same), "bool")
    for name in ("exact", "sawtooth"):
        shares = [lockstep.guest_seconds(done) / done.cpu_seconds for done in runs[name]]
        figure(f"guest_share_{name}", f"{100 * statistics.median(shares):.1f}", "percent")
    # A program of ours: it prints figures of its own.
    subprocess.run([lockstep.RELEASE / "flights-native", data], check=True)
    # The limited run's file is compared with the exact one's as bytes.
    checked = {name: file for name, file in outputs.items() if name != "limited"}
    return check(data, checked) and same


def check(data, outputs):
    """Whether all values agree, said by a process of its own."""
    command = [sys.executable, HERE / "values.py", data]
    command += [f"{name}={file}" for name, file in outputs.items()]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        return False
    report = json.loads(done.stdout)
    for where, count in report["found"].items():
        say(f"  {where}: {count} differ")
    figure("compared", report["compared"], "values")
    figure("different", report["different"], "values")
    return report["different"] == 0


def first(data, rows):
    """A file of the first rows of `data`."""
    file = data.with_name(f"flights-first-{rows}.parquet")
    script = "import sys, polars; polars.scan_parquet(sys.argv[1]).head(int(sys.argv[3]))"
    script += ".collect().write_parquet(sys.argv[2])"
    subprocess.run([sys.executable, "-c", script, data, file, str(rows)], check=True)
    return file


def main():
    options = arguments()
    FOLDER.mkdir(parents=True, exist_ok=True)
    lockstep.build()
    parts = options.parts.split(",")
    good = True
    if "flights" in parts:
        good &= measure_flights(options)
    if "growth" in parts:
        good &= growth.measure(FOLDER / "growth", options)
    if not good:
        say("error: a fast wrong answer is none; the lines above say where values differ")
    return not good


if __name__ == "__main__":
    sys.exit(main())
