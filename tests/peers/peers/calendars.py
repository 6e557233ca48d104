"""Calendar windows over a century, beside Python's zoneinfo and DuckDB's date_trunc.

One entity has an event each hour from 1937 to 2037. A training set asks for the count and the rate of
calendar windows at random times and at those beside each change of a zone's clocks; count / rate is the
window's length to the microsecond, and with it the bound. Compared with it are:

- the definition of tests/cases over zoneinfo (a scan for the first instant of a day): equal everywhere;
- `local.replace(hour=0, …)` of zoneinfo and `date_trunc` of DuckDB, as their users write it: equal except
  where the period's midnight was skipped or came twice, or a date had no hours, which this module finds by
  itself from zoneinfo's offsets; and where DuckDB's database has another offset than zoneinfo's.

Any other difference fails. Deliberately absent: years before 1937, when DuckDB's and Python's databases
differ in many places.
"""
import random
import sys
from collections import Counter, namedtuple
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo, reset_tzpath

import duckdb
import polars

sys.path.insert(0, str(Path(__file__).parents[2] / "cases"))
from definition import calendar  # noqa: E402

from . import product  # noqa: E402
from .features import DAY, HOUR, VIEW, manifest  # noqa: E402

ZONES = [
    "UTC", "Europe/Berlin", "Europe/Dublin", "America/New_York", "America/St_Johns", "America/Havana",
    "Africa/Cairo", "Africa/Casablanca", "Asia/Kathmandu", "Asia/Tehran", "Australia/Lord_Howe",
    "Pacific/Apia", "Pacific/Kwajalein", "Antarctica/Troll",
]
UNITS = ["day", "week", "month", "quarter", "year"]
FIRST, LAST = datetime(1937, 1, 1, tzinfo=timezone.utc), datetime(2037, 1, 1, tzinfo=timezone.utc)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
COLUMNS = {"event_id": ("string", False), "event_time": ("timestamp", False), "k": ("string", False)}
SEED = 14
Asked = namedtuple("Asked", "name aggregate")


def micros(moment):
    return (moment - EPOCH) // timedelta(microseconds=1)


def moment(us):
    return EPOCH + timedelta(microseconds=us)


def changes(zone):
    """The instants at which the zone's offset changes, in microseconds."""
    found, step, end = [], 6 * 3600, micros(LAST) // 1_000_000
    before = micros(FIRST) // 1_000_000
    while before < end:
        after = before + step
        if calendar.offset(zone, before) != calendar.offset(zone, after):
            low, high = before, after
            while high - low > 1:
                middle = (low + high) // 2
                same = calendar.offset(zone, middle) == calendar.offset(zone, before)
                low, high = (middle, high) if same else (low, middle)
            found.append(high * 1_000_000)
        before = after
    return found


def questions(zone):
    """Random times, and those beside each change of the zone's clocks."""
    numbers = random.Random(SEED)
    first = micros(FIRST) + 2 * 366 * DAY
    times = {numbers.randrange(first, micros(LAST)) for _ in range(1000)}
    for change in changes(zone):
        near = [-25 * HOUR, -1, 0, 1, 10 * 60_000_000, HOUR, 20 * HOUR, 25 * HOUR]
        times.update(change + us for us in near if change + us > first)
    return sorted(times)


def features(zone, unit):
    name = f"{zone.lower().replace('/', '_')}_{unit}"
    window = {"kind": "calendar", "unit": unit, "zone": zone}
    rate = {"rate": {"unit_us": HOUR}}
    return [
        {"name": f"{name}_{kind}{end}", "aggregate": aggregate, "column": None, "window": window | whole}
        for end, whole in (("", {}), ("_whole", {"whole": 1}))
        for kind, aggregate in (("count", "count"), ("rate", rate))
    ]


def training(root, folder, times):
    """The training set's columns by the features' names."""
    folder.mkdir(parents=True, exist_ok=True)
    hours = range(micros(FIRST), micros(LAST), HOUR)
    stamps = polars.Series(list(hours), dtype=polars.Int64).cast(polars.Datetime("us", "UTC"))
    events = polars.DataFrame({
        "event_id": [f"e{at}" for at in range(len(hours))], "event_time": stamps, "k": ["a"] * len(hours),
    })
    events.write_parquet(folder / "events.parquet")
    asked = polars.Series(times, dtype=polars.Int64).cast(polars.Datetime("us", "UTC"))
    polars.DataFrame({"k": ["a"] * len(times), "as_of": asked}).write_parquet(folder / "spine.parquet")
    declared = manifest(COLUMNS, "k", [])
    declared["views"][0]["features"] = [f for zone in ZONES for unit in UNITS for f in features(zone, unit)]
    output = product.training(
        root, folder, declared, folder / "events.parquet", folder / "spine.parquet",
    )
    return polars.read_parquet(output)


def length(count, rate):
    """hi - lo in microseconds: rate = count * HOUR / (hi - lo), rounded once to 53 bits."""
    return round(count * HOUR / rate) if count else None


