"""Windows (S2 to S5): from a window as declared and a time to half-open intervals, newest first."""
from . import calendar
from .values import DAY, HOUR, MINUTE, TIME_LIMIT


def saturated(time):
    return max(-TIME_LIMIT, min(TIME_LIMIT, time))


def hop(length):
    """5 min below 12 h, 1 h below 12 d, else 1 d."""
    if length < 12 * HOUR:
        return 5 * MINUTE
    return HOUR if length < 12 * DAY else DAY


def effective(view, as_of):
    """The time that a view answers as of: moved by its delay (S5) and boundary (S4)."""
    return saturated(as_of - view["delay_us"] + (view["boundary"] == "inclusive"))


def intervals(window, origin, as_of):
    """The intervals [lo, hi) of a window; a lifetime's lo is None."""
    kind, offset = window["kind"], window.get("offset_us", 0)

    def floor(time, step):
        return saturated(time - (time - origin) % step)

    hi = saturated(as_of - offset)
    if kind == "calendar":
        return [calendar.interval(window, hi)]
    if kind == "lifetime":
        return [(None, hi)]
    if kind == "exact":
        return [(saturated(hi - window["length_us"]), hi)]
    if kind == "hopping":
        hi = floor(hi, window["step_us"])
        return [(saturated(hi - window["length_us"]), hi)]
    if window.get("exact"):
        return [(saturated(hi - window["lookback_us"]), hi)]
    length = window["lookback_us"] if kind in ("last_rows", "latest_event", "session") else window["length_us"]
    step = hop(length)
    if offset > 0:
        hi = floor(hi, step)
    count = window["count"] if kind == "series" else 1
    bounds = [hi] + [floor(saturated(hi - i * length), step) for i in range(1, count + 1)]
    return [(bounds[i + 1], bounds[i]) for i in range(count)]
