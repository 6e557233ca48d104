"""A training file with every type that is written, as pandas, pyarrow, DuckDB, Polars and Spark read it.

Method: events whose values are the edges of each type, features that give them back, alone and in
lists and maps, and a spine with columns of more types. What each feature must be is worked out here
from the events, and each reader's table is compared with that, type by type and bit by bit.
Deliberately absent: aggregates that calculate, which the rest of the check compares.
"""
import math
import os
from collections import Counter
from datetime import date
from decimal import Decimal

import duckdb
import numpy
import pandas
import polars
import pyarrow
import pyarrow.parquet

from . import product
from .features import DAY, VIEW, manifest

# A Monday in 2024, on the grid of hops; events lie on days before it.
AS_OF = 1_709_510_400_000_000
# Each spine row so often, so that columns have runs and dictionaries.
REPEATS = 30
SERIES = 3
WEEK = 7 * DAY

single = lambda value: float(numpy.float32(value))
VALUES = {
    "b": ("bool", [True, False]),
    "i": ("int64", [0, -1, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)]),
    "g": ("float32", [0.0, -0.0, single(0.1), 2.0**-149, single(3.4028234663852886e38)]),
    "d": ("float64", [0.0, -0.0, 0.1, 5e-324, 1.7976931348623157e308, 2.0**53]),
    "s": ("string", ["", "plain", "Zürich 東京 🚆", 'a,"b"\n', "NaN", "null", "\0"]),
    "t": ("timestamp", [0, -1, 2**53 + 1, -62_135_596_800_000_000, 253_402_300_799_999_999]),
}
for floats in ("g", "d"):
    VALUES[floats][1].extend([math.inf, -math.inf, math.nan])
VECTORS = [[1.5, -0.25], [0.5, 0.125]]


class Of:
    """A feature: what the manifest says, its type, and its value over one entity's rows."""

    def __init__(self, kind, value, aggregate, column, by=None, series=False):
        window = {"kind": "lifetime", "offset_us": 0}
        if series:
            window = {"kind": "series", "length_us": WEEK, "count": SERIES, "offset_us": 0}
        name = aggregate if isinstance(aggregate, str) else next(iter(aggregate))
        self.name = "_".join([column, name, *([by] if by else []), *(["series"] if series else [])])
        self.kind, self.value = kind, value
        self.data = {"name": self.name, "aggregate": aggregate, "column": column, "window": window}
        if by:
            self.data["by"] = {"column": by, "limit": 1000}

    def declared(self):
        return self.data


def present(rows, column):
    return [row[column] for row in rows if row[column] is not None]


def last(column):
    return lambda rows: (present(rows, column) or [None])[-1]


def last_n(column):
    return lambda rows: present(rows, column)[:-3:-1]


def in_order(value):
    return value.encode() if isinstance(value, str) else value


def histogram(column, limit):
    def value(rows):
        counts = Counter(present(rows, column))
        return None if len(counts) > limit else sorted(counts.items(), key=lambda it: in_order(it[0]))

    return value


def by(column, inner):
    def value(rows):
        keys = sorted(set(present(rows, column)), key=in_order)
        return [(key, inner([row for row in rows if row[column] == key])) for key in keys]

    return value


def series(inner):
    def value(rows):
        ends = [AS_OF - at * WEEK for at in range(SERIES)]
        windows = [[r for r in rows if end - WEEK <= r["event_time"] < end] for end in ends]
        return [inner(window) for window in windows]

    return value


def vector_sum(rows):
    vectors = present(rows, "v")
    return [sum(elements) for elements in zip(*vectors)] if vectors else None


def features():
    last_two, two = {"last_n": {"n": 2}}, {"histogram": {"limit": 2}}
    for column, (kind, _) in VALUES.items():
        yield Of(kind, last(column), "last", column)
        yield Of(kind, lambda rows: None, "last", f"no_{column}")
        yield Of(f"list<{kind}>", last_n(column), last_two, column)
        yield Of(f"list<{kind}>", series(last(column)), "last", column, series=True)
        if column in "bist":
            yield Of(f"map<{kind},int64>", histogram(column, 2), two, column)
            for other in ("i", "d", "s"):
                inner = VALUES[other][0]
                of = f"map<{kind},{inner}>"
                yield Of(of, by(column, last(other)), "last", other, by=column)
    text = "map<string,list<int64>>"
    yield Of(text, by("s", last_n("i")), last_two, "i", by="s")
    yield Of("list<map<string,int64>>", series(histogram("s", 2)), two, "s", series=True)
    yield Of("list<float64>", vector_sum, {"vector_sum": {"length": 2, "grid": -20}}, "v")
    yield Of("int64", lambda rows: len(present(rows, "s")), "count", "s")


