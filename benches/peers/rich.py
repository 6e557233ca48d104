#!/usr/bin/env python3
"""Measures features that keep many values: against simple ones, an earlier commit, and DuckDB.

    benches/peers/run --rich      # makes the environment if need be, then runs this in it

Prints `figure rich.<name> <number> <unit>` on standard output and all else on standard error. Fails
if a value differs, and never for a time. README.md says what is measured.
"""
import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import flights
import lockstep
from measure import run, say

HERE = Path(__file__).parent
FOLDER = lockstep.ROOT / "target" / "rich"
# The last commit before the sweep computed such features columnwise.
BEFORE = "ca82eaa"
# The sizes of the spine: every hundredth flight, and every third.
STEPS = {"30k": 100, "1m": 3}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])

    def add(name, value, text):
        variable = f"RICH_{name.upper()}"
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=int, metavar="N",
            default=int(os.environ.get(variable, value)), help=f"{text} ({variable}; else {value})",
        )

    add("repeats", 5, "measured runs of each, after one that is not")
    add("before_seconds", 900, "seconds after which a run of the earlier commit is ended; 0 leaves it out")
    add("duckdb_rows", 300_000, "flights of the job that DuckDB does too; 0 leaves it out")
    return parser.parse_args()


def say_figure(name, number, unit):
    print(f"figure rich.{name} {number} {unit}", flush=True)


def command(binary, project, service, spine, events, output):
    return [
        binary, "training-set", service, "--json", "--project", project,
        "--events", f"flights={events}", "--spine", spine, "--as-of-column", "date", "-o", output,
    ]


def earlier():
    """The command of the earlier commit, and the project with an artifact that it built."""
    tree, target = FOLDER / "before", FOLDER / "before-target"
    if not tree.is_dir():
        subprocess.run(["git", "worktree", "prune"], cwd=lockstep.ROOT, check=True)
        add = ["git", "worktree", "add", "--detach", tree, BEFORE]
        if subprocess.run(add, cwd=lockstep.ROOT, stdout=subprocess.DEVNULL).returncode:
            raise SystemExit(
                f"error: this clone lacks commit {BEFORE}; fetch the whole history "
                "(git fetch --unshallow), or leave the comparison out (--before-seconds 0)"
            )
    # The crate of today, which that commit can build.
    crate = tree / "benches" / "rich"
    subprocess.run(["cp", "-rT", lockstep.ROOT / "benches" / "rich", crate], check=True)
    workspace = tree / "Cargo.toml"
    text = workspace.read_text()
    if '"benches/rich"' not in text:
        workspace.write_text(text.replace('    "benches/guest",\n', '    "benches/guest",\n    "benches/rich",\n'))
    if not target.is_dir():
        # With the builds of today's tree, so that dependencies are not compiled again.
        (target / "release").mkdir(parents=True)
        built = [lockstep.RELEASE / part for part in (".fingerprint", "build", "deps")]
        subprocess.run(["cp", "-a", *built, target / "release"], check=True)
    environment = os.environ | {"CARGO_TARGET_DIR": str(target)}
    build = ["cargo", "build", "--quiet", "--release", "-p", "lockstep-cli", "--bin", "lockstep"]
    if subprocess.run(build, cwd=tree, env=environment).returncode:
        raise SystemExit(f"error: commit {BEFORE} does not build; cargo says why above")
    binary = target / "release" / "lockstep"
    project = FOLDER / "before-project"
    project.mkdir(exist_ok=True)
    subprocess.run(["cp", crate / "lockstep.toml", project], check=True)
    artifact = [binary, "build", crate, "-o", project / "rich.wasm"]
    subprocess.run(artifact, env=environment, stdout=subprocess.DEVNULL, check=True)
    return binary, project / "lockstep.toml"


def seconds_of_earlier(arguments, output, limit):
    """The seconds of one run, or the limit if it was ended."""
    output.unlink(missing_ok=True)
    os.sync()
    bounded = ["timeout", str(limit), *map(str, arguments)]
    started = time.monotonic()
    code = subprocess.run(bounded, stdout=subprocess.DEVNULL).returncode
    seconds = time.monotonic() - started
    if code not in (0, 124):
        raise SystemExit(f"error: exit code {code} of the earlier commit")
    return seconds, code == 0


def different(left, right):
    """The number of rows of each file that the other does not have."""
    done = subprocess.run(
        [sys.executable, HERE / "same_rows.py", left, right], stdout=subprocess.PIPE, text=True, check=True
    )
    return int(done.stdout)


