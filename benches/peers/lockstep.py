"""Lockstep as a user runs it: built in release, an artifact, a project, `lockstep training-set`.

Deliberately absent: any import of the product's code.
"""
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import measure

ROOT = Path(__file__).parents[2]
RELEASE = ROOT / "target" / "release"


def build():
    """The command and the other programs that are needed; quick if they are there."""
    command = ["cargo", "build", "--quiet", "--release", "--workspace", "--bins"]
    if subprocess.run(command, cwd=ROOT).returncode:
        raise SystemExit("error: the workspace does not build; cargo says why above")


def project(crate, folder):
    """A project of the crate's own file and its artifact, built; quick if nothing has changed."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / crate / "lockstep.toml", folder)
    artifact = folder / f"{Path(crate).name}.wasm"
    command = [RELEASE / "lockstep", "build", ROOT / crate, "-o", artifact]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"error: {crate} does not build:\n{done.stderr}")
    return folder / "lockstep.toml"


@dataclass(frozen=True)
class Job:
    """A training set in which each event of a source is a spine row at its own time."""

    project: Path
    source: str
    as_of: str

    def run(self, service, events, output, *arguments):
        command = [
            RELEASE / "lockstep", "training-set", service, "--json", "--project", self.project,
            "--events", f"{self.source}={events}", "--spine", events, "--as-of-column", self.as_of,
            "-o", output, *arguments,
        ]
        return measure.run(command, output, self.project.with_name("printed.json"))


def check_spilled(run, name, wanted):
    """A figure of spilled rows says nothing if none had to wait on the disk, and the other way."""
    if json.loads(run.printed)["spilled"] != wanted:
        raise SystemExit(f"error: {name} {'kept all rows in memory' if wanted else 'spilled'}; "
                         "give it another --memory-max, or another number of rows")


def guest_seconds(run):
    """Core-seconds inside the guest, by the command's own report."""
    return json.loads(run.printed)["seconds"]["guest"]