def events():
    """One entity for each value of each type, one with all of them in turn, and nulls between."""
    length = 1 + max(len(values) for _, values in VALUES.values())
    rows = []
    for key in [*range(length), "all"]:
        for at in range(2 * length) if key == "all" else [key]:
            row = {"event_id": f"{key}-{at}", "event_time": AS_OF - (2 * length - at) * DAY}
            row["k"] = f"k{key}"
            for column, (_, values) in VALUES.items():
                # The null comes behind the values.
                row[column] = [*values, None][at % (len(values) + 1)]
                row[f"no_{column}"] = None
            row["v"] = [*VECTORS, None][at % 3]
            rows.append(row)
    return rows


ARROW = {
    "bool": pyarrow.bool_(), "int64": pyarrow.int64(), "float32": pyarrow.float32(),
    "float64": pyarrow.float64(), "string": pyarrow.string(),
    "timestamp": pyarrow.timestamp("us", "UTC"), "list<float64>": pyarrow.list_(pyarrow.float64()),
}


def spine(keys):
    """The spine: each key, and one without events, and columns of types that no feature has."""
    keys = [*keys, "nobody"] * REPEATS
    row = range(len(keys))
    mixed = lambda values: [None if at % 7 == 3 else values[at % len(values)] for at in row]
    words = pyarrow.array(mixed(["", "é", "plain"])).dictionary_encode()
    return pyarrow.table({
        "row": pyarrow.array(row, pyarrow.int64()),
        "k": keys,
        "as_of": pyarrow.array([AS_OF] * len(keys), pyarrow.timestamp("us")),
        "short": pyarrow.array(mixed([-(2**15), 2**15 - 1]), pyarrow.int16()),
        "unsigned": pyarrow.array(mixed([0, 2**32 - 1]), pyarrow.uint32()),
        "day": pyarrow.array(mixed([date(1969, 12, 31), date(2024, 2, 29)]), pyarrow.date32()),
        "price": pyarrow.array(mixed([Decimal("-0.01"), Decimal(10**15)]), pyarrow.decimal128(38, 9)),
        "raw": pyarrow.array(mixed([b"", b"\x00\xff"]), pyarrow.binary()),
        "word": words,
    })


def made(root, folder):
    """The training file, the tables' columns, and what must be in them: {column: (kind, values)}."""
    folder.mkdir(parents=True, exist_ok=True)
    rows, wanted = events(), list(features())
    columns = {"event_id": ("string", False), "event_time": ("timestamp", False), "k": ("string", False)}
    for column, (kind, _) in VALUES.items():
        columns |= {column: (kind, True), f"no_{column}": (kind, True)}
    columns["v"] = ("list<float64>", True)
    schema = pyarrow.schema([(name, ARROW[kind]) for name, (kind, _) in columns.items()])
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema), folder / "events.parquet")
    keys = list(dict.fromkeys(row["k"] for row in rows))
    asked = spine(keys)
    pyarrow.parquet.write_table(asked, folder / "spine.parquet")
    output = product.training(
        root, folder, manifest(columns, "k", wanted), folder / "events.parquet", folder / "spine.parquet"
    )
    expected = {field.name: (kind_of(field.type), plain(asked[field.name])) for field in asked.schema}
    of_key = {key: [row for row in rows if row["k"] == key] for key in [*keys, "nobody"]}
    for feature in wanted:
        value = lambda key: written(feature.value(of_key[key]), feature.kind)
        by_key = {key: value(key) for key in of_key}
        values = [by_key[key] for key in asked["k"].to_pylist()]
        expected[f"{VIEW}.{feature.name}"] = (feature.kind, values)
    return output, expected


def written(value, kind):
    """A value as `plain` gives it back: floats as the bits of their width."""
    if value is None:
        return None
    if kind.startswith("list<"):
        return [written(item, kind[5:-1]) for item in value]
    if kind.startswith("map<"):
        key, item = kind[4:-1].split(",", 1)
        return [(written(k, key), written(v, item)) for k, v in value]
    if kind.startswith("float"):
        width = kind[5:]
        return int(numpy.array(value, f"float{width}").view(f"uint{width}"))
    return value


def kind_of(of):
    """The name of an Arrow type; types that only differ in how they are laid out share one."""
    types = pyarrow.types
    if types.is_dictionary(of):
        return kind_of(of.value_type)
    if types.is_map(of):
        return f"map<{kind_of(of.key_type)},{kind_of(of.item_type)}>"
    if types.is_list(of) or types.is_large_list(of):
        entry = of.value_type
        fields = [field.name for field in entry] if types.is_struct(entry) else []
        if fields == ["key", "value"]:
            # Readers without a map type read lists of entries.
            return f"map<{kind_of(entry.field(0).type)},{kind_of(entry.field(1).type)}>"
        return f"list<{kind_of(entry)}>"
    if types.is_large_string(of) or types.is_string_view(of) or types.is_string(of):
        return "string"
    if types.is_large_binary(of) or types.is_binary_view(of) or types.is_binary(of):
        return "binary"
    if types.is_timestamp(of):
        zone = {"UTC": "timestamp", "Etc/UTC": "timestamp", None: "local time"}[of.tz]
        return zone if of.unit == "us" else f"{zone} in {of.unit}"
    return {"double": "float64", "float": "float32"}.get(str(of), str(of))


