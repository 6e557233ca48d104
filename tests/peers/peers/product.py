"""What is checked: `lockstep training-set` over a data set, with an artifact made of a manifest.

Invariant: the command is run as a user runs it, from files to a file. Deliberately absent: any
import of the product's code.
"""
import json
import subprocess

import duckdb
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
    declared = manifest(data.columns, data.key, data.features)
    output = training(root, folder, declared, data.events_file, data.spine_file)
    check_metadata(output)
    table = polars.read_parquet(output)
    assert table.height == data.spine.height, "the training set has not the spine's rows"
    assert table["row"].to_list() == data.spine["row"].to_list(), "the spine's order is lost"
    return {f.name: table[f"{VIEW}.{f.name}"].to_list() for f in data.features}


def training(root, folder, declared, events, spine):
    """The training set of a manifest's view, as a file in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps(declared))
    run(root, "lockstep-mirror", folder / "manifest.json", folder / "mirror.wasm")
    text = PROJECT.format(source=SOURCE, events=json.dumps(str(events)), view=VIEW)
    (folder / "lockstep.toml").write_text(text)
    output = folder / "training.parquet"
    run(
        root, "lockstep", "training-set", "everything", "--project", folder,
        "--spine", spine, "--output", output,
    )
    return output


def check_metadata(output):
    """Both peers find what the file says about its own making."""
    theirs = polars.read_parquet_metadata(output)
    query = "SELECT decode(key), decode(value) FROM parquet_kv_metadata(?)"
    others = dict(duckdb.execute(query, [str(output)]).fetchall())
    service = ("service", "service_digest", "features")
    for name in ("architecture", *service, "project_sha256", "source_files", "as_of"):
        entry = theirs[f"lockstep.{name}"]
        assert entry == others[f"lockstep.{name}"], f"{name}: the peers read different entries"
    json.loads(theirs["lockstep.source_files"])
    json.loads(theirs["lockstep.features"])


def run(root, program, *arguments):
    command = [root / "target" / "debug" / program, *arguments]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=root)
    if done.returncode:
        raise SystemExit(f"error: {program} failed:\n{done.stderr}")
