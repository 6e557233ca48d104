"""The file of three million flights: fetched once, with its checksum pinned."""
import hashlib
import shutil
import subprocess
import tarfile

PACKAGE = "vega-datasets"
VERSION = "3.2.1"
MEMBER = "package/data/flights-3m.parquet"
SHA256 = "dbeb920c90f59b6ccaff823dcc3d08f25a97fa1ce128d93f40be4e931f5900b0"
ROWS = 3_000_000


def fetch(folder):
    """The file in `folder`."""
    file = folder / "flights-3m.parquet"
    if file.is_file() and digest(file) == SHA256:
        return file
    if not shutil.which("npm"):
        raise SystemExit(
            f"error: npm is missing, which fetches {PACKAGE} {VERSION}; install it, or put that "
            f"package's {MEMBER} at {file}"
        )
    name = f"{PACKAGE}@{VERSION}"
    # Quiet; it would print the name of what it has packed.
    packed = subprocess.run(["npm", "pack", "--silent", name], cwd=folder, stdout=subprocess.PIPE)
    if packed.returncode:
        raise SystemExit(f"error: npm could not fetch {name}; the network is needed once")
    archive = folder / f"{PACKAGE}-{VERSION}.tgz"
    with tarfile.open(archive) as members, file.open("wb") as whole:
        shutil.copyfileobj(members.extractfile(MEMBER), whole)
    archive.unlink()
    if digest(file) != SHA256:
        raise SystemExit(f"error: {file} has not the pinned checksum {SHA256}; do not use it")
    return file


def digest(file):
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
