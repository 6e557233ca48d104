"""One command in a fresh process, measured by the kernel.

Invariant: time is from before the process starts to after it has ended, so an interpreter's start
and imports count; memory and CPU time are wait4's, of that process alone. Dirty pages of an earlier
run are written out first, and an earlier output is removed. Deliberately absent: large modules. A
process begins with the peak memory of the one that starts it, so this one must stay small.
"""
import os
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Run:
    seconds: float
    cpu_seconds: float
    peak_mib: float
    printed: str


def run(command, output, log):
    """Runs `command`, which writes the file `output`; what it prints goes through the file `log`."""
    command = [str(part) for part in command]
    output.unlink(missing_ok=True)
    os.sync()
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [(os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o644)]
    started = time.monotonic()
    process = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    _, status, usage = os.wait4(process, 0)
    seconds = time.monotonic() - started
    if status or not output.is_file():
        code = os.waitstatus_to_exitcode(status)
        raise SystemExit(f"error: exit code {code} of {' '.join(command)}")
    cpu_seconds = usage.ru_utime + usage.ru_stime
    # The kernel counts in KiB, but on macOS in bytes.
    peak_mib = usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return Run(seconds, cpu_seconds, peak_mib, Path(log).read_text())


def median(runs, what):
    return statistics.median(getattr(run, what) for run in runs)


def figure(name, number, unit):
    """The line of one figure, as `make figures` prints it."""
    print(f"figure training.{name} {number} {unit}", flush=True)


def say(text):
    print(text, file=sys.stderr, flush=True)