def plain(column):
    """The values of a column: floats as their bits, times as microseconds, maps as entries."""
    if isinstance(column, pyarrow.ChunkedArray):
        column = column.combine_chunks()
    of, types = column.type, pyarrow.types
    if types.is_dictionary(of):
        return plain(column.dictionary_decode())
    if types.is_map(of):
        items = list(zip(plain(column.keys), plain(column.items)))
        return cut(column, items)
    if types.is_list(of) or types.is_large_list(of):
        return cut(column, plain(column.values))
    if types.is_struct(of):
        return list(zip(*(plain(column.field(at)) for at in range(of.num_fields))))
    if types.is_floating(of):
        width = of.bit_width
        bits = numpy.asarray(column.fill_null(0)).view(f"uint{width}").tolist()
        return [None if null else value for null, value in zip(column.is_null().to_pylist(), bits)]
    if types.is_timestamp(of):
        return column.view(pyarrow.int64()).to_pylist()
    return column.to_pylist()


def cut(column, values):
    """The lists of a column whose elements, all of them, are `values`."""
    ends, nulls = column.offsets.to_pylist(), column.is_null().to_pylist()
    return [None if null else values[a:b] for null, a, b in zip(nulls, ends, ends[1:])]


def with_pandas(file):
    """pandas with its types of Arrow; with NumPy's, its default, integers beside nulls are floats."""
    frame = pandas.read_parquet(file, dtype_backend="pyarrow")
    # Each column's Arrow array, as pandas holds it.
    table = pyarrow.table({name: pyarrow.array(frame[name].array) for name in frame.columns})
    return table, pyarrow.parquet.read_metadata(file).metadata


def with_pyarrow(file):
    return pyarrow.parquet.read_table(file), pyarrow.parquet.read_metadata(file).metadata


def with_duckdb(file):
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        given = {"file": str(file)}
        con.execute("SET preserve_insertion_order = true")
        table = con.execute("SELECT * FROM read_parquet($file)", given).to_arrow_table()
        con.execute("SELECT key, value FROM parquet_kv_metadata($file)", given)
        return table, dict(con.fetchall())


def with_polars(file):
    entries = polars.read_parquet_metadata(file)
    return polars.read_parquet(file).to_arrow(), {k.encode(): v.encode() for k, v in entries.items()}


def with_spark(file):
    """Spark, where pyspark and Java are installed; see README.md."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    spark = builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
    try:
        spark.sparkContext.setLogLevel("ERROR")
        # Spark promises no order of rows unless it sorts.
        table = spark.read.parquet(str(file)).sort("row").toArrow()
        hadoop = spark._jvm.org.apache.parquet.hadoop
        path = spark._jvm.org.apache.hadoop.fs.Path(str(file))
        source = hadoop.util.HadoopInputFile.fromPath(path, spark._jsc.hadoopConfiguration())
        reader = hadoop.ParquetFileReader.open(source)
        entries = reader.getFooter().getFileMetaData().getKeyValueMetaData()
        entries = {key.encode(): entries[key].encode() for key in entries}
        reader.close()
        return table, entries
    finally:
        spark.stop()


# Spark has no unsigned integers: it reads them into the next wider type.
SIGNED = {"uint32": "int64"}

READERS = {
    "pyarrow": with_pyarrow, "pandas": with_pandas, "DuckDB": with_duckdb, "Polars": with_polars,
}


def check(report, root, folder):
    """Compares what each reader finds; with PEERS_SPARK set, Spark too."""
    output, expected = made(root, folder)
    readers = READERS | ({"Spark": with_spark} if os.environ.get("PEERS_SPARK") else {})
    own = pyarrow.parquet.read_metadata(output).metadata
    own = {key: value for key, value in own.items() if key.startswith(b"lockstep.")}
    assert own, "the file says nothing of its making"
    for reader, read in readers.items():
        table, metadata = read(output)
        assert table.column_names == list(expected), f"{reader} finds other columns"
        found = {key: value for key, value in metadata.items() if key.startswith(b"lockstep.")}
        assert found == own, f"{reader} finds other metadata: {found}"
        for name, (kind, values) in expected.items():
            column = table[name]
            wanted = SIGNED.get(kind, kind) if reader == "Spark" else kind
            report.must_read("types", reader, wanted, name, values, plain(column), kind_of(column.type))
