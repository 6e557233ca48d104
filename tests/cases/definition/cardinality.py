"""Approximate distinct counts (S19): canonical encodings, XXH3-64, registers and Ertl's estimate.

Written from the description of XXH3 and from FEATURES.md. Deliberately absent: encodings of more than
16 bytes, so a case must keep to numbers and short texts.
"""
import struct
from math import inf, log, sqrt

from .values import FLOATS, SIGNED, UNSIGNED

SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c3c2852bb91c300cb"
)
MASK = (1 << 64) - 1
TAGS = {"bool": 2, "float32": 4, "float64": 5, "string": 6, "timestamp": 7, "bytes": 12, "date": 13}
# Integers of any width are encoded as the widest of their kind.
TAGS |= dict.fromkeys(SIGNED, 3) | dict.fromkeys(UNSIGNED, 10)


def encoding(kind, value):
    """The canonical encoding (S14) of a value that is not null."""
    tag = bytes([TAGS[kind]])
    if kind == "bool":
        return tag + bytes([value])
    if kind in ("string", "bytes"):
        plain = value.encode() if kind == "string" else value
        return tag + plain.replace(b"\0", b"\0\xff") + b"\0"
    if kind in UNSIGNED:
        return tag + value.to_bytes(8, "big")
    if kind == "date":
        return tag + (value + (1 << 31)).to_bytes(4, "big")
    if kind in FLOATS:
        size, code, quiet = (8, ">d", 0x7FF8 << 48) if kind == "float64" else (4, ">f", 0x7FC0 << 16)
        bits = quiet if value != value else int.from_bytes(struct.pack(code, value), "big")
        sign = 1 << (8 * size - 1)
        bits = bits ^ (2 * sign - 1) if bits & sign else bits | sign
        return tag + bits.to_bytes(size, "big")
    return tag + (value + (1 << 63)).to_bytes(8, "big")


def word(data, at, size=8):
    return int.from_bytes(data[at : at + size], "little")


def keys(at):
    """Two neighbours of the secret."""
    return word(SECRET, at) ^ word(SECRET, at + 8)


def turned(x, by):
    return (x << by | x >> (64 - by)) & MASK


def xxh3(data):
    """XXH3-64 with seed 0."""
    n = len(data)
    if n <= 3:
        hashed = keys(56)
        if n > 0:
            mixed = data[0] << 16 | data[n >> 1] << 24 | data[-1] | n << 8
            hashed = mixed ^ word(SECRET, 0, 4) ^ word(SECRET, 4, 4)
        hashed = (hashed ^ hashed >> 33) * 0xC2B2AE3D27D4EB4F & MASK
        hashed = (hashed ^ hashed >> 29) * 0x165667B19E3779F9 & MASK
        return hashed ^ hashed >> 32
    if n <= 8:
        hashed = word(data, n - 4, 4) + (word(data, 0, 4) << 32) ^ keys(8)
        hashed ^= turned(hashed, 49) ^ turned(hashed, 24)
        hashed = hashed * 0x9FB21C651E98DF25 & MASK
        hashed = (hashed ^ (hashed >> 35) + n) * 0x9FB21C651E98DF25 & MASK
        return hashed ^ hashed >> 28
    assert n <= 16, "cases of approximate counts keep to numbers and short texts"
    low, high = word(data, 0) ^ keys(24), word(data, n - 8) ^ keys(40)
    swapped = int.from_bytes(low.to_bytes(8, "little"), "big")
    product = low * high
    hashed = n + swapped + high + (product & MASK ^ product >> 64) & MASK
    hashed = (hashed ^ hashed >> 37) * 0x165667919E3779F9 & MASK
    return hashed ^ hashed >> 32


assert xxh3(b"") == 0x2D06800538D394C2, "XXH3's own test vector"


def sigma(x):
    """x + x^2 + 2 x^4 + 4 x^8 + …"""
    if x == 1:
        return inf
    total, before, factor = x, None, 1.0
    while total != before:
        x, before = x * x, total
        total, factor = total + x * factor, 2 * factor
    return total


def tau(x):
    """(1 - x - (1 - x^(1/2))^2 / 2 - (1 - x^(1/4))^2 / 4 - …) / 3"""
    if x in (0, 1):
        return 0.0
    total, before, factor = 1 - x, None, 1.0
    while total != before:
        x, before, factor = sqrt(x), total, factor / 2
        total -= (1 - x) ** 2 * factor
    return total / 3


def approx_count(kind, values, precision):
    """The estimate for these values."""
    registers, rest = [0] * 2**precision, 64 - precision
    for value in values:
        hashed = xxh3(encoding(kind, value))
        tail = hashed & (1 << rest) - 1
        register = hashed >> rest
        registers[register] = max(registers[register], rest - tail.bit_length() + 1)
    m = 2**precision
    counts = [registers.count(rank) for rank in range(rest + 2)]
    z = m * tau(1 - counts[-1] / m)
    for count in reversed(counts[1:-1]):
        z = (z + count) / 2
    z += m * sigma(counts[0] / m)
    return round(m * m / (2 * log(2)) / z)
