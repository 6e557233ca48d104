"""Every type of docs/TYPES.md as a spine's column in a training file, and what each reader shows of it.

Method: a spine with a column of each type that a Parquet file may hold, with the edges of the type,
goes through `lockstep training-set`. Each reader's type must be the one that the table names, and its
values, as Arrow values of the spine's type, those of the spine. Spark refuses a whole file for one
column that it does not know, so it gets a file for each type.
"""
import math
import os
import re
import uuid
from datetime import date, time
from decimal import Decimal

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.parquet

from . import product
from .features import manifest
from .readers import AS_OF, Of, plain

READERS = ("pandas", "pyarrow", "DuckDB", "Polars", "Spark")
# The table's columns, and the places of the type in a Parquet training file and of the first reader.
COLUMNS = 14
IN_PARQUET, FIRST_READER = 5, 9

SECONDS = [1_709_164_800, -1, 0, 1, 253_370_764_800, -62_135_596_800]
UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
TEXTS = ["é🚆", "", 'a,"b"\n', "\0", "null", " 1"]
BYTES = [b"\x00\xff", b"", b"a"]
FLOATS = [1.5, math.nan, math.inf, -math.inf, -0.0]


def times(unit, zone=None):
    values = [second * UNITS[unit] for second in SECONDS[: 4 if unit == "ns" else 6]]
    return pyarrow.timestamp(unit, zone), values


def composed():
    """Dictionaries and lists of other types than int64 and text."""
    most = Decimal((0, (9,) * 38, -9))
    parts = {
        "int8": (pyarrow.int8(), [1, -128, 127]),
        "uint32": (pyarrow.uint32(), [1, 2**32 - 1]),
        "uint64": (pyarrow.uint64(), [1, 2**64 - 1]),
        "decimal128(38, 9)": (pyarrow.decimal128(38, 9), [Decimal("1.25"), most]),
        "utf8": (pyarrow.string(), TEXTS),
        "binary": (pyarrow.binary(), BYTES),
        "date32": (pyarrow.date32(), [date(2024, 2, 29), date(1969, 12, 31)]),
    }
    found = {}
    for name, (kind, values) in parts.items():
        lists = [[values[0], None], values, []]
        found[f"list({name})"] = pyarrow.list_(kind), lists
        if name != "utf8":
            found[f"dictionary(int32, {name})"] = pyarrow.dictionary(pyarrow.int32(), kind), values
        if name in ("uint64", "date32"):
            found[f"large_list({name})"] = pyarrow.large_list(kind), lists
    words = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    found["list(dictionary(int32, utf8))"] = pyarrow.list_(words), [["a", None], ["b", "a"], []]
    return found


