"""How times, durations and sizes are said, to people on a page and to programs in JSON.

Pure functions of their arguments; times are epoch seconds. Used by the inbox and the API. The command line has its
own, with other needs: a terminal has no hover to put the exact time in.

>>> ago(0, 8_049)
'2\\u2009h ago'
>>> size(1_800_000)
'1.8\\u2009MB'
"""

from datetime import UTC, datetime
from functools import lru_cache

THIN = "\u2009"
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
_WEEK_S = 7 * 86_400
_KEPT = 4_096  # an open page is drawn again and again with the same moments on it


def utc(at: float | None) -> str | None:
    """RFC 3339 in UTC, to the millisecond."""
    return None if at is None else rfc3339(at)


@lru_cache(_KEPT)
def rfc3339(at: float) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@lru_cache(_KEPT)
def exact(at: float) -> str:
    """``23 November 2026, 10:31:07 UTC``: what the hover says."""
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment.day} {moment:%B %Y, %H:%M:%S} UTC"


def clock(at: float) -> str:
    """``10:31``, UTC."""
    return f"{datetime.fromtimestamp(at, UTC):%H:%M}"


@lru_cache(_KEPT)
def day(at: float) -> str:
    """``Monday 23 November 2026``, UTC: the heading above a day's messages."""
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%A} {moment.day} {moment:%B %Y}"


def date(at: float) -> str:
    """``23 Nov 2026``, UTC."""
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment.day} {moment:%b %Y}"


def span(seconds: float) -> str:
    """``12 s``, ``3 m``, ``2 h``: the largest unit, rounded down; at least a second."""
    for unit_s, unit in _UNITS:
        if seconds >= unit_s:
            return f"{int(seconds // unit_s)}{THIN}{unit}"
    return f"1{THIN}s"


def ago(at: float, now: float) -> str:
    """``now``, ``3 m ago``, ``2 d ago``; the date once it is a week old."""
    passed = now - at
    if passed < 5:  # also what a clock that is ahead of ours has written
        return "now"
    return date(at) if passed >= _WEEK_S else f"{span(passed)} ago"


def size(count: int) -> str:
    """Bytes in decimal units."""
    if count < 1_000:
        return f"{count}{THIN}B"
    value, units = count / 1_000, ["kB", "MB", "GB", "TB"]
    while value >= 999.5 and len(units) > 1:
        value /= 1_000
        units.pop(0)
    return f"{value:.1f}{THIN}{units[0]}" if value < 99.95 else f"{value:.0f}{THIN}{units[0]}"
