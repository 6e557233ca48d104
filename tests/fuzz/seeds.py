"""Writes the seeds of the fuzz targets that are no text: python3 tests/fuzz/seeds.py, with pyarrow.

Three events of the declaration in properties/src/schema.rs, in small files of each kind.
"""

import struct
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq

CORPUS = Path(__file__).parent / "corpus"
TYPES = {
    "at": pa.timestamp("us", "UTC"), "id": pa.string(), "flag": pa.bool_(), "count": pa.int64(),
    "small": pa.float32(), "price": pa.float64(), "seen": pa.timestamp("ms"),
    "words": pa.list_(pa.string()), "vector": pa.list_(pa.float64()),
}
ROWS = [
    dict(at=0, id="a", flag=True, count=1, small=0.5, price=9.99, seen=0, words=["x", None], vector=[1.0, 2.0]),
    dict(at=1, id=None, flag=None, count=-(2**63), small=None, price=float("nan"), seen=None, words=None, vector=[]),
    dict(at=86400000000, id="größe", flag=False, count=2**63 - 1, small=1e30, price=-0.0, seen=1, words=[], vector=None),
]


def write(target, name, content):
    path = CORPUS / target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def table(**types):
    types = TYPES | types
    return pa.table({name: pa.array([row[name] for row in ROWS], kind) for name, kind in types.items()})


def parquet(content, **options):
    sink = pa.BufferOutputStream()
    pq.write_table(content, sink, **options)
    return sink.getvalue().to_pybytes()


def ipc(content, stream, **options):
    sink = pa.BufferOutputStream()
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    with make(sink, content.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(content, max_chunksize=2)
    return sink.getvalue().to_pybytes()


narrow = dict(count=pa.int8(), small=pa.float16())
dictionary = dict(id=pa.dictionary(pa.int8(), pa.string()))
plain = table()
few = plain.select(["at", "id", "count"])
for codec in ["none", "snappy", "zstd"]:
    write("parquet", f"{codec}.parquet", parquet(plain, compression=codec, row_group_size=2))
write("parquet", "plain.parquet", parquet(few, use_dictionary=False, write_statistics=False))
write("parquet", "pages.parquet", parquet(few, data_page_version="2.0", data_page_size=8, store_schema=False))
write("parquet", "times.parquet", parquet(few, use_deprecated_int96_timestamps=True))
for target, stream in [("arrow_file", False), ("arrow_stream", True)]:
    write(target, "plain.arrow", ipc(plain, stream))
    write(target, "dictionary.arrow", ipc(table(**dictionary), stream))
    write(target, "few.arrow", ipc(few, stream))
write("tables", "parquet", b"\2" + parquet(few))
write("tables", "arrow", b"\3" + ipc(few, False))

# Records of a store, behind the byte that chooses one; see properties/src/stores.rs.
write("records", "rejected", bytes([1, 0, 1, 5, 0x80, 1]))
write("records", "position", bytes([5]) + struct.pack("<Q", 7))
write("records", "rows", bytes([6]) + bytes(24))
write("records", "tile", bytes([7]) + b"t" + bytes(30))
# States of a guest's aggregate: none refused, two states of 1 and 2 bytes.
write("states", "two", bytes([2, 9]) + struct.pack("<IIII", 0, 2, 1, 3) + b"abc")
write("states", "refused", bytes([1, 9]) + struct.pack("<IIIIBB", 1, 0, 2, 1, 0, 0))
for kind, name, text in [
    (0, "progress", '{"position":7,"watermark":0,"events":1,"duplicates":0,"set_aside":0}'),
    (2, "generations", '{"format":1,"next_set":3,"artifacts":{"a":{"active":null,"previous":null,'
                       '"previous_until":{"s":7},"filling":null}},"garbage":[1]}'),
    (3, "base", '{"format":1,"frozen":false,"files":[{"name":"a.csv","size_bytes":1}]}'),
    (4, "unfinished", '{"format":2,"partition":"files","until":null,"sets":[1],"log":null,'
                      '"section":0,"after":"00"}'),
]:
    write("records", name, bytes([kind]) + text.encode())
write("commit", "zeros", bytes(80))

# A flat batch of one row, and the outcome that holds it; the layout is that of wit/transform.wit.
NODES = [(1, 0)] * 10 + [(2, 0)]
OFFSETS = struct.pack("<II", 0, 1)
BUFFERS = [
    b"", bytes(8), b"", OFFSETS, b"a", b"", b"\1", b"", bytes(8), b"", bytes(4), b"", bytes(8), b"", bytes(8),
    b"", OFFSETS, b"", OFFSETS, b"x", b"", struct.pack("<II", 0, 2), b"", bytes(16),
]
ends = [sum(map(len, BUFFERS[: at + 1])) for at in range(len(BUFFERS))]
batch = struct.pack("<II", 1, len(NODES)) + b"".join(struct.pack("<II", *node) for node in NODES)
batch += struct.pack(f"<{len(ends) + 1}I", len(ends), *ends) + b"".join(BUFFERS)
write("flat", "one", batch)
write("outcome", "one", bytes([3]) + struct.pack("<IIII", 0, 1, 2, len(batch)) + batch)
write("outcome", "refused", bytes([3]) + struct.pack("<IIIIB", 1, 0, 1, 0, 0))
# Tiles: slot by slot, zeros are the state of nothing in most.
for slot in range(20):
    write("tiles", f"slot-{slot:02}", bytes([slot]) + bytes(8))
