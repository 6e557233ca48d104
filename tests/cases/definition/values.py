"""Typed values: how a case writes them, their total order (S14), and their one text for comparing.

A value is a Python object and a type beside it: bool, int (integers, timestamp in microseconds, date in
days), Fraction (decimals), float (float64, and float32 widened), str, bytes, list, and a list of pairs for
a map. None is null, and `OVERFLOW` is an overflow (S16, S18).
"""
import re
import struct
from datetime import date, timedelta
from fractions import Fraction
from math import copysign, inf

SECOND, MINUTE, HOUR, DAY = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000
UNITS = {"us": 1, "ms": 1000, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
TIME_LIMIT = 1 << 62
SIGNED = ("int8", "int16", "int32", "int64")
UNSIGNED = ("uint8", "uint16", "uint32", "uint64")
PRECISION = 38
FLOATS = ("float32", "float64")
OVERFLOW = {"overflow": True}


def duration(text):
    """Microseconds of "7d", "30m", "1h + 1us" or a number."""
    if not isinstance(text, str):
        return text
    total = 0
    for part in text.split("+"):
        number, unit = re.fullmatch(r"\s*(-?\d+)(us|ms|s|m|h|d)\s*", part).groups()
        total += int(number) * UNITS[unit]
    return total


def time(value):
    """Microseconds since 1970 of an RFC 3339 text in UTC, a date, or a number."""
    if not isinstance(value, str):
        return value
    pattern = r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?Z)?"
    found = re.fullmatch(pattern, value)
    if not found:
        raise ValueError(f"{value!r} is no time")
    year, month, day, hour, minute, second, fraction = found.groups()
    days = (date(int(year), int(month), int(day)) - date(1970, 1, 1)) // timedelta(days=1)
    clock = int(hour or 0) * HOUR + int(minute or 0) * MINUTE + int(second or 0) * SECOND
    return days * DAY + clock + int((fraction or "0").ljust(6, "0"))


def single(number):
    """The float32 nearest to a float, widened."""
    return struct.unpack("<f", struct.pack("<f", number))[0]


def read_float(kind, value):
    """A float of a case: a number, "NaN", "inf", "-inf", "-0.0" or its bits as "0x…"."""
    if isinstance(value, str) and value.startswith("0x"):
        digits = value[2:]
        if len(digits) != (16 if kind == "float64" else 8):
            raise ValueError(f"{value!r} has the wrong number of digits for {kind}")
        code = ">d" if kind == "float64" else ">f"
        return struct.unpack(code, bytes.fromhex(digits))[0]
    number = float(value)
    return number if kind == "float64" else single(number)


def digits(kind):
    """The precision and scale of a decimal type."""
    precision, scale = re.fullmatch(r"decimal\((\d+),(\d+)\)", kind).groups()
    return int(precision), int(scale)


def parts(kind):
    """The types of a map's keys and values."""
    return re.fullmatch(r"map<(decimal\(\d+,\d+\)|\w+),(.*)>", kind).groups()


def read(kind, value):
    """A value of a case, as an object."""
    if value is None:
        return None
    if kind == "bool":
        assert isinstance(value, bool), value
        return value
    if kind in SIGNED + UNSIGNED:
        assert not isinstance(value, (bool, float)), value
        number, bits = int(value), int(kind.lstrip("uint"))
        least = -(1 << bits - 1) if kind in SIGNED else 0
        assert least <= number < least + (1 << bits), value
        return number
    if kind.startswith("decimal("):
        assert isinstance(value, str), value
        precision, scale = digits(kind)
        number = Fraction(value)
        unscaled = number * 10**scale
        assert unscaled.denominator == 1 and abs(unscaled) < 10**precision, value
        return number
    if kind == "date":
        return (date.fromisoformat(value) - date(1970, 1, 1)) // timedelta(days=1)
    if kind == "bytes":
        return bytes.fromhex(value)
    if kind == "timestamp":
        return time(value)
    if kind == "string":
        assert isinstance(value, str), value
        return value
    if kind in FLOATS:
        return read_float(kind, value)
    if kind.startswith("list<"):
        return [read(kind[5:-1], item) for item in value]
    if kind.startswith("map<"):
        key, inner = parts(kind)
        return [(read(key, k), read(inner, v)) for k, v in value]
    raise ValueError(f"unknown type {kind}")


def order(kind, value):
    """A Python object that orders as S14 says, null first."""
    if value is None:
        return (0,)
    if kind in FLOATS:
        bits = int.from_bytes(struct.pack(">d", value), "big")
        if value != value:
            bits = 0x7FF8000000000000
        value = bits ^ ((1 << 64) - 1) if bits >> 63 else bits | 1 << 63
    elif kind == "string":
        value = value.encode()
    elif kind.startswith("list<"):
        value = tuple(order(kind[5:-1], item) for item in value)
    return (1, value)


def write(kind, value):
    """A value as a case writes it, for `json`: what `read` turns back into it."""
    if value is None or kind in ("bool", "string"):
        return value
    if kind in SIGNED + UNSIGNED:
        return value if abs(value) <= 1 << 53 else str(value)
    if kind in FLOATS:
        if abs(value) < inf and (value != 0 or copysign(1, value) > 0):
            return value
        return "NaN" if value != value else str(value)
    if kind.startswith("decimal("):
        scale = digits(kind)[1]
        plain = str(abs(int(value * 10**scale))).rjust(scale + 1, "0")
        point = len(plain) - scale
        return "-" * (value < 0) + plain[:point] + ("." + plain[point:] if scale else "")
    if kind.startswith("list<"):
        return [write(kind[5:-1], item) for item in value]
    if kind.startswith("map<"):
        key, inner = parts(kind)
        return [[write(key, k), write(inner, v)] for k, v in value]
    raise ValueError(f"values of type {kind} are written by hand")


def has_overflow(value):
    """Whether a value is an overflow, or a list or map that holds one."""
    inside = isinstance(value, (list, tuple)) and any(map(has_overflow, value))
    return value == OVERFLOW or inside


def without_overflow(value):
    """The value with a null in place of each overflow."""
    if isinstance(value, (list, tuple)):
        return type(value)(map(without_overflow, value))
    return None if value == OVERFLOW else value


def show(kind, value):
    """The one text of a value: equal texts are equal bits."""
    if value is None:
        return "null"
    if kind in FLOATS:
        if value != value:
            return "NaN"
        return f"{value!r} ({struct.pack('>d', value).hex()})"
    if kind.startswith("list<"):
        return "[" + ", ".join(show(kind[5:-1], item) for item in value) + "]"
    if kind.startswith("map<"):
        key, inner = parts(kind)
        return "{" + ", ".join(f"{show(key, k)}: {show(inner, v)}" for k, v in value) + "}"
    return repr(value)