def counted(lo, hi):
    """The hours that begin in [lo, hi)."""
    return -(-hi // HOUR) - -(-lo // HOUR)


def zoneinfo_start(zone, unit, us):
    """As users of zoneinfo write it."""
    day = calendar.first_day({"unit": unit}, moment(us).astimezone(ZoneInfo(zone)).date())
    return micros(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(timezone.utc))


def duckdb_starts(zone, times):
    """At each time the offset that DuckDB's database has there, and date_trunc by unit."""
    con = duckdb.connect()
    con.execute(f"set TimeZone = '{zone}'")
    columns = ", ".join(f"epoch_us(date_trunc('{unit}', t))" for unit in UNITS)
    query = f"select extract(timezone from t), {columns} from (select us, make_timestamptz(us) t from asked)"
    con.execute("create table asked as select unnest(?) as us", [times])
    return con.execute(f"{query} order by us").fetchall()


def is_odd(zone, unit, us, first):
    """Whether the midnight with which the period begins is skipped or comes twice, or the time lies where
    clocks went back over one: there a date's first instant is not simply its midnight."""
    local = calendar.local_date(zone, us // 1_000_000)
    if calendar.first_day({"unit": unit}, local) != first:
        return True
    midnight = micros(datetime(first.year, first.month, first.day, tzinfo=timezone.utc)) // 1_000_000
    offsets = {calendar.offset(zone, midnight + hours * 3600) for hours in (-26, -16, 0, 16)}
    instants = [midnight - offset for offset in offsets]
    of_midnight = [at for at in instants if at + calendar.offset(zone, at) == midnight]
    return len(of_midnight) != 1


def month_is_odd(zone, us):
    """DuckDB goes from a time to its month and from there to the quarter, and keeps the hour at which the
    month begins: where clocks skip its midnight that is 01:00."""
    first = calendar.first_day({"unit": "month"}, calendar.day_of(zone, us // 1_000_000))
    return is_odd(zone, "month", us, first)


def check(report, root, folder):
    """What differs and why, in words, after everything else was compared."""
    # The package's rules, whose version the requirements name, and not the system's.
    reset_tzpath(to=())
    ZoneInfo.clear_cache()
    asked = {zone: questions(zone) for zone in ZONES}
    times = sorted(set().union(*asked.values()))
    table = training(root, folder, times)
    place = {us: row for row, us in enumerate(times)}
    explained = Counter()
    for zone in ZONES:
        duck = duckdb_starts(zone, asked[zone])
        for at, unit in enumerate(UNITS):
            columns = [table[f"{VIEW}.{feature['name']}"] for feature in features(zone, unit)]
            ours = list(zip(*(column.gather([place[us] for us in asked[zone]]) for column in columns)))
            compare(report, zone, unit, asked[zone], ours, [(row[0], row[1 + at]) for row in duck], explained)
    lines = explained.items()
    return [f"calendars: {count} starts of {peer} differ where {why}" for (peer, why), count in lines]


def compare(report, zone, unit, times, ours, duck, explained):
    """`ours` are count and rate, so far and of the whole period before; `duck` DuckDB's offset and start."""
    window, feature = {"unit": unit, "zone": zone}, Asked(f"{zone} {unit}", unit)
    found, wanted, starts, peers = [], [], [], {"zoneinfo": [], "DuckDB": []}
    for us, (n, rate, whole_n, whole_rate), (offset, truncated) in zip(times, ours, duck):
        (lo, hi), (before, end) = (calendar.interval(window | {"whole": whole}, us) for whole in (0, 1))
        assert end == lo
        found.append((n, length(n, rate), whole_n, length(whole_n, whole_rate)))
        lengths = (hi - lo if n else None, end - before if whole_n else None)
        wanted.append((counted(lo, hi), lengths[0], counted(before, end), lengths[1]))
        starts.append(lo)
        first = calendar.first_day(window, calendar.day_of(zone, us // 1_000_000))
        odd = is_odd(zone, unit, us, first)
        theirs = {"zoneinfo": zoneinfo_start(zone, unit, us), "DuckDB": truncated}
        for peer, start in theirs.items():
            if start != lo and odd:
                explained[peer, "a midnight is skipped or comes twice"] += 1
                start = lo
            elif start != lo and peer == "DuckDB" and unit == "quarter" and month_is_odd(zone, us):
                explained[peer, "the month of a quarter begins with such a midnight"] += 1
                start = lo
            elif start != lo and peer == "DuckDB" and other_database(zone, us, lo, offset):
                explained[peer, "its database has another offset"] += 1
                start = lo
            peers[peer].append(start)
    report.must_equal("calendars", "zoneinfo, scanned", feature, found, wanted)
    for peer, theirs in peers.items():
        report.must_equal("calendars", peer, feature, starts, theirs, "midnights that are there once")


def other_database(zone, us, lo, offset):
    """Whether DuckDB's offset at a time differs from zoneinfo's, there or where the period begins."""
    con = duckdb.connect()
    con.execute(f"set TimeZone = '{zone}'")
    query = "select extract(timezone from make_timestamptz(?))"
    at_lo = con.execute(query, [lo]).fetchone()[0]
    same = offset == calendar.offset(zone, us // 1_000_000)
    return not same or at_lo != calendar.offset(zone, lo // 1_000_000)
