"""Calendar windows (S3), by Python's zoneinfo: days begin at the first instant whose local date is that day.

Times are whole seconds here, within the years that datetime has. The rules of zones are the system's, or
those of the package tzdata; a case that depends on the version of the database would be a bad case.
"""
from datetime import date, datetime, timedelta, timezone
from functools import cache
from zoneinfo import ZoneInfo

MICROS = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def instant(seconds):
    return EPOCH + timedelta(seconds=seconds)


def offset(zone, seconds):
    """Local time less UTC."""
    return int(instant(seconds).astimezone(ZoneInfo(zone)).utcoffset().total_seconds())


def local_date(zone, seconds):
    return instant(seconds).astimezone(ZoneInfo(zone)).date()


@cache
def start(zone, day):
    """The first instant at which the local date is `day` or later, in seconds."""
    midnight = int((datetime(day.year, day.month, day.day, tzinfo=timezone.utc) - EPOCH).total_seconds())
    samples = range(midnight - 16 * 3600, midnight + 16 * 3600 + 1, 3600)
    candidates = set()
    for before, after in zip(samples, samples[1:]):
        candidates.add(midnight - offset(zone, before))
        if offset(zone, before) != offset(zone, after):
            while after - before > 1:
                middle = (before + after) // 2
                if offset(zone, middle) == offset(zone, before):
                    before = middle
                else:
                    after = middle
            candidates.add(after)
    return min(second for second in candidates if local_date(zone, second) >= day)


def day_of(zone, seconds):
    """The latest day that has begun."""
    day = local_date(zone, seconds) + timedelta(days=2)
    while start(zone, day) > seconds:
        day -= timedelta(days=1)
    return day


def first_day(window, day):
    """The first day of the period that holds `day`."""
    unit = window["unit"]
    if unit == "day":
        return day
    if unit == "week":
        return day - timedelta(days=(day.weekday() - WEEKDAYS.index(window.get("first_day", "monday"))) % 7)
    months = {"month": 1, "quarter": 3, "year": 12}[unit]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def interval(window, hi):
    zone, first = window["zone"], first_day(window, day_of(window["zone"], hi // MICROS))
    if not window.get("whole"):
        return start(zone, first) * MICROS, hi
    last = first
    for _ in range(window["whole"]):
        first = first_day(window, first - timedelta(days=1))
    return start(zone, first) * MICROS, start(zone, last) * MICROS
