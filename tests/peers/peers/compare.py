"""Comparing values bit by bit, and the table of what was compared.

Invariant: floats are equal if their bits are, and nothing else is near enough. A distance in units
of the last place is printed beside values that a peer rounds at each step; it judges the peer.
"""
import struct
from collections import defaultdict


def bits(value):
    """A value such that equal bits are equal objects."""
    if isinstance(value, float):
        return "nan" if value != value else struct.pack(">d", value)
    if isinstance(value, (list, tuple)):
        return tuple(bits(item) for item in value)
    if isinstance(value, dict):
        return tuple((name, bits(item)) for name, item in value.items())
    return value


def place(value):
    """A float's place among the floats: neighbours differ by 1, and so do not ±0."""
    (signed,) = struct.unpack(">q", struct.pack(">d", value))
    return signed if signed >= 0 else -(signed & 0x7FFF_FFFF_FFFF_FFFF)


class Line:
    """One peer's reading of one aggregate over a data set."""

    def __init__(self):
        self.compared, self.equal, self.ulps_max = 0, 0, 0
        self.incomparable, self.rules, self.first = 0, set(), None

    def add(self, where, ours, theirs):
        self.compared += 1
        if bits(ours) == bits(theirs):
            self.equal += 1
            return
        finite = lambda x: isinstance(x, float) and abs(x) < float("inf")
        if finite(ours) and finite(theirs):
            self.ulps_max = max(self.ulps_max, abs(place(ours) - place(theirs)))
        else:
            self.incomparable += 1
        self.first = self.first or f"{where}: ours {ours!r}, theirs {theirs!r}"


class Report:
    """All lines, in the order in which they were begun."""

    def __init__(self):
        self.exact = defaultdict(Line)
        self.reported = defaultdict(Line)

    def must_equal(self, data, peer, feature, ours, theirs, rule=None, rows=None):
        """Compares two lists of values that must have the same bits, after `rule` was applied to
        one of them; only at `rows`, if they are given."""
        self._add(self.exact, data, peer, feature, ours, theirs, rule, rows)

    def may_differ(self, data, peer, feature, ours, theirs, rule=None, rows=None):
        """Compares with a peer that rounds at each step: the distance is reported."""
        self._add(self.reported, data, peer, feature, ours, theirs, rule, rows)

    def must_read(self, data, reader, kind, name, wrote, read, kind_read):
        """Compares a column of a file with what a reader finds in it: its type and each value."""
        line = self.exact[data, f"read by {reader}", kind]
        assert len(wrote) == len(read), (name, len(wrote), len(read))
        if kind != kind_read:
            line.add(f"{name}, its type", kind, kind_read)
        for row, (ours, theirs) in enumerate(zip(wrote, read)):
            line.add(f"{name}, row {row}", ours, theirs)

    def _add(self, lines, data, peer, feature, ours, theirs, rule, rows):
        assert len(ours) == len(theirs), (feature.name, len(ours), len(theirs))
        line = lines[data, peer, feature.aggregate]
        line.rules |= {rule} if rule else set()
        for row in range(len(ours)) if rows is None else rows:
            line.add(f"{feature.name}, spine row {row}", ours[row], theirs[row])

    def differences(self):
        return sum(line.compared - line.equal for line in self.exact.values())

    def compared(self):
        lines = [*self.exact.values(), *self.reported.values()]
        return sum(line.compared for line in lines)

    def show(self):
        """The table as text."""
        rows = [("data", "peer", "aggregate", "values", "equal", "distance", "rules applied")]
        for lines in (self.exact, self.reported):
            for (data, peer, aggregate), line in lines.items():
                distance = f"{line.ulps_max} ulp" if line.ulps_max else ""
                if line.incomparable:
                    distance += f" and {line.incomparable} without one"
                if lines is self.exact and line.first:
                    distance = f"DIFFERENT: {line.first}"
                rules = ", ".join(sorted(line.rules))
                counts = (str(line.compared), str(line.equal))
                rows.append((data, peer, aggregate, *counts, distance, rules))
        widths = [max(len(row[at]) for row in rows) for at in range(5)]
        cells = lambda row: [cell.ljust(width) for cell, width in zip(row, widths)]
        return "\n".join("  ".join(cells(row) + list(row[5:])).rstrip() for row in rows)