def samples():
    """The types of the table that Parquet holds, by name: an Arrow type and values."""
    numbers = {f"{sign}int{bits}": bits for sign in ("", "u") for bits in (8, 16, 32, 64)}
    found = {"bool": (pyarrow.bool_(), [True, False])}
    for name, bits in numbers.items():
        least, most = (0, 2**bits - 1) if name[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        found[name] = getattr(pyarrow, name)(), [1, least, most]
    for name in ("float16", "float32", "float64"):
        found[name] = getattr(pyarrow, name)(), FLOATS
    for bits, precision, scale in (
        (32, 9, 2), (64, 18, 2), (128, 38, 9), (256, 38, 2),
    ):
        # Made of its digits, because calculations with decimals round.
        most = Decimal((0, (9,) * precision, -scale))
        kind = getattr(pyarrow, f"decimal{bits}")(precision, scale)
        found[f"decimal{bits}({precision}, {scale})"] = kind, [Decimal("12.5"), most]
    found["decimal128(38, 0)"] = pyarrow.decimal128(38, 0), [Decimal(12), Decimal("9" * 38)]
    texts = {"utf8": "string", "large_utf8": "large_string", "utf8_view": "string_view"}
    for name, kind in texts.items():
        found[name] = getattr(pyarrow, kind)(), TEXTS
    found["dictionary(int8, utf8)"] = pyarrow.dictionary(pyarrow.int8(), pyarrow.string()), TEXTS
    found["dictionary(uint32, utf8)"] = pyarrow.dictionary(pyarrow.uint32(), pyarrow.string()), TEXTS
    found["dictionary(int32, int64)"] = (
        pyarrow.dictionary(pyarrow.int32(), pyarrow.int64()), [2**53 + 1, -(2**63), 2**63 - 1],
    )
    for name in ("binary", "large_binary", "binary_view"):
        found[name] = getattr(pyarrow, name)(), BYTES
    found["fixed_size_binary(16)"] = pyarrow.binary(16), [bytes(range(16)), b"\xff" * 16]
    found["uuid"] = pyarrow.uuid(), [uuid.UUID(int=0).bytes, uuid.UUID(int=2**128 - 1).bytes]
    days = [date(2024, 2, 29), date(1969, 12, 31), date(9999, 12, 31), date(1, 1, 1)]
    found |= {"date32": (pyarrow.date32(), days), "date64": (pyarrow.date64(), days)}
    found["time32[s]"] = pyarrow.time32("s"), [time(1, 1, 1), time(23, 59, 59)]
    found["time32[ms]"] = pyarrow.time32("ms"), [time(1, 1, 1, 1000), time(23, 59, 59, 999_000)]
    found["time64[us]"] = pyarrow.time64("us"), [time(1, 1, 1, 1), time(23, 59, 59, 999_999)]
    found["time64[ns]"] = pyarrow.time64("ns"), [3_661_000_000_001, 86_399_999_999_999]
    for unit in UNITS:
        found[f"timestamp[{unit}]"] = times(unit)
        for zone in ("UTC", "Europe/Zurich"):
            found[f"timestamp[{unit}, {zone}]"] = times(unit, zone)
    found["null"] = pyarrow.null(), [None]
    lists = [[2**53 + 1, None], [-(2**63), 2**63 - 1]]
    found["list(int64)"] = pyarrow.list_(pyarrow.int64()), [*lists, []]
    found["large_list(int64)"] = pyarrow.large_list(pyarrow.int64()), [*lists, []]
    found["fixed_size_list(int64, 2)"] = pyarrow.list_(pyarrow.int64(), 2), lists
    found |= composed()
    pair = pyarrow.struct({"a": pyarrow.int64(), "b": pyarrow.string()})
    found["struct(a: int64, b: utf8)"] = pair, [{"a": 2**53 + 1, "b": "x"}, {"a": None, "b": ""}]
    maps = pyarrow.map_(pyarrow.string(), pyarrow.int64())
    found["map(utf8, int64)"] = maps, [[("k", 2**53 + 1)], []]
    return found


def column(kind, values, rows):
    """The values over and over, with a null in every seventh row."""
    cells = [None if row % 7 == 3 else values[row % len(values)] for row in range(rows)]
    if isinstance(kind, pyarrow.BaseExtensionType):
        return kind.wrap_array(pyarrow.array(cells, kind.storage_type))
    if pyarrow.types.is_dictionary(kind) and kind.index_type == pyarrow.int32():
        return pyarrow.array(cells, kind.value_type).dictionary_encode()
    return pyarrow.array(cells, kind)


def documented(root):
    """The cells of the table's rows, by the name of the type."""
    lines = (root / "docs/TYPES.md").read_text().splitlines()
    rows = [line.strip("|").split(" | ") for line in lines if line.startswith("| `")]
    rows = [[cell.strip().strip("`") for cell in row] for row in rows if len(row) == COLUMNS]
    return {row[0]: row for row in rows}


def made(root, folder, table):
    """The training file of a spine."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = {"event_id": ("string", False), "event_time": ("timestamp", False), "k": ("string", False)}
    moment = pyarrow.timestamp("us", "UTC")
    events = {"event_id": ["a"], "event_time": pyarrow.array([AS_OF - 1], moment), "k": ["k"]}
    pyarrow.parquet.write_table(pyarrow.table(events), folder / "events.parquet")
    with pyarrow.ipc.new_file(folder / "spine.arrow", table.schema) as file:
        file.write_table(table)
    count = Of("int64", len, "count", "event_id")
    return product.training(
        root, folder, manifest(columns, "k", [count]), folder / "events.parquet", folder / "spine.arrow"
    )


def spine(kinds, rows=50):
    table = {"row": pyarrow.array(range(rows), pyarrow.int64()), "k": ["k"] * rows}
    table["as_of"] = pyarrow.array([AS_OF] * rows, pyarrow.timestamp("us", "UTC"))
    return pyarrow.table(table | {name: column(*kinds[name], rows) for name in kinds})


def arrow_name(kind):
    """A type as pyarrow writes it, without the name of a map's entries."""
    return re.sub(r" \('.*'\)", "", str(kind))


def with_pandas(file):
    frame = pandas.read_parquet(file, dtype_backend="pyarrow")
    kinds = {name: arrow_name(frame[name].dtype).removesuffix("[pyarrow]") for name in frame}
    return kinds, {name: pyarrow.array(frame[name].array) for name in frame}


def with_pyarrow(file):
    table = pyarrow.parquet.read_table(file)
    return {field.name: arrow_name(field.type) for field in table.schema}, table


def with_duckdb(file):
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute("SET preserve_insertion_order = true")
        con.execute("SELECT * FROM read_parquet($file)", {"file": str(file)})
        kinds = {name: str(kind) for name, kind, *_ in con.description}
        return kinds, con.to_arrow_table()


def with_polars(file):
    frame = polars.read_parquet(file)
    return {name: str(kind) for name, kind in frame.schema.items()}, frame.to_arrow()


def with_spark(root, folder, kinds):
    """The same of Spark, from a file for each type; a type that it refuses is "error"."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    spark = builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    shown, found = {}, {}
    for at, name in enumerate(kinds):
        file = made(root, folder / f"spark-{at}", spine({name: kinds[name]}))
        try:
            read = spark.read.parquet(str(file)).sort("row").select(f"`{name}`")
            found[name] = read.toArrow()[name]
            shown[name] = read.schema[name].dataType.simpleString()
        except Exception:
            shown[name] = "error"
    spark.stop()
    return shown, found


def as_arrow(found, kind):
    """A column that a reader found as one of the spine's type, without loss."""
    if isinstance(found, pyarrow.ChunkedArray):
        found = found.combine_chunks()
    if isinstance(found.type, pyarrow.BaseExtensionType):
        found = found.storage
    if isinstance(kind, pyarrow.BaseExtensionType):
        kind = kind.storage_type
    for of in (found, kind):
        of = getattr(of, "type", of)
        if pyarrow.types.is_dictionary(of):
            found = found.cast(of.value_type) if found.type == of else found
            kind = of.value_type if kind == of else kind
    if pyarrow.types.is_null(kind):
        assert found.null_count == len(found)
        return [None] * len(found)
    if pyarrow.types.is_map(kind) or pyarrow.types.is_struct(kind):
        return [None if it is None else sorted(dict(it).items()) for it in found.to_pylist()]
    if pyarrow.types.is_nested(kind):
        return found.to_pylist()
    return plain(found.cast(kind))


def check(report, root, folder):
    """Compares the table of docs/TYPES.md with what each reader shows; returns what is wrong there."""
    rows, kinds = documented(root), samples()
    held = [name for name in rows if rows[name][IN_PARQUET] != "refused"]
    wrong = [f"no sample of the type {name}" for name in held if name not in kinds]
    asked = spine(kinds)
    file = made(root, folder, asked)
    shown = {
        "pandas": with_pandas(file), "pyarrow": with_pyarrow(file), "DuckDB": with_duckdb(file),
        "Polars": with_polars(file),
    }
    if os.environ.get("PEERS_SPARK"):
        shown["Spark"] = with_spark(root, folder, kinds)
    for name in held:
        if name not in kinds:
            continue
        cells = rows[name][FIRST_READER:]
        for at, reader in enumerate(READERS):
            if reader not in shown:
                continue
            types, columns = shown[reader]
            said = cells[at] if at < len(cells) else ""
            if said != types[name]:
                wrong.append(f"{reader} shows {name} as {types[name]}, not {said!r}")
            if types[name] != "error":
                wrote = as_arrow(asked[name], kinds[name][0])
                read = as_arrow(columns[name], kinds[name][0])
                report.must_read("every type", reader, name, name, wrote, read, name)
    return wrong
