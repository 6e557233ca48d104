"""What is checked: `lockstep training-set` over a data set, with an artifact made of a manifest.

Invariant: the command is run as a user runs it, from files to a file. Deliberately absent: any
import of the product's code.
"""
import json
import subprocess

import polars

from .features import SOURCE, VIEW, manifest

PROJECT = """
[sources.{source}]
files = {events}

[artifacts]
mirror = "mirror.wasm"

[services.everything]
features = ["{view}.*"]
"""


def values(root, folder, data):
    """Each feature's values, in the order of the spine's rows, by the feature's name."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(
        json.dumps(manifest(data.columns, data.key, data.features))
    )
    run(root, "lockstep-mirror", folder / "manifest.json", folder / "mirror.wasm")
    events = json.dumps(str(data.events_file))
    text = PROJECT.format(source=SOURCE, events=events, view=VIEW)
    (folder / "lockstep.toml").write_text(text)
    output = folder / "training.parquet"
    run(
        root, "lockstep", "training-set", "everything", "--project", folder,
        "--spine", data.spine_file, "--output", output,
    )
    table = polars.read_parquet(output)
    assert table.height == data.spine.height, "the training set has not the spine's rows"
    assert table["row"].to_list() == data.spine["row"].to_list(), "the spine's order is lost"
    return {f.name: table[f"{VIEW}.{f.name}"].to_list() for f in data.features}


def run(root, program, *arguments):
    command = [root / "target" / "debug" / program, *arguments]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=root)
    if done.returncode:
        raise SystemExit(f"error: {program} failed:\n{done.stderr}")