def measure_duckdb(project, events, rows):
    first = FOLDER / "first.parquet"
    script = "import sys, polars; polars.scan_parquet(sys.argv[1]).head(int(sys.argv[3]))"
    script += ".collect().write_parquet(sys.argv[2])"
    subprocess.run([sys.executable, "-c", script, events, first, str(rows)], check=True)
    theirs, ours = FOLDER / "duckdb.parquet", FOLDER / "common.parquet"
    log = FOLDER / "printed.txt"
    peer = run([sys.executable, HERE / "windows_duckdb.py", first, theirs, "common"], theirs, log)
    binary = lockstep.RELEASE / "lockstep"
    job = command(binary, project, "flights_common", first, first, ours)
    runs = [run(job, ours, log) for _ in range(3)]
    say_figure("duckdb_seconds", f"{peer.seconds:.2f}", "s")
    median = statistics.median(done.seconds for done in runs)
    say_figure("ratio_duckdb", f"{median / peer.seconds:.4f}", "ratio")
    found = different(ours, theirs)
    say_figure("duckdb_different", found, "rows")
    return found == 0


def main():
    options = arguments()
    FOLDER.mkdir(parents=True, exist_ok=True)
    lockstep.build()
    project = lockstep.project("benches/rich", FOLDER / "project")
    training = lockstep.ROOT / "target" / "training"
    training.mkdir(exist_ok=True)
    events = flights.fetch(training)
    good = True
    binary = lockstep.RELEASE / "lockstep"
    before = earlier() if options.before_seconds else None
    worst = {}

    def keep(name, number, worse):
        worst[name] = worse(worst.get(name, number), number)

    for size, step in STEPS.items():
        spine = FOLDER / f"spine-{size}.parquet"
        script = "import sys, polars; polars.read_parquet(sys.argv[1])"
        script += ".gather_every(int(sys.argv[3])).write_parquet(sys.argv[2])"
        subprocess.run([sys.executable, "-c", script, events, spine, str(step)], check=True)
        runs = {"rich": [], "simple": []}
        for turn in range(options.repeats + 1):
            for name, of in runs.items():
                output = FOLDER / f"{name}.parquet"
                job = command(binary, project, f"flights_{name}", spine, events, output)
                done = run(job, output, FOLDER / "printed.json")
                say(f"  {name} {size}: {done.seconds:.2f} s, {done.cpu_seconds:.2f} s of CPU, "
                    f"{done.peak_mib:.0f} MiB{' (warm-up)' * (turn == 0)}")
                if turn:
                    of.append(done)
        median = {
            (name, what): statistics.median(getattr(done, what) for done in of)
            for name, of in runs.items() for what in ("seconds", "cpu_seconds", "peak_mib")
        }
        for name in runs:
            say_figure(f"{name}_seconds_{size}", f"{median[name, 'seconds']:.2f}", "s")
            say_figure(f"{name}_cpu_seconds_{size}", f"{median[name, 'cpu_seconds']:.2f}", "s")
            say_figure(f"{name}_peak_{size}", f"{median[name, 'peak_mib']:.0f}", "MiB")
        keep("seconds", median["rich", "seconds"], max)
        keep("peak", median["rich", "peak_mib"], max)
        keep("ratio_simple", median["rich", "seconds"] / median["simple", "seconds"], max)
        if before:
            output = FOLDER / "rich-before.parquet"
            job = command(before[0], before[1], "flights_rich", spine, events, output)
            seconds, ended = seconds_of_earlier(job, output, options.before_seconds)
            say(f"  before, {size}: {seconds:.1f} s{'' if ended else ', then ended'}")
            say_figure(f"before_seconds_{size}", f"{seconds:.1f}", "s" if ended else "s_at_least")
            keep("ratio_before", seconds / median["rich", "seconds"], min)
            if ended:
                found = different(FOLDER / "rich.parquet", output)
                say_figure(f"before_different_{size}", found, "rows")
                good &= found == 0
    say_figure("seconds", f"{worst['seconds']:.2f}", "s")
    say_figure("peak", f"{worst['peak']:.0f}", "MiB")
    say_figure("ratio_simple", f"{worst['ratio_simple']:.2f}", "ratio")
    if before:
        say_figure("ratio_before", f"{worst['ratio_before']:.2f}", "ratio")
    if options.duckdb_rows:
        good &= measure_duckdb(project, events, options.duckdb_rows)
    if not good:
        say("error: a fast wrong answer is none; the lines above say where values differ")
    return not good


if __name__ == "__main__":
    sys.exit(main())
